/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/cni_result.h"

#include <errno.h>

#include "common/str.h"
#include "netns-hook/routes.h"

static const struct {
	int error;
	enum cni_code code;
} codes[] = {
	{ EINVAL, CNI_CODE_CONFIG },
	{ E2BIG, CNI_CODE_CONFIG },
	{ ENAMETOOLONG, CNI_CODE_CONFIG },
	{ EOPNOTSUPP, CNI_CODE_UNSUPPORTED },
	{ EPROTONOSUPPORT, CNI_CODE_VERSION },
	{ EIO, CNI_CODE_IO },
	{ EPIPE, CNI_CODE_IO },
	{ EAGAIN, CNI_CODE_AGAIN },
	{ EBUSY, CNI_CODE_AGAIN },
	{ ETIMEDOUT, CNI_CODE_AGAIN },
	{ EADDRINUSE, CNI_CODE_AGAIN },
	{ ENOSPC, CNI_CODE_AGAIN },
	{ EXFULL, CNI_CODE_AGAIN },
};

enum cni_code cni_code_of(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].error == error)
			return codes[i].code;
	return CNI_CODE_INTERNAL;
}

/* ---- interfaces ---- */

/* Of the container's interface in the list below, which begins with the bridge if there is one. */
static int container_index(const struct attachment *att)
{
	return att->routed ? 1 : 2;
}

static void add_interface(json_node *list, const char *name, const struct link_mac *mac,
			  const char *sandbox)
{
	json_node *item = json_object();
	char text[LINK_MAC_TEXT_SIZE];

	link_mac_text(mac, text);
	json_put_string(item, "name", name);
	json_put_string(item, "mac", text);
	json_put_string(item, "sandbox", sandbox);
	json_append(list, item);
}

static void put_interfaces(json_node *root, const struct attachment *att, const char *sandbox,
			   const struct cni_links *links)
{
	json_node *list = json_put_array(root, "interfaces");

	if (!att->routed)
		add_interface(list, att->bridge, &links->bridge.mac, NULL);
	add_interface(list, att->veth, &links->veth.mac, NULL);
	add_interface(list, att->ifname, &att->mac, sandbox);
	if (att->vlan_if[0])
		add_interface(list, att->vlan_if, &links->gateway.mac, NULL);
}

/* ---- addresses, routes ---- */

static void put_ips(json_node *root, const struct attachment *att, enum cni_version version)
{
	json_node *list = json_put_array(root, "ips");

	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct attachment_address *address = &att->addresses[i];
		json_node *item = json_object();

		if (version < CNI_1_0_0)
			json_put_string(item, "version",
					address->prefix.addr.family == AF_INET6 ? "6" : "4");
		json_put_int(item, "interface", container_index(att));
		json_put_string(item, "address", ip_prefix_text(&address->prefix).text);
		json_put_string(item, "gateway", ip_addr_text(&address->gateway).text);
		json_append(list, item);
	}
}

/* The keys beside dst and gw are those of version 1.1.0. */
static void add_route(json_node *list, const struct route *route, enum cni_version version)
{
	const struct {
		const char *key;
		uint32_t value;
	} more[] = {
		{ "mtu", route->mtu },
		{ "advmss", route->advmss },
		{ "priority", route->priority },
		{ "table", route->table },
	};
	json_node *item = json_object();

	json_put_string(item, "dst", ip_prefix_text(&route->dst).text);
	if (ip_is_set(&route->gateway))
		json_put_string(item, "gw", ip_addr_text(&route->gateway).text);
	for (size_t i = 0; version >= CNI_1_1_0 && i < ARRAY_SIZE(more); i++) {
		if (more[i].value > 0)
			json_put_int(item, more[i].key, more[i].value);
	}
	if (version >= CNI_1_1_0 && route->has_scope)
		json_put_int(item, "scope", route->scope);
	json_append(list, item);
}

/* family 0: both. CNI has no word for routes that lead nowhere. */
static void put_routes(json_node *root, const struct cni_conf *conf, const struct attachment *att,
		       int family)
{
	autoroutes struct route_list routes = routes_of(&conf->net, att, 0);
	json_node *list = json_put_array(root, "routes");

	for (size_t i = 0; i < routes.n; i++) {
		const struct route *route = &routes.items[i];

		if (route->type == ROUTE_UNICAST &&
		    (family == 0 || family == route->dst.addr.family))
			add_route(list, route, conf->version);
	}
}

/* Before 0.3.0 a result had one address of each family, and no interfaces. */
static void put_old_ip(json_node *root, const struct cni_conf *conf, const struct attachment *att,
		       int family)
{
	const struct attachment_address *address = attachment_address_of(att, family);

	if (!address)
		return;
	json_node *item = json_put_object(root, family == AF_INET6 ? "ip6" : "ip4");

	json_put_string(item, "ip", ip_prefix_text(&address->prefix).text);
	json_put_string(item, "gateway", ip_addr_text(&address->gateway).text);
	put_routes(item, conf, att, family);
}

static void put_strings(json_node *object, const char *key, const struct strlist *list)
{
	json_node *array = list->n > 0 ? json_put_array(object, key) : NULL;

	for (size_t i = 0; i < list->n; i++)
		json_append_string(array, list->items[i]);
}

static void put_dns(json_node *root, const struct network_dns *dns)
{
	json_node *node = json_put_object(root, "dns");

	put_strings(node, "nameservers", &dns->nameservers);
	json_put_string(node, "domain", dns->domain);
	put_strings(node, "search", &dns->search);
	put_strings(node, "options", &dns->options);
}

json_node *cni_result(const struct cni_conf *conf, const struct attachment *att,
		      const char *sandbox, const struct cni_links *links)
{
	json_node *root = json_object();

	json_put_string(root, "cniVersion", cni_version_text(conf->version));
	if (conf->version < CNI_0_3_0) {
		put_old_ip(root, conf, att, AF_INET);
		put_old_ip(root, conf, att, AF_INET6);
	} else {
		put_interfaces(root, att, sandbox, links);
		put_ips(root, att, conf->version);
		put_routes(root, conf, att, 0);
	}
	put_dns(root, &conf->net.dns);
	return root;
}

json_node *cni_result_versions(void)
{
	json_node *root = json_object();
	json_node *list = NULL;

	json_put_string(root, "cniVersion", cni_version_text(CNI_N_VERSIONS - 1));
	list = json_put_array(root, "supportedVersions");
	for (size_t i = 0; i < CNI_N_VERSIONS; i++)
		json_append_string(list, cni_version_text((enum cni_version)i));
	return root;
}

json_node *cni_result_error(enum cni_version version, int code, const char *msg,
			    const char *details)
{
	json_node *root = json_object();

	json_put_string(root, "cniVersion", cni_version_text(version));
	json_put_int(root, "code", code);
	json_put_string(root, "msg", msg);
	json_put_string(root, "details", details);
	return root;
}
