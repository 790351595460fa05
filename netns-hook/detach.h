/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_DETACH_H
#define CT_NETNS_DETACH_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/netlink.h"
#include "common/net/record.h"

/*
 * What becomes of the veth, once it is down and off the bridge. To delete it waits some 18 ms in the
 * kernel, whoever asks and whether or not he waits for the answer: the work is done in his system
 * call.
 */
enum detach_link {
	DETACH_LINK_DELETE,     /* wait until it is gone */
	DETACH_LINK_BACKGROUND, /* a child of ours deletes it while we go on */
	DETACH_LINK_LEAVE,      /* the namespace ends right after us and takes it along */
};

struct detach {
	int state_fd;
	struct netlink *nl;
	enum detach_link link;
	/*
	 * A pin of a namespace that its runtime takes away next: interfaces of that very namespace
	 * are left to its end, whatever `link` says. All zero: none.
	 */
	struct netns_id ending;
	/* The namespace where the attachment is, if the caller has it open; else -1. Borrowed. */
	int netns_fd;
};

/*
 * Undo one attachment, in the order that keeps packets from going astray: devices, names, published
 * ports, conntrack, neighbour entry, interface, the routes that it does not take along, its IFB, its
 * MAC rule, lease, address file, record.
 * Every step is tried; the first failure is returned and the record stays then, so that a second
 * detach or `gc` can finish. Things that are gone are fine.
 */
int detach_one(const struct detach *detach, const struct record_folder *folder,
	       const struct attachment *att, struct err *err);

/*
 * Undo all of a container, keyed by its id alone: whatever an ADD that died had made, twice, after
 * a reboot, with a damaged record. Returns the number of attachments that were there.
 */
int detach_container(const struct detach *detach, const char *container, struct err *err);

/* The same for one interface, if its network is that one. Returns 1 when it was there. */
struct detach_choice {
	const char *ifname;
	const char *network; /* NULL: any */
};
int detach_chosen(const struct detach *detach, const char *container,
		  const struct detach_choice *choice, struct err *err);

/*
 * Either of them for whoever has nothing open yet: of the one interface, or of all when choice is NULL.
 * Waits until the veth is gone. No state directory: there was nothing.
 */
int detach_from(const char *state_dir, const char *container, const struct detach_choice *choice,
		struct err *err);

/* The same with the folder locked by the caller; removes it. */
int detach_folder(const struct detach *detach, struct record_folder *folder, struct err *err);

/* Single steps, for the undo of attach. */
int detach_names(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_ports(const struct detach *detach, const struct attachment *att, struct err *err);
/* Of an attachment whose record is lost: those that it claims. */
int detach_lost_ports(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_conntrack(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_neighbour(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_interface(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_devices(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_dead_ends(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_mac_check(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_bandwidth(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_lease(const struct detach *detach, const struct attachment *att, struct err *err);
int detach_ipfile(const struct detach *detach, const struct attachment *att, struct err *err);

#endif
