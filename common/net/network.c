/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/net/link.h"
#include "common/net/network_routed.h"
#include "common/str.h"

#define DEFAULT_BRIDGE  "netns0"
#define DEFAULT_GATEWAY "172.19.0.1/16"
#define DEFAULT_IFNAME  "eth0"
#define DEFAULT_MTU     1500

#define HOST_LOCK_TIMEOUT_MS 10000

/* The longest has room for the gateway and one container. */
static const struct {
	unsigned int min, max;
} prefix_len[] = { [false] = { 8, 30 }, [true] = { 32, 126 } };

void network_default(struct network *net)
{
	struct err err = ERR_INIT;
	struct ip_prefix gateway = { .len = 0 };

	*net = (struct network){
		.name = xstrdup(NETWORK_DEFAULT_NAME),
		.bridge = DEFAULT_BRIDGE,
		.ifname = DEFAULT_IFNAME,
		.mtu = DEFAULT_MTU,
		.mtu_floats = true,
		.default_route = true,
		.ip_masq = true,
		.ingress = NETWORK_INGRESS_ESTABLISHED,
		.subnet_floats = true,
	};
	/* A constant that the unit tests decode: it cannot fail. */
	(void)ip_parse_prefix(DEFAULT_GATEWAY, "gateway", &gateway, &err);
	(void)network_set_gateway(net, &gateway, &err);
}

static int check_gateway(const struct network *net, const struct ip_prefix *gateway,
			 struct err *err)
{
	const bool is_ipv6 = gateway->addr.family == AF_INET6;
	const struct ip_prefix subnet = ip_network(gateway);
	const struct ip_addr last = ip_broadcast(gateway);
	const unsigned int min = prefix_len[is_ipv6].min, max = prefix_len[is_ipv6].max;

	if (gateway->len < min || gateway->len > max)
		return err_set(err, EINVAL,
			       "network '%s': %s: the subnet's length must be between /%u and /%u",
			       net->name, ip_prefix_text(gateway).text, min, max);
	if (!ip_is_for_hosts(&gateway->addr))
		return err_set(err, EINVAL, "network '%s': %s is no subnet for containers",
			       net->name, ip_prefix_text(gateway).text);
	if (ip_equal(&gateway->addr, &subnet.addr) || (!is_ipv6 && ip_equal(&gateway->addr, &last)))
		return err_set(err, EINVAL,
			       "network '%s': gateway %s is the network's own or broadcast address",
			       net->name, ip_prefix_text(gateway).text);
	return 0;
}

int network_add_range(struct network *net, const struct ip_prefix *gateway, bool new_pool,
		      struct err *err)
{
	const struct ip_prefix subnet = ip_network(gateway);
	const struct ip_addr last = ip_broadcast(gateway);

	if (check_gateway(net, gateway, err) < 0)
		return -err->code;
	if (net->n_ranges == NETWORK_MAX_RANGES)
		return err_set(err, E2BIG, "network '%s': more than %d ranges", net->name,
			       NETWORK_MAX_RANGES);
	for (size_t i = 0; i < net->n_ranges; i++) {
		if (ip_overlap(&net->ranges[i].subnet, &subnet))
			return err_set(err, EINVAL, "network '%s': %s overlaps %s", net->name,
				       ip_prefix_text(&subnet).text,
				       ip_prefix_text(&net->ranges[i].subnet).text);
	}
	if (new_pool || net->n_pools == 0)
		net->n_pools++;
	net->ranges[net->n_ranges++] = (struct network_range){
		.pool = net->n_pools - 1,
		.gateway = *gateway,
		.subnet = subnet,
		.start = ip_next(&subnet.addr),
		.end = gateway->addr.family == AF_INET ? ip_previous(&last) : last,
	};
	return 0;
}

int network_set_gateway(struct network *net, const struct ip_prefix *gateway, struct err *err)
{
	if (check_gateway(net, gateway, err) < 0)
		return -err->code;
	net->n_ranges = 0;
	net->n_pools = 0;
	return network_add_range(net, gateway, true, err);
}

int network_name_vlan(struct network *net, struct err *err)
{
	net->vlan_if[0] = '\0';
	if (net->unmanaged || net->vlan.access == 0)
		return 0;
	return str_format(net->vlan_if, sizeof(net->vlan_if),
			  "vlan: the interface of its gateway, <bridge>.<vlan>", err, "%s.%u",
			  net->bridge, net->vlan.access);
}

const char *network_gateway_if(const struct network *net)
{
	return net->vlan_if[0] ? net->vlan_if : net->bridge;
}

/* Flags of another bridge or VLAN speak of another network than `default`. */
static int override_place(struct network *net, const struct network_overrides *flags,
			  struct err *err)
{
	const char *bridge = flags->bridge ? flags->bridge : net->bridge;
	const bool vlan = flags->vlan != 0 && flags->vlan != net->vlan.access;
	autofree char *name = vlan ? xasprintf("%s.%lld", bridge, (long long)flags->vlan)
				   : xstrdup(bridge);

	if (link_check_name(bridge, "bridge", err) < 0)
		return -err->code;
	if (flags->vlan != 0 && (flags->vlan < VLAN_ID_MIN || flags->vlan > VLAN_ID_MAX))
		return err_set(err, EINVAL, "vlan: %lld is not a number %d..%d",
			       (long long)flags->vlan, VLAN_ID_MIN, VLAN_ID_MAX);
	if (flags->vlan != 0 && !vlan_set_is_empty(&net->vlan.trunk))
		return err_set(err, EINVAL, "vlan: cannot be set together with vlanTrunk");
	if (str_eq(net->name, NETWORK_DEFAULT_NAME) && (vlan || !str_eq(bridge, net->bridge))) {
		if (str_check_name(name, "bridge", err) < 0)
			return -err->code;
		free(net->name);
		net->name = take_ptr(&name);
	}
	if (flags->bridge)
		(void)snprintf(net->bridge, sizeof(net->bridge), "%s", flags->bridge);
	if (flags->vlan != 0)
		net->vlan.access = (unsigned int)flags->vlan;
	return network_name_vlan(net, err);
}

/* firewalld knows which zones there are; here it is only made sure that it is one word. */
static int override_zone(struct network *net, const char *zone, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
	size_t len = strlen(zone);

	if (len == 0 || len >= sizeof(net->firewalld_zone) || strspn(zone, allowed) != len)
		return err_set(err, EINVAL, "firewalldZone: '%s' is no name of a zone", zone);
	if (net->unmanaged)
		return err_set(err, EINVAL,
			       "firewalldZone: an unmanaged network has a bridge that is left "
			       "alone, and no rules");
	memcpy(net->firewalld_zone, zone, len + 1);
	return 0;
}

int network_override(struct network *net, const struct network_overrides *flags, struct err *err)
{
	struct ip_prefix gateway = { .len = 0 };

	if (override_place(net, flags, err) < 0)
		return -err->code;
	if (flags->ifname) {
		if (link_check_name(flags->ifname, "interface", err) < 0)
			return -err->code;
		(void)snprintf(net->ifname, sizeof(net->ifname), "%s", flags->ifname);
	}
	if (flags->mtu != 0) {
		if (flags->mtu < LINK_MTU_MIN || flags->mtu > LINK_MTU_MAX)
			return err_set(err, EINVAL, "mtu: %lld is not a number %d..%d",
				       (long long)flags->mtu, LINK_MTU_MIN, LINK_MTU_MAX);
		net->mtu = (unsigned int)flags->mtu;
		net->mtu_floats = false;
	}
	if (flags->firewalld_zone && override_zone(net, flags->firewalld_zone, err) < 0)
		return -err->code;
	if (flags->ip) {
		if (ip_parse_prefix(flags->ip, "bridge address", &gateway, err) < 0 ||
		    network_set_gateway(net, &gateway, err) < 0)
			return -err->code;
		net->subnet_floats = false;
	}
	if (flags->mode && !str_eq(flags->mode, "bridge") && !str_eq(flags->mode, "routed"))
		return err_set(err, EINVAL, "mode: '%s' is neither bridge nor routed", flags->mode);
	if (flags->mode)
		net->routed = str_eq(flags->mode, "routed");
	return network_check_families(net, err) < 0 ? -err->code : network_check_routed(net, err);
}

int network_check_families(const struct network *net, struct err *err)
{
	const struct ip_addr *snats[] = { &net->snat, &net->snat6 };

	if (!net->mtu_floats && net->mtu < LINK_MTU_MIN_IPV6 && network_has_family(net, AF_INET6))
		return err_set(err, EINVAL, "mtu: %u is too small for IPv6: at least %d", net->mtu,
			       LINK_MTU_MIN_IPV6);
	for (size_t i = 0; i < ARRAY_SIZE(snats); i++) {
		if (ip_is_set(snats[i]) && !network_has_family(net, snats[i]->family))
			return err_set(err, EINVAL,
				       "snat: %s: the network has no subnet of that family",
				       ip_addr_text(snats[i]).text);
	}
	return 0;
}

bool network_has_family(const struct network *net, int family)
{
	return network_gateway(net, family) != NULL;
}

const struct ip_addr *network_gateway(const struct network *net, int family)
{
	for (size_t i = 0; i < net->n_ranges; i++) {
		if (net->ranges[i].gateway.addr.family == family)
			return &net->ranges[i].gateway.addr;
	}
	return NULL;
}

const struct network_range *network_range_of(const struct network *net, const struct ip_addr *addr)
{
	for (size_t i = 0; i < net->n_ranges; i++) {
		if (ip_contains(&net->ranges[i].subnet, addr))
			return &net->ranges[i];
	}
	return NULL;
}

bool network_may_lease(const struct network_range *range, const struct ip_addr *addr)
{
	const struct ip_addr last = ip_broadcast(&range->subnet);

	return ip_contains(&range->subnet, addr) && !ip_equal(addr, &range->subnet.addr) &&
	       (addr->family == AF_INET6 || !ip_equal(addr, &last)) &&
	       !ip_equal(addr, &range->gateway.addr);
}

void network_free(struct network *net)
{
	free(net->name);
	free(net->cni_version);
	free(net->routes);
	free(net->masq_exclude);
	network_dns_free(&net->dns);
	network_shape_free(&net->shape);
	*net = (struct network){ .name = NULL };
}

const char *network_ingress_name(enum network_ingress ingress)
{
	switch (ingress) {
	case NETWORK_INGRESS_ESTABLISHED:
		return "established";
	case NETWORK_INGRESS_OPEN:
		return "open";
	case NETWORK_INGRESS_ISOLATED:
		return "isolated";
	}
	return "?";
}

/* ---- files ---- */

static int read_definition(const char *path, struct network *net, struct err *err)
{
	autofree char *text = NULL;
	autojson json_node *root = NULL;
	size_t len = 0;

	if (file_read_at(AT_FDCWD, path, NETWORK_CONFIG_BYTES, &text, &len, err) < 0 ||
	    json_parse(text, len, path, &root, err) < 0)
		return -err->code;
	return network_decode(root, path, net, err);
}

int network_load(const char *name, struct network *net, struct err *err)
{
	const char *dir = getenv("CT_NETNS_CONFIG_DIR");
	const char *wanted = name ? name : NETWORK_DEFAULT_NAME;
	autofree char *path = NULL;

	if (str_check_name(wanted, "network name", err) < 0)
		return -err->code;
	path = xasprintf("%s/%s.json", dir && dir[0] ? dir : NETWORK_CONFIG_DIR, wanted);
	if (read_definition(path, net, err) < 0) {
		if (err->code != ENOENT)
			return -err->code;
		if (!str_eq(wanted, NETWORK_DEFAULT_NAME))
			return err_set(err, ENOENT, "network '%s': there is no %s", wanted, path);
		err_clear(err);
		network_default(net);
		return 0;
	}
	if (!str_eq(net->name, wanted)) {
		(void)err_set(err, EINVAL, "%s: name: is '%s', and the file is called '%s'", path,
			      net->name, wanted);
		network_free(net);
		return -err->code;
	}
	return 0;
}

int network_open_state(int state_fd, const struct network *net, struct err *err)
{
	autofree char *path = xasprintf("networks/%s", net->name);
	int dir_fd = -1;

	/* Removal may take a folder away between two of these calls. */
	for (int tries = 0; tries < 100; tries++) {
		dir_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (dir_fd >= 0 || errno != ENOENT)
			break;
		if (mkdirat(state_fd, "networks", 0700) < 0 && errno != EEXIST)
			break;
		if (mkdirat(state_fd, path, 0700) < 0 && errno != EEXIST && errno != ENOENT)
			break;
	}
	if (dir_fd < 0)
		return err_errno(err, "state directory of network '%s'", net->name);
	return dir_fd;
}

int network_lock_host(int state_fd, struct err *err)
{
	/* Its own open file: a lock on state_fd would be shared with whoever inherited that. */
	autoclose int dir_fd = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return err_errno(err, "state directory");
	if (lock_fd(dir_fd, "state directory", LOCK_EXCLUSIVE, HOST_LOCK_TIMEOUT_MS, err) < 0)
		return -err->code;
	return take_fd(&dir_fd);
}
