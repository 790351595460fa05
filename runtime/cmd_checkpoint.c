/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "runtime/cmds.h"
#include "runtime/container.h"

/*
 * Both are refused. Their options are read all the same: podman looks at `checkpoint --help` and at what
 * `restore --lsm-mount-context` says to find out what a runtime can do, and a wrong option would be the
 * wrong answer to whoever asks for a checkpoint.
 */
struct checkpoint_options {
	const char *text;
	int64_t number;
	bool flag;
};

static int refuse(void *globals, void *options, char **args, int n_args, struct err *err)
{
	(void)globals;
	(void)options;
	(void)n_args;
	return err_set(
		err, ENOTSUP,
		"container '%s': checkpoint and restore need CRIU, which this version does not "
		"drive: nothing was changed",
		args[0]);
}

static int checkpoint(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	autocontainer struct container c = CONTAINER_INIT;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, err);
	return rc < 0 ? rc : refuse(globals, options, args, n_args, err);
}

#define TEXT(option_name, metavar)                                                                 \
	{                                                                                          \
		.name = option_name, .type = CMD_STRING, .value = metavar,                         \
		.offset = offsetof(struct checkpoint_options, text), .help = "not supported"       \
	}
#define FLAG(option_name)                                                                          \
	{                                                                                          \
		.name = option_name, .type = CMD_FLAG,                                             \
		.offset = offsetof(struct checkpoint_options, flag), .help = "not supported"       \
	}
#define BOTH                                                                                       \
	TEXT("image-path", "DIR"), TEXT("work-path", "DIR"), TEXT("parent-path", "DIR"),           \
		FLAG("tcp-established"), FLAG("tcp-skip-in-flight"), FLAG("ext-unix-sk"),          \
		FLAG("shell-job"), FLAG("file-locks"), FLAG("link-remap"), FLAG("lazy-pages"),     \
		FLAG("auto-dedup"), TEXT("manage-cgroups-mode", "MODE"), TEXT("empty-ns", "TYPE")

static const struct cmd_option checkpoint_options[] = {
	BOTH,
	FLAG("leave-running"),
	FLAG("pre-dump"),
	TEXT("page-server", "ADDRESS"),
	{ .name = "status-fd",
	  .type = CMD_INT,
	  .value = "N",
	  .offset = offsetof(struct checkpoint_options, number),
	  .max = INT32_MAX,
	  .help = "not supported" },
};

static const struct cmd_option restore_options[] = {
	BOTH,
	{ .name = "bundle",
	  .short_name = 'b',
	  .type = CMD_STRING,
	  .value = "DIR",
	  .offset = offsetof(struct checkpoint_options, text),
	  .help = "not supported" },
	{ .name = "detach",
	  .short_name = 'd',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct checkpoint_options, flag),
	  .help = "not supported" },
	TEXT("console-socket", "SOCKET"),
	TEXT("pid-file", "FILE"),
	FLAG("no-subreaper"),
	FLAG("no-pivot"),
	TEXT("lsm-profile", "PROFILE"),
	TEXT("lsm-mount-context", "CONTEXT"),
};

const struct cmd cmd_checkpoint = {
	.name = "checkpoint",
	.args = "ID",
	.help = "not supported: needs CRIU, which this version does not drive",
	.options = checkpoint_options,
	.n_options = ARRAY_SIZE(checkpoint_options),
	.options_size = sizeof(struct checkpoint_options),
	.min_args = 1,
	.max_args = 1,
	.run = checkpoint,
};

const struct cmd cmd_restore = {
	.name = "restore",
	.args = "ID",
	.help = "not supported: needs CRIU, which this version does not drive",
	.options = restore_options,
	.n_options = ARRAY_SIZE(restore_options),
	.options_size = sizeof(struct checkpoint_options),
	.min_args = 1,
	.max_args = 1,
	.run = refuse,
};
