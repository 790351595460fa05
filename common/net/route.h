/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_ROUTE_H
#define CT_NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/netlink.h"

enum route_type {
	ROUTE_UNICAST,
	ROUTE_BLACKHOLE,   /* dropped in silence */
	ROUTE_UNREACHABLE, /* refused with "host unreachable" */
	ROUTE_PROHIBIT,    /* refused with "administratively prohibited" */
};

/*
 * The routes of routed networks on the host carry it: `ip route show proto 67`. Nobody has registered
 * it (/etc/iproute2/rt_protos).
 */
#define ROUTE_PROTOCOL 67

/* Zero stands for the kernel's own choice. */
struct route {
	struct ip_prefix dst;   /* host bits are zeroed; 0.0.0.0/0, ::/0: a default route */
	struct ip_addr gateway; /* AF_UNSPEC: on the link */
	struct ip_addr source;  /* that the host itself sends from; AF_UNSPEC: any */
	int link_index;
	enum route_type type;
	uint32_t table;    /* 0: main */
	uint32_t priority; /* the metric */
	uint8_t protocol;  /* who made it, as `ip route` shows it */
	bool has_scope;
	uint8_t scope;
	uint32_t mtu, advmss;
};

/* In the main table. */
bool route_is_main(const struct route *route);
/* "", "blackhole " and so on, as ip-route(8) puts it in front of the destination. */
const char *route_type_text(enum route_type type);

/* 1: added, 0: the very same destination was there already (EEXIST). */
int route_add(struct netlink *nl, const struct route *route, struct err *err);
/* Add it, or take the place of a route to the same destination. */
int route_replace(struct netlink *nl, const struct route *route, struct err *err);
/* 1: removed, 0: it was not there. */
int route_delete(struct netlink *nl, const struct route *route, struct err *err);

struct route_list {
	struct route *items;
	size_t n;
};
#define autoroutes __attribute__((cleanup(route_list_free)))

/* Unicast routes of the main table, default routes included. A dump: slow paths only. */
int route_list(struct netlink *nl, struct route_list *list, struct err *err);
/* Of every table, those that lead nowhere too. */
int route_list_all(struct netlink *nl, struct route_list *list, struct err *err);
/* The route that leads to addr, without a dump. 1: found, 0: there is none. */
int route_match(struct netlink *nl, const struct ip_addr *addr, struct route *route,
		struct err *err);
void route_list_free(struct route_list *list);

#endif
