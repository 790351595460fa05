/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order of things in the container's first process (DESIGN 3.3):
 *
 *	setup_steps	up to "ready": mounts, createContainer hooks, pivot_root, seal
 *	wait_start	on start.sock
 *	start_steps	startContainer hooks, then what takes privileges away, then execve
 *
 * Whenever the runtime dies before it has released us, its end of the socket is closed and the next
 * message fails: we die too, and the mounts with us.
 */
#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/signals.h"
#include "common/steps.h"
#include "runtime/create.h"
#include "runtime/create_cgroup.h"
#include "runtime/exec.h"
#include "runtime/hooks.h"
#include "runtime/identity.h"
#include "runtime/keyring.h"
#include "runtime/launch.h"
#include "runtime/lsm.h"
#include "runtime/mount_ns.h"
#include "runtime/mounts/hidden.h"
#include "runtime/mounts/rootfs.h"
#include "runtime/notify.h"
#include "runtime/procfs.h"
#include "runtime/scheduling.h"
#include "runtime/start_sock.h"
#include "runtime/sync.h"
#include "runtime/sysctl.h"
#include "runtime/terminal.h"
#include "runtime/time_offsets.h"

#define RUNTIME "the runtime"

struct init {
	struct container *c;
	struct rootfs rootfs;
	int proc_fd;        /* the host's procfs while sysctls are to be set; -1 */
	struct strlist env; /* of the user's process, and of startContainer hooks */
	bool notifies;      /* the process gets a NOTIFY_SOCKET */
	int report_fd;      /* where an error goes: sync_fd, then the start connection */
};

pid_t init_clone(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}

	/* With CLONE_PARENT the signal is the parent's own (clone(2)). */
	if (flags & CLONE_PARENT)
		args.exit_signal = 0;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/*
 * A cgroup namespace has for its root the group that its maker is in. clone3 takes that of the runtime,
 * CLONE_INTO_CGROUP or not, so init makes the namespace once it is in its group. The process in between
 * is in there before it clones.
 */
static uint64_t flags_of(const struct container *c)
{
	uint64_t own = create_cgroup_by_init(c) ? CLONE_NEWCGROUP : 0;

	return c->ns.new_flags & ~(c->ns.late_flags | own);
}

pid_t init_clone_first(const struct container *c)
{
	if (c->ns.staged)
		return init_clone(0, -1);
	return init_clone(flags_of(c), cgroup_clone_fd(c->state.cgroup));
}

/* ---- up to "ready" ---- */

/* Before anything else, so that all that it does is the container's. */
static int step_cgroup(void *ctx, struct err *err)
{
	const struct container *c = ((const struct init *)ctx)->c;
	struct cgroup *cgroup = c->state.cgroup;
	int rc = 0;

	if (!create_cgroup_by_init(c)) {
		cgroup_close(cgroup);
		return 0;
	}
	if (cgroup_needs_entry(cgroup))
		rc = cgroup_enter(cgroup, 0, err);
	if (rc >= 0 && (c->ns.new_flags & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		rc = err_errno(err, "make a cgroup namespace");
	cgroup_close(cgroup);
	return rc < 0 ? rc : sync_send(c->sync_fd, SYNC_ENTERED, 0, err);
}

/* Until the runtime has mapped our ids and pinned our namespaces. */
static int wait_pinned(const struct container *c, struct err *err)
{
	struct sync_msg msg;
	int rc;

	while ((rc = sync_receive(c->sync_fd, &msg, err)) > 0) {
		if (msg.type == SYNC_RENEW) {
			rc = mount_ns_renew(msg.pid, err);
			if (rc >= 0)
				rc = sync_send(c->sync_fd, SYNC_RENEWED, 0, err);
		} else if (msg.type == SYNC_TIME) {
			rc = time_offsets_apply(c->config, err);
			if (rc >= 0)
				rc = sync_send(c->sync_fd, SYNC_TIMED, 0, err);
		} else {
			break;
		}
		if (rc < 0)
			return rc;
	}
	if (rc <= 0)
		return rc < 0 ? rc : err_set(err, ECONNRESET, RUNTIME " died unexpectedly");
	return msg.type == SYNC_PROCEED ? 0 : err_set(err, EPROTO, "message %d", msg.type);
}

/*
 * A normal user who made us writes our id maps, and the hooks of create enter our namespaces (pasta,
 * slirp4netns): /proc/<pid> must be that user's, so we stay dumpable for as long as nobody can be in
 * here with us. Root needs no such favour, and where we join somebody else, it would be his.
 */
static bool is_open_to_user(const struct container *c)
{
	return c->rights.no_namespaces && !c->ns.staged;
}

static int step_namespaces(void *ctx, struct err *err)
{
	struct init *init = ctx;
	const struct namespaces *ns = &init->c->ns;
	int rc = wait_pinned(init->c, err);

	if (rc >= 0 && !ns->staged)
		rc = namespaces_join(ns, err);
	if (rc >= 0 && (ns->new_flags & CLONE_NEWUSER || ns->join_fds[NS_USER] >= 0))
		rc = identity_become_root(err);
	if (rc >= 0 && is_open_to_user(init->c))
		(void)prctl(PR_SET_DUMPABLE, 1); /* another uid took it away */
	return rc;
}

static int step_keyring(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return keyring_join(init->c, init->rootfs.new_userns, err);
}

static int step_names(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct config *config = init->c->config;

	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return err_errno(err, "set hostname '%s'", config->hostname);
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return err_errno(err, "set domainname '%s'", config->domainname);
	return 0;
}

static int step_lo(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return (init->c->ns.new_flags & CLONE_NEWNET) ? namespaces_raise_lo(err) : 0;
}

static int step_mount(void *ctx, struct err *err)
{
	struct init *init = ctx;

	/* The runtime has changed into the bundle; its own descriptor is of its own mounts. */
	init->rootfs.bundle_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (init->rootfs.bundle_fd < 0)
		return err_errno(err, "open the bundle");
	int rc = rootfs_mount(&init->rootfs, err);

	/* In a user namespace there is none left (init_stage_main). */
	if (rc >= 0 && !init->rootfs.new_userns)
		hidden_mark(&init->c->hidden);
	return rc;
}

/* From before pivot_root until the parameters are set, where there are any. */
static int step_procfs(void *ctx, struct err *err)
{
	struct init *init = ctx;

	if (init->c->config->sysctl.n > 0)
		init->proc_fd = procfs_open(err);
	return init->c->config->sysctl.n > 0 && init->proc_fd < 0 ? init->proc_fd : 0;
}

static int step_mounts(void *ctx, struct err *err)
{
	struct init *init = ctx;
	int rc = rootfs_mounts(&init->rootfs, err);

	if (rc >= 0 && init->c->notify_fd >= 0) {
		rc = notify_attach(init->rootfs.root_fd, init->c->notify_fd, err);
		(void)close(take_fd(&init->c->notify_fd));
		init->notifies = true;
	}
	idmaps_close(&init->c->idmaps);
	return rc;
}

static int step_devices(void *ctx, struct err *err)
{
	struct init *init = ctx;

	return rootfs_devices(&init->rootfs, err);
}

/* Made while the root can still be written to; runc and crun make it too. */
static int step_cwd(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct config *config = init->c->config;

	if (!config->has_process || init->rootfs.joined_mntns)
		return 0;
	autoclose int fd = file_mkdir_in_root(init->rootfs.root_fd, config->process.cwd, 0755, err);

	return fd < 0 ? err_ctx(err, "config.json: process.cwd") : 0;
}

static int step_runtime_hooks(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct config_hooks *hooks = init->c->config->hooks;

	if (!hooks[HOOK_PRESTART].n && !hooks[HOOK_CREATE_RUNTIME].n)
		return 0;
	int rc = sync_send(init->c->sync_fd, SYNC_MOUNTED, 0, err);

	return rc < 0 ? rc : sync_expect(init->c->sync_fd, SYNC_PROCEED, RUNTIME, NULL, err);
}

static int step_container_hooks(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct hooks_run run = {
		.kind = HOOK_CREATE_CONTAINER,
		.config = init->c->config,
		.state = &init->c->state.oci,
		.pid = getpid(),
		.cwd_fd = init->rootfs.root_fd,
		.peer_fd = init->report_fd,
		.lock_fd = -1,
	};

	return hooks_run(&run, err);
}

static int step_pivot(void *ctx, struct err *err)
{
	struct init *init = ctx;

	return rootfs_pivot(&init->rootfs, err);
}

/* After pivot_root, with "/" the container's and its mounts there; /dev may still be written to. */
static int step_terminal(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	struct container *c = init->c;
	enum terminal_console console = c->replace ? TERMINAL_CONSOLE_REPLACE
						   : TERMINAL_CONSOLE_BIND;

	/* In a tree of mounts that is another's nothing is changed. */
	if (c->config->namespaces[NS_MOUNT].path)
		console = TERMINAL_CONSOLE_NONE;
	int rc = terminal_make(&c->config->process, c->console_fd, console, err);

	if (c->console_fd >= 0)
		(void)close(take_fd(&c->console_fd));
	return rc;
}

static int step_sysctl(void *ctx, struct err *err)
{
	struct init *init = ctx;
	int rc = sysctl_write(init->c->config, init->proc_fd, err);

	if (init->proc_fd >= 0)
		(void)close(take_fd(&init->proc_fd));
	return rc;
}

static int step_seal(void *ctx, struct err *err)
{
	struct init *init = ctx;

	return rootfs_seal(&init->rootfs, err);
}

/* A startContainer hook may still bring it. */
static int step_program(void *ctx, struct err *err)
{
	const struct config *config = ((const struct init *)ctx)->c->config;

	if (!config->has_process || config->hooks[HOOK_START_CONTAINER].n > 0)
		return 0;
	return exec_check_there(&config->process, err);
}

/*
 * A new process in the namespaces of the one before: all is as that left it, but the pid namespace
 * is new and wants a /proc of its own in place of the old one.
 */
static int step_proc(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	if (!(init->c->ns.new_flags & CLONE_NEWPID))
		return 0;
	if (chdir("/") < 0)
		return err_errno(err, "enter '/' of the container");
	return rootfs_replace_proc(init->c->config, init->c->null_fd, err);
}

static const struct step setup_steps[] = {
	{ .name = "init.cgroup", .run = step_cgroup },
	{ .name = "init.namespaces", .run = step_namespaces },
	{ .name = "init.keyring", .run = step_keyring },
	{ .name = "init.names", .run = step_names },
	{ .name = "init.lo", .run = step_lo },
	{ .name = "init.rootfs", .run = step_mount },
	{ .name = "init.mounts", .run = step_mounts },
	{ .name = "init.devices", .run = step_devices },
	{ .name = "init.cwd", .run = step_cwd },
	{ .name = "init.runtime-hooks", .run = step_runtime_hooks },
	{ .name = "init.createContainer", .run = step_container_hooks },
	{ .name = "init.procfs", .run = step_procfs },
	{ .name = "init.pivot", .run = step_pivot },
	{ .name = "init.sysctl", .run = step_sysctl },
	{ .name = "init.terminal", .run = step_terminal },
	{ .name = "init.seal", .run = step_seal },
	{ .name = "init.program", .run = step_program },
};

static const struct step restart_steps[] = {
	{ .name = "init.cgroup", .run = step_cgroup },
	{ .name = "init.namespaces", .run = step_namespaces },
	{ .name = "init.keyring", .run = step_keyring },
	{ .name = "init.proc", .run = step_proc },
	{ .name = "init.terminal", .run = step_terminal },
};

/* ---- from start to execve ---- */

static int step_start_hooks(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	const struct config *config = init->c->config;
	char *none[] = { NULL };
	const struct hooks_run run = {
		.kind = HOOK_START_CONTAINER,
		.config = config,
		.state = &init->c->state.oci,
		.pid = getpid(),
		.envp = init->env.n ? init->env.items : none,
		.cwd_fd = -1,
		.peer_fd = init->report_fd,
		.lock_fd = -1,
	};

	return hooks_run(&run, err);
}

static int step_enter_cwd(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return exec_enter_cwd(&init->c->config->process, err);
}

static int step_scheduling(void *ctx, struct err *err)
{
	const struct config *config = ((const struct init *)ctx)->c->config;

	return scheduling_apply(config, &config->process, err);
}

static int step_labels(void *ctx, struct err *err)
{
	struct container *c = ((struct init *)ctx)->c;

	return lsm_apply(&c->config->process, &c->proc_fd, err);
}

static int step_identity(void *ctx, struct err *err)
{
	const struct init *init = ctx;

	return identity_apply(&init->c->config->process, init->c->seccomp.code != NULL, err);
}

static int step_exec(void *ctx, struct err *err)
{
	const struct init *init = ctx;
	/* The one in report_fd is the answer to `start` when it closes. */
	const struct launch launch = { .process = &init->c->config->process,
				       .env = &init->env,
				       .fds = &init->c->request->fds,
				       .filter = &init->c->seccomp,
				       .report_fd = init->report_fd };

	return launch_process(&launch, err);
}

static const struct step start_steps[] = {
	{ .name = "init.cwd-enter", .run = step_enter_cwd },
	{ .name = "init.startContainer", .run = step_start_hooks },
	{ .name = "init.scheduling", .run = step_scheduling },
	{ .name = "init.labels", .run = step_labels },
	{ .name = "init.identity", .run = step_identity },
	{ .name = "init.exec", .run = step_exec },
};

/* ---- the whole ---- */

/* What is the runtime's and must not stay with a process that lives in the container. */
static void close_runtime_fds(struct container *c)
{
	int *fds[] = { &c->lock_fd, &c->dir_fd, &c->root_fd, &c->tty_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			(void)close(*fds[i]);
		*fds[i] = -1;
	}
}

static void __attribute__((noreturn)) die(const struct init *init, const struct err *err)
{
	if (init->report_fd >= 0)
		sync_send_error(init->report_fd, err);
	_exit(EXIT_FAILURE);
}

static void wait_release(struct init *init)
{
	struct err err = ERR_INIT;

	(void)prctl(PR_SET_DUMPABLE, 0);
	if (sync_send(init->c->sync_fd, SYNC_READY, 0, &err) < 0 ||
	    sync_expect(init->c->sync_fd, SYNC_RELEASE, RUNTIME, NULL, &err) < 0)
		die(init, &err);
	(void)close(init->c->sync_fd);
	init->c->sync_fd = -1;
	init->report_fd = -1;
}

static void wait_start(struct init *init)
{
	struct err err = ERR_INIT;

	init->report_fd = start_sock_accept(init->c->listen_fd, &err);
	if (init->report_fd < 0)
		die(init, &err);
	exec_environment(&init->c->config->process, &init->env);
	passed_fds_environment(&init->c->request->fds, &init->env);
	if (init->notifies)
		exec_set_environment(&init->env,
				     xstrdup("NOTIFY_SOCKET=" NOTIFY_IN_CONTAINER "/" NOTIFY_SOCK));
}

void init_main(struct container *c)
{
	struct init init = {
		.c = c,
		.report_fd = c->sync_fd,
		.proc_fd = -1,
		.rootfs = { .config = c->config,
			    .no_pivot = c->request->no_pivot,
			    .idmaps = &c->idmaps,
			    .runtime_pid = c->runtime_pid,
			    .bundle_fd = -1,
			    .root_fd = -1,
			    .null_fd = -1,
			    .new_userns = c->ns.new_flags & CLONE_NEWUSER ||
					  c->ns.join_fds[NS_USER] >= 0,
			    .joined_mntns = c->ns.join_fds[NS_MOUNT] >= 0 },
	};
	struct err err = ERR_INIT;
	int rc;

	close_runtime_fds(c);
	/* Nobody in the container may look into us while we still have the host in our memory. */
	(void)prctl(PR_SET_DUMPABLE, is_open_to_user(c));
	(void)setsid();
	/* `run` has its signals blocked, to wait for them; who called us may ignore some. */
	signals_reset();
	rc = c->replace ? steps_run(restart_steps, ARRAY_SIZE(restart_steps), &init, &err)
			: steps_run(setup_steps, ARRAY_SIZE(setup_steps), &init, &err);
	if (rc < 0)
		die(&init, &err);
	wait_release(&init);
	wait_start(&init);
	(void)steps_run(start_steps, ARRAY_SIZE(start_steps), &init, &err);
	die(&init, &err);
}

void init_stage_main(struct container *c)
{
	struct err err = ERR_INIT;

	/* Who is in there already may look at us from now on. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	close_runtime_fds(c);
	int rc = cgroup_enter(c->state.cgroup, 0, &err);

	cgroup_close(c->state.cgroup);
	/* While we may: in the user namespace these mounts are locked. */
	if (rc >= 0 && c->hidden.n)
		rc = hidden_leave(&c->hidden, &err);
	if (rc >= 0)
		rc = namespaces_join(&c->ns, &err);
	if (rc >= 0) {
		pid_t pid = init_clone(flags_of(c) | CLONE_PARENT, -1);

		if (pid == 0)
			init_main(c);
		if (pid > 0 && sync_send(c->sync_fd, SYNC_STAGED, pid, &err) >= 0)
			_exit(EXIT_SUCCESS);
		if (pid < 0)
			(void)err_errno(&err, "clone the container's process");
	}
	sync_send_error(c->sync_fd, &err);
	_exit(EXIT_FAILURE);
}
