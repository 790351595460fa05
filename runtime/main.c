/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fds.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/config.h"
#include "runtime/self.h"

static const struct cmd_option globals[] = {
	{ .name = "root",
	  .type = CMD_STRING,
	  .value = "DIR",
	  .offset = offsetof(struct runtime_globals, root),
	  .help = "state folder of all containers (default: /run/ct-runtime)" },
	{ .name = "log",
	  .type = CMD_STRING,
	  .value = "FILE",
	  .offset = offsetof(struct runtime_globals, log),
	  .help = "append the log to FILE (default: stderr)" },
	{ .name = "log-format",
	  .type = CMD_STRING,
	  .value = "FORMAT",
	  .offset = offsetof(struct runtime_globals, log_format),
	  .help = "text (default) or json" },
	{ .name = "rootless",
	  .type = CMD_STRING,
	  .value = "WHEN",
	  .offset = offsetof(struct runtime_globals, rootless),
	  .help = "do without what only root may do: true, false or auto (default)" },
	{ .name = "debug",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct runtime_globals, debug),
	  .help = "log what is done" },
};

static int prepare(void *ptr, struct err *err)
{
	const struct runtime_globals *g = ptr;
	bool json = str_eq(g->log_format, "json");
	const struct log_options options = {
		.program = "ct-runtime",
		.path = g->log,
		.format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
		.level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
	};

	if (g->log_format && !json && !str_eq(g->log_format, "text"))
		return err_set(err, EINVAL, "--log-format: '%s' is neither text nor json",
			       g->log_format);
	return log_open(&options, err);
}

int main(int argc, char **argv)
{
	const struct cmd cmds[] = {
		cmd_create, cmd_start, cmd_run,     cmd_state, cmd_kill,
		cmd_delete, cmd_list,  cmd_restart, cmd_spec,  cmd_features,
	};
	const struct cmd_program program = {
		.name = "ct-runtime",
		.summary = "OCI runtime for persistent namespaces and hooks",
		.version = "ct-runtime version " CT_VERSION "\nspec: " CONFIG_OCI_VERSION_MAX "\n",
		.globals = globals,
		.n_globals = ARRAY_SIZE(globals),
		.globals_size = sizeof(struct runtime_globals),
		.cmds = cmds,
		.n_cmds = ARRAY_SIZE(cmds),
		.prepare = prepare,
	};
	struct err err = ERR_INIT;

	/* Ignored by who called us, it would take the exit status of our children away (wait(2)). */
	(void)signal(SIGCHLD, SIG_DFL);
	self_init(argv);
	fds_open_standard();
	int rc = cmd_main(&program, argc, argv, &err);

	if (rc < 0) {
		log_fatal(&err);
		return EXIT_FAILURE;
	}
	return rc;
}
