/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/create.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_options.h"
#include "runtime/criu_stdio.h"
#include "runtime/rights.h"

/*
 * podman looks at `checkpoint --help` and at what `restore --lsm-mount-context` says to find out what a
 * runtime can do.
 */
struct checkpoint_options {
	struct criu_options criu; /* first: the offsets of its table start here */
	const char *page_server;
	const char *status_fd;
	bool leave_running, pre_dump;
};

static int check(struct checkpoint_options *o, const struct runtime_globals *g, struct err *err)
{
	struct rights rights = { 0 };
	int rc = criu_options_check(&o->criu, err);

	if (rc < 0)
		return rc;
	if (o->status_fd)
		return err_set(err, ENOTSUP,
			       "--status-fd: is for --lazy-pages, which is not supported");
	if (o->page_server && !strrchr(o->page_server, ':'))
		return err_set(err, EINVAL, "--page-server: '%s' is not ADDRESS:PORT",
			       o->page_server);
	rc = rights_look(g->rootless, &rights, err);
	if (rc >= 0 && rights.rootless)
		return err_set(err, EPERM, "checkpoint: CRIU needs the machine's root");
	return rc;
}

/* runc has it in the image, and so have we: its interfaces are what hooks make. */
static int add_network(const struct container *c, struct criu_call *call, struct err *err)
{
	struct stat st;
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)c->state.oci.pid);

	if (!c->config->namespaces[NS_NET].present)
		return 0;
	if (stat(path, &st) < 0)
		return err_errno(err, "stat '%s'", path);
	strlist_add(&call->args, "--external");
	strlist_take(&call->args,
		     xasprintf("net[%llu]:" CRIU_NET_KEY, (unsigned long long)st.st_ino));
	return 0;
}

static int add_externals(const struct container *c, const char *images, struct criu_call *call,
			 struct err *err)
{
	autofree char *path = xasprintf("/proc/%d/root", (int)c->state.oci.pid);
	autoclose int root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return err_errno(err, "open '%s'", path);
	int rc = criu_mounts_dump(c->config, root_fd, call, err);

	return rc < 0 ? rc : criu_stdio_dump(images, c->state.oci.pid, call, err);
}

static void add_options(const struct checkpoint_options *o, struct strlist *args)
{
	if (o->leave_running)
		strlist_add(args, "--leave-running");
	if (o->pre_dump || o->criu.parent_path)
		strlist_add(args, "--track-mem");
	if (o->criu.parent_path) {
		strlist_add(args, "--prev-images-dir");
		strlist_add(args, o->criu.parent_path);
	}
	if (o->page_server) {
		const char *colon = strrchr(o->page_server, ':');

		strlist_add(args, "--page-server");
		strlist_add(args, "--address");
		strlist_take(args, xstrndup(o->page_server, (size_t)(colon - o->page_server)));
		strlist_add(args, "--port");
		strlist_add(args, colon + 1);
	}
}

static int dump(const struct container *c, const struct checkpoint_options *o, const char *criu,
		struct err *err)
{
	autocriucall struct criu_call call = { .net_fd = -1 };
	int rc = file_mkdir_p(o->criu.images, 0700, err);

	if (rc >= 0)
		rc = file_mkdir_p(o->criu.work, 0700, err);
	if (rc < 0)
		return rc;
	criu_options_call(&o->criu, o->pre_dump ? "pre-dump" : "dump", &call);
	strlist_add(&call.args, "--root");
	strlist_add(&call.args, c->state.rootfs);
	strlist_add(&call.args, "--tree");
	strlist_take(&call.args, xasprintf("%d", (int)c->state.oci.pid));
	add_options(o, &call.args);
	rc = add_network(c, &call, err);
	if (rc >= 0)
		rc = add_externals(c, o->criu.images, &call, err);
	return rc < 0 ? rc : criu_run(criu, &call, err);
}

/* CRIU stops the processes by itself, and waits for ever for those that are frozen. */
static int dump_thawed(struct container *c, const struct checkpoint_options *o, const char *criu,
		       struct err *err)
{
	struct err refrozen = ERR_INIT;
	int rc = cgroup_freeze(c->state.cgroup, false, err);

	if (rc >= 0)
		rc = dump(c, o, criu, err);
	if ((rc < 0 || o->leave_running || o->pre_dump) &&
	    cgroup_freeze(c->state.cgroup, true, &refrozen) < 0)
		log_warning("container '%s' was paused and runs now: %s", c->id, refrozen.msg);
	return rc;
}

static int checkpoint(struct container *c, const struct checkpoint_options *o, struct err *err)
{
	autofree char *criu = NULL;
	int rc = container_open(c, CONTAINER_LOCKED, err);

	if (rc < 0)
		return rc;
	enum oci_status status = container_status(c);

	if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_PAUSED)
		return container_refuse(c, "checkpoint", status, err);
	rc = criu_options_check_config(c->config, "checkpoint", err);
	if (rc >= 0)
		rc = criu_find(&criu, err);
	if (rc >= 0)
		rc = status == OCI_STATUS_PAUSED ? dump_thawed(c, o, criu, err)
						 : dump(c, o, criu, err);
	if (rc < 0)
		return err_ctx(err, "container '%s'", c->id);
	/* Its processes are dead; as with runc, the rest of it goes too. */
	return o->leave_running || o->pre_dump ? 0 : create_undo(c, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	struct checkpoint_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;

	(void)n_args;
	int rc = check(o, g, err);

	if (rc >= 0)
		rc = container_name(&c, g->root, args[0], err);
	if (rc >= 0)
		rc = checkpoint(&c, o, err);
	criu_options_free(&o->criu);
	return rc;
}

#define OPTION(member) .offset = offsetof(struct checkpoint_options, member)

static const struct cmd_option checkpoint_options[] = {
	CRIU_OPTIONS,
	{ .name = "leave-running",
	  .type = CMD_FLAG,
	  OPTION(leave_running),
	  .help = "let the container go on afterwards" },
	{ .name = "pre-dump",
	  .type = CMD_FLAG,
	  OPTION(pre_dump),
	  .help = "memory alone, for a later checkpoint with --parent-path; the container goes on" },
	{ .name = "page-server",
	  .type = CMD_STRING,
	  .value = "ADDRESS:PORT",
	  OPTION(page_server),
	  .help = "send the pages to the page server of CRIU there" },
	{ .name = "status-fd",
	  .type = CMD_STRING,
	  .value = "N",
	  OPTION(status_fd),
	  .help = "refused, with --lazy-pages" },
};

const struct cmd cmd_checkpoint = {
	.name = "checkpoint",
	.args = "ID",
	.help = "freeze a running container into an image, with CRIU, and delete it",
	.options = checkpoint_options,
	.n_options = ARRAY_SIZE(checkpoint_options),
	.options_size = sizeof(struct checkpoint_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
