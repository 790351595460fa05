/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of attach: the veth, and what is set up inside the container's namespace. */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/addr.h"
#include "common/net/neigh.h"
#include "common/net/netns.h"
#include "common/net/route.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/routes.h"

#define LOOPBACK 1 /* its index in every network namespace */
/* Host names tried when strangers have ours. */
#define VETH_NAMES 8

/* ---- veth ---- */

void attach_set_veth(struct attachment *att, const char *veth)
{
	(void)snprintf(att->veth, sizeof(att->veth), "%s", veth);
	if (att->ifb[0])
		record_ifb_name(att->veth, att->ifb);
}

void attach_resume_veth(struct attach *a, const struct attachment *old)
{
	a->may_exist = true;
	a->was_tuned = old->tuned;
	a->had_vlans = vlan_port_is_used(&old->vlan);
	attach_set_veth(a->att, old->veth);
}

void attach_name_veth(struct attachment *att, unsigned int salt)
{
	char name[IFNAMSIZ];

	if (att->routed)
		record_routed_name(att->bridge, att->container, att->ifname, salt, name);
	else
		record_veth_name(att->container, att->ifname, salt, name);
	attach_set_veth(att, name);
}

static int wanted_master(const struct attach *a)
{
	return a->att->routed ? 0 : a->bridge.link.index;
}

/* Each routed host end is alone on its link: one MAC does for all of a network. */
static struct link_mac gateway_mac(const struct attach *a)
{
	return link_mac_of(&a->request->net->ranges[0].gateway.addr);
}

/* Is the pair whole: a port of the bridge, up, its other end inside with the right MAC? */
static bool is_whole(struct attach *a, const struct link_info *host)
{
	struct link_info inside;
	struct err err = ERR_INIT;

	return host->up && host->master == wanted_master(a) && host->mtu == a->att->mtu &&
	       link_find(&a->nl_inside, a->att->ifname, &inside, &err) > 0 &&
	       inside.index == host->peer &&
	       memcmp(&inside.mac, &a->att->mac, sizeof(inside.mac)) == 0;
}

/* Ours, left by an ADD or a detach that was cut short; a stranger's stands elsewhere. */
static bool is_leftover(const struct attach *a, const struct link_info *host)
{
	if (!str_eq(host->kind, "veth"))
		return false;
	/* Another container's may have that name, and stands on no bridge either. */
	if (a->att->routed)
		return host->master == 0 && (a->may_exist || !host->up);
	return host->master == 0 || host->master == a->bridge.link.index;
}

struct link_port attach_wanted_port(const struct network *net, const struct attachment *att)
{
	return (struct link_port){
		.isolated = net->ingress == NETWORK_INGRESS_ISOLATED || net->shape.port_isolation,
		.hairpin = att->n_ports > 0 || net->shape.hairpin,
	};
}

static struct link_port wanted_port(const struct attach *a)
{
	return attach_wanted_port(a->request->net, a->att);
}

/*
 * Where bridged frames pass through the rules (br_netfilter), a container that uses its own published
 * port is sent its own frame back.
 */
static int set_port(struct attach *a, const struct link_info *host, struct err *err)
{
	const struct link_port port = wanted_port(a);

	if (a->att->routed ||
	    (port.isolated == host->port.isolated && port.hairpin == host->port.hairpin))
		return 0;
	return link_set_port(&a->nl, host->index, &port, err);
}

/* One more message, for those alone who need it. */
static int set_new_port(struct attach *a, struct err *err)
{
	const struct link_port port = wanted_port(a);
	struct link_info host;

	if (a->att->routed || (!port.isolated && !port.hairpin))
		return 0;
	int rc = link_get(&a->nl, a->att->veth, &host, err);

	return rc < 0 ? rc : set_port(a, &host, err);
}

static int create_veth(struct attach *a, struct err *err)
{
	struct link_veth veth = {
		.host_name = a->att->veth,
		.peer_name = a->att->ifname,
		.mtu = a->att->mtu,
		.master = wanted_master(a),
		.peer_netns_fd = a->request->netns_fd,
		.peer_mac = a->att->mac,
	};

	if (a->att->routed)
		veth.host_mac = gateway_mac(a);
	int rc = link_add_veth(&a->nl, &veth, err);

	return rc < 0 ? rc : set_new_port(a, err);
}

/* The host's name is taken. 1: it is free now, or another one was chosen; 0: it was not that name. */
static int make_room(struct attach *a, unsigned int salt, struct err *err)
{
	struct link_info host;
	struct err why = ERR_INIT;
	int rc = link_find(&a->nl, a->att->veth, &host, &why);

	if (rc == 0)
		return 0;
	if (rc > 0 && is_leftover(a, &host)) {
		rc = link_delete(&a->nl, host.index, &why);
	} else if (rc > 0) {
		attach_name_veth(a->att, salt);
		rc = record_write(&a->folder, a->att, &why);
	}
	if (rc < 0)
		*err = why;
	return rc < 0 ? rc : 1;
}

int attach_run_veth(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct link_info host;
	int rc = netlink_open_in(&a->nl_inside, a->request->netns_fd, err);

	if (rc >= 0 && a->may_exist)
		rc = link_find(&a->nl, a->att->veth, &host, err);
	else if (rc >= 0)
		rc = 0;
	if (rc > 0 && is_whole(a, &host))
		return set_port(a, &host, err);
	for (unsigned int salt = 1, unseen = 0; rc >= 0 && salt <= VETH_NAMES; salt++) {
		rc = create_veth(a, err);
		if (rc != -EEXIST)
			return rc;
		rc = make_room(a, salt, err);
		/* Once it may be the one of our last detach, deleted since; twice it is inside. */
		if (rc == 0 && ++unseen == 2)
			return err_set(err, EEXIST,
				       "container '%s' has an interface '%s' already that is not "
				       "ours",
				       a->att->container, a->att->ifname);
	}
	return rc < 0 ? rc
		      : err_set(err, EEXIST, "interface '%s' belongs to a stranger", a->att->veth);
}

int attach_undo_veth(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_interface(&undo, a->att, err);
}

void attach_plan_veth(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct link_port port = wanted_port(a);
	char mac[LINK_MAC_TEXT_SIZE];

	link_mac_text(&a->att->mac, mac);
	(void)fprintf(
		out,
		"RTM_NEWLINK %s type veth, up, master %s, mtu %u; peer %s, address %s, mtu %u, "
		"in the container's namespace\n",
		a->att->veth, a->att->routed ? "none" : a->att->bridge, a->att->mtu, a->att->ifname,
		mac, a->att->mtu);
	if (!a->att->routed && (port.isolated || port.hairpin))
		(void)fprintf(out, "RTM_SETLINK %s type bridge_slave%s%s\n", a->att->veth,
			      port.isolated ? " isolated on" : "",
			      port.hairpin ? " hairpin on" : "");
}

/* ---- inside ---- */

static int add_routes(struct attach *a, int index, struct err *err)
{
	autoroutes struct route_list routes = routes_of(a->request->net, a->att, index);
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < routes.n; i++) {
		rc = route_add(&a->nl_inside, &routes.items[i], err);
		if (rc == 0 && !a->may_exist)
			log_warning("container '%s': there is another route to %s in it, which "
				    "counts; that of %s is not made",
				    a->att->container, ip_prefix_text(&routes.items[i].dst).text,
				    a->att->ifname);
	}
	return rc;
}

/* In the order in which they are written. */
struct guards {
	struct link_setting items[LINK_N_PARAMETERS];
	size_t n;
};

static void guard(struct guards *guards, enum link_parameter parameter, int32_t value)
{
	guards->items[guards->n++] = (struct link_setting){ parameter, value };
}

/*
 * Before it is up for the first time: no router that is none may configure it (CVE-2020-10749), and
 * no address waits for its duplicate to answer. The link-local one is no exception: the bridge would
 * flood its question to every other container.
 */
static struct guards guards_of(const struct attach *a)
{
	const bool dad = a->request->net->shape.enable_dad;
	struct guards guards = { .n = 0 };

	guard(&guards, LINK_ACCEPT_RA, 0);
	guard(&guards, LINK_AUTOCONF, 0);
	if (attachment_address_of(a->att, AF_INET6))
		guard(&guards, LINK_DISABLE_IPV6, 0);
	if (dad)
		guard(&guards, LINK_ENHANCED_DAD, 1);
	guard(&guards, LINK_ACCEPT_DAD, dad);
	return guards;
}

struct guarding {
	const struct guards *guards;
	const struct link_info *link;
};

/* Called inside. */
static int write_guards(void *ctx, struct err *err)
{
	const struct guarding *guarding = ctx;
	const struct link_info *link = guarding->link;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < guarding->guards->n; i++) {
		const struct link_setting *wanted = &guarding->guards->items[i];

		if (!link_conf_is(&link->conf, wanted))
			rc = link_conf_write(link->name, wanted, err);
	}
	return rc;
}

static int guard_inside(const struct attach *a, const struct link_info *link, struct err *err)
{
	const struct guards guards = guards_of(a);
	struct guarding guarding = { .guards = &guards, .link = link };
	bool guarded = true;

	for (size_t i = 0; i < guards.n; i++)
		guarded = guarded && link_conf_is(&link->conf, &guards.items[i]);
	return guarded ? 0 : netns_run(a->request->netns_fd, write_guards, &guarding, err);
}

/*
 * The host answers for an IPv6 address only on the link that has it, and need not for an IPv4 one
 * (arp_ignore): the container is told, once and for good.
 */
static int pin_gateways(struct attach *a, int index, struct err *err)
{
	const struct link_mac mac = gateway_mac(a);
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < a->att->n_addresses; i++) {
		if (attachment_gateway_is_new(a->att, i))
			rc = neigh_pin(&a->nl_inside, index, &a->att->addresses[i].gateway, &mac,
				       err);
	}
	return rc;
}

int attach_run_inside(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct link_info inside;
	int rc = link_get(&a->nl_inside, a->att->ifname, &inside, err);

	if (rc >= 0)
		rc = guard_inside(a, &inside, err);
	if (rc >= 0)
		rc = link_set_up(&a->nl_inside, LOOPBACK, err);
	for (size_t i = 0; rc >= 0 && i < a->att->n_addresses; i++) {
		const struct ip_prefix prefix = attachment_prefix(a->att, i);

		rc = (a->request->net->shape.enable_dad ? addr_add_dad : addr_add)(
			&a->nl_inside, inside.index, &prefix, err);
	}
	if (rc >= 0)
		rc = link_set_up(&a->nl_inside, inside.index, err);
	if (rc >= 0 && a->att->routed)
		rc = pin_gateways(a, inside.index, err);
	return rc >= 0 ? add_routes(a, inside.index, err) : rc;
}

static void plan_route(FILE *out, const struct route *route, const char *ifname)
{
	(void)fprintf(out, "inside: RTM_NEWROUTE %s%s%s%s", route_type_text(route->type),
		      ip_prefix_text(&route->dst).text, ip_is_set(&route->gateway) ? " via " : "",
		      ip_is_set(&route->gateway) ? ip_addr_text(&route->gateway).text : "");
	if (route->type == ROUTE_UNICAST)
		(void)fprintf(out, " dev %s", ifname);
	if (route->has_scope)
		(void)fprintf(out, " scope %u", route->scope);
	if (!route_is_main(route))
		(void)fprintf(out, " table %u", route->table);
	if (route->priority > 0)
		(void)fprintf(out, " metric %u", route->priority);
	if (route->mtu > 0)
		(void)fprintf(out, " mtu %u", route->mtu);
	if (route->advmss > 0)
		(void)fprintf(out, " advmss %u", route->advmss);
	(void)fprintf(out, "\n");
}

void attach_plan_inside(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	autoroutes struct route_list routes = routes_of(a->request->net, a->att, 0);
	const struct guards guards = guards_of(a);
	const char *ifname = a->att->ifname;

	for (size_t i = 0; i < guards.n; i++) {
		autofree char *text = link_setting_text(ifname, &guards.items[i]);

		(void)fprintf(out, "inside: %s\n", text);
	}
	(void)fprintf(out, "inside: RTM_NEWLINK lo up\n");
	for (size_t i = 0; i < a->att->n_addresses; i++) {
		const struct ip_prefix prefix = attachment_prefix(a->att, i);

		(void)fprintf(out, "inside: RTM_NEWADDR %s dev %s\n", ip_prefix_text(&prefix).text,
			      ifname);
	}
	(void)fprintf(out, "inside: RTM_NEWLINK %s up\n", ifname);
	for (size_t i = 0; a->att->routed && i < a->att->n_addresses; i++) {
		const struct link_mac mac = gateway_mac(a);
		char text[LINK_MAC_TEXT_SIZE];

		if (!attachment_gateway_is_new(a->att, i))
			continue;
		link_mac_text(&mac, text);
		(void)fprintf(out, "inside: RTM_NEWNEIGH %s lladdr %s dev %s nud permanent\n",
			      ip_addr_text(&a->att->addresses[i].gateway).text, text, ifname);
	}
	for (size_t i = 0; i < routes.n; i++)
		plan_route(out, &routes.items[i], ifname);
}
