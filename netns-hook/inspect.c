/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inspect: the record of a container, and beside it what the kernel has. */
#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/net/addr.h"
#include "common/net/firewall/firewall.h"
#include "common/net/neigh.h"
#include "common/net/route.h"
#include "common/net/vlan.h"
#include "common/str.h"
#include "netns-hook/cmds.h"
#include "netns-hook/netns_find.h"
#include "netns-hook/options.h"
#include "netns-hook/state.h"

static json_node *link_json(const struct link_info *link)
{
	json_node *node = json_object();
	char mac[LINK_MAC_TEXT_SIZE];

	link_mac_text(&link->mac, mac);
	json_put_string(node, "name", link->name);
	json_put_int(node, "index", link->index);
	json_put_string(node, "kind", link->kind);
	json_put_bool(node, "up", link->up);
	json_put_int(node, "mtu", link->mtu);
	json_put_string(node, "mac", mac);
	return node;
}

static int put_vlans(json_node *node, struct netlink *nl, int index, struct err *err)
{
	json_node *list = json_put_array(node, "vlans");
	struct vlan_state state;
	unsigned int first = 0, last = 0;

	if (vlan_state_read(nl, index, &state, err) < 0)
		return -err->code;
	for (unsigned int at = VLAN_ID_MIN; vlan_state_run(&state, at, &first, &last);
	     at = last + 1) {
		json_node *item = json_object();

		json_put_int(item, "minID", first);
		json_put_int(item, "maxID", last);
		json_put_bool(item, "pvid", first == state.pvid);
		json_put_bool(item, "untagged", vlan_set_has(&state.untagged, first));
		json_append(list, item);
	}
	return 0;
}

static int put_routes(json_node *node, struct netlink *nl, int index, struct err *err)
{
	autoroutes struct route_list list = { .items = NULL };
	json_node *array = json_put_array(node, "routes");

	if (route_list(nl, &list, err) < 0)
		return -err->code;
	for (size_t i = 0; i < list.n; i++) {
		json_node *item = NULL;

		if (list.items[i].link_index != index)
			continue;
		item = json_object();
		json_put_string(item, "dst", ip_prefix_text(&list.items[i].dst).text);
		if (ip_is_set(&list.items[i].gateway))
			json_put_string(item, "gw", ip_addr_text(&list.items[i].gateway).text);
		json_append(array, item);
	}
	return 0;
}

static int put_host(json_node *kernel, struct netlink *nl, const struct attachment *att,
		    struct err *err)
{
	struct link_info veth, master;
	json_node *node = NULL;
	int rc = link_find(nl, att->veth, &veth, err);

	if (rc <= 0)
		return rc;
	node = link_json(&veth);
	json_put(kernel, "host", node);
	if (veth.master != 0 && link_find_index(nl, veth.master, &master, err) > 0)
		json_put_string(node, "master", master.name);
	err_clear(err);
	if (att->routed)
		return put_routes(node, nl, veth.index, err);
	return vlan_port_is_used(&att->vlan) ? put_vlans(node, nl, veth.index, err) : 0;
}

static int put_neighbours(json_node *kernel, struct netlink *nl, const struct attachment *att,
			  struct err *err)
{
	json_node *node = json_put_object(kernel, "neighbours");
	struct link_info gateway;
	int rc = link_find(nl, attachment_gateway_if(att), &gateway, err);

	for (size_t i = 0; rc > 0 && i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;
		char text[LINK_MAC_TEXT_SIZE];
		struct link_mac mac;
		int found = neigh_find(nl, gateway.index, addr, &mac, err);

		if (found < 0)
			return found;
		link_mac_text(&mac, text);
		if (found)
			json_put_string(node, ip_addr_text(addr).text, text);
	}
	return rc < 0 ? rc : 0;
}

static int put_inside(json_node *kernel, const struct attachment *att, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoaddrs struct addr_list addrs = { .items = NULL };
	autoclose int netns_fd = -1;
	struct link_info link;
	json_node *node = NULL;
	json_node *array = NULL;
	int rc = netns_find(att, &netns_fd, err);

	if (rc > 0)
		rc = netlink_open_in(&nl, netns_fd, err) < 0 ? -err->code : 1;
	if (rc > 0)
		rc = link_find(&nl, att->ifname, &link, err);
	if (rc <= 0)
		return rc;
	node = link_json(&link);
	json_put(kernel, "inside", node);
	array = json_put_array(node, "addresses");
	rc = addr_list(&nl, link.index, &addrs, err);
	for (size_t i = 0; rc >= 0 && i < addrs.n; i++)
		json_append_string(array, ip_prefix_text(&addrs.items[i].prefix).text);
	return rc < 0 ? rc : put_routes(node, &nl, link.index, err);
}

static void add_rule(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	json_node *item = json_object();

	(void)kind;
	json_put_string(item, "rule", text);
	json_put_bool(item, "present", state == REPORT_RIGHT);
	json_append(ctx, item);
}

static int put_rules(json_node *kernel, const struct attachment *att, struct err *err)
{
	const struct report report = { .item = add_rule, .ctx = json_put_array(kernel, "rules") };

	return firewall_check_ports(att, &report, err);
}

static int inspect(struct netlink *nl, const struct attachment *att, json_node *list,
		   struct err *err)
{
	json_node *root = record_json(att);
	json_node *kernel = json_put_object(root, "kernel");
	int rc = 0;

	json_append(list, root);
	rc = put_host(kernel, nl, att, err);
	if (rc >= 0)
		rc = put_rules(kernel, att, err);
	if (rc >= 0)
		rc = put_inside(kernel, att, err);
	return rc < 0 ? rc : put_neighbours(kernel, nl, att, err);
}

static int run_inspect(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	autonetlink struct netlink nl = NETLINK_INIT;
	autorecords struct record_list records = { 0 };
	autojson json_node *list = json_array();
	autoclose int state_fd = -1;
	int rc = str_check_name(args[0], "container id", err);

	(void)unused;
	(void)n_args;
	if (rc >= 0)
		rc = state_open(options_state_dir(options), false, &state_fd, err);
	if (rc > 0)
		rc = record_list(state_fd, &records, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	for (size_t i = 0; rc >= 0 && i < records.n; i++) {
		if (str_eq(records.items[i].container, args[0]))
			rc = inspect(&nl, &records.items[i], list, err);
	}
	if (rc >= 0 && !json_first(list))
		rc = err_set(err, ENOENT, "container '%s' is not attached", args[0]);
	if (rc < 0)
		return rc;
	autofree char *text = json_print(list, true);

	(void)printf("%s\n", text);
	return 0;
}

const struct cmd cmds_inspect = {
	.name = "inspect",
	.args = "ID",
	.help = "print the record of a container and what the kernel has, as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run_inspect,
};
