/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/routes.h"

#include <linux/rtnetlink.h>

#include "common/str.h"

static void append(struct route_list *list, const struct route *route)
{
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = *route;
}

/* One that the definition has itself, with a metric or a gateway of its own. */
static bool has_own_default(const struct network *net, int family)
{
	for (size_t i = 0; i < net->n_routes; i++) {
		const struct route *r = &net->routes[i];

		if (r->dst.len == 0 && r->dst.addr.family == family && route_is_main(r))
			return true;
	}
	return false;
}

static void append_defaults(const struct network *net, const struct attachment *att, int link_index,
			    struct route_list *list)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct attachment_address *address = attachment_address_of(att, families[i]);

		if (!address || has_own_default(net, families[i]))
			continue;
		append(list, &(const struct route){
				     .dst = ip_default(families[i]),
				     .gateway = address->gateway,
				     .link_index = link_index,
				     .priority = net->metric,
			     });
	}
}

/* A routed container's link has the gateway and nothing else: what is near is behind it too. */
static void append_routed(const struct attachment *att, int link_index, struct route_list *list)
{
	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct attachment_address *address = &att->addresses[i];
		const struct ip_prefix subnet = { address->gateway, address->prefix.len };

		if (!attachment_gateway_is_new(att, i))
			continue;
		append(list, &(const struct route){
				     .dst = ip_host_prefix(&address->gateway),
				     .link_index = link_index,
			     });
		append(list, &(const struct route){
				     .dst = ip_network(&subnet),
				     .gateway = address->gateway,
				     .link_index = link_index,
			     });
	}
}

struct route_list routes_of(const struct network *net, const struct attachment *att, int link_index)
{
	struct route_list list = { .items = NULL };

	if (att->routed)
		append_routed(att, link_index, &list);
	if (att->default_route)
		append_defaults(net, att, link_index, &list);
	for (size_t i = 0; i < net->n_routes; i++) {
		struct route route = net->routes[i];
		const struct attachment_address *address =
			attachment_address_of(att, route.dst.addr.family);
		const bool on_link = route.has_scope && route.scope == RT_SCOPE_LINK;

		if (route.type == ROUTE_UNICAST) {
			route.link_index = link_index;
			if (!ip_is_set(&route.gateway) && address && !on_link)
				route.gateway = address->gateway;
		}
		append(&list, &route);
	}
	return list;
}
