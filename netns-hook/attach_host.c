/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of attach on the host's side. To a container of a routed network it has a route, through the
 * host end, which is on no bridge and has no address; who is there is said for good, so no packet
 * waits for an answer, and no number of containers fills the kernel's table of neighbours. On a bridge
 * it is told who has the address, and may ask again.
 */
#include <errno.h>

#include "common/net/bridge.h"
#include "common/net/neigh.h"
#include "common/net/route.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"

/* ---- routed ---- */

/* From the gateway's address, as on a bridge: the container has a route to that one in any case. */
static struct route host_route(const struct attachment_address *address, int link_index)
{
	return (struct route){
		.dst = ip_host_prefix(&address->prefix.addr),
		.source = address->gateway,
		.link_index = link_index,
		.protocol = ROUTE_PROTOCOL,
	};
}

static int set_sysctls(const struct attachment *att, const struct link_info *veth, struct err *err)
{
	static const struct link_setting ipv6 = { LINK_DISABLE_IPV6, 0 };

	if (attachment_address_of(att, AF_INET6) && !link_conf_is(&veth->conf, &ipv6) &&
	    link_conf_write(veth->name, &ipv6, err) < 0)
		return -err->code;
	return bridge_guard_interface(veth, err);
}

static int set_routes(struct netlink *nl, const struct attachment *att,
		      const struct link_info *veth, struct err *err)
{
	int rc = set_sysctls(att, veth, err);

	for (size_t i = 0; rc >= 0 && i < att->n_addresses; i++) {
		const struct route route = host_route(&att->addresses[i], veth->index);

		rc = neigh_pin(nl, veth->index, &route.dst.addr, &att->mac, err);
		if (rc >= 0)
			rc = route_replace(nl, &route, err);
	}
	return rc;
}

int attach_run_host(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct link_info veth;

	if (!a->att->routed)
		return 0;
	int rc = link_get(&a->nl, a->att->veth, &veth, err);

	return rc < 0 ? rc : set_routes(&a->nl, a->att, &veth, err);
}

int attach_restore_host(struct netlink *nl, const struct attachment *att, struct err *err)
{
	struct link_info veth;
	int rc = link_find(nl, att->veth, &veth, err);

	/* Down: it is being detached, or about to go with its namespace. */
	return rc > 0 && veth.up ? set_routes(nl, att, &veth, err) : rc;
}

void attach_plan_host(const void *ctx, FILE *out)
{
	const struct attachment *att = ((const struct attach *)ctx)->att;
	char mac[LINK_MAC_TEXT_SIZE];

	if (!att->routed)
		return;
	link_mac_text(&att->mac, mac);
	(void)fprintf(out, "net/ipv4/conf/%s/rp_filter = 2\n", att->veth);
	(void)fprintf(out, "net/ipv6/conf/%s/accept_ra = 0\n", att->veth);
	(void)fprintf(out, "net/ipv6/conf/%s/autoconf = 0\n", att->veth);
	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct route route = host_route(&att->addresses[i], 0);

		(void)fprintf(out, "RTM_NEWNEIGH %s lladdr %s dev %s nud permanent\n",
			      ip_addr_text(&route.dst.addr).text, mac, att->veth);
		(void)fprintf(out, "RTM_NEWROUTE %s dev %s src %s proto %u\n",
			      ip_prefix_text(&route.dst).text, att->veth,
			      ip_addr_text(&route.source).text, route.protocol);
	}
}

static int refuse_same(const struct attach *a, const char *ifname, struct err *err)
{
	autoattachment struct attachment other = { 0 };
	struct err damaged = ERR_INIT;

	if (record_read(&a->folder, ifname, &other, &damaged) <= 0 ||
	    !str_eq(other.network, a->att->network))
		return 0;
	return err_set(err, EEXIST,
		       "the container is on network '%s' already, with %s: a routed network's "
		       "gateway can be behind one interface alone",
		       other.network, ifname);
}

int attach_check_routed(const struct attach *a, struct err *err)
{
	struct strlist ifnames = { 0 };
	int rc = a->att->routed ? record_folder_ifnames(&a->folder, &ifnames, err) : 0;

	for (size_t i = 0; rc >= 0 && i < ifnames.n; i++) {
		if (!str_eq(ifnames.items[i], a->att->ifname))
			rc = refuse_same(a, ifnames.items[i], err);
	}
	strlist_free(&ifnames);
	return rc < 0 ? rc : 0;
}

/* ---- neighbours on a bridge ---- */

int attach_run_neighbour(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = 0;

	/* On a bridge that is not ours the host need not have an address. */
	for (size_t i = 0;
	     !a->request->net->unmanaged && !a->att->routed && rc >= 0 && i < a->att->n_addresses;
	     i++)
		rc = neigh_replace(&a->nl, a->bridge.gateway.index,
				   &a->att->addresses[i].prefix.addr, &a->att->mac, err);
	return rc;
}

int attach_undo_neighbour(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_neighbour(&undo, a->att, err);
}

void attach_plan_neighbour(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	char mac[LINK_MAC_TEXT_SIZE];

	link_mac_text(&a->att->mac, mac);
	for (size_t i = 0; !a->att->routed && i < a->att->n_addresses; i++)
		(void)fprintf(out, "RTM_NEWNEIGH %s lladdr %s dev %s nud stale\n",
			      ip_addr_text(&a->att->addresses[i].prefix.addr).text, mac,
			      attachment_gateway_if(a->att));
}
