/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "runtime/cmds.h"
#include "runtime/create.h"
#include "runtime/self.h"

struct create_options {
	const char *bundle, *pid_file, *console_socket;
	bool no_persist;
};

/* Relative to where we were called, not to the bundle that create changes into. */
char *cmds_absolute(const char *path)
{
	if (!path)
		return NULL;
	autofree char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct create_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	autofree char *pid_file = cmds_absolute(o->pid_file);
	autofree char *console_socket = cmds_absolute(o->console_socket);
	const struct create_request request = {
		.root = g->root,
		.id = args[0],
		.bundle = o->bundle,
		.pid_file = pid_file,
		.rootless = g->rootless,
		.console_socket = console_socket,
		.detach = true,
		.no_persist = o->no_persist,
	};

	(void)n_args;
	int rc = self_protect(err);

	return rc < 0 ? rc : create_container(&c, &request, err);
}

static const struct cmd_option create_options[] = {
	{ .name = "bundle",
	  .short_name = 'b',
	  .type = CMD_STRING,
	  .value = "DIR",
	  .offset = offsetof(struct create_options, bundle),
	  .help = "folder of config.json (default: the working directory)" },
	{ .name = "pid-file",
	  .type = CMD_STRING,
	  .value = "FILE",
	  .offset = offsetof(struct create_options, pid_file),
	  .help = "write the process id of the container's init to FILE" },
	{ .name = "console-socket",
	  .type = CMD_STRING,
	  .value = "PATH",
	  .offset = offsetof(struct create_options, console_socket),
	  .help = "send the terminal to the program that listens on PATH" },
	{ .name = "no-persist",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct create_options, no_persist),
	  .help = "do not pin the namespaces: they end with the process" },
};

const struct cmd cmd_create = {
	.name = "create",
	.args = "ID",
	.help = "make a container from a bundle and leave it waiting for start",
	.options = create_options,
	.n_options = ARRAY_SIZE(create_options),
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
