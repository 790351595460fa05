/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NEIGH_H
#define CT_NET_NEIGH_H

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/link.h"
#include "common/net/netlink.h"

/*
 * The host's neighbour entry of a container on the bridge: made or overwritten in state STALE, so
 * that traffic flows at once and the kernel still confirms it. Without it an address that is handed
 * out again with another MAC is deaf for some ten seconds. Where the kernel's table is full there is no
 * such entry, and none is made.
 */
int neigh_replace(struct netlink *nl, int link_index, const struct ip_addr *addr,
		  const struct link_mac *mac, struct err *err);

/*
 * The same for good (NUD_PERMANENT): never asked for, never given up, and not counted among those of
 * which the kernel keeps 1,024 (neigh/default/gc_thresh3; Linux 5.0).
 */
int neigh_pin(struct netlink *nl, int link_index, const struct ip_addr *addr,
	      const struct link_mac *mac, struct err *err);

/* 1: there is an entry with a MAC, 0: there is none, or it has none yet. */
int neigh_find(struct netlink *nl, int link_index, const struct ip_addr *addr, struct link_mac *mac,
	       struct err *err);

/* 1: removed, 0: it was not there, or the link is gone. */
int neigh_delete(struct netlink *nl, int link_index, const struct ip_addr *addr, struct err *err);

#endif
