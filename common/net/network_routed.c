/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/network_routed.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

/* The gateway is all that a container is linked to. */
static int check_routes(const struct network *net, struct err *err)
{
	for (size_t i = 0; i < net->n_routes; i++) {
		const struct route *route = &net->routes[i];
		bool known = !ip_is_set(&route->gateway);

		for (size_t r = 0; r < net->n_ranges && !known; r++)
			known = ip_equal(&route->gateway, &net->ranges[r].gateway.addr);
		if (!known)
			return err_set(err, EINVAL,
				       "ipam.routes: %s via %s: a routed network has no neighbours "
				       "that a route could lead through, only its gateways",
				       ip_prefix_text(&route->dst).text,
				       ip_addr_text(&route->gateway).text);
		if (route->type == ROUTE_UNICAST && route->has_scope &&
		    route->scope == RT_SCOPE_LINK)
			return err_set(
				err, EINVAL,
				"ipam.routes: %s of scope link: nothing but the gateway is on "
				"the link of a routed network",
				ip_prefix_text(&route->dst).text);
	}
	return 0;
}

int network_check_routed(const struct network *net, struct err *err)
{
	const struct {
		const char *key, *why;
		bool asked;
	} bridges[] = {
		{ "managed", "there is no bridge that somebody else could manage", net->unmanaged },
		{ "hairpinMode",
		  "there is no port of a bridge, and a container reaches its own published ports "
		  "without it",
		  net->shape.hairpin },
		{ "promiscMode", "there is no bridge to be promiscuous",
		  net->shape.bridge_promisc },
		{ "vlan", "there is no bridge with VLANs", net->vlan.access > 0 },
		{ "vlanTrunk", "there is no bridge with VLANs",
		  !vlan_set_is_empty(&net->vlan.trunk) },
		{ "preserveDefaultVlan", "there is no bridge with VLANs", net->vlan.drop_default },
		{ "macspoofchk", "nothing is forwarded by its MAC address", net->shape.mac_check },
	};

	if (!net->routed)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(bridges); i++) {
		if (bridges[i].asked)
			return err_set(err, EINVAL, "%s: not in mode \"routed\": %s",
				       bridges[i].key, bridges[i].why);
	}
	if (strlen(net->bridge) > NETWORK_ROUTED_NAME_MAX || strchr(net->bridge, '-'))
		return err_set(err, EINVAL,
			       "bridge: '%s' begins the names of a routed network's interfaces: at "
			       "most %d characters, without '-'",
			       net->bridge, NETWORK_ROUTED_NAME_MAX);
	return check_routes(net, err);
}

bool network_ports(const struct network *net, char name[IFNAMSIZ])
{
	if (net->routed)
		(void)snprintf(name, IFNAMSIZ, "%.*s-", NETWORK_ROUTED_NAME_MAX, net->bridge);
	else
		(void)snprintf(name, IFNAMSIZ, "%s", network_gateway_if(net));
	return net->routed;
}
