/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fds.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/config/config.h"
#include "runtime/passed_fds.h"
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
	{ .name = "log-level",
	  .type = CMD_STRING,
	  .value = "LEVEL",
	  .offset = offsetof(struct runtime_globals, log_level),
	  .help = "error, warning (default), info or debug" },
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
	{ .name = "systemd-cgroup",
	  .short_name = 's',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct runtime_globals, systemd_cgroup),
	  .help = "let systemd make the cgroup" },
	{ .name = "cgroup-manager",
	  .type = CMD_STRING,
	  .value = "MANAGER",
	  .offset = offsetof(struct runtime_globals, cgroup_manager),
	  .help = "cgroupfs (default), systemd or disabled" },
};

/* --debug is the shorter way to say --log-level debug. */
static int log_level(const struct runtime_globals *g, enum log_level *level, struct err *err)
{
	static const struct {
		const char *name;
		enum log_level level;
	} known[] = {
		{ "error", LOG_LEVEL_ERROR },  { "warning", LOG_LEVEL_WARNING },
		{ "warn", LOG_LEVEL_WARNING }, { "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};

	*level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	if (!g->log_level || g->debug)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!str_eq(g->log_level, known[i].name))
			continue;
		*level = known[i].level;
		return 0;
	}
	return err_set(err, EINVAL, "--log-level: '%s' is neither error, warning, info nor debug",
		       g->log_level);
}

/* crun's spelling; what else it logs to is no file of ours. */
static int log_path(const struct runtime_globals *g, const char **path, struct err *err)
{
	*path = g->log && str_starts(g->log, "file:") ? g->log + strlen("file:") : g->log;
	if (!g->log || (!str_starts(g->log, "journald:") && !str_starts(g->log, "syslog:")))
		return 0;
	return err_set(err, ENOTSUP, "--log: '%s': give a file; without --log it goes to stderr",
		       g->log);
}

static int prepare(void *ptr, struct err *err)
{
	const struct runtime_globals *g = ptr;
	bool json = str_eq(g->log_format, "json");
	struct log_options options = {
		.program = "ct-runtime",
		.format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
	};

	if (g->log_format && !json && !str_eq(g->log_format, "text"))
		return err_set(err, EINVAL, "--log-format: '%s' is neither text nor json",
			       g->log_format);
	int rc = log_level(g, &options.level, err);

	if (rc >= 0)
		rc = log_path(g, &options.path, err);
	return rc < 0 ? rc : log_open(&options, err);
}

int main(int argc, char **argv)
{
	int failure_status = EXIT_FAILURE;
	const struct cmd cmds[] = {
		cmd_create, cmd_start,   cmd_run,        cmd_state,   cmd_kill,  cmd_delete,
		cmd_list,   cmd_restart, cmd_exec,       cmd_ps,      cmd_pause, cmd_resume,
		cmd_update, cmd_events,  cmd_checkpoint, cmd_restore, cmd_spec,  cmd_features,
	};
	const struct cmd_program program = {
		.name = "ct-runtime",
		.summary = "OCI runtime for persistent namespaces and hooks",
		/* moby and go-runc look for these three lines */
		.version = "ct-runtime version " CT_VERSION "\ncommit: " CT_COMMIT
			   "\nspec: " CONFIG_OCI_VERSION_MAX "\n",
		.globals = globals,
		.n_globals = ARRAY_SIZE(globals),
		.globals_size = sizeof(struct runtime_globals),
		.cmds = cmds,
		.n_cmds = ARRAY_SIZE(cmds),
		.prepare = prepare,
		.failure_status = &failure_status,
	};
	struct err err = ERR_INIT;

	passed_fds_note();
	/* Ignored by who called us, it would take the exit status of our children away (wait(2)). */
	(void)signal(SIGCHLD, SIG_DFL);
	self_init(argv);
	fds_open_standard();
	int rc = cmd_main(&program, argc, argv, &err);

	if (rc < 0) {
		log_fatal(&err);
		return failure_status;
	}
	log_flush();
	return rc;
}
