/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_OPTIONS_H
#define CT_CREATE_OPTIONS_H

#include "runtime/cmds.h"
#include "runtime/create.h"

#define PRESERVE_FDS_MAX 65536

/* What `create` and `run` have in common. First member of the options of both. */
struct create_options {
	const char *bundle, *config, *pid_file, *console_socket, *pidfd_socket;
	int64_t preserve_fds;
	bool no_persist, no_pivot, no_new_keyring, no_subreaper;
	/* owned by create_options_request's caller through create_options_free */
	char *paths[3];
};

/* Their rows of the option table. */
#define CREATE_OPTION(member) .offset = offsetof(struct create_options, member)
#define CREATE_OPTIONS                                                                             \
	{ .name = "bundle",                                                                        \
	  .short_name = 'b',                                                                       \
	  .type = CMD_STRING,                                                                      \
	  .value = "DIR",                                                                          \
	  CREATE_OPTION(bundle),                                                                   \
	  .help = "folder of config.json (default: the working directory)" },                      \
		{ .name = "config",                                                                \
		  .short_name = 'f',                                                               \
		  .type = CMD_STRING,                                                              \
		  .value = "FILE",                                                                 \
		  CREATE_OPTION(config),                                                           \
		  .help = "configuration of the bundle (default: config.json)" },                  \
		{ .name = "console-socket",                                                        \
		  .type = CMD_STRING,                                                              \
		  .value = "SOCKET",                                                               \
		  CREATE_OPTION(console_socket),                                                   \
		  .help = "send the terminal to the program that listens on SOCKET" },             \
		{ .name = "pidfd-socket",                                                          \
		  .type = CMD_STRING,                                                              \
		  .value = "SOCKET",                                                               \
		  CREATE_OPTION(pidfd_socket),                                                     \
		  .help = "send a pidfd of init to the program that listens on SOCKET" },          \
		{ .name = "pid-file",                                                              \
		  .type = CMD_STRING,                                                              \
		  .value = "FILE",                                                                 \
		  CREATE_OPTION(pid_file),                                                         \
		  .help = "write the process id of the container's init to FILE" },                \
		{ .name = "preserve-fds",                                                          \
		  .type = CMD_INT,                                                                 \
		  .value = "N",                                                                    \
		  CREATE_OPTION(preserve_fds),                                                     \
		  .max = PRESERVE_FDS_MAX,                                                         \
		  .help = "hand N descriptors on, from 3 (after those of LISTEN_FDS)" },           \
		{ .name = "no-persist",                                                            \
		  .type = CMD_FLAG,                                                                \
		  CREATE_OPTION(no_persist),                                                       \
		  .help = "do not pin the namespaces: they end with the process" },                \
		{ .name = "no-pivot",                                                              \
		  .type = CMD_FLAG,                                                                \
		  CREATE_OPTION(no_pivot),                                                         \
		  .help = "move the rootfs to / instead of pivot_root (initramfs; less safe)" },   \
		{ .name = "no-new-keyring",                                                        \
		  .type = CMD_FLAG,                                                                \
		  CREATE_OPTION(no_new_keyring),                                                   \
		  .help = "keep the caller's session keyring" },                                   \
	{                                                                                          \
		.name = "no-subreaper", .type = CMD_FLAG, CREATE_OPTION(no_subreaper),             \
		.help = "do not adopt orphans of the container (create never does)"                \
	}

/* The request that they, the globals and the id make. detach: the caller does not stay. */
int create_options_request(struct create_options *o, const struct runtime_globals *g,
			   const char *id, bool detach, struct create_request *request,
			   struct err *err);
void create_options_free(struct create_options *o);

#endif
