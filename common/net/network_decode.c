/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/ip_decode.h"
#include "common/net/link.h"
#include "common/net/network.h"
#include "common/str.h"

/*
 * CNI's netconf: the keys of the bridge and host-local plugins, and two of our own, "ifname" and
 * "ingress". What the plugins know and is not applied here is refused by name (JSON_UNSUPPORTED),
 * so that a definition never does less than it says.
 */
struct range_doc {
	struct ip_prefix subnet;
	struct ip_addr start, end, gateway;
};

struct range_set_doc {
	struct range_doc *items;
	size_t n;
};

struct range_sets_doc {
	struct range_set_doc *items;
	size_t n;
};

struct route_doc {
	struct ip_prefix dst;
	struct ip_addr gateway;
	int type;
	bool has_scope;
	int64_t mtu, advmss, priority, table, scope;
};

struct ipam_doc {
	int type;
	struct range_doc range; /* the short form: subnet, rangeStart, rangeEnd, gateway */
	struct range_sets_doc ranges;
	struct route_doc *routes;
	size_t n_routes;
};

struct netconf_doc {
	char *cni_version, *name, *bridge, *ifname;
	int type, ingress, firewall;
	bool is_gateway, is_default_gateway, ip_masq, masq_random_fully, internal;
	struct prefixes_doc {
		struct ip_prefix *items;
		size_t n;
	} masq_exclude;
	struct ip_addr snat[2]; /* IPv4, IPv6 */
	bool managed, has_managed;
	bool has_is_gateway, has_is_default_gateway, has_ip_masq, has_ingress, has_ipam;
	int64_t mtu, metric;
	struct network_shape shape;
	struct ipam_doc ipam;
	struct network_dns dns;
};

static int decode_ifname(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	if (!text)
		return json_fail(path, err, "must be a string");
	if (link_check_name(text, field->key, &why) < 0)
		return json_fail(path, err, "'%s' is not an interface name", text);
	*(char **)out = xstrdup(text);
	return 0;
}

static int decode_prefixes(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	struct prefixes_doc *list = out;

	if (!json_is_array(node))
		return json_fail(path, err, "must be an array of subnets");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		const struct json_path item = { .parent = path, .index = list->n };

		list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
		if (ip_decode_prefix(n, field, &list->items[list->n++], &item, err) < 0)
			return -err->code;
	}
	return 0;
}

/* "snat": an address, or one of each family. */
static int decode_snat(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	struct ip_addr *addrs = out;
	size_t i = 0;

	if (!json_is_array(node) && !json_string(node))
		return json_fail(path, err, "must be an address, or an array of two");
	for (const json_node *n = json_is_array(node) ? json_first(node) : node; n;
	     n = json_is_array(node) ? json_next(n) : NULL, i++) {
		const struct json_path item = { .parent = path, .index = i };
		struct ip_addr addr = { .family = AF_UNSPEC };

		if (ip_decode_addr(n, field, &addr, json_is_array(node) ? &item : path, err) < 0)
			return -err->code;
		if (ip_is_set(&addrs[addr.family == AF_INET6]))
			return json_fail(&item, err, "a second address of one family");
		addrs[addr.family == AF_INET6] = addr;
	}
	return 0;
}

static const struct json_field range_fields[] = {
	{ "subnet", ip_decode_prefix, offsetof(struct range_doc, subnet), JSON_REQUIRED, NULL, 0 },
	{ "rangeStart", ip_decode_addr, offsetof(struct range_doc, start), 0, NULL, 0 },
	{ "rangeEnd", ip_decode_addr, offsetof(struct range_doc, end), 0, NULL, 0 },
	{ "gateway", ip_decode_addr, offsetof(struct range_doc, gateway), 0, NULL, 0 },
};

static const struct json_table range_table = {
	.fields = range_fields,
	.n_fields = ARRAY_SIZE(range_fields),
	.item_size = sizeof(struct range_doc),
	.count_offset = offsetof(struct range_set_doc, n) - offsetof(struct range_set_doc, items),
};

/* "ranges": [[{…}]]: a list of sets; each set gives every container one address. */
static int decode_range_sets(const json_node *node, const struct json_field *field, void *out,
			     const struct json_path *path, struct err *err)
{
	struct range_sets_doc *sets = out;

	if (!json_is_array(node))
		return json_fail(path, err, "must be an array of arrays");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		const struct json_path inner = { .parent = path, .index = sets->n };
		struct range_set_doc *set = NULL;

		sets->items = xreallocarray(sets->items, sets->n + 1, sizeof(*sets->items));
		set = &sets->items[sets->n++];
		*set = (struct range_set_doc){ .items = NULL };
		if (json_decode_array(n, field, set, &inner, err) < 0)
			return -err->code;
		if (set->n == 0)
			return json_fail(&inner, err, "must have a range");
	}
	return 0;
}

static const struct json_range range_mtu_or_0 = { 0, LINK_MTU_MAX };
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
	{ "dst", ip_decode_prefix, offsetof(struct route_doc, dst), JSON_REQUIRED, NULL, 0 },
	{ "gw", ip_decode_addr, offsetof(struct route_doc, gateway), 0, NULL, 0 },
	{ "type", json_decode_enum, offsetof(struct route_doc, type), 0, route_types, 0 },
	{ "mtu", json_decode_int, offsetof(struct route_doc, mtu), 0, &range_mtu, 0 },
	{ "advmss", json_decode_int, offsetof(struct route_doc, advmss), 0, &range_mtu, 0 },
	{ "priority", json_decode_int, offsetof(struct route_doc, priority), 0, &range_u32, 0 },
	{ "table", json_decode_int, offsetof(struct route_doc, table), 0, &range_u32, 0 },
	{ "scope", json_decode_int, offsetof(struct route_doc, scope), 0, &range_u8,
	  offsetof(struct route_doc, has_scope) },
};

static const struct json_table route_table = {
	.fields = route_fields,
	.n_fields = ARRAY_SIZE(route_fields),
	.item_size = sizeof(struct route_doc),
	.count_offset = offsetof(struct ipam_doc, n_routes) - offsetof(struct ipam_doc, routes),
};

static const struct json_enum ipam_types[] = { { "host-local", 1 }, { NULL, 0 } };

static const struct json_field ipam_fields[] = {
	{ "type", json_decode_enum, offsetof(struct ipam_doc, type), JSON_REQUIRED, ipam_types, 0 },
	{ "subnet", ip_decode_prefix, offsetof(struct ipam_doc, range.subnet), 0, NULL, 0 },
	{ "rangeStart", ip_decode_addr, offsetof(struct ipam_doc, range.start), 0, NULL, 0 },
	{ "rangeEnd", ip_decode_addr, offsetof(struct ipam_doc, range.end), 0, NULL, 0 },
	{ "gateway", ip_decode_addr, offsetof(struct ipam_doc, range.gateway), 0, NULL, 0 },
	{ "ranges", decode_range_sets, offsetof(struct ipam_doc, ranges.items), 0, &range_table,
	  0 },
	{ "routes", json_decode_array, offsetof(struct ipam_doc, routes), 0, &route_table, 0 },
	{ "dataDir", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "resolvConf", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};

static const struct json_table ipam_table = {
	.fields = ipam_fields,
	.n_fields = ARRAY_SIZE(ipam_fields),
};

static const struct json_enum types[] = { { "ct-netns", 1 }, { NULL, 0 } };

static const struct json_enum ingresses[] = {
	{ "established", NETWORK_INGRESS_ESTABLISHED },
	{ "open", NETWORK_INGRESS_OPEN },
	{ "isolated", NETWORK_INGRESS_ISOLATED },
	{ NULL, 0 },
};

static const struct json_enum firewalls[] = {
	{ "auto", FIREWALL_AUTO },
	{ "iptables", FIREWALL_IPTABLES },
	{ "nftables", FIREWALL_NFTABLES },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct netconf_doc, member)

static const struct json_field netconf_fields[] = {
	{ "cniVersion", json_decode_string, AT(cni_version), 0, NULL, 0 },
	{ "name", json_decode_string, AT(name), JSON_REQUIRED, NULL, 0 },
	{ "type", json_decode_enum, AT(type), JSON_REQUIRED, types, 0 },
	{ "bridge", decode_ifname, AT(bridge), 0, NULL, 0 },
	{ "ifname", decode_ifname, AT(ifname), 0, NULL, 0 },
	{ "isGateway", json_decode_bool, AT(is_gateway), 0, NULL, AT(has_is_gateway) },
	{ "isDefaultGateway", json_decode_bool, AT(is_default_gateway), 0, NULL,
	  AT(has_is_default_gateway) },
	{ "ipMasq", json_decode_bool, AT(ip_masq), 0, NULL, AT(has_ip_masq) },
	{ "masqRandomFully", json_decode_bool, AT(masq_random_fully), 0, NULL, 0 },
	{ "masqExclude", decode_prefixes, AT(masq_exclude), 0, NULL, 0 },
	{ "snat", decode_snat, AT(snat), 0, NULL, 0 },
	{ "ingress", json_decode_enum, AT(ingress), 0, ingresses, AT(has_ingress) },
	{ "firewall", json_decode_enum, AT(firewall), 0, firewalls, 0 },
	{ "internal", json_decode_bool, AT(internal), 0, NULL, 0 },
	{ "mtu", json_decode_int, AT(mtu), 0, &range_mtu_or_0, 0 },
	{ "metric", json_decode_int, AT(metric), 0, &range_u32, 0 },
	{ "bandwidth", network_decode_bandwidth, AT(shape), 0, NULL, 0 },
	{ "hairpinMode", json_decode_bool, AT(shape.hairpin), 0, NULL, 0 },
	{ "portIsolation", json_decode_bool, AT(shape.port_isolation), 0, NULL, 0 },
	{ "macspoofchk", json_decode_bool, AT(shape.mac_check), 0, NULL, 0 },
	{ "promiscMode", json_decode_bool, AT(shape.bridge_promisc), 0, NULL, 0 },
	{ "managed", json_decode_bool, AT(managed), 0, NULL, AT(has_managed) },
	{ "enabledad", json_decode_bool, AT(shape.enable_dad), 0, NULL, 0 },
	{ "sysctl", network_decode_sysctls, AT(shape.sysctls), 0, NULL, 0 },
	{ "promisc", json_decode_bool, AT(shape.promisc), 0, NULL, 0 },
	{ "allmulti", json_decode_bool, AT(shape.allmulti), 0, NULL, 0 },
	{ "txQLen", json_decode_int, AT(shape.txqueuelen), 0, &range_u32,
	  AT(shape.has_txqueuelen) },
	{ "ipam", json_decode_object, AT(ipam), 0, &ipam_table, AT(has_ipam) },
	{ "disableCheck", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "capabilities", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "forceAddress", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "ipMasqBackend", json_decode_enum, AT(firewall), 0, firewalls, 0 },
	{ "vlan", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "vlanTrunk", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "preserveDefaultVlan", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "disableContainerInterface", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "dns", network_dns_decode, AT(dns), 0, NULL, 0 },
	{ "args", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "runtimeConfig", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "prevResult", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "plugins", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};

static const struct json_table netconf_table = {
	.fields = netconf_fields,
	.n_fields = ARRAY_SIZE(netconf_fields),
};

static void netconf_free(struct netconf_doc *doc)
{
	free(doc->cni_version);
	free(doc->name);
	free(doc->bridge);
	free(doc->ifname);
	for (size_t i = 0; i < doc->ipam.ranges.n; i++)
		free(doc->ipam.ranges.items[i].items);
	free(doc->ipam.ranges.items);
	free(doc->ipam.routes);
	free(doc->masq_exclude.items);
	network_dns_free(&doc->dns);
	network_shape_free(&doc->shape);
}

/* `where` names the range in errors: "ipam" or "ipam.ranges[0][1]". */
static int apply_range(const struct range_doc *doc, const char *where, bool new_pool,
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
	    !ip_contains(&range->subnet, &range->end) || ip_compare(&range->start, &range->end) > 0)
		return err_set(err, EINVAL, "%s: range %s..%s is not in %s", where,
			       ip_addr_text(&range->start).text, ip_addr_text(&range->end).text,
			       ip_prefix_text(&range->subnet).text);
	return 0;
}

/* host-local takes the short form for one more set, in front of "ranges". */
static int apply_ranges(const struct netconf_doc *doc, struct network *net, struct err *err)
{
	const struct ipam_doc *ipam = &doc->ipam;
	bool is_short = ip_is_set(&ipam->range.subnet.addr);

	if (!is_short && ipam->ranges.n == 0)
		return err_set(err, EINVAL, "ipam.subnet: is missing");
	net->n_ranges = 0;
	net->n_pools = 0;
	net->subnet_floats = false;
	if (is_short && apply_range(&ipam->range, "ipam", true, net, err) < 0)
		return -err->code;
	for (size_t i = 0; i < ipam->ranges.n; i++) {
		const struct range_set_doc *set = &ipam->ranges.items[i];

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

static int check_route(const struct route_doc *route, size_t i, const struct network *net,
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
	return 0;
}

/* host-local's way to ask for a default route. */
static bool is_plain_default(const struct route_doc *route)
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

static int apply_routes(const struct netconf_doc *doc, struct network *net, struct err *err)
{
	for (size_t i = 0; i < doc->ipam.n_routes; i++) {
		const struct route_doc *route = &doc->ipam.routes[i];
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

/*
 * CNI's bridge without isGateway has no address; here it is the same as "managed": false. What only
 * rules of ours could do is refused.
 */
static int apply_unmanaged(const struct netconf_doc *doc, struct network *net, struct err *err)
{
	const struct {
		const char *key;
		bool asked;
	} rules[] = {
		{ "ipMasq", doc->ip_masq },
		{ "masqRandomFully", doc->masq_random_fully },
		{ "masqExclude", doc->masq_exclude.n > 0 },
		{ "snat", ip_is_set(&doc->snat[0]) || ip_is_set(&doc->snat[1]) },
		{ "ingress", doc->has_ingress },
		{ "internal", doc->internal },
		{ "promiscMode", doc->shape.bridge_promisc },
		{ "isGateway", doc->is_gateway },
	};

	net->unmanaged = doc->has_managed ? !doc->managed
					  : doc->has_is_gateway && !doc->is_gateway &&
						    !doc->is_default_gateway;
	if (!net->unmanaged)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].asked)
			return err_set(err, EINVAL,
				       "%s: an unmanaged network has a bridge that is left alone, "
				       "and no rules",
				       rules[i].key);
	}
	if (!doc->bridge)
		return err_set(err, EINVAL, "bridge: an unmanaged network must name one");
	net->default_route = doc->is_default_gateway;
	return 0;
}

static int apply(struct netconf_doc *doc, struct network *net, struct err *err)
{
	const struct network_overrides flags = {
		.bridge = doc->bridge,
		.ifname = doc->ifname,
		.mtu = doc->mtu,
	};

	if (str_check_name(doc->name, "name", err) < 0)
		return -err->code;
	if (doc->shape.hairpin && doc->shape.bridge_promisc)
		return err_set(err, EINVAL, "hairpinMode: cannot be set together with promiscMode");
	net->cni_version = take_ptr(&doc->cni_version);
	if (doc->has_is_default_gateway)
		net->default_route = doc->is_default_gateway;
	if (doc->has_ip_masq)
		net->ip_masq = doc->ip_masq;
	if (doc->has_ingress)
		net->ingress = (enum network_ingress)doc->ingress;
	if (apply_unmanaged(doc, net, err) < 0)
		return -err->code;
	net->masq_random_fully = doc->masq_random_fully;
	net->n_masq_exclude = doc->masq_exclude.n;
	net->masq_exclude = take_ptr(&doc->masq_exclude.items);
	net->dns = doc->dns;
	doc->dns = (struct network_dns){ .domain = NULL };
	net->snat = doc->snat[0];
	net->snat6 = doc->snat[1];
	net->firewall = (enum firewall_kind)doc->firewall;
	net->metric = (uint32_t)doc->metric;
	net->shape = doc->shape;
	doc->shape.sysctls = (struct strmap){ 0 }; /* the network's now */
	net->internal = doc->internal;
	/* There is nothing behind an internal network that a route could lead to. */
	if (net->internal)
		net->default_route = false;
	if (network_override(net, &flags, err) < 0)
		return -err->code;
	/* After the flags: they would call a network of another bridge after it. */
	free(net->name);
	net->name = take_ptr(&doc->name);
	/* Only `default` has a subnet to fall back to: two that did could end up in one. */
	if (!doc->has_ipam && str_eq(net->name, NETWORK_DEFAULT_NAME))
		return 0;
	if (!doc->has_ipam)
		return err_set(err, EINVAL, "ipam: is missing");
	if (apply_ranges(doc, net, err) < 0)
		return -err->code;
	return apply_routes(doc, net, err);
}

int network_decode(const json_node *node, const char *what, struct network *net, struct err *err)
{
	__attribute__((cleanup(netconf_free))) struct netconf_doc doc = { .cni_version = NULL };

	if (json_decode(node, what, &netconf_table, &doc, err) < 0)
		return -err->code;
	network_default(net);
	if (apply(&doc, net, err) < 0) {
		network_free(net);
		return err_ctx(err, "%s", what);
	}
	return 0;
}
