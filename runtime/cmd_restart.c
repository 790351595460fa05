/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/create.h"
#include "runtime/mounts/masks.h"
#include "runtime/pins.h"
#include "runtime/self.h"
#include "runtime/start.h"

struct restart_options {
	const char *console_socket;
	bool no_new_keyring;
};

static int refuse(const struct container *c, struct err *err, const char *why)
{
	return err_set(err, EINVAL, "cannot restart container '%s': %s", c->id, why);
}

static int check(const struct container *c, struct err *err)
{
	enum oci_status status = container_status(c);

	if (status != OCI_STATUS_STOPPED)
		return container_refuse(c, "restart", status, err);
	if (c->state.oci.status == OCI_STATUS_CREATING)
		return refuse(c, err, "its create did not finish; delete it");
	if (!c->state.persist)
		return refuse(c, err,
			      "it was created with --no-persist or without the right "
			      "to mount, its namespaces are gone");
	if (c->config->namespaces[NS_PID].path)
		return refuse(c, err, "it joined a pid namespace by path");
	if (!c->config->has_process)
		return refuse(c, err, "its config.json has no 'process'");
	return 0;
}

/* What the config made is joined by its pin now; what it joined by path is joined again. */
static int use_pins(struct container *c, struct err *err)
{
	int rc = namespaces_open(c->config, &c->ns, err);

	for (enum ns_type type = 0; rc >= 0 && type < NS_COUNT; type++) {
		if (type == NS_PID || !(c->ns.new_flags & namespaces_flag(type)))
			continue;
		c->ns.join_fds[type] = pins_open(c->dir_fd, type, err);
		rc = c->ns.join_fds[type];
	}
	c->ns.new_flags &= CLONE_NEWPID;
	c->ns.staged = c->ns.join_fds[NS_USER] >= 0;
	return rc < 0 ? err_ctx(err, "cannot restart container '%s'", c->id) : 0;
}

static int prepare(struct container *c, const struct restart_options *o, struct err *err)
{
	const struct create_request request = {
		.console_socket = o->console_socket,
		.detach = true,
		.no_new_keyring = o->no_new_keyring,
	};
	int rc = check(c, err);

	if (rc >= 0)
		rc = create_prepare(c, &request, err);
	if (rc >= 0)
		rc = use_pins(c, err);
	if (rc < 0)
		return rc;
	c->replace = true;
	if (!c->config->masked_paths.n)
		return 0;
	c->null_fd = masks_open_null(err);
	return c->null_fd < 0 ? c->null_fd : 0;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct restart_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;

	(void)n_args;
	int rc = self_protect(err);

	if (rc >= 0)
		rc = container_name(&c, g->root, args[0], err);
	if (rc >= 0)
		rc = container_open(&c, CONTAINER_LOCKED, err);
	if (rc >= 0)
		rc = prepare(&c, o, err);
	if (rc >= 0)
		rc = rights_look(g->rootless, &c.rights, err);
	if (rc >= 0)
		rc = create_again(&c, err);
	if (rc < 0)
		return rc;
	rc = start_process(&c, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		/* The container stays, stopped: its namespaces are what restart is for. */
		if (container_kill(&c, &ignored) < 0)
			log_warning("%s; ignoring", ignored.msg);
	}
	return rc;
}

static const struct cmd_option restart_options[] = {
	{ .name = "console-socket",
	  .type = CMD_STRING,
	  .value = "PATH",
	  .offset = offsetof(struct restart_options, console_socket),
	  .help = "send the terminal to the program that listens on PATH" },
	{ .name = "no-new-keyring",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct restart_options, no_new_keyring),
	  .help = "keep the session keyring of who called" },
};

const struct cmd cmd_restart = {
	.name = "restart",
	.args = "ID",
	.help = "run the process of a stopped container again, in the same namespaces",
	.options = restart_options,
	.n_options = ARRAY_SIZE(restart_options),
	.options_size = sizeof(struct restart_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
