/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A container is made by create_steps, top to bottom, and taken away by their undo, bottom to top:
 * the same table serves a create that fails half-way and `delete`. "poststop" and "unpin" stand where
 * they do for that way back: the process is dead when poststop hooks run, and the pins are still
 * there for them.
 *
 * state.json is written before the first resource is made, so `delete --force` finds what a killed
 * create has left. Init waits for us at every turn and dies when our end of the socket closes.
 */
#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/process.h"
#include "common/steps.h"
#include "runtime/create_cgroup.h"
#include "runtime/create_pid_file.h"
#include "runtime/create_pins.h"
#include "runtime/create_state.h"
#include "runtime/hooks.h"
#include "runtime/init.h"
#include "runtime/intel_rdt.h"
#include "runtime/limits.h"
#include "runtime/mounts/hidden.h"
#include "runtime/notify.h"
#include "runtime/oom_score.h"
#include "runtime/pidfd_socket.h"
#include "runtime/pins.h"
#include "runtime/restore.h"
#include "runtime/root_dir.h"
#include "runtime/start_sock.h"
#include "runtime/sync.h"
#include "runtime/sysctl.h"
#include "runtime/userns.h"

#define INIT "the container's init"
/* Somebody who asks for our status holds the lock for a moment. */
#define RESERVE_WAIT_MS 1000

struct create {
	struct container *c;
	const struct create_request *request; /* NULL: delete or restart */
	char *config_text;
	size_t config_len;
	bool cloned; /* from here on poststop hooks have something to undo */
};

/* ---- reserve ---- */

/* The id is ours once mkdir has made its folder; the lock in it before anybody else can see it. */
static int step_reserve(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	c->root_fd = root_dir_ensure(c->root, !c->rights.no_mounts, err);
	if (c->root_fd < 0)
		return c->root_fd;
	if (mkdirat(c->root_fd, c->id, 0700) < 0) {
		if (errno == EEXIST)
			return err_set(err, EEXIST, "container with given ID already exists: '%s'",
				       c->id);
		return err_errno(err, "create folder '%s'", c->path);
	}
	c->dir_fd = openat(c->root_fd, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd >= 0)
		c->lock_fd = lock_open_at(c->dir_fd, "lock", LOCK_EXCLUSIVE, RESERVE_WAIT_MS, err);
	else
		(void)err_errno(err, "open folder '%s'", c->path);
	if (c->lock_fd >= 0 && container_is_current(c))
		return 0;
	if (c->lock_fd >= 0)
		return err_set(err, ECANCELED, "container '%s' was deleted while it was made",
			       c->id);
	/* A delete --force has it by now, or the folder is of no use: an empty one can go. */
	(void)unlinkat(c->root_fd, c->id, AT_REMOVEDIR);
	return -err->code;
}

static int undo_reserve(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;
	autoclose int fd = root_dir_open(c->root, err);

	if (fd < 0)
		return fd;
	int rc = 0;

	/* Who is killed on the way leaves a folder that can be locked still, or an empty one. */
	if (container_is_current(c))
		rc = file_remove_tree_last_at(fd, c->id, "lock", err);

	if (c->root_fd >= 0)
		(void)close(take_fd(&c->root_fd)); /* our own shared lock on it */
	return rc < 0 ? rc : root_dir_release(c->root, err);
}

static int step_state(void *ctx, struct err *err)
{
	struct create *create = ctx;
	int rc = file_write_atomic_at(create->c->dir_fd, "config.json", create->config_text,
				      create->config_len, 0600, err);

	return rc < 0 ? rc : state_save_at(create->c->dir_fd, &create->c->state, err);
}

static int step_notify(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	/* In a tree of mounts that is another's nothing is mounted. */
	if (!notify_host() || !c->config->has_process || c->ns.join_fds[NS_MOUNT] >= 0)
		return 0;
	c->notify_fd = notify_make(c->dir_fd, c->root, c->path, err);
	return c->notify_fd < 0 ? c->notify_fd : 0;
}

/* ---- the way back ---- */

static int undo_pins(void *ctx, struct err *err)
{
	return pins_remove(((struct create *)ctx)->c->dir_fd, err);
}

static int undo_poststop(void *ctx, struct err *err)
{
	const struct create *create = ctx;
	const struct hooks_run run = {
		.kind = HOOK_POSTSTOP,
		.config = create->c->config,
		.state = &create->c->state.oci,
		.cwd_fd = -1,
		.peer_fd = -1,
		.lock_fd = -1,
	};

	(void)err;
	if (create->cloned && !create->c->config)
		log_warning(
			"container '%s': its config.json cannot be read, no poststop hook is run",
			create->c->id);
	else if (create->cloned)
		hooks_run_all(&run);
	return 0;
}

static int undo_rdt(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	return intel_rdt_remove(c->config, c->id, err);
}

static int step_cgroup(void *ctx, struct err *err)
{
	return create_cgroup_make(((struct create *)ctx)->c, err);
}

static int step_cgroup_again(void *ctx, struct err *err)
{
	return create_cgroup_again(((struct create *)ctx)->c, err);
}

static int undo_cgroup(void *ctx, struct err *err)
{
	return create_cgroup_remove(((struct create *)ctx)->c, err);
}

static int undo_process(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	/* One whose pid nobody has told us ends when we have no more to say; its last words stay. */
	if (!c->pid && c->sync_fd >= 0)
		(void)shutdown(c->sync_fd, SHUT_WR);
	return container_kill(c, err);
}

static int step_rdt(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	return config_name(intel_rdt_make(c->config, c->id, err), err);
}

/* ---- the process ---- */

static pid_t clone_init(struct container *c, int init_fd)
{
	pid_t pid = init_clone_first(c);

	if (pid != 0)
		return pid;
	/* Our copy of the runtime's end would keep us from seeing that it has died. */
	(void)close(c->sync_fd);
	c->sync_fd = init_fd;
	if (c->ns.staged)
		init_stage_main(c);
	init_main(c);
}

static int fail_clone(const struct container *c, struct err *err)
{
	const char *hint = "";

	if (errno == ENOSPC)
		hint = "; a limit of /proc/sys/user/max_*_namespaces is reached";
	else if (errno == EPERM && c->ns.new_flags & CLONE_NEWUSER)
		hint = "; this system does not allow user namespaces";
	return err_errno(err, "clone the container's process into its namespaces%s", hint);
}

/* The process in between reports the pid of init and ends. */
static int receive_staged(struct container *c, pid_t stage, struct err *err)
{
	struct sync_msg msg;
	int rc = sync_expect(c->sync_fd, SYNC_STAGED, "the process that joins namespaces", &msg,
			     err);

	(void)waitpid(stage, NULL, 0);
	if (rc >= 0)
		c->pid = msg.pid;
	return rc;
}

static int step_process(void *ctx, struct err *err)
{
	struct create *create = ctx;
	struct container *c = create->c;
	int fds[2];

	c->listen_fd = start_sock_listen(c->dir_fd, err);
	if (c->listen_fd < 0)
		return c->listen_fd;
	int rc = sync_pair(fds, err);

	if (rc < 0)
		return rc;
	autoclose int init_fd = fds[1];

	c->sync_fd = fds[0];
	create->cloned = true;
	c->runtime_pid = getpid();
	pid_t pid = clone_init(c, init_fd);

	if (pid < 0)
		rc = fail_clone(c, err);
	(void)close(take_fd(&c->listen_fd));
	if (c->console_fd >= 0)
		(void)close(take_fd(&c->console_fd));
	idmaps_close(&c->idmaps);
	if (rc < 0)
		return rc;
	c->pid = c->ns.staged ? 0 : pid;
	return c->ns.staged ? receive_staged(c, pid, err) : 0;
}

/* In our own mounts and with our own rights: in its user namespace init has none over the source. */
static int step_idmaps(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	return idmaps_open(c->config, c->ns.join_fds[NS_USER], &c->idmaps, err);
}

static int step_enter(void *ctx, struct err *err)
{
	return create_cgroup_enter(((struct create *)ctx)->c, err);
}

static int step_resources(void *ctx, struct err *err)
{
	return create_cgroup_limits(((struct create *)ctx)->c, err);
}

static int step_maps(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	if (!(c->ns.new_flags & CLONE_NEWUSER))
		return 0;
	return userns_write_maps(c->config, c->pid, &c->rights, err);
}

static int step_rdt_enter(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	return intel_rdt_enter(c->config, c->id, c->pid, err);
}

static int step_time(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	if (!(c->ns.late_flags & CLONE_NEWTIME))
		return 0;
	int rc = sync_send(c->sync_fd, SYNC_TIME, 0, err);

	return rc < 0 ? rc : sync_expect(c->sync_fd, SYNC_TIMED, INIT, NULL, err);
}

static int step_oom(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	return oom_score_set(c->pid, &c->config->process, c->rights.rootless, err);
}

static int step_limits(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;

	return limits_raise(c->pid, &c->config->process.rlimits, err);
}

static int step_pins(void *ctx, struct err *err)
{
	return create_pins_make(((struct create *)ctx)->c, err);
}

/* Init has done nothing yet: from here on a crash of ours is found by its pid. */
static int step_pid(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	c->state.oci.pid = c->pid;
	int rc = process_start_time(c->pid, &c->state.start_ticks, err);

	return rc < 0 ? rc : state_save_at(c->dir_fd, &c->state, err);
}

static int step_proceed(void *ctx, struct err *err)
{
	const struct container *c = ((struct create *)ctx)->c;
	int rc = step_pid(ctx, err);

	return rc < 0 ? rc : sync_send(c->sync_fd, SYNC_PROCEED, 0, err);
}

static int run_runtime_hooks(struct container *c, struct err *err)
{
	struct hooks_run run = {
		.config = c->config,
		.state = &c->state.oci,
		.pid = c->pid,
		.cwd_fd = -1,
		.peer_fd = c->sync_fd,
		.lock_fd = c->lock_fd,
	};

	run.kind = HOOK_PRESTART;
	int rc = hooks_run(&run, err);

	run.kind = HOOK_CREATE_RUNTIME;
	if (rc >= 0)
		rc = hooks_run(&run, err);
	return rc;
}

static int step_runtime_hooks(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	if (!c->config->hooks[HOOK_PRESTART].n && !c->config->hooks[HOOK_CREATE_RUNTIME].n)
		return 0;
	int rc = sync_expect(c->sync_fd, SYNC_MOUNTED, INIT, NULL, err);

	if (rc >= 0)
		rc = run_runtime_hooks(c, err);
	return rc < 0 ? rc : sync_send(c->sync_fd, SYNC_PROCEED, 0, err);
}

static int step_ready(void *ctx, struct err *err)
{
	return sync_expect(((struct create *)ctx)->c->sync_fd, SYNC_READY, INIT, NULL, err);
}

/* Before the pid file: whoever reads that may count on the other. */
static int step_pidfd(void *ctx, struct err *err)
{
	const struct create *create = ctx;

	if (!create->request->pidfd_socket)
		return 0;
	return pidfd_socket_send(create->request->pidfd_socket, create->c->pid, err);
}

static int step_pid_file(void *ctx, struct err *err)
{
	const struct create *create = ctx;

	return create->request ? create_pid_file(create->request->pid_file, create->c->pid, err)
			       : 0;
}

static int undo_pid_file(void *ctx, struct err *err)
{
	const struct create *create = ctx;

	return create->request ? create_pid_file_remove(create->request->pid_file, err) : 0;
}

static int step_made(void *ctx, struct err *err)
{
	struct container *c = ((struct create *)ctx)->c;

	c->state.oci.status = OCI_STATUS_CREATED;
	return state_save_at(c->dir_fd, &c->state, err);
}

static int step_commit(void *ctx, struct err *err)
{
	int rc = step_made(ctx, err);

	return rc < 0 ? rc : sync_send(((struct create *)ctx)->c->sync_fd, SYNC_RELEASE, 0, err);
}

/* ---- restore ---- */

static int step_holder(void *ctx, struct err *err)
{
	struct create *create = ctx;

	create->cloned = true;
	return restore_holder(create->c, err);
}

static int step_restore_hooks(void *ctx, struct err *err)
{
	return run_runtime_hooks(((struct create *)ctx)->c, err);
}

static int step_restore(void *ctx, struct err *err)
{
	struct create *create = ctx;

	return restore_process(create->c, create->request->restore, err);
}

static int step_restore_pins(void *ctx, struct err *err)
{
	return restore_pins(((struct create *)ctx)->c, err);
}

static const struct step create_steps[] = {
	{ .name = "create.reserve", .run = step_reserve, .undo = undo_reserve },
	{ .name = "create.state", .run = step_state },
	{ .name = "create.notify", .run = step_notify },
	{ .name = "create.unpin", .undo = undo_pins },
	{ .name = "create.rdt", .run = step_rdt, .undo = undo_rdt },
	{ .name = "create.poststop", .undo = undo_poststop },
	{ .name = "create.idmaps", .run = step_idmaps },
	{ .name = "create.cgroup", .run = step_cgroup, .undo = undo_cgroup },
	{ .name = "create.process", .run = step_process, .undo = undo_process },
	{ .name = "create.enter", .run = step_enter },
	{ .name = "create.resources", .run = step_resources },
	{ .name = "create.maps", .run = step_maps },
	{ .name = "create.rdt-enter", .run = step_rdt_enter },
	{ .name = "create.time", .run = step_time },
	{ .name = "create.oom", .run = step_oom },
	{ .name = "create.limits", .run = step_limits },
	{ .name = "create.pins", .run = step_pins },
	{ .name = "create.proceed", .run = step_proceed },
	{ .name = "create.hooks", .run = step_runtime_hooks },
	{ .name = "create.ready", .run = step_ready },
	{ .name = "create.pidfd", .run = step_pidfd },
	{ .name = "create.pid-file", .run = step_pid_file, .undo = undo_pid_file },
	{ .name = "create.commit", .run = step_commit },
};

/* In the way of create: the undo of both is that of create_steps. */
static const struct step restore_steps[] = {
	{ .name = "restore.reserve", .run = step_reserve, .undo = undo_reserve },
	{ .name = "restore.state", .run = step_state },
	{ .name = "restore.unpin", .undo = undo_pins },
	{ .name = "restore.rdt", .run = step_rdt, .undo = undo_rdt },
	{ .name = "restore.poststop", .undo = undo_poststop },
	{ .name = "restore.cgroup", .run = step_cgroup, .undo = undo_cgroup },
	{ .name = "restore.holder", .run = step_holder, .undo = undo_process },
	{ .name = "restore.held", .run = step_pid },
	{ .name = "restore.hooks", .run = step_restore_hooks },
	{ .name = "restore.process", .run = step_restore, .undo = undo_process },
	{ .name = "restore.running", .run = step_pid },
	{ .name = "restore.resources", .run = step_resources },
	{ .name = "restore.rdt-enter", .run = step_rdt_enter },
	{ .name = "restore.pins", .run = step_restore_pins },
	{ .name = "restore.pid-file", .run = step_pid_file, .undo = undo_pid_file },
	{ .name = "restore.commit", .run = step_made },
};

static const struct step again_steps[] = {
	{ .name = "restart.cgroup", .run = step_cgroup_again },
	{ .name = "restart.process", .run = step_process, .undo = undo_process },
	{ .name = "restart.enter", .run = step_enter },
	{ .name = "restart.rdt-enter", .run = step_rdt_enter },
	{ .name = "restart.oom", .run = step_oom },
	{ .name = "restart.limits", .run = step_limits },
	{ .name = "restart.proceed", .run = step_proceed },
	{ .name = "restart.ready", .run = step_ready },
	{ .name = "restart.commit", .run = step_commit },
};

/* ---- the whole ---- */

static int enter_bundle(const char *bundle, struct err *err)
{
	if (bundle && chdir(bundle) < 0)
		return err_errno(err, "enter bundle '%s'", bundle);
	return 0;
}

int create_container(struct container *c, const struct create_request *request, struct err *err)
{
	autofree char *text = NULL;
	struct create create = { .c = c, .request = request };
	int rc = container_name(c, request->root, request->id, err);

	if (rc >= 0)
		rc = enter_bundle(request->bundle, err);
	if (rc >= 0)
		rc = config_load_at(AT_FDCWD, request->config ? request->config : "config.json",
				    &c->config, &text, &create.config_len, err);
	if (rc >= 0)
		rc = rights_look(request->rootless, &c->rights, err);
	if (rc >= 0)
		rc = create_prepare(c, request, err);
	if (rc >= 0)
		rc = config_name(intel_rdt_check(c->config, c->id, err), err);
	if (rc >= 0)
		rc = namespaces_open(c->config, &c->ns, err);
	if (rc >= 0)
		rc = sysctl_check_joined(c->config, &c->ns, err);
	if (rc >= 0)
		rc = create_fill_state(c, !request->no_persist && !c->rights.no_mounts, err);
	if (rc >= 0 && !c->rights.no_mounts)
		rc = hidden_find(c->config, c->root, &c->hidden, err);
	if (rc >= 0)
		rc = seccomp_filter_prepare(&c->config->seccomp, c->root, &c->seccomp, err);
	if (rc >= 0)
		rc = create_cgroup_plan(c, request->cgroup_manager, err);
	if (rc < 0)
		return rc;
	if (c->hidden.n && c->config->namespaces[NS_USER].present)
		c->ns.staged = true;
	create.config_text = text;
	c->request = request;
	rc = request->restore ? steps_run(restore_steps, ARRAY_SIZE(restore_steps), &create, err)
			      : steps_run(create_steps, ARRAY_SIZE(create_steps), &create, err);
	if (rc < 0 && c->sync_fd >= 0)
		sync_last_words(c->sync_fd, err);
	return rc < 0 ? -err->code : 0;
}

int create_undo(struct container *c, struct err *err)
{
	struct create create = { .c = c, .cloned = c->state.start_ticks != 0 };
	/* From a process that lives nothing is taken away: its address least of all. */
	int rc = container_kill(c, err);

	return rc < 0 ? rc : steps_undo(create_steps, ARRAY_SIZE(create_steps), &create, err);
}

int create_again(struct container *c, struct err *err)
{
	static const struct create_request plain = { .detach = true };
	struct create create = { .c = c };

	c->request = &plain;
	int rc = seccomp_filter_prepare(&c->config->seccomp, c->root, &c->seccomp, err);

	if (rc < 0)
		return rc;
	rc = steps_run(again_steps, ARRAY_SIZE(again_steps), &create, err);
	if (rc < 0 && c->sync_fd >= 0)
		sync_last_words(c->sync_fd, err);
	return rc < 0 ? -err->code : 0;
}
