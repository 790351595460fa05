/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETWORK_IPAM_H
#define CT_NET_NETWORK_IPAM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/json.h"
#include "common/net/ip.h"
#include "common/net/network.h"

/* The "ipam" of a definition, as CNI's host-local has it: ranges of addresses, and routes inside. */
struct ipam_range {
	struct ip_prefix subnet;
	struct ip_addr start, end, gateway;
};

struct ipam_range_set {
	struct ipam_range *items;
	size_t n;
};

struct ipam_range_sets {
	struct ipam_range_set *items;
	size_t n;
};

struct ipam_route {
	struct ip_prefix dst;
	struct ip_addr gateway;
	int type;
	bool has_scope;
	int64_t mtu, advmss, priority, table, scope;
};

struct network_ipam {
	int type;
	struct ipam_range range; /* the short form: subnet, rangeStart, rangeEnd, gateway */
	struct ipam_range_sets ranges;
	struct ipam_route *routes;
	size_t n_routes;
};

/* Decoder of the key: out is a struct network_ipam. */
json_decode_fn network_ipam_decode;
void network_ipam_free(struct network_ipam *ipam);

/* The network's ranges, which must not be missing, and its routes. */
int network_ipam_apply(const struct network_ipam *ipam, struct network *net, struct err *err);

#endif
