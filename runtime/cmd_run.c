/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/console_socket.h"
#include "runtime/create.h"
#include "runtime/self.h"
#include "runtime/start.h"
#include "runtime/tty_proxy.h"
#include "runtime/wait.h"

struct run_options {
	const char *bundle, *pid_file, *console_socket;
	bool no_persist, detach, keep;
};

/*
 * Others may delete or restart it while its process runs, so nothing is locked meanwhile, and
 * afterwards it is looked at anew: what somebody else has made of it is not ours to delete.
 */
static int wait_and_delete(struct container *c, const char *root, struct tty_proxy *proxy,
			   bool keep, struct err *err)
{
	autocontainer struct container now = CONTAINER_INIT;
	uint64_t start_ticks = c->state.start_ticks;
	pid_t pid = c->pid;

	container_unlock(c);
	int status = proxy ? tty_proxy_run(proxy, pid) : wait_forwarding(pid);

	if (keep)
		return status;
	int rc = container_name(&now, root, c->id, err);

	if (rc >= 0)
		rc = container_open(&now, CONTAINER_LOCKED, err);
	if (rc == -ENOENT)
		return status;
	if (rc < 0)
		return rc;
	if (now.state.oci.pid != pid || now.state.start_ticks != start_ticks)
		return status;
	rc = create_undo(&now, err);
	return rc < 0 ? rc : status;
}

static int undo(struct container *c, const struct err *why)
{
	struct err err = ERR_INIT;

	if (create_undo(c, &err) < 0)
		log_warning("%s; ignoring", err.msg);
	return -why->code;
}

/* What stands between a container that is made and its start. */
static int prepare(const struct container *c, struct tty_proxy **proxy, struct err *err)
{
	if (!c->config->has_process)
		return err_set(err, EINVAL,
			       "config.json has no 'process': there is nothing to run");
	if (c->tty_fd < 0)
		return 0;
	int master_fd = console_socket_receive(c->tty_fd, err);

	return master_fd < 0 ? master_fd : tty_proxy_open(master_fd, proxy, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct run_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	autottyproxy struct tty_proxy *proxy = NULL;
	autofree char *pid_file = cmds_absolute(o->pid_file);
	autofree char *console_socket = cmds_absolute(o->console_socket);
	const struct create_request request = {
		.root = g->root,
		.id = args[0],
		.bundle = o->bundle,
		.pid_file = pid_file,
		.rootless = g->rootless,
		.console_socket = console_socket,
		.detach = o->detach,
		.no_persist = o->no_persist,
	};

	(void)n_args;
	int rc = self_protect(err);

	if (rc < 0)
		return rc;
	if (!o->detach)
		wait_block_signals();
	rc = create_container(&c, &request, err);
	if (rc < 0)
		return rc;
	rc = prepare(&c, &proxy, err);
	if (rc < 0)
		return undo(&c, err);
	rc = start_container(&c, err);
	if (rc < 0 || o->detach)
		return rc;
	return wait_and_delete(&c, g->root, proxy, o->keep, err);
}

static const struct cmd_option run_options[] = {
	{ .name = "bundle",
	  .short_name = 'b',
	  .type = CMD_STRING,
	  .value = "DIR",
	  .offset = offsetof(struct run_options, bundle),
	  .help = "folder of config.json (default: the working directory)" },
	{ .name = "pid-file",
	  .type = CMD_STRING,
	  .value = "FILE",
	  .offset = offsetof(struct run_options, pid_file),
	  .help = "write the process id of the container's init to FILE" },
	{ .name = "console-socket",
	  .type = CMD_STRING,
	  .value = "PATH",
	  .offset = offsetof(struct run_options, console_socket),
	  .help = "send the terminal to the program that listens on PATH" },
	{ .name = "no-persist",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct run_options, no_persist),
	  .help = "do not pin the namespaces: they end with the process" },
	{ .name = "detach",
	  .short_name = 'd',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct run_options, detach),
	  .help = "return once the process has been executed" },
	{ .name = "keep",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct run_options, keep),
	  .help = "do not delete the container when its process has ended" },
};

const struct cmd cmd_run = {
	.name = "run",
	.args = "ID",
	.help = "create, start, wait, delete; exits with the process's status",
	.options = run_options,
	.n_options = ARRAY_SIZE(run_options),
	.options_size = sizeof(struct run_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
