/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/link_conf.h"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/net/sysctl.h"
#include "common/str.h"

/* The kernel's arrays are of 32 bits each; that of IPv4 leaves out the number 0. */
static const struct {
	int family;
	size_t at;
	const char *name;
} parameters[LINK_N_PARAMETERS] = {
	[LINK_RP_FILTER] = { AF_INET, IPV4_DEVCONF_RP_FILTER - 1, "rp_filter" },
	[LINK_ACCEPT_RA] = { AF_INET6, DEVCONF_ACCEPT_RA, "accept_ra" },
	[LINK_AUTOCONF] = { AF_INET6, DEVCONF_AUTOCONF, "autoconf" },
	[LINK_DISABLE_IPV6] = { AF_INET6, DEVCONF_DISABLE_IPV6, "disable_ipv6" },
	[LINK_ACCEPT_DAD] = { AF_INET6, DEVCONF_ACCEPT_DAD, "accept_dad" },
	[LINK_ENHANCED_DAD] = { AF_INET6, DEVCONF_ENHANCED_DAD, "enhanced_dad" },
};

static const struct nlattr *find_in(const struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

void link_conf_read(const struct nlattr *af_spec, struct link_conf *conf)
{
	const struct nlattr *ipv4 = find_in(find_in(af_spec, AF_INET), IFLA_INET_CONF);
	const struct nlattr *ipv6 = find_in(find_in(af_spec, AF_INET6), IFLA_INET6_CONF);

	*conf = (struct link_conf){ .has = { false } };
	for (size_t i = 0; i < LINK_N_PARAMETERS; i++) {
		const struct nlattr *array = parameters[i].family == AF_INET ? ipv4 : ipv6;
		const size_t offset = parameters[i].at * sizeof(conf->values[i]);

		if (!array || (size_t)nla_len(array) < offset + sizeof(conf->values[i]))
			continue;
		(void)memcpy(&conf->values[i], (const char *)nla_data(array) + offset,
			     sizeof(conf->values[i]));
		conf->has[i] = true;
	}
}

bool link_conf_is(const struct link_conf *conf, const struct link_setting *wanted)
{
	return !conf->has[wanted->parameter] || conf->values[wanted->parameter] == wanted->value;
}

static char *path_of(const char *ifname, const struct link_setting *setting)
{
	const enum link_parameter i = setting->parameter;

	return xasprintf("%s/conf/%s/%s", parameters[i].family == AF_INET ? "ipv4" : "ipv6", ifname,
			 parameters[i].name);
}

int link_conf_write(const char *ifname, const struct link_setting *wanted, struct err *err)
{
	autofree char *path = path_of(ifname, wanted);
	autofree char *value = xasprintf("%d", wanted->value);

	return sysctl_write(path, value, err);
}

char *link_setting_text(const char *ifname, const struct link_setting *setting)
{
	autofree char *path = path_of(ifname, setting);

	return xasprintf("net/%s = %d", path, setting->value);
}
