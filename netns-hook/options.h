/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_OPTIONS_H
#define CT_NETNS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cmd.h"
#include "common/err.h"
#include "common/net/network.h"

/* Flags of every command and of the hook; names and defaults are those of the netns tool. */
struct options {
	struct strlist networks; /* the first is where bridge, ip and the like belong */
	const char *mode;
	const char *bridge;
	const char *ip;
	int64_t mtu;
	int64_t vlan;
	const char *firewalld_zone;
	const char *ifname;
	const char *state_dir; /* NULL: NETWORK_STATE_DIR */
	const char *ipfile;    /* NULL: not given */
	struct strlist static_ips;
	struct strlist publish;
	const char *mac;
	struct strlist aliases;
	struct strlist dns_servers;
	bool annotations;
	struct strlist sysctls;
	struct strlist devices;
	const char *log;
	const char *log_format;
	bool debug;
};

extern const struct cmd_option options_table[];
extern const size_t options_count;

const char *options_state_dir(const struct options *options);

/* Open the log as the flags say; globals is a struct options. */
int options_prepare(void *globals, struct err *err);

/*
 * The address file, absolute; NULL: none. The netns tool writes .ip into whatever its working
 * directory is. Scripts look for it in the bundle (NULL: there is none), where runtimes start their
 * hooks; elsewhere a file that nobody asked for is litter.
 */
int options_ipfile(const struct options *options, const char *bundle, char **path, struct err *err);

/* The one network that the flags name, with their values laid over it. */
int options_network(const struct options *options, struct network *net, struct err *err);

#endif
