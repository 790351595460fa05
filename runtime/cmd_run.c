/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "runtime/console_socket.h"
#include "runtime/create_options.h"
#include "runtime/run.h"
#include "runtime/self.h"
#include "runtime/start.h"
#include "runtime/tty_proxy.h"
#include "runtime/wait.h"

struct run_options {
	struct create_options create; /* first: the offsets of its table start here */
	bool detach, keep;
};

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

/* Created; from here to the end of its process. */
static int start_and_wait(struct container *c, const struct run_options *o, const char *root,
			  struct err *err)
{
	autottyproxy struct tty_proxy *proxy = NULL;
	int rc = prepare(c, &proxy, err);

	if (rc < 0)
		return undo(c, err);
	rc = start_notifying(c, !o->detach, err);
	if (rc < 0 || o->detach)
		return rc;
	log_flush();
	return run_wait(c, root, proxy, o->keep, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	struct run_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	struct create_request request = { 0 };

	(void)n_args;
	int rc = self_protect(err);

	if (rc >= 0)
		rc = create_options_request(&o->create, g, args[0], o->detach, &request, err);
	if (rc >= 0 && !o->detach) {
		wait_block_signals();
		rc = o->create.no_subreaper ? 0 : wait_adopt_orphans(err);
	}
	if (rc >= 0)
		rc = create_container(&c, &request, err);
	if (rc >= 0)
		rc = start_and_wait(&c, o, g->root, err);
	create_options_free(&o->create);
	return rc;
}

static const struct cmd_option run_options[] = {
	CREATE_OPTIONS,
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
