/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "bridge-setup/setup.h"
#include "bridge-setup/tree.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "common/net/addr.h"
#include "common/net/bridge.h"
#include "common/net/record.h"
#include "common/str.h"

struct item {
	enum report_kind kind;
	enum report_state state;
	char *text;
};

struct items {
	struct item *items;
	size_t n;
};

/* All that status shows, gathered before a line of it is printed. */
struct picture {
	struct items items;
	bool found;
	struct link_info bridge;
	struct addr_list addrs;
	struct link_list ports;
	struct record_list records; /* of every network */
	int wrong;
	struct err refusal; /* code 0: none */
};

static void keep_item(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	struct items *list = ctx;

	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = (struct item){ kind, state, xstrdup(text) };
}

static void picture_free(struct picture *picture)
{
	for (size_t i = 0; i < picture->items.n; i++)
		free(picture->items.items[i].text);
	free(picture->items.items);
	addr_list_free(&picture->addrs);
	link_list_free(&picture->ports);
	record_list_free(&picture->records);
}

static int gather_bridge(struct setup *setup, struct picture *picture, struct err *err)
{
	struct link_info gateway;
	int found = link_find(&setup->nl, setup->net.bridge, &picture->bridge, err);
	int with_gateway = 0;

	if (found < 0)
		return found;
	picture->found = found;
	with_gateway = link_find(&setup->nl, network_gateway_if(&setup->net), &gateway, err);
	if (with_gateway < 0 ||
	    (with_gateway && addr_list(&setup->nl, gateway.index, &picture->addrs, err) < 0) ||
	    (found && link_ports(&setup->nl, picture->bridge.index, &picture->ports, err) < 0))
		return -err->code;
	return 0;
}

static int gather(struct setup *setup, struct picture *picture, struct err *err)
{
	const struct report report = { .item = keep_item, .ctx = &picture->items };
	int rc = 0;

	if (bridge_preview(&setup->nl, setup->state_fd, &setup->net, err) < 0)
		return -err->code;
	picture->wrong =
		bridge_check(&setup->nl, setup->state_fd, &setup->net, &report, &picture->refusal);
	rc = setup->net.routed ? bridge_host_ends(&setup->nl, &setup->net, &picture->ports, err)
			       : gather_bridge(setup, picture, err);
	if (rc < 0)
		return rc;
	return setup->state_fd < 0 ? 0 : record_list(setup->state_fd, &picture->records, err);
}

static const struct link_info *port_named(const struct picture *picture, const char *name)
{
	for (size_t i = 0; i < picture->ports.n; i++) {
		if (str_eq(picture->ports.items[i].name, name))
			return &picture->ports.items[i];
	}
	return NULL;
}

static bool has_record(const struct picture *picture, const char *port)
{
	for (size_t i = 0; i < picture->records.n; i++) {
		if (str_eq(picture->records.items[i].veth, port))
			return true;
	}
	return false;
}

/* ---- for people ---- */

static void draw_items(const struct picture *picture, enum report_kind kind, const char *title,
		       struct tree *tree)
{
	tree_branch(tree, "%s", title);
	for (size_t i = 0; i < picture->items.n; i++) {
		const struct item *item = &picture->items.items[i];

		if (item->kind == kind)
			tree_leaf(tree, "%s%s", item->text,
				  item->state == REPORT_RIGHT ? "" : "  (not right)");
	}
	tree_end(tree);
}

static void draw_bridge(const struct setup *setup, const struct picture *picture, struct tree *tree)
{
	char mac[LINK_MAC_TEXT_SIZE];

	if (setup->net.routed) {
		draw_items(picture, REPORT_ADDRESS, "routed, without a bridge", tree);
		return;
	}
	if (!picture->found) {
		tree_leaf(tree, "bridge %s: missing", setup->net.bridge);
		return;
	}
	link_mac_text(&picture->bridge.mac, mac);
	tree_branch(tree, "bridge %s  %s  mtu %u  %s", picture->bridge.name, mac,
		    picture->bridge.mtu, picture->bridge.up ? "up" : "down");
	for (size_t i = 0; i < picture->addrs.n; i++)
		tree_leaf(tree, "address %s%s%s",
			  ip_prefix_text(&picture->addrs.items[i].prefix).text,
			  setup->net.vlan_if[0] ? " on " : "", setup->net.vlan_if);
	for (size_t i = 0; i < picture->items.n; i++) {
		const struct item *item = &picture->items.items[i];

		if (item->state == REPORT_WRONG &&
		    (item->kind == REPORT_BRIDGE || item->kind == REPORT_ADDRESS))
			tree_leaf(tree, "not right: %s", item->text);
	}
	tree_end(tree);
}

static void draw_containers(const struct setup *setup, const struct picture *picture,
			    struct tree *tree)
{
	tree_branch(tree, "containers%s",
		    picture->records.n + picture->ports.n == 0 ? ": none" : "");
	for (size_t i = 0; i < picture->records.n; i++) {
		const struct attachment *att = &picture->records.items[i];

		if (str_eq(att->network, setup->net.name))
			tree_leaf(tree, "%s  %s %s  %s%s", att->container, att->ifname,
				  ip_prefix_text(&att->addresses[0].prefix).text, att->veth,
				  port_named(picture, att->veth) ? "" : "  (no longer attached)");
	}
	for (size_t i = 0; i < picture->ports.n; i++) {
		if (!has_record(picture, picture->ports.items[i].name))
			tree_leaf(tree, "%s  (a port that is not ours)",
				  picture->ports.items[i].name);
	}
	tree_end(tree);
}

static void draw(const struct setup *setup, const struct picture *picture)
{
	__attribute__((cleanup(tree_free))) struct tree tree = { .n = 0 };

	autostrbuf struct strbuf subnets = { .text = NULL };

	for (size_t i = 0; i < setup->net.n_ranges; i++)
		strbuf_printf(&subnets, "  %s", ip_prefix_text(&setup->net.ranges[i].subnet).text);
	tree_branch(&tree, "network %s%s", setup->net.name, subnets.text);
	draw_bridge(setup, picture, &tree);
	draw_items(picture, REPORT_SYSCTL, "sysctls", &tree);
	draw_items(picture, REPORT_RULE, "rules", &tree);
	draw_containers(setup, picture, &tree);
	if (picture->refusal.code != 0)
		tree_leaf(&tree, "problem: %s", picture->refusal.msg);
	tree_end(&tree);
	tree_print(&tree, stdout);
}

/* ---- for programs ---- */

static void json_items(const struct picture *picture, enum report_kind kind, const char *key,
		       json_node *root)
{
	json_node *list = json_put_array(root, key);

	for (size_t i = 0; i < picture->items.n; i++) {
		const struct item *item = &picture->items.items[i];
		json_node *node = NULL;

		if (item->kind != kind)
			continue;
		node = json_object();
		json_put_string(node, "text", item->text);
		json_put_bool(node, "right", item->state == REPORT_RIGHT);
		json_append(list, node);
	}
}

static void json_bridge(const struct setup *setup, const struct picture *picture, json_node *root)
{
	json_node *bridge = json_put_object(root, "bridge");
	json_node *list = NULL;
	char mac[LINK_MAC_TEXT_SIZE];

	json_put_string(bridge, "name", setup->net.bridge);
	json_put_bool(bridge, "exists", picture->found);
	if (!picture->found)
		return;
	link_mac_text(&picture->bridge.mac, mac);
	json_put_string(bridge, "mac", mac);
	json_put_int(bridge, "mtu", picture->bridge.mtu);
	json_put_bool(bridge, "up", picture->bridge.up);
	json_put_string(bridge, "vlanInterface", setup->net.vlan_if[0] ? setup->net.vlan_if : NULL);
	list = json_put_array(bridge, "addresses");
	for (size_t i = 0; i < picture->addrs.n; i++)
		json_append_string(list, ip_prefix_text(&picture->addrs.items[i].prefix).text);
	list = json_put_array(bridge, "ports");
	for (size_t i = 0; i < picture->ports.n; i++)
		json_append_string(list, picture->ports.items[i].name);
}

static void json_addresses(const struct attachment *att, json_node *node)
{
	json_node *list = json_put_array(node, "addresses");

	for (size_t i = 0; i < att->n_addresses; i++)
		json_append_string(list, ip_prefix_text(&att->addresses[i].prefix).text);
}

static void json_containers(const struct setup *setup, const struct picture *picture,
			    json_node *root)
{
	json_node *list = json_put_array(root, "containers");

	for (size_t i = 0; i < picture->records.n; i++) {
		const struct attachment *att = &picture->records.items[i];
		json_node *node = NULL;

		if (!str_eq(att->network, setup->net.name))
			continue;
		node = json_object();
		json_put_string(node, "id", att->container);
		json_put_string(node, "ifname", att->ifname);
		json_addresses(att, node);
		json_put_string(node, "veth", att->veth);
		json_put_bool(node, "attached", port_named(picture, att->veth) != NULL);
		json_append(list, node);
	}
}

static void json_subnets(const struct setup *setup, json_node *root)
{
	json_node *list = json_put_array(root, "subnets");

	for (size_t i = 0; i < setup->net.n_ranges; i++) {
		const struct network_range *range = &setup->net.ranges[i];
		json_node *item = json_object();

		json_put_string(item, "subnet", ip_prefix_text(&range->subnet).text);
		json_put_string(item, "gateway", ip_addr_text(&range->gateway.addr).text);
		json_append(list, item);
	}
}

static void print_json(const struct setup *setup, const struct picture *picture)
{
	autojson json_node *root = json_object();
	autofree char *text = NULL;

	json_put_string(root, "network", setup->net.name);
	json_put_string(root, "mode", setup->net.routed ? "routed" : "bridge");
	json_subnets(setup, root);
	json_put_string(root, "ingress", network_ingress_name(setup->net.ingress));
	json_put_bool(root, "right", picture->wrong == 0);
	if (picture->refusal.code != 0)
		json_put_string(root, "problem", picture->refusal.msg);
	if (setup->net.routed)
		json_items(picture, REPORT_ADDRESS, "routed", root);
	else
		json_bridge(setup, picture, root);
	json_items(picture, REPORT_SYSCTL, "sysctls", root);
	json_items(picture, REPORT_RULE, "rules", root);
	json_containers(setup, picture, root);
	text = json_print(root, true);
	printf("%s\n", text);
}

int setup_status(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct setup_status_options *o = options;
	autosetup struct setup setup = SETUP_INIT;
	__attribute__((cleanup(picture_free))) struct picture picture = { .found = false };

	(void)args;
	(void)n_args;
	if (setup_open(globals, &o->which, false, &setup, err) < 0 ||
	    gather(&setup, &picture, err) < 0)
		return -err->code;
	if (o->json)
		print_json(&setup, &picture);
	else
		draw(&setup, &picture);
	return picture.wrong == 0 ? 0 : 1;
}
