/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>

#include "bridge-setup/setup.h"
#include "common/cmd.h"
#include "common/log.h"
#include "common/net/link.h"
#include "common/str.h"

#define WHICH_OPTIONS(options)                                                                     \
	{ "network",  0,                                                                           \
	  CMD_STRING, offsetof(options, which.network),                                            \
	  "NAME",     "the network /etc/ct-netns/NAME.json; without it 'default'",                 \
	  0,          0,                                                                           \
	  false },                                                                                 \
		{ "mode",     0,                                                                   \
		  CMD_STRING, offsetof(options, which.mode),                                       \
		  "MODE",     "bridge, or routed: without one (bridge)",                           \
		  0,          0,                                                                   \
		  false },                                                                         \
		{ "bridge",   0,                                                                   \
		  CMD_STRING, offsetof(options, which.bridge),                                     \
		  "NAME",     "another bridge than the network's (netns0)",                        \
		  0,          0,                                                                   \
		  false },                                                                         \
		{ "ip",                                                                            \
		  0,                                                                               \
		  CMD_STRING,                                                                      \
		  offsetof(options, which.ip),                                                     \
		  "ADDRESS/LENGTH",                                                                \
		  "another address of the bridge (172.19.0.1/16)",                                 \
		  0,                                                                               \
		  0,                                                                               \
		  false },                                                                         \
		{ "mtu",        0,                                                                 \
		  CMD_INT,      offsetof(options, which.mtu),                                      \
		  "BYTES",      "another MTU than the network's",                                  \
		  LINK_MTU_MIN, LINK_MTU_MAX,                                                      \
		  false },                                                                         \
		{ "firewalld-zone",                                                                \
		  0,                                                                               \
		  CMD_STRING,                                                                      \
		  offsetof(options, which.firewalld_zone),                                         \
		  "ZONE",                                                                          \
		  "firewalld's zone for the bridge (trusted); none: leave that to others",         \
		  0,                                                                               \
		  0,                                                                               \
		  false },                                                                         \
	{                                                                                          \
		"vlan", 0, CMD_INT, offsetof(options, which.vlan), "ID",                           \
			"VLAN of the network, on a bridge that several may share", VLAN_ID_MIN,    \
			VLAN_ID_MAX, false                                                         \
	}

static const struct cmd_option global_options[] = {
	{ "state-dir", 0, CMD_STRING, offsetof(struct setup_globals, state_dir), "PATH",
	  "where the state is (" NETWORK_STATE_DIR ")", 0, 0, false },
	{ "debug", 'd', CMD_FLAG, offsetof(struct setup_globals, debug), NULL,
	  "say more on standard error", 0, 0, false },
};

static const struct cmd_option up_options[] = {
	WHICH_OPTIONS(struct setup_up_options),
	{ "dry-run", 'n', CMD_FLAG, offsetof(struct setup_up_options, dry_run), NULL,
	  "say what would be changed and change nothing", 0, 0, false },
};

static const struct cmd_option down_options[] = {
	WHICH_OPTIONS(struct setup_down_options),
	{ "force", 'f', CMD_FLAG, offsetof(struct setup_down_options, force), NULL,
	  "even when containers are attached", 0, 0, false },
};

static const struct cmd_option status_options[] = {
	WHICH_OPTIONS(struct setup_status_options),
	{ "json", 0, CMD_FLAG, offsetof(struct setup_status_options, json), NULL, "for programs", 0,
	  0, false },
};

static const struct cmd cmds[] = {
	{ "up", "", "make bridge, address, forwarding and firewall rules right", up_options,
	  ARRAY_SIZE(up_options), 0, 0, setup_up, sizeof(struct setup_up_options), false, 0 },
	{ "down", "", "take everything back", down_options, ARRAY_SIZE(down_options), 0, 0,
	  setup_down, sizeof(struct setup_down_options), false, 0 },
	{ "status", "", "draw what is there; exit status 1 when something is not right",
	  status_options, ARRAY_SIZE(status_options), 0, 0, setup_status,
	  sizeof(struct setup_status_options), false, 0 },
	{ "doctor", "", "tell what on this host would break container traffic, and what mends it",
	  status_options, ARRAY_SIZE(status_options), 0, 0, setup_doctor,
	  sizeof(struct setup_status_options), false, 0 },
};

static int prepare(void *globals, struct err *err)
{
	const struct setup_globals *g = globals;
	const struct log_options options = {
		.program = "bridge-setup",
		.level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
	};

	return log_open(&options, err);
}

static const struct cmd_program program = {
	.name = "bridge-setup",
	.summary = "prepares a host for containers on a bridge network",
	.version = "bridge-setup version " CT_VERSION "\n",
	.globals = global_options,
	.n_globals = ARRAY_SIZE(global_options),
	.globals_size = sizeof(struct setup_globals),
	.cmds = cmds,
	.n_cmds = ARRAY_SIZE(cmds),
	.prepare = prepare,
};

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int status = cmd_main(&program, argc, argv, &err);

	if (status >= 0)
		return status;
	log_fatal(&err);
	return 1;
}
