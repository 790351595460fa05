/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_SUBNET_H
#define CT_NET_SUBNET_H

#include <stddef.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/netlink.h"

/*
 * What the host uses already: its addresses and the routes of its main table, default routes aside.
 * Taken by dumps: for the set-up of a bridge, never for a container.
 */
struct subnet_use {
	struct ip_prefix prefix;
	int link_index;
	const char *as; /* "address" or "route" */
};

struct subnet_uses {
	struct subnet_use *items;
	size_t n;
};
#define autouses __attribute__((cleanup(subnet_uses_free)))

int subnet_read_uses(struct netlink *nl, struct subnet_uses *uses, struct err *err);
void subnet_add_use(struct subnet_uses *uses, const struct subnet_use *use);
void subnet_uses_free(struct subnet_uses *uses);

/* The first use that overlaps, but those of the interface own_index (0: none is ours). NULL: free. */
const struct subnet_use *subnet_overlap(const struct subnet_uses *uses,
					const struct ip_prefix *subnet, int own_index);

/*
 * The first gateway of the fixed list (172.19.0.1/16 to 172.31.0.1/16, then 10.89.0.1/16 to
 * 10.99.0.1/16) whose subnet is free. ENOSPC: none is.
 */
int subnet_pick(const struct subnet_uses *uses, struct ip_prefix *gateway, struct err *err);

#endif
