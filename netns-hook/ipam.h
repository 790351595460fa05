/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_IPAM_H
#define CT_NETNS_IPAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/network.h"

/*
 * Leases: one file per address, <state>/networks/<network>/leases/<address>, that names its holder.
 * It appears whole (O_TMPFILE, linkat), so it is never empty and two processes cannot both make it.
 * Beside it: `cursor` (of the second pool `cursor.1`, and so on), the address handed out last, so that
 * addresses go round and a freed one rests as long as it can, and `leases.lock`, held while leases
 * change. The folder is read only when the cursor meets a run of taken addresses.
 *
 * The holder's lock (record_folder_open) is taken before this one.
 */
struct ipam_holder {
	const char *container;
	const char *ifname;
	const char *boot_id; /* of this boot */
};

/*
 * Is the holder of a lease of this boot still there? Asked with the network's lock held, so it must
 * not wait.
 */
struct ipam_alive {
	bool (*check)(void *ctx, const char *container, const char *ifname);
	void *ctx;
};

struct ipam_request {
	struct ipam_holder holder;
	size_t pool;           /* of the network; `wanted` must be of one of its ranges */
	struct ip_addr wanted; /* AF_UNSPEC: any */
	bool must;             /* `wanted` or nothing; else it is a preference */
	struct ipam_alive alive;
};

struct ipam_lease {
	struct ip_addr addr;
	bool reclaimed; /* it had a holder that died: its connections are to be forgotten */
};

/*
 * Lease an address of a pool. One that the holder has already is given again. Errors: ENOSPC (full, names the
 * network), EADDRINUSE (wanted by `must`, names the holder), EINVAL (not an address to lease).
 */
int ipam_lease(int state_fd, const struct network *net, const struct ipam_request *request,
	       struct ipam_lease *lease, struct err *err);

/* 1: addr of that network is leased to this holder, 0: it is not. */
int ipam_holds(int state_fd, const char *network, const struct ip_addr *addr,
	       const struct ipam_holder *holder, struct err *err);

/*
 * 1: an address of the pool can be leased, maybe one whose holder is gone; 0: none is left. A slow
 * path: reads every lease.
 */
int ipam_has_free(int state_fd, const struct network *net, size_t pool, const char *boot_id,
		  const struct ipam_alive *alive, struct err *err);

/* Give it back if the holder has it. 1: released, 0: it was not his. */
int ipam_release(int state_fd, const char *network, const struct ip_addr *addr,
		 const struct ipam_holder *holder, struct err *err);

/*
 * Give back whatever the holder has in any network: for an attachment whose record does not know its
 * address, because the ADD died before. Reads every lease. Returns how many.
 */
int ipam_release_all(int state_fd, const struct ipam_holder *holder, struct err *err);

/*
 * Give back every lease whose holder is gone: another boot's, or not alive. Calls removed(ctx,
 * network, address, container) for each when it is not NULL. Returns how many.
 */
struct ipam_gc {
	const char *boot_id;
	struct ipam_alive alive;
	void (*removed)(void *ctx, const char *network, const char *address, const char *container);
	void *ctx;
};
int ipam_collect(int state_fd, const struct ipam_gc *gc, struct err *err);

/* Start again at the first address when nothing is leased (the network was removed). */
int ipam_reset(int state_fd, const char *network, struct err *err);

#endif
