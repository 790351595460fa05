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
#include "common/str.h"

#define DEFAULT_BRIDGE  "netns0"
#define DEFAULT_GATEWAY "172.19.0.1/16"
#define DEFAULT_IFNAME  "eth0"
#define DEFAULT_MTU     1500

#define HOST_LOCK_TIMEOUT_MS 10000

#define PREFIX_LEN_MIN 8
#define PREFIX_LEN_MAX 30 /* gateway and one container */

void network_default(struct network *net)
{
	struct err err = ERR_INIT;
	struct ip_prefix gateway = { .len = 0 };

	*net = (struct network){
		.name = xstrdup(NETWORK_DEFAULT_NAME),
		.bridge = DEFAULT_BRIDGE,
		.ifname = DEFAULT_IFNAME,
		.mtu = DEFAULT_MTU,
		.default_route = true,
		.ip_masq = true,
		.ingress = NETWORK_INGRESS_ESTABLISHED,
		.subnet_floats = true,
	};
	/* A constant that the unit tests decode: it cannot fail. */
	(void)ip_parse_prefix(DEFAULT_GATEWAY, "gateway", &gateway, &err);
	(void)network_set_gateway(net, &gateway, &err);
}

int network_set_gateway(struct network *net, const struct ip_prefix *gateway, struct err *err)
{
	const struct ip_prefix subnet = ip_network(gateway);
	const struct ip_addr last = ip_broadcast(gateway);
	const uint8_t top = gateway->addr.bytes[0];

	if (gateway->len < PREFIX_LEN_MIN || gateway->len > PREFIX_LEN_MAX)
		return err_set(err, EINVAL,
			       "network '%s': %s: the subnet's length must be between /%d and /%d",
			       net->name, ip_prefix_text(gateway).text, PREFIX_LEN_MIN,
			       PREFIX_LEN_MAX);
	if (top == 0 || top == 127 || top >= 224)
		return err_set(err, EINVAL, "network '%s': %s is no subnet for containers",
			       net->name, ip_prefix_text(gateway).text);
	if (ip_equal(&gateway->addr, &subnet.addr) || ip_equal(&gateway->addr, &last))
		return err_set(err, EINVAL,
			       "network '%s': gateway %s is the network's own or broadcast address",
			       net->name, ip_prefix_text(gateway).text);
	net->gateway = *gateway;
	net->subnet = subnet;
	net->range_start = ip_next(&subnet.addr);
	net->range_end = ip_add(&last, UINT32_MAX); /* one before */
	return 0;
}

int network_override(struct network *net, const struct network_overrides *flags, struct err *err)
{
	struct ip_prefix gateway = { .len = 0 };

	if (flags->bridge) {
		if (link_check_name(flags->bridge, "bridge", err) < 0)
			return -err->code;
		if (str_eq(net->name, NETWORK_DEFAULT_NAME) &&
		    !str_eq(flags->bridge, net->bridge)) {
			if (str_check_name(flags->bridge, "bridge", err) < 0)
				return -err->code;
			free(net->name);
			net->name = xstrdup(flags->bridge);
		}
		(void)snprintf(net->bridge, sizeof(net->bridge), "%s", flags->bridge);
	}
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
	}
	if (flags->ip) {
		if (ip_parse_prefix(flags->ip, "bridge address", &gateway, err) < 0 ||
		    network_set_gateway(net, &gateway, err) < 0)
			return -err->code;
		net->subnet_floats = false;
	}
	return 0;
}

bool network_may_lease(const struct network *net, const struct ip_addr *addr)
{
	const struct ip_addr last = ip_broadcast(&net->subnet);

	return ip_contains(&net->subnet, addr) && !ip_equal(addr, &net->subnet.addr) &&
	       !ip_equal(addr, &last) && !ip_equal(addr, &net->gateway.addr);
}

void network_free(struct network *net)
{
	free(net->name);
	free(net->cni_version);
	free(net->routes);
	*net = (struct network){ .name = NULL };
}

const char *network_ingress_name(enum network_ingress ingress)
{
	switch (ingress) {
	case NETWORK_INGRESS_ESTABLISHED:
		return "established";
	case NETWORK_INGRESS_OPEN:
		return "open";
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
	path = xasprintf("%s/%s.json", dir ? dir : NETWORK_CONFIG_DIR, wanted);
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
	for (int tries = 0; dir_fd < 0 && tries < 100; tries++) {
		if (mkdirat(state_fd, "networks", 0700) < 0 && errno != EEXIST)
			break;
		if (mkdirat(state_fd, path, 0700) < 0 && errno != EEXIST && errno != ENOENT)
			break;
		dir_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (dir_fd < 0 && errno != ENOENT)
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
