/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BRIDGE_SETUP_SETUP_H
#define BRIDGE_SETUP_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/netlink.h"
#include "common/net/network.h"

struct setup_globals {
	const char *state_dir;
	bool debug;
};

/* Which network: a name, or the default one with these laid over it. */
struct setup_network_options {
	const char *network;
	const char *mode;
	const char *bridge;
	const char *ip;
	int64_t mtu;
	int64_t vlan;
	const char *firewalld_zone;
};

struct setup_up_options {
	struct setup_network_options which;
	bool dry_run;
};

struct setup_down_options {
	struct setup_network_options which;
	bool force;
};

struct setup_status_options {
	struct setup_network_options which;
	bool json;
};

/* What every command works on. */
struct setup {
	struct netlink nl;
	int state_fd; /* -1: there is no state directory (only without make) */
	struct network net;
};
#define SETUP_INIT                                                                                 \
	{                                                                                          \
		.nl = NETLINK_INIT, .state_fd = -1                                                 \
	}
#define autosetup __attribute__((cleanup(setup_close)))

/* make: create the state directory when it is missing. */
int setup_open(const struct setup_globals *globals, const struct setup_network_options *which,
	       bool make, struct setup *setup, struct err *err);
void setup_close(struct setup *setup);
/* `down` took the state directory away after we had opened it: begin again. */
bool setup_is_stale(const struct setup *setup);

/* The commands; see struct cmd. */
int setup_up(void *globals, void *options, char **args, int n_args, struct err *err);
int setup_down(void *globals, void *options, char **args, int n_args, struct err *err);
int setup_doctor(void *globals, void *options, char **args, int n_args, struct err *err);
int setup_status(void *globals, void *options, char **args, int n_args, struct err *err);

#endif
