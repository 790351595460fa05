/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/addr.h"
#include "common/net/bridge.h"
#include "common/net/firewall/firewall.h"
#include "common/net/link.h"
#include "common/net/mac_check.h"
#include "common/net/neigh.h"
#include "common/net/route.h"
#include "common/net/sysctl.h"
#include "common/net/tc.h"
#include "common/net/vlan.h"
#include "common/str.h"
#include "netns-hook/attach.h"
#include "netns-hook/bandwidth.h"
#include "netns-hook/ipam.h"
#include "netns-hook/ports.h"
#include "netns-hook/publish.h"
#include "netns-hook/routes.h"

void check_differs(struct check *check, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	check->n++;
	check->differs(check->ctx, text);
}

static void tell_wrong(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	(void)kind;
	if (state == REPORT_WRONG)
		check_differs(ctx, "%s: is missing, or is not as it should be", text);
}

/* ---- the host's end ---- */

static int check_vlans(struct check *check, const struct attachment *att, int veth_index,
		       int bridge_index, struct err *err)
{
	autostrbuf struct strbuf want = { .text = NULL }, have = { .text = NULL };
	struct vlan_state wanted, found;
	struct vlan_bridge bridge;

	if (!vlan_port_is_used(&att->vlan))
		return 0;
	if (vlan_bridge_read(check->nl, bridge_index, &bridge, err) < 0 ||
	    vlan_state_read(check->nl, veth_index, &found, err) < 0)
		return -err->code;
	wanted = vlan_port_wanted(&att->vlan, bridge.default_pvid);
	if (vlan_state_equal(&found, &wanted))
		return 0;
	vlan_state_text(&found, &have);
	vlan_state_text(&wanted, &want);
	check_differs(check, "%s: its VLANs are %s, not %s", att->veth, have.text, want.text);
	return 0;
}

/* Of its definition, which has no place in the record. */
static void check_port(struct check *check, const struct attachment *att,
		       const struct link_info *veth)
{
	const struct link_port wanted = check->net ? attach_wanted_port(check->net, att)
						   : veth->port;

	if (wanted.isolated != veth->port.isolated)
		check_differs(check, "%s: is %sisolated from other ports of bridge %s", att->veth,
			      wanted.isolated ? "not " : "", att->bridge);
	if (wanted.hairpin != veth->port.hairpin)
		check_differs(check, "%s: hairpin is %s", att->veth, wanted.hairpin ? "off" : "on");
}

static int check_veth(struct check *check, const struct attachment *att, struct link_info *veth,
		      struct err *err)
{
	struct link_info bridge = { .index = 0 };
	int found = att->routed ? 1 : link_find(check->nl, att->bridge, &bridge, err);
	int rc = found < 0 ? found : link_find(check->nl, att->veth, veth, err);

	if (rc < 0)
		return rc;
	if (!found)
		check_differs(check, "bridge %s: is missing", att->bridge);
	if (rc == 0 || !str_eq(veth->kind, "veth")) {
		check_differs(check, "%s: is missing on the host", att->veth);
		veth->index = 0;
		return 0;
	}
	if (!veth->up)
		check_differs(check, "%s: is down", att->veth);
	if (found && veth->master != bridge.index && att->routed)
		check_differs(check, "%s: is a port of a bridge", att->veth);
	else if (found && veth->master != bridge.index)
		check_differs(check, "%s: is not a port of bridge %s", att->veth, att->bridge);
	else if (found && check_vlans(check, att, veth->index, bridge.index, err) < 0)
		return -err->code;
	else if (found && !att->routed)
		check_port(check, att, veth);
	if (veth->mtu != att->mtu)
		check_differs(check, "%s: its MTU is %u, not %u", att->veth, veth->mtu, att->mtu);
	return 0;
}

static int check_mac(struct check *check, const struct attachment *att, struct err *err)
{
	int rc = att->mac_check ? mac_check_find(att, err) : 1;

	if (rc == 0)
		check_differs(check, "%s: its MAC check (nft table bridge ct-netns) is missing",
			      att->veth);
	return rc;
}

static int check_rate(struct check *check, const struct attachment *att, const char *key,
		      const struct network_rate *wanted, const struct link_info *link,
		      struct err *err)
{
	struct tc_rate rate;
	int rc = bandwidth_rate(wanted, key, att->mtu, &rate, err);

	if (rc >= 0)
		rc = tc_has_bucket(check->nl, link->index, &rate, err);
	if (rc == 0)
		check_differs(check, "%s: is not held to the %sRate of %lld bit/s", link->name, key,
			      (long long)wanted->bits);
	return rc;
}

static int check_egress(struct check *check, const struct attachment *att,
			const struct link_info *veth, struct err *err)
{
	struct link_info ifb;
	int rc = link_find(check->nl, att->ifb, &ifb, err);

	if (rc == 0)
		check_differs(check, "%s: is missing on the host, so sending is not limited",
			      att->ifb);
	if (rc <= 0)
		return rc;
	rc = check_rate(check, att, "egress", &att->bandwidth.egress, &ifb, err);
	if (rc >= 0)
		rc = tc_is_redirected(check->nl, veth->index, ifb.index, err);
	if (rc == 0)
		check_differs(check, "%s: what it sends is not led through %s", att->ifname,
			      att->ifb);
	return rc;
}

static int check_bandwidth(struct check *check, const struct attachment *att,
			   const struct link_info *veth, struct err *err)
{
	const struct network_bandwidth *bandwidth = &att->bandwidth;
	int rc = 0;

	if (veth->index == 0)
		return 0;
	if (bandwidth->ingress.bits > 0)
		rc = check_rate(check, att, "ingress", &bandwidth->ingress, veth, err);
	if (rc >= 0 && bandwidth->egress.bits > 0)
		rc = check_egress(check, att, veth, err);
	return rc;
}

static int check_neighbours(struct check *check, const struct attachment *att, struct err *err)
{
	const char *name = attachment_gateway_if(att);
	struct link_info gateway;
	int rc = link_find(check->nl, name, &gateway, err);

	if (rc <= 0)
		return rc;
	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;
		char text[LINK_MAC_TEXT_SIZE];
		struct link_mac mac;

		rc = neigh_find(check->nl, gateway.index, addr, &mac, err);
		if (rc < 0)
			return rc;
		/* One that is not there is learnt when it is needed; the kernel drops them at will. */
		if (rc == 0 || memcmp(&mac, &att->mac, sizeof(mac)) == 0)
			continue;
		link_mac_text(&mac, text);
		check_differs(check, "neighbour %s on %s: has another's MAC, %s",
			      ip_addr_text(addr).text, name, text);
	}
	return 0;
}

/* ---- routed ---- */

static int check_pin(struct check *check, struct netlink *nl, const struct link_info *link,
		     const struct ip_addr *addr, const struct link_mac *want, struct err *err)
{
	struct link_mac mac;
	int rc = neigh_find(nl, link->index, addr, &mac, err);

	if (rc == 0)
		check_differs(check, "neighbour %s on %s: is missing", ip_addr_text(addr).text,
			      link->name);
	else if (rc > 0 && memcmp(&mac, want, sizeof(mac)) != 0)
		check_differs(check, "neighbour %s on %s: has another's MAC",
			      ip_addr_text(addr).text, link->name);
	return rc;
}

/* Its route to each address, and who is there. */
static int check_host(struct check *check, const struct attachment *att,
		      const struct link_info *veth, struct err *err)
{
	const struct report report = { .item = tell_wrong, .ctx = check };
	int rc = 0;

	if (veth->index != 0)
		bridge_check_interface(veth, &report);
	for (size_t i = 0; veth->index != 0 && rc >= 0 && i < att->n_addresses; i++) {
		const struct ip_prefix dst = ip_host_prefix(&att->addresses[i].prefix.addr);
		struct route route;

		rc = route_match(check->nl, &dst.addr, &route, err);
		if (rc == 0 ||
		    (rc > 0 && (route.dst.len != dst.len || route.link_index != veth->index)))
			check_differs(check, "route %s dev %s: is missing",
				      ip_prefix_text(&dst).text, att->veth);
		if (rc >= 0)
			rc = check_pin(check, check->nl, veth, &dst.addr, &att->mac, err);
	}
	return rc;
}

static int check_gateways(struct check *check, const struct attachment *att, struct netlink *nl,
			  const struct link_info *inside, const struct link_info *veth,
			  struct err *err)
{
	int rc = 0;

	for (size_t i = 0; veth->index != 0 && rc >= 0 && i < att->n_addresses; i++) {
		if (attachment_gateway_is_new(att, i))
			rc = check_pin(check, nl, inside, &att->addresses[i].gateway, &veth->mac,
				       err);
	}
	return rc;
}

/* ---- inside ---- */

static void check_inside_link(struct check *check, const struct attachment *att,
			      const struct link_info *veth, const struct link_info *inside)
{
	char want[LINK_MAC_TEXT_SIZE], have[LINK_MAC_TEXT_SIZE];

	if (veth->index != 0 && inside->index != veth->peer)
		check_differs(check, "%s: is not the other end of %s", att->ifname, att->veth);
	if (!inside->up)
		check_differs(check, "%s: is down", att->ifname);
	if (inside->mtu != att->mtu)
		check_differs(check, "%s: its MTU is %u, not %u", att->ifname, inside->mtu,
			      att->mtu);
	link_mac_text(&att->mac, want);
	link_mac_text(&inside->mac, have);
	if (!str_eq(want, have))
		check_differs(check, "%s: its MAC is %s, not %s", att->ifname, have, want);
}

static int check_addresses(struct check *check, const struct attachment *att, struct netlink *nl,
			   int index, struct err *err)
{
	autoaddrs struct addr_list list = { .items = NULL };

	if (addr_list(nl, index, &list, err) < 0)
		return -err->code;
	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct ip_prefix want = attachment_prefix(att, i);
		bool found = false;

		for (size_t j = 0; j < list.n; j++)
			found = found || (ip_equal(&list.items[j].prefix.addr, &want.addr) &&
					  list.items[j].prefix.len == want.len);
		if (!found)
			check_differs(check, "%s: address %s is missing", att->ifname,
				      ip_prefix_text(&want).text);
	}
	return 0;
}

static void check_route(struct check *check, const struct attachment *att,
			const struct route_list *list, const struct route *want)
{
	const struct ip_prefix dst = ip_network(&want->dst);
	const uint32_t table = route_is_main(want) ? 0 : want->table;

	for (size_t i = 0; i < list->n; i++) {
		const struct route *have = &list->items[i];

		if (have->type == want->type && have->table == table &&
		    (want->type != ROUTE_UNICAST || have->link_index == want->link_index) &&
		    (want->priority == 0 || have->priority == want->priority) &&
		    have->dst.len == dst.len &&
		    (dst.len == 0 ? have->dst.addr.family == dst.addr.family
				  : ip_equal(&have->dst.addr, &dst.addr)) &&
		    ip_is_set(&have->gateway) == ip_is_set(&want->gateway) &&
		    (!ip_is_set(&want->gateway) || ip_equal(&have->gateway, &want->gateway)))
			return;
	}
	check_differs(check, "%s: route %s%s%s%s is missing", att->ifname,
		      route_type_text(want->type), ip_prefix_text(&dst).text,
		      ip_is_set(&want->gateway) ? " via " : "",
		      ip_is_set(&want->gateway) ? ip_addr_text(&want->gateway).text : "");
}

/* Without the network's definition all that is known is whether there was a default route. */
static int check_routes(struct check *check, const struct attachment *att, struct netlink *nl,
			int index, struct err *err)
{
	const struct network bare = { .n_routes = 0 };
	autoroutes struct route_list wanted =
		routes_of(check->net ? check->net : &bare, att, index);
	autoroutes struct route_list list = { .items = NULL };

	if (route_list_all(nl, &list, err) < 0)
		return -err->code;
	for (size_t i = 0; i < wanted.n; i++)
		check_route(check, att, &list, &wanted.items[i]);
	return 0;
}

static int check_devices(struct check *check, const struct attachment *att, struct netlink *nl,
			 struct err *err)
{
	for (size_t i = 0; i < att->devices.n; i++) {
		const struct record_device *device = &att->devices.items[i];
		struct link_info link;
		int found = link_find(nl, device->inside, &link, err);

		if (found < 0)
			return found;
		if (!found)
			check_differs(check,
				      "device %s: is missing in the container, where it should be "
				      "as %s",
				      device->name, device->inside);
	}
	return 0;
}

static int check_inside(struct check *check, const struct attachment *att,
			const struct link_info *veth, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	struct link_info lo, inside;
	int rc = netlink_open_in(&nl, check->netns_fd, err);

	if (rc >= 0)
		rc = link_find(&nl, "lo", &lo, err);
	if (rc > 0 && !lo.up)
		check_differs(check, "lo: is down");
	if (rc >= 0)
		rc = check_devices(check, att, &nl, err);
	if (rc >= 0)
		rc = link_find(&nl, att->ifname, &inside, err);
	if (rc == 0)
		check_differs(check, "%s: is missing in the container", att->ifname);
	if (rc <= 0)
		return rc;
	check_inside_link(check, att, veth, &inside);
	rc = check_addresses(check, att, &nl, inside.index, err);
	if (rc >= 0 && att->routed)
		rc = check_gateways(check, att, &nl, &inside, veth, err);
	return rc < 0 ? rc : check_routes(check, att, &nl, inside.index, err);
}

/* ---- ports, lease ---- */

static int check_loopback(struct check *check, const struct attachment *att, struct err *err)
{
	const char *name = attachment_gateway_if(att);
	autofree char *path = xasprintf("ipv4/conf/%s/route_localnet", name);
	char value[SYSCTL_VALUE_SIZE] = "";

	if (!ports_use_loopback(att))
		return 0;
	/* An interface that is missing has been told. */
	if (sysctl_read(path, value, err) < 0) {
		if (err->code != ENOENT)
			return -err->code;
		err_clear(err);
	} else if (!str_eq(value, "1")) {
		check_differs(check, "net/%s is %s, so nothing sent to 127.0.0.1 gets to its ports",
			      path, value);
	}
	return 0;
}

static int check_ports(struct check *check, const struct attachment *att, struct err *err)
{
	const struct report report = { .item = tell_wrong, .ctx = check };
	int rc = firewall_check_ports(att, &report, err);

	if (rc >= 0)
		rc = check_loopback(check, att, err);
	for (size_t i = 0; rc >= 0 && i < att->n_ports; i++) {
		rc = ports_holds(check->state_fd, att, &att->ports[i], err);
		if (rc == 0)
			check_differs(check, "published port %s: is not its own",
				      publish_text(&att->ports[i]).text);
	}
	return rc;
}

static int check_leases(struct check *check, const struct attachment *att, struct err *err)
{
	const struct ipam_holder holder = { att->container, att->ifname, att->owner.boot_id };
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;

		rc = ipam_holds(check->state_fd, att->network, addr, &holder, err);
		if (rc == 0)
			check_differs(check, "lease of %s in network '%s': is not its own",
				      ip_addr_text(addr).text, att->network);
	}
	return rc;
}

int check_attachment(struct check *check, const struct attachment *att, struct err *err)
{
	struct link_info veth;
	int rc = check_veth(check, att, &veth, err);

	if (rc >= 0 && att->state != RECORD_ATTACHED)
		check_differs(check, "record: says '%s', the attach was never finished",
			      record_state_name(att->state));
	if (rc >= 0)
		rc = check_mac(check, att, err);
	if (rc >= 0)
		rc = check_bandwidth(check, att, &veth, err);
	if (rc >= 0)
		rc = check_inside(check, att, &veth, err);
	if (rc >= 0)
		rc = att->routed ? check_host(check, att, &veth, err)
				 : check_neighbours(check, att, err);
	if (rc >= 0)
		rc = check_ports(check, att, err);
	if (rc >= 0)
		rc = check_names(check, att, err);
	return rc < 0 ? rc : check_leases(check, att, err);
}

int check_network(struct check *check, struct err *err)
{
	const struct report report = { .item = tell_wrong, .ctx = check };
	int rc = bridge_check(check->nl, check->state_fd, check->net, &report, err);

	return rc < 0 ? rc : 0;
}
