/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

static unsigned char kernel_type(enum route_type type)
{
	switch (type) {
	case ROUTE_UNICAST:
		return RTN_UNICAST;
	case ROUTE_BLACKHOLE:
		return RTN_BLACKHOLE;
	case ROUTE_UNREACHABLE:
		return RTN_UNREACHABLE;
	case ROUTE_PROHIBIT:
		return RTN_PROHIBIT;
	}
	return RTN_UNICAST;
}

bool route_is_main(const struct route *route)
{
	return route->table == 0 || route->table == RT_TABLE_MAIN;
}

const char *route_type_text(enum route_type type)
{
	switch (type) {
	case ROUTE_UNICAST:
		break;
	case ROUTE_BLACKHOLE:
		return "blackhole ";
	case ROUTE_UNREACHABLE:
		return "unreachable ";
	case ROUTE_PROHIBIT:
		return "prohibit ";
	}
	return "";
}

static unsigned char kernel_scope(const struct route *route)
{
	if (route->has_scope)
		return route->scope;
	return route->type == ROUTE_UNICAST && !ip_is_set(&route->gateway) ? RT_SCOPE_LINK
									   : RT_SCOPE_UNIVERSE;
}

static void put_metrics(struct nl_msg *msg, const struct route *route)
{
	struct nlattr *metrics = NULL;

	if (route->mtu == 0 && route->advmss == 0)
		return;
	metrics = netlink_nest(msg, RTA_METRICS);
	if (route->mtu > 0)
		netlink_put_u32(msg, RTAX_MTU, route->mtu);
	if (route->advmss > 0)
		netlink_put_u32(msg, RTAX_ADVMSS, route->advmss);
	netlink_nest_end(msg, metrics);
}

static struct nl_msg *route_msg(int type, int flags, const struct route *route)
{
	const struct ip_prefix dst = ip_network(&route->dst);
	const bool removes = type == RTM_DELROUTE;
	const unsigned char usual = removes ? RTPROT_UNSPEC : RTPROT_BOOT;
	const unsigned char protocol = route->protocol ? route->protocol : usual;
	const struct rtmsg head = {
		.rtm_family = (unsigned char)dst.addr.family,
		.rtm_dst_len = (unsigned char)dst.len,
		.rtm_table = route->table == 0 ? RT_TABLE_MAIN : RT_TABLE_UNSPEC,
		.rtm_protocol = protocol,
		.rtm_scope = removes ? RT_SCOPE_NOWHERE : kernel_scope(route),
		.rtm_type = removes && route->type == ROUTE_UNICAST ? RTN_UNSPEC
								    : kernel_type(route->type),
	};
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST | flags, &head, sizeof(head));

	if (dst.len > 0)
		netlink_put(msg, RTA_DST, dst.addr.bytes, ip_bytes(dst.addr.family));
	if (ip_is_set(&route->gateway))
		netlink_put(msg, RTA_GATEWAY, route->gateway.bytes,
			    ip_bytes(route->gateway.family));
	if (ip_is_set(&route->source))
		netlink_put(msg, RTA_PREFSRC, route->source.bytes, ip_bytes(route->source.family));
	if (route->link_index > 0)
		netlink_put_u32(msg, RTA_OIF, (uint32_t)route->link_index);
	if (route->table > 0)
		netlink_put_u32(msg, RTA_TABLE, route->table);
	if (route->priority > 0)
		netlink_put_u32(msg, RTA_PRIORITY, route->priority);
	put_metrics(msg, route);
	return msg;
}

static int fail(struct netlink *nl, int rc, const struct route *route, const char *verb,
		struct err *err)
{
	const struct ip_prefix dst = ip_network(&route->dst);

	if (ip_is_set(&route->gateway))
		return netlink_fail(nl, rc, err, "%s route %s via %s", verb,
				    ip_prefix_text(&dst).text, ip_addr_text(&route->gateway).text);
	return netlink_fail(nl, rc, err, "%s route %s on interface number %d", verb,
			    ip_prefix_text(&dst).text, route->link_index);
}

int route_add(struct netlink *nl, const struct route *route, struct err *err)
{
	int rc = netlink_talk(nl, route_msg(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route));

	if (rc == -EEXIST)
		return 0;
	return rc < 0 ? fail(nl, rc, route, "adding", err) : 1;
}

int route_replace(struct netlink *nl, const struct route *route, struct err *err)
{
	int rc = netlink_talk(nl, route_msg(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route));

	return rc < 0 ? fail(nl, rc, route, "replacing", err) : 0;
}

int route_delete(struct netlink *nl, const struct route *route, struct err *err)
{
	int rc = netlink_talk(nl, route_msg(RTM_DELROUTE, 0, route));

	if (rc == -ESRCH || rc == -ENODEV)
		return 0;
	return rc < 0 ? fail(nl, rc, route, "removing", err) : 1;
}

/* The link of the first next hop: a multipath route names none at its top. */
static int multipath_link(const struct nlattr *multipath)
{
	const struct rtnexthop *hop = nla_data(multipath);

	return nla_len(multipath) >= (int)sizeof(*hop) ? hop->rtnh_ifindex : 0;
}

static bool route_type_of(unsigned char kernel, enum route_type *type)
{
	for (*type = ROUTE_UNICAST; *type <= ROUTE_PROHIBIT; (*type)++) {
		if (kernel_type(*type) == kernel)
			return true;
	}
	return false;
}

/* False: it is none that we know the type of. */
static bool parse_route(const struct nlmsghdr *answer, struct route *route)
{
	const struct rtmsg *head = nlmsg_data(answer);
	struct nlattr *attrs[RTA_MAX + 1] = { NULL };
	const int family = head->rtm_family;
	const int bytes = (int)ip_bytes(family);
	unsigned int table = head->rtm_table;

	*route = (struct route){ .dst = { .addr = { .family = family } },
				 .protocol = head->rtm_protocol };
	if (answer->nlmsg_type != RTM_NEWROUTE || (family != AF_INET && family != AF_INET6) ||
	    !route_type_of(head->rtm_type, &route->type) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(*head), attrs, RTA_MAX, NULL) <
		    0)
		return false;
	if (attrs[RTA_TABLE])
		table = nla_get_u32(attrs[RTA_TABLE]);
	route->table = table == RT_TABLE_MAIN ? 0 : table;
	route->dst.len = head->rtm_dst_len;
	if (attrs[RTA_DST] && nla_len(attrs[RTA_DST]) == bytes)
		memcpy(route->dst.addr.bytes, nla_data(attrs[RTA_DST]), (size_t)bytes);
	if (attrs[RTA_GATEWAY] && nla_len(attrs[RTA_GATEWAY]) == bytes) {
		route->gateway.family = family;
		memcpy(route->gateway.bytes, nla_data(attrs[RTA_GATEWAY]), (size_t)bytes);
	}
	if (attrs[RTA_PRIORITY])
		route->priority = nla_get_u32(attrs[RTA_PRIORITY]);
	if (attrs[RTA_OIF])
		route->link_index = (int)nla_get_u32(attrs[RTA_OIF]);
	else if (attrs[RTA_MULTIPATH])
		route->link_index = multipath_link(attrs[RTA_MULTIPATH]);
	return true;
}

struct wanted {
	struct route_list *list;
	bool all;
};

static void take_route(const struct nlmsghdr *answer, void *ctx)
{
	const struct wanted *wanted = ctx;
	struct route_list *list = wanted->list;
	struct route route;

	if (!parse_route(answer, &route) ||
	    (!wanted->all && (route.type != ROUTE_UNICAST || !route_is_main(&route))))
		return;
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = route;
}

static int dump(struct netlink *nl, struct route_list *list, bool all, struct err *err)
{
	struct wanted wanted = { list, all };
	const struct rtmsg head = { .rtm_family = AF_UNSPEC };
	int rc = -EINTR;

	for (int tries = 0; rc == -EINTR && tries < 5; tries++) {
		route_list_free(list);
		rc = netlink_ask(nl,
				 netlink_msg(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &head,
					     sizeof(head)),
				 take_route, &wanted);
	}
	return rc < 0 ? netlink_fail(nl, rc, err, "listing routes") : 0;
}

int route_list(struct netlink *nl, struct route_list *list, struct err *err)
{
	return dump(nl, list, false, err);
}

int route_list_all(struct netlink *nl, struct route_list *list, struct err *err)
{
	return dump(nl, list, true, err);
}

struct match {
	struct route *route;
	bool found;
};

static void take_match(const struct nlmsghdr *answer, void *ctx)
{
	struct match *match = ctx;

	match->found = parse_route(answer, match->route);
}

int route_match(struct netlink *nl, const struct ip_addr *addr, struct route *route,
		struct err *err)
{
	const struct rtmsg head = {
		.rtm_family = (unsigned char)addr->family,
		.rtm_dst_len = (unsigned char)(8 * ip_bytes(addr->family)),
		.rtm_flags = RTM_F_FIB_MATCH, /* as it stands in the table: Linux 4.13 */
	};
	struct nl_msg *msg = netlink_msg(RTM_GETROUTE, NLM_F_REQUEST, &head, sizeof(head));
	struct match match = { .route = route };
	int rc = 0;

	netlink_put(msg, RTA_DST, addr->bytes, ip_bytes(addr->family));
	rc = netlink_ask(nl, msg, take_match, &match);
	/* An unreachable one is told as the error that it makes. */
	if (rc == -ENETUNREACH || rc == -EHOSTUNREACH || rc == -EACCES || rc == -EINVAL)
		return 0;
	return rc < 0 ? netlink_fail(nl, rc, err, "route to %s", ip_addr_text(addr).text)
		      : match.found;
}

void route_list_free(struct route_list *list)
{
	free(list->items);
	*list = (struct route_list){ .items = NULL };
}
