/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fds.h"
#include "common/file.h"
#include "common/log.h"
#include "common/process.h"
#include "runtime/criu_mounts.h"
#include "runtime/criu_stdio.h"
#include "runtime/pins.h"
#include "runtime/sync.h"

#define HOLDER      "the process that holds the network namespace"
#define ROOT_FOLDER "criu-root"
#define PID_FILE    "criu.pid"

/* ---- the holder ---- */

static int enter_network(const struct container *c, struct err *err)
{
	int join_fd = c->ns.join_fds[NS_NET];

	if (join_fd >= 0)
		return setns(join_fd, CLONE_NEWNET) < 0
			       ? err_errno(err, "join the network namespace")
			       : 0;
	if (!(c->ns.new_flags & CLONE_NEWNET))
		return 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, "make a network namespace");
	return namespaces_raise_lo(err);
}

static void hold(const struct container *c, int fd)
{
	struct err err = ERR_INIT;
	struct sync_msg msg;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	int rc = enter_network(c, &err);

	fds_close_except(STDERR_FILENO + 1, &fd, 1);
	if (rc < 0)
		sync_send_error(fd, &err);
	else if (sync_send(fd, SYNC_READY, 0, &err) >= 0)
		(void)sync_receive(fd, &msg, &err);
	_exit(EXIT_SUCCESS);
}

int restore_holder(struct container *c, struct err *err)
{
	int fds[2];
	int rc = sync_pair(fds, err);

	if (rc < 0)
		return rc;
	autoclose int holder_fd = fds[1];

	c->sync_fd = fds[0];
	pid_t pid = fork();

	if (pid == 0)
		hold(c, holder_fd);
	if (pid < 0)
		return err_errno(err, "fork");
	c->pid = pid;
	(void)close(take_fd(&holder_fd));
	rc = sync_expect(c->sync_fd, SYNC_READY, HOLDER, NULL, err);
	if (rc >= 0 && c->state.persist)
		rc = pins_prepare(c->dir_fd, err);
	if (rc >= 0 && c->state.persist && c->ns.new_flags & CLONE_NEWNET)
		rc = pins_make(c->dir_fd, NS_NET, pid, err);
	return rc;
}

static void let_holder_go(struct container *c)
{
	(void)close(take_fd(&c->sync_fd));
	(void)waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

/* ---- criu ---- */

static void add_cgroup(const struct container *c, struct criu_call *call)
{
	struct cgroup_place places[CGROUP_PLACES_MAX];
	size_t n = cgroup_places(c->state.cgroup, places, CGROUP_PLACES_MAX);

	call->cgroup = c->state.cgroup;
	for (size_t i = 0; i < n; i++) {
		const char *controllers = places[i].controllers;

		strlist_add(&call->args, "--cgroup-root");
		strlist_take(&call->args, *controllers
						  ? xasprintf("%s:%s", controllers, places[i].path)
						  : xstrdup(places[i].path));
	}
}

static void add_joined(const struct container *c, struct strlist *args)
{
	static const enum ns_type joined[] = { NS_IPC, NS_UTS };

	for (size_t i = 0; i < ARRAY_SIZE(joined); i++) {
		const char *path = c->config->namespaces[joined[i]].path;

		if (!path)
			continue;
		strlist_add(args, "--join-ns");
		strlist_take(args, xasprintf("%s:%s", namespaces_file(joined[i]), path));
	}
}

static int add_network(const struct container *c, struct criu_call *call, int *net_fd,
		       struct err *err)
{
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)c->pid);

	if (!c->config->namespaces[NS_NET].present)
		return 0;
	*net_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*net_fd < 0)
		return err_errno(err, "open '%s'", path);
	call->net_fd = *net_fd;
	strlist_add(&call->args, "--inherit-fd");
	strlist_take(&call->args, xasprintf("fd[%d]:" CRIU_NET_KEY, *net_fd));
	return 0;
}

static void add_lsm(const struct restore_request *request, struct strlist *args)
{
	if (request->lsm_profile) {
		strlist_add(args, "--lsm-profile");
		strlist_add(args, request->lsm_profile);
	}
	if (request->lsm_mount_context) {
		strlist_add(args, "--lsm-mount-context");
		strlist_add(args, request->lsm_mount_context);
	}
}

static int read_pid(struct container *c, struct err *err)
{
	autofree char *text = NULL;
	size_t len;
	int64_t pid;
	int rc = file_read_at(c->dir_fd, PID_FILE, 64, &text, &len, err);

	if (rc < 0)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	rc = str_to_i64(text, "the process id of criu", 1, INT32_MAX, &pid, err);
	(void)unlinkat(c->dir_fd, PID_FILE, 0);
	(void)unlinkat(c->dir_fd, ROOT_FOLDER, AT_REMOVEDIR);
	if (rc >= 0)
		c->pid = (pid_t)pid;
	return rc;
}

/* From here on what is in the cgroup is ours, and `delete --force` ends it. */
static int run(struct container *c, const struct restore_request *request,
	       const struct criu_call *call, struct err *err)
{
	if (mkdirat(c->dir_fd, ROOT_FOLDER, 0700) < 0)
		return err_errno(err, "create folder '%s'", call->root);
	cgroup_set_entered(c->state.cgroup);
	int rc = state_save_at(c->dir_fd, &c->state, err);

	if (rc >= 0)
		rc = criu_run(request->criu, call, err);
	if (rc < 0)
		return rc;
	let_holder_go(c);
	return read_pid(c, err);
}

int restore_process(struct container *c, const struct restore_request *request, struct err *err)
{
	autofree char *root = xasprintf("%s/" ROOT_FOLDER, c->path);
	autoclose int net_fd = -1, null_fd = -1;
	autocriucall struct criu_call call = { .net_fd = -1,
					       .rootfs = c->state.rootfs,
					       .root = root };

	criu_options_call(request->options, "restore", &call);
	strlist_add(&call.args, "--restore-detached");
	strlist_add(&call.args, "--restore-sibling");
	strlist_add(&call.args, "--root");
	strlist_add(&call.args, root);
	strlist_add(&call.args, "--pidfile");
	strlist_take(&call.args, xasprintf("%s/" PID_FILE, c->path));
	add_cgroup(c, &call);
	add_joined(c, &call.args);
	add_lsm(request, &call.args);
	int rc = add_network(c, &call, &net_fd, err);

	if (rc >= 0)
		rc = criu_mounts_restore(c->config, c->state.oci.bundle, c->state.rootfs, &call,
					 err);
	if (rc >= 0)
		rc = criu_stdio_restore(request->options->images, &call, &null_fd, err);
	return rc < 0 ? rc : run(c, request, &call, err);
}

/* ---- what it made ---- */

static void forget_pin(struct strmap *pins, const char *key)
{
	for (size_t i = 0; i < pins->n; i++) {
		if (!str_eq(pins->items[i].key, key))
			continue;
		free(pins->items[i].key);
		free(pins->items[i].value);
		pins->items[i] = pins->items[--pins->n];
		return;
	}
}

int restore_pins(struct container *c, struct err *err)
{
	int rc = 0;

	for (enum ns_type type = 0; rc >= 0 && c->state.persist && type < NS_COUNT; type++) {
		if (type == NS_PID || type == NS_NET || !(c->ns.new_flags & namespaces_flag(type)))
			continue;
		rc = pins_make(c->dir_fd, type, c->pid, err);
		bool ended = rc < 0 && !process_is_alive(c->pid, c->state.start_ticks);

		/* See create_pins.c for EINVAL; CRIU makes no other mount namespace for the asking. */
		if (rc >= 0 || (!ended && (rc != -EINVAL || type != NS_MOUNT)))
			continue;
		if (!ended)
			log_warning("container '%s': %s; its mounts end with the process, it "
				    "cannot be restarted",
				    c->id, err->msg);
		err_clear(err);
		forget_pin(&c->state.oci.namespaces, namespaces_file(type));
		rc = 0;
	}
	return rc;
}
