/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/network_ipam.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/net/ip_decode.h"
#include "common/net/link.h"
#include "common/str.h"

static const struct json_field range_fields[] = {
	{ "subnet", ip_decode_prefix, offsetof(struct ipam_range, subnet), JSON_REQUIRED, NULL, 0 },
	{ "rangeStart", ip_decode_addr, offsetof(struct ipam_range, start), 0, NULL, 0 },
	{ "rangeEnd", ip_decode_addr, offsetof(struct ipam_range, end), 0, NULL, 0 },
	{ "gateway", ip_decode_addr, offsetof(struct ipam_range, gateway), 0, NULL, 0 },
};

static const struct json_table range_table = {
	.fields = range_fields,
	.n_fields = ARRAY_SIZE(range_fields),
	.item_size = sizeof(struct ipam_range),
	.count_offset = offsetof(struct ipam_range_set, n) - offsetof(struct ipam_range_set, items),
};

/* "ranges": [[{…}]]: a list of sets; each set gives every container one address. */
static int decode_range_sets(const json_node *node, const struct json_field *field, void *out,
			     const struct json_path *path, struct err *err)
{
	struct ipam_range_sets *sets = out;

	if (!json_is_array(node))
		return json_fail(path, err, "must be an array of arrays");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		const struct json_path inner = { .parent = path, .index = sets->n };
		struct ipam_range_set *set = NULL;

		sets->items = xreallocarray(sets->items, sets->n + 1, sizeof(*sets->items));
		set = &sets->items[sets->n++];
		*set = (struct ipam_range_set){ .items = NULL };
		if (json_decode_array(n, field, set, &inner, err) < 0)
			return -err->code;
		if (set->n == 0)
			return json_fail(&inner, err, "must have a range");
	}
	return 0;
}

static const struct json_range range_mtu = { LINK_MTU_MIN, LINK_MTU_MAX };
static const struct json_range range_u32 = { 0, UINT32_MAX };
static const struct json_range range_u8 = { 0, UINT8_MAX };

static const struct json_enum route_types[] = {
	{ "unicast", ROUTE_UNICAST },
	{ "blackhole", ROUTE_BLACKHOLE },
	{ "unreachable", ROUTE_UNREACHABLE },
	{ "prohibit", ROUTE_PROHIBIT },
	{ NULL, 0 },
};

static const struct json_field route_fields[] = {
	{ "dst", ip_decode_subnet, offsetof(struct ipam_route, dst), JSON_REQUIRED, NULL, 0 },
	{ "gw", ip_decode_addr, offsetof(struct ipam_route, gateway), 0, NULL, 0 },
	{ "type", json_decode_enum, offsetof(struct ipam_route, type), 0, route_types, 0 },
	{ "mtu", json_decode_int, offsetof(struct ipam_route, mtu), 0, &range_mtu, 0 },
	{ "advmss", json_decode_int, offsetof(struct ipam_route, advmss), 0, &range_mtu, 0 },
	{ "priority", json_decode_int, offsetof(struct ipam_route, priority), 0, &range_u32, 0 },
	{ "table", json_decode_int, offsetof(struct ipam_route, table), 0, &range_u32, 0 },
	{ "scope", json_decode_int, offsetof(struct ipam_route, scope), 0, &range_u8,
	  offsetof(struct ipam_route, has_scope) },
};

static const struct json_table route_table = {
	.fields = route_fields,
	.n_fields = ARRAY_SIZE(route_fields),
	.item_size = sizeof(struct ipam_route),
	.count_offset =
		offsetof(struct network_ipam, n_routes) - offsetof(struct network_ipam, routes),
};

static const struct json_enum ipam_types[] = { { "host-local", 1 }, { NULL, 0 } };

static const struct json_field ipam_fields[] = {
	{ "type", json_decode_enum, offsetof(struct network_ipam, type), JSON_REQUIRED, ipam_types,
	  0 },
	{ "subnet", ip_decode_prefix, offsetof(struct network_ipam, range.subnet), 0, NULL, 0 },
	{ "rangeStart", ip_decode_addr, offsetof(struct network_ipam, range.start), 0, NULL, 0 },
	{ "rangeEnd", ip_decode_addr, offsetof(struct network_ipam, range.end), 0, NULL, 0 },
	{ "gateway", ip_decode_addr, offsetof(struct network_ipam, range.gateway), 0, NULL, 0 },
	{ "ranges", decode_range_sets, offsetof(struct network_ipam, ranges.items), 0, &range_table,
	  0 },
	{ "routes", json_decode_array, offsetof(struct network_ipam, routes), 0, &route_table, 0 },
	{ "dataDir", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "resolvConf", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};

static const struct json_table ipam_table = {
	.fields = ipam_fields,
	.n_fields = ARRAY_SIZE(ipam_fields),
};

int network_ipam_decode(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	struct json_field nested = *field;

	nested.arg = &ipam_table;
	return json_decode_object(node, &nested, out, path, err);
}

void network_ipam_free(struct network_ipam *ipam)
{
	for (size_t i = 0; i < ipam->ranges.n; i++)
		free(ipam->ranges.items[i].items);
	free(ipam->ranges.items);
	free(ipam->routes);
}

/* `where` names the range in errors: "ipam" or "ipam.ranges[0][1]". */
static int apply_range(const struct ipam_range *doc, const char *where, bool new_pool,
		       struct network *net, struct err *err)
{
	struct ip_prefix gateway = ip_network(&doc->subnet);
	struct network_range *range = NULL;

	if (!ip_equal(&gateway.addr, &doc->subnet.addr))
		return err_set(err, EINVAL, "%s.subnet: %s has host bits set; did you mean %s",
			       where, ip_prefix_text(&doc->subnet).text,
			       ip_prefix_text(&gateway).text);
	gateway.addr = ip_is_set(&doc->gateway) ? doc->gateway : ip_next(&gateway.addr);
	if (!ip_contains(&doc->subnet, &gateway.addr))
		return err_set(err, EINVAL, "%s.gateway: %s is not in %s", where,
			       ip_addr_text(&gateway.addr).text, ip_prefix_text(&doc->subnet).text);
	if (network_add_range(net, &gateway, new_pool, err) < 0)
		return -err->code;
	range = &net->ranges[net->n_ranges - 1];
	if (ip_is_set(&doc->start))
		range->start = doc->start;
	if (ip_is_set(&doc->end))
		range->end = doc->end;
	if (!ip_contains(&range->subnet, &range->start) ||
	    !ip_contains(&range->subnet, &range->end))
		return err_set(err, EINVAL, "%s: range %s..%s is not in %s", where,
			       ip_addr_text(&range->start).text, ip_addr_text(&range->end).text,
			       ip_prefix_text(&range->subnet).text);
	if (ip_compare(&range->start, &range->end) > 0)
		return err_set(err, EINVAL, "%s: rangeStart %s is after rangeEnd %s", where,
			       ip_addr_text(&range->start).text, ip_addr_text(&range->end).text);
	return 0;
}

/* host-local takes the short form for one more set, in front of "ranges". */
static int apply_ranges(const struct network_ipam *ipam, struct network *net, struct err *err)
{
	bool is_short = ip_is_set(&ipam->range.subnet.addr);

	if (!is_short && ipam->ranges.n == 0)
		return err_set(err, EINVAL, "ipam.subnet: is missing");
	net->n_ranges = 0;
	net->n_pools = 0;
	net->subnet_floats = false;
	if (is_short && apply_range(&ipam->range, "ipam", true, net, err) < 0)
		return -err->code;
	for (size_t i = 0; i < ipam->ranges.n; i++) {
		const struct ipam_range_set *set = &ipam->ranges.items[i];

		for (size_t j = 0; j < set->n; j++) {
			autofree char *where = xasprintf("ipam.ranges[%zu][%zu]", i, j);

			if (set->items[j].subnet.addr.family != set->items[0].subnet.addr.family)
				return err_set(err, EINVAL,
					       "%s.subnet: %s is not of the family of the others "
					       "in its set",
					       where, ip_prefix_text(&set->items[j].subnet).text);
			if (apply_range(&set->items[j], where, j == 0, net, err) < 0)
				return -err->code;
		}
	}
	return 0;
}

/* One where the kernel has its own would not be made, or would take that one away. */
static int check_place(const struct ipam_route *route, size_t i, const struct network *net,
		       struct err *err)
{
	if (net->internal && route->dst.len == 0 && route->type == ROUTE_UNICAST)
		return err_set(err, EINVAL,
			       "ipam.routes[%zu].dst: %s: an internal network has no way out", i,
			       ip_prefix_text(&route->dst).text);
	for (size_t n = 0; n < net->n_ranges && route->priority == 0 && route->table == 0; n++) {
		const struct ip_prefix *subnet = &net->ranges[n].subnet;

		if (subnet->len == route->dst.len && ip_equal(&subnet->addr, &route->dst.addr))
			return err_set(err, EINVAL,
				       "ipam.routes[%zu].dst: %s is the network's own subnet, to "
				       "which there is a route already",
				       i, ip_prefix_text(&route->dst).text);
	}
	return 0;
}

static int check_route(const struct ipam_route *route, size_t i, const struct network *net,
		       struct err *err)
{
	if (ip_is_set(&route->gateway) && route->type != ROUTE_UNICAST)
		return err_set(err, EINVAL, "ipam.routes[%zu].gw: a route of that type has none",
			       i);
	if (ip_is_set(&route->gateway) && !network_range_of(net, &route->gateway))
		return err_set(err, EINVAL,
			       "ipam.routes[%zu].gw: %s is in no subnet of the network", i,
			       ip_addr_text(&route->gateway).text);
	if (ip_is_set(&route->gateway) && route->gateway.family != route->dst.addr.family)
		return err_set(err, EINVAL, "ipam.routes[%zu].gw: %s is of another family than %s",
			       i, ip_addr_text(&route->gateway).text,
			       ip_prefix_text(&route->dst).text);
	if (!network_has_family(net, route->dst.addr.family))
		return err_set(err, EINVAL,
			       "ipam.routes[%zu].dst: %s: the network has no subnet of "
			       "that family",
			       i, ip_prefix_text(&route->dst).text);
	return check_place(route, i, net, err);
}

/* host-local's way to ask for a default route. */
static bool is_plain_default(const struct ipam_route *route)
{
	return route->dst.len == 0 && !ip_is_set(&route->gateway) && route->type == ROUTE_UNICAST &&
	       !route->has_scope && route->mtu == 0 && route->advmss == 0 && route->priority == 0 &&
	       route->table == 0;
}

/* The kernel would take the second for the first. */
static int refuse_twice(const struct network *net, const struct route *route, size_t i,
			struct err *err)
{
	for (size_t n = 0; n < net->n_routes; n++) {
		const struct route *other = &net->routes[n];

		if (ip_equal(&other->dst.addr, &route->dst.addr) &&
		    other->dst.len == route->dst.len && other->table == route->table &&
		    other->priority == route->priority)
			return err_set(err, EINVAL,
				       "ipam.routes[%zu]: a second route to %s with the same "
				       "priority and table",
				       i, ip_prefix_text(&route->dst).text);
	}
	return 0;
}

static int apply_routes(const struct network_ipam *ipam, struct network *net, struct err *err)
{
	for (size_t i = 0; i < ipam->n_routes; i++) {
		const struct ipam_route *route = &ipam->routes[i];
		const struct route wanted = {
			.dst = ip_network(&route->dst),
			.gateway = route->gateway,
			.type = (enum route_type)route->type,
			.table = (uint32_t)route->table,
			.priority = (uint32_t)route->priority,
			.has_scope = route->has_scope,
			.scope = (uint8_t)route->scope,
			.mtu = (uint32_t)route->mtu,
			.advmss = (uint32_t)route->advmss,
		};

		if (check_route(route, i, net, err) < 0)
			return -err->code;
		if (is_plain_default(route)) {
			net->default_route = true;
			continue;
		}
		if (refuse_twice(net, &wanted, i, err) < 0)
			return -err->code;
		net->routes = xreallocarray(net->routes, net->n_routes + 1, sizeof(*net->routes));
		net->routes[net->n_routes++] = wanted;
	}
	return 0;
}

int network_ipam_apply(const struct network_ipam *ipam, struct network *net, struct err *err)
{
	int rc = apply_ranges(ipam, net, err);

	return rc < 0 ? rc : apply_routes(ipam, net, err);
}
