/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_STATE_H
#define CT_NETNS_STATE_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/netlink.h"
#include "common/net/record.h"
#include "netns-hook/ipam.h"

/*
 * The state directory. make: created when missing; without it a missing one is 0. 1: *fd is open,
 * negative: error. One that others may write to is shut to them if it is ours, else refused.
 */
int state_open(const char *path, bool make, int *fd, struct err *err);

/*
 * Proof of life of an attachment, for ipam: a container that is being attached or detached right now
 * (its folder is locked), or whose host veth is there. A veth dies with the namespace of its other
 * end, so it tells of a pinned namespace too, whose process is long dead.
 */
struct state_alive {
	int state_fd;
	struct netlink *nl;
	const char *boot_id;
};
/* The same for a record whose folder the caller has locked. */
bool state_attachment_lives(const struct state_alive *alive, const struct record_folder *folder,
			    const char *ifname);
bool state_is_alive(void *state_alive, const char *container, const char *ifname);
struct ipam_alive state_alive_of(struct state_alive *alive);

#endif
