/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_ADDR_H
#define CT_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/netlink.h"

/*
 * Add prefix (address with its length; with IPv4's broadcast, and without IPv6's DAD) to a link. 1: added, 0: it was there
 * already with that length (the kernel's EEXIST, so this is also the cheap check that it is there),
 * negative: error.
 */
int addr_add(struct netlink *nl, int link_index, const struct ip_prefix *prefix, struct err *err);
/* The same, and an IPv6 address is tentative until the kernel has looked for a duplicate. */
int addr_add_dad(struct netlink *nl, int link_index, const struct ip_prefix *prefix,
		 struct err *err);

/* 1: removed, 0: it was not there, or the link is gone. */
int addr_delete(struct netlink *nl, int link_index, const struct ip_prefix *prefix,
		struct err *err);

/* An address and the link that carries it. */
struct addr_entry {
	int link_index;
	struct ip_prefix prefix;
	bool is_permanent; /* has no lifetime: neither DHCP's nor of a router's advertisement */
	bool is_global;
};
struct addr_list {
	struct addr_entry *items;
	size_t n;
};
#define autoaddrs __attribute__((cleanup(addr_list_free)))

/*
 * Addresses of one link, or of all (link_index 0), IPv6's link-local ones aside. A dump, filtered by the kernel: slow paths
 * only (first set-up of a bridge, status).
 */
int addr_list(struct netlink *nl, int link_index, struct addr_list *list, struct err *err);
void addr_list_free(struct addr_list *list);

#endif
