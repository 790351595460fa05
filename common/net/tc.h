/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_TC_H
#define CT_NET_TC_H

#include <stdint.h>

#include "common/err.h"
#include "common/net/netlink.h"

/*
 * Traffic control, as far as a limit of bandwidth needs it: what goes out of a link is held by a token
 * bucket; what comes in is sent out through another link (an IFB, which hands it on to where it was
 * going), and held there.
 */
struct tc_rate {
	uint64_t bytes_per_second;
	uint32_t burst_bytes; /* at least one packet: a longer one is dropped */
};

/* The token bucket at the root, in the place of whatever was there; -ENOENT: no such kernel option. */
int tc_set_bucket(struct netlink *nl, int link_index, const struct tc_rate *rate, struct err *err);
/* Is it there as it would be set? 1: it is, 0: it is not. */
int tc_has_bucket(struct netlink *nl, int link_index, const struct tc_rate *rate, struct err *err);
/* The kernel's own queue is back; fine when it was there all the time. */
int tc_remove_bucket(struct netlink *nl, int link_index, struct err *err);

/* All that comes in by link_index goes out by to_index; asked again it changes nothing. */
int tc_redirect(struct netlink *nl, int link_index, int to_index, struct err *err);
/* 1: it does, 0: it does not. */
int tc_is_redirected(struct netlink *nl, int link_index, int to_index, struct err *err);
/* Fine when nothing was redirected. */
int tc_remove_redirect(struct netlink *nl, int link_index, struct err *err);

#endif
