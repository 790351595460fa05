/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_BRIDGE_H
#define CT_NET_BRIDGE_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/link.h"
#include "common/net/netlink.h"
#include "common/net/network.h"
#include "common/net/report.h"

/*
 * The host's side of a network: bridge, address, sysctls, firewall rules. What was decided and found
 * when it was made is kept in <state>/networks/<name>/bridge.json; whoever changes something holds
 * flock on <state>/networks/<name>/lock, which the caller must not hold already (leases have a lock
 * of their own). Many processes may call all of this at once.
 *
 * state_fd: a descriptor of the state directory (/run/ct-netns). nl: a NETLINK_ROUTE socket of the
 * calling thread's network namespace; the thread must be in that namespace.
 */

/*
 * Fix what floats: the MTU, which is the one that was chosen before, else that of the default route's
 * device, else 1500 (of an unmanaged network: its bridge's); and the subnet: the one that was chosen before, else that of the
 * bridge that is there, else the first of a fixed list of /16 that overlaps no address and no route
 * of the host (a log warning when it is not the first). Costs one file read once it was chosen;
 * nothing for a network that does not float. Call it before leasing.
 */
int bridge_settle(struct netlink *nl, int state_fd, struct network *net, struct err *err);

/* What bridge_settle() would do, without writing it down. state_fd may be -1: no state yet. */
int bridge_preview(struct netlink *nl, int state_fd, struct network *net, struct err *err);

/*
 * Make everything right. What is right already is only looked at: no lock, no commit, no dump. Each
 * item is reported as right or changed. On success *found (may be NULL) tells what is there.
 * Refused: an interface of that name that is no bridge, a bridge with another address, a subnet
 * that overlaps an address or a route of the host when the bridge is to be made.
 */
struct bridge_found {
	struct link_info link;
	/* With the addresses: the bridge, or an interface of its VLAN; of a routed network: lo. */
	struct link_info gateway;
	enum firewall_kind firewall;
	/* Rules were missing: maybe somebody flushed the tables (firewall.h). Or a routed network's
	 * gateway was, and with it the routes to its containers. */
	bool mended;
};
/* Has it been set up, and not removed since? By its note alone; an unmanaged network has none. */
bool bridge_is_set_up(int state_fd, const struct network *net);
/* Who was told so has made again what other attachments had beside the network's rules. */
void bridge_restored(int state_fd, const struct network *net);
int bridge_ensure(struct netlink *nl, int state_fd, const struct network *net,
		  const struct report *report, struct bridge_found *found, struct err *err);

/*
 * Report each item as right or wrong and change nothing. Returns the number of wrong ones, or the
 * refusal that bridge_ensure() would be. state_fd may be -1.
 */
int bridge_check(struct netlink *nl, int state_fd, const struct network *net,
		 const struct report *report, struct err *err);

/*
 * Take everything back: rules and chains, the bridge, ip_forward when we switched it on and no
 * other network of this state directory is up, and the network's bridge.json. Leases and records are
 * not touched. Fine when nothing is there. A bridge with ports is refused (EBUSY, naming them)
 * unless force. A bridge that was there before us stays; its address and our rules go.
 */
int bridge_remove(struct netlink *nl, int state_fd, const struct network *net, bool force,
		  const struct report *report, struct err *err);

/*
 * The sysctls that a bridge has, for the host end of a routed network's container: reverse paths may
 * differ, and nothing that it sends configures the host.
 */
int bridge_guard_interface(const struct link_info *link, struct err *err);
void bridge_check_interface(const struct link_info *link, const struct report *report);

/* Interfaces that are up and called as the host ends of a routed network: a dump. */
int bridge_host_ends(struct netlink *nl, const struct network *net, struct link_list *ends,
		     struct err *err);

#endif
