/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_LINK_CONF_H
#define CT_NET_LINK_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct nlattr;

/*
 * Parameters of an interface (net.ipv4.conf.NAME.*, net.ipv6.conf.NAME.*) as the kernel's answer to
 * RTM_GETLINK tells them. Reading them below /proc/sys costs a look-up in a chain as long as the number
 * of network namespaces that were looked into there, for the entry "net/ipv6" of each has the same
 * name and the same parent; and here they come with an answer that is asked for anyway.
 */
enum link_parameter {
	LINK_RP_FILTER,
	LINK_ACCEPT_RA,
	LINK_AUTOCONF,
	LINK_DISABLE_IPV6,
	LINK_ACCEPT_DAD,
	LINK_ENHANCED_DAD,
	LINK_N_PARAMETERS
};

struct link_conf {
	bool has[LINK_N_PARAMETERS]; /* false: no IPv6 in this kernel, or not on this interface */
	int32_t values[LINK_N_PARAMETERS];
};

/* af_spec: IFLA_AF_SPEC of the answer; NULL: it has none. */
void link_conf_read(const struct nlattr *af_spec, struct link_conf *conf);

/* As it is wanted. */
struct link_setting {
	enum link_parameter parameter;
	int32_t value;
};

/* True also for what the interface has not: there is nothing to set. */
bool link_conf_is(const struct link_conf *conf, const struct link_setting *wanted);

/* Through /proc/sys, in the calling thread's namespace. */
int link_conf_write(const char *ifname, const struct link_setting *wanted, struct err *err);

/* "net/ipv6/conf/eth0/accept_ra = 0". The caller frees it. */
char *link_setting_text(const char *ifname, const struct link_setting *setting);

#endif
