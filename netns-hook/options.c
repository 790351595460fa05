/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/options.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/link.h"
#include "common/str.h"

#define DEFAULT_IPFILE ".ip"

#define OPTION(long_name, short_letter, kind, member, metavar, text)                               \
	{                                                                                          \
		.name = (long_name), .short_name = (short_letter), .type = (kind),                 \
		.offset = offsetof(struct options, member), .value = (metavar), .help = (text),    \
	}

const struct cmd_option options_table[] = {
	OPTION("network", 'n', CMD_LIST, networks, "NAME",
	       "network, defined in " NETWORK_CONFIG_DIR
	       "/NAME.json (default: default); given again, "
	       "one more interface"),
	OPTION("mode", 0, CMD_STRING, mode, "MODE",
	       "bridge, or routed: without one, a route for each container (default: bridge)"),
	OPTION("bridge", 0, CMD_STRING, bridge, "NAME", "name of the bridge (default: netns0)"),
	OPTION("ip", 0, CMD_STRING, ip, "ADDRESS/LEN",
	       "address of the bridge and subnet (default: 172.19.0.1/16)"),
	{ .name = "mtu",
	  .type = CMD_INT,
	  .offset = offsetof(struct options, mtu),
	  .value = "BYTES",
	  .help = "MTU of bridge and veth (default: the default route's device's)",
	  .min = LINK_MTU_MIN,
	  .max = LINK_MTU_MAX },
	{ .name = "vlan",
	  .type = CMD_INT,
	  .offset = offsetof(struct options, vlan),
	  .value = "ID",
	  .help = "VLAN of the network, on a bridge that several may share (default: none)",
	  .min = VLAN_ID_MIN,
	  .max = VLAN_ID_MAX },
	OPTION("firewalld-zone", 0, CMD_STRING, firewalld_zone, "ZONE",
	       "firewalld's zone for the bridge (default: trusted); none: leave that to others"),
	OPTION("iface", 0, CMD_STRING, ifname, "NAME",
	       "interface inside the container (default: eth0)"),
	OPTION("state-dir", 0, CMD_STRING, state_dir, "DIR",
	       "records and leases (default: " NETWORK_STATE_DIR ")"),
	OPTION("ipfile", 0, CMD_STRING, ipfile, "FILE",
	       "write the address to FILE (default: .ip in the bundle)"),
	OPTION("static-ip", 0, CMD_LIST, static_ips, "ADDRESS",
	       "this address and no other; may be given several times, for one subnet too "
	       "(default: the next free one)"),
	OPTION("publish", 'p', CMD_LIST, publish, "[HOSTIP:]PORT:PORT[/PROTO]",
	       "publish a port, or a run of them (8000-8009:80-89), of the container on the host"),
	OPTION("mac", 0, CMD_STRING, mac, "MAC",
	       "MAC address of the interface (default: made of the address)"),
	OPTION("alias", 0, CMD_LIST, aliases, "NAME",
	       "one more name of the container for the others of its network"),
	OPTION("dns", 0, CMD_LIST, dns_servers, "ADDRESS",
	       "name server, instead of the network's or the host's; may be given several times"),
	OPTION("annotations", 0, CMD_FLAG, annotations, NULL,
	       "let the container's ct.netns.* annotations publish ports, choose addresses and names"),
	OPTION("sysctl", 0, CMD_LIST, sysctls, "KEY=VALUE",
	       "a net.* parameter inside the container; IFNAME in it is the interface"),
	OPTION("device", 0, CMD_LIST, devices, "NAME[:NEWNAME]",
	       "move this device of the host into the container, until detach"),
	OPTION("log", 0, CMD_STRING, log, "FILE", "append messages to FILE"),
	OPTION("log-format", 0, CMD_STRING, log_format, "FORMAT", "text or json (default: text)"),
	OPTION("debug", 'd', CMD_FLAG, debug, NULL, "say more"),
};
const size_t options_count = ARRAY_SIZE(options_table);

const char *options_state_dir(const struct options *options)
{
	return options->state_dir ? options->state_dir : NETWORK_STATE_DIR;
}

int options_prepare(void *globals, struct err *err)
{
	const struct options *options = globals;
	const char *format = options->log_format ? options->log_format : "text";
	const struct log_options log = {
		.program = "ct-netns",
		.path = options->log,
		.format = str_eq(format, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
		.level = options->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
	};

	if (!str_eq(format, "json") && !str_eq(format, "text"))
		return err_set(err, EINVAL, "--log-format: '%s' is neither text nor json", format);
	return log_open(&log, err);
}

static bool cwd_is(const char *dir)
{
	struct stat here, there;

	return dir && stat(".", &here) == 0 && stat(dir, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

int options_ipfile(const struct options *options, const char *bundle, char **path, struct err *err)
{
	const char *name = options->ipfile ? options->ipfile : DEFAULT_IPFILE;

	*path = NULL;
	if (name[0] == '\0' || (!options->ipfile && !cwd_is(bundle)))
		return 0;
	if (name[0] == '/') {
		*path = xstrdup(name);
		return 0;
	}
	autofree char *cwd = getcwd(NULL, 0);

	if (cwd)
		*path = xasprintf("%s/%s", cwd, name);
	else if (options->ipfile)
		return err_errno(err, "--ipfile '%s': working directory", name);
	return 0;
}

int options_network(const struct options *options, struct network *net, struct err *err)
{
	const struct network_overrides flags = {
		.bridge = options->bridge,
		.ip = options->ip,
		.mtu = options->mtu,
		.vlan = options->vlan,
		.firewalld_zone = options->firewalld_zone,
		.ifname = options->ifname,
		.mode = options->mode,
	};
	if (options->networks.n > 1)
		return err_set(err, EINVAL, "--network: this command takes one at a time");
	int rc =
		network_load(options->networks.n > 0 ? options->networks.items[0] : NULL, net, err);

	return rc < 0 ? rc : network_override(net, &flags, err);
}
