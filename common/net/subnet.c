/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/subnet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/net/addr.h"
#include "common/net/route.h"
#include "common/str.h"

void subnet_add_use(struct subnet_uses *uses, const struct subnet_use *use)
{
	uses->items = xreallocarray(uses->items, uses->n + 1, sizeof(*uses->items));
	uses->items[uses->n++] = *use;
}

void subnet_uses_free(struct subnet_uses *uses)
{
	free(uses->items);
	*uses = (struct subnet_uses){ .items = NULL };
}

/* fe80::/10 is on every interface. */
static bool is_link_local(const struct ip_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

int subnet_read_uses(struct netlink *nl, struct subnet_uses *uses, struct err *err)
{
	autoaddrs struct addr_list addrs = { .items = NULL };
	autoroutes struct route_list routes = { .items = NULL };

	if (addr_list(nl, 0, &addrs, err) < 0 || route_list(nl, &routes, err) < 0)
		return -err->code;
	for (size_t i = 0; i < addrs.n; i++) {
		const struct addr_entry *entry = &addrs.items[i];

		subnet_add_use(uses,
			       &(struct subnet_use){ entry->prefix, entry->link_index, "address" });
	}
	for (size_t i = 0; i < routes.n; i++) {
		const struct route *route = &routes.items[i];

		/* Those to containers lie in the subnets of our networks, which are asked for. */
		if (route->dst.len > 0 && route->protocol != ROUTE_PROTOCOL &&
		    !is_link_local(&route->dst.addr))
			subnet_add_use(uses, &(struct subnet_use){ route->dst, route->link_index,
								   "route" });
	}
	return 0;
}

const struct subnet_use *subnet_overlap(const struct subnet_uses *uses,
					const struct ip_prefix *subnet, int own_index)
{
	for (size_t i = 0; i < uses->n; i++) {
		const struct subnet_use *use = &uses->items[i];

		if ((own_index == 0 || use->link_index != own_index) &&
		    ip_overlap(&use->prefix, subnet))
			return use;
	}
	return NULL;
}

/* Docker hands out 172.17 and 172.18 first; the rest is what RFC 1918 has left in common use. */
static const struct {
	uint8_t first, from, to;
} candidates[] = { { 172, 19, 31 }, { 10, 89, 99 } };

int subnet_pick(const struct subnet_uses *uses, struct ip_prefix *gateway, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		for (unsigned int second = candidates[i].from; second <= candidates[i].to;
		     second++) {
			const struct ip_prefix candidate = {
				.addr = ip_from_u32((uint32_t)candidates[i].first << 24 |
						    second << 16 | 1),
				.len = 16,
			};
			const struct ip_prefix subnet = ip_network(&candidate);

			if (subnet_overlap(uses, &subnet, 0))
				continue;
			*gateway = candidate;
			return 0;
		}
	}
	return err_set(
		err, ENOSPC,
		"no free subnet: all of 172.19.0.0/16-172.31.0.0/16 and "
		"10.89.0.0/16-10.99.0.0/16 overlap the host's addresses or routes; choose one "
		"with --ip");
}
