/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Three processes, so that nothing of the host is in sight of the container:
 *
 *	the runtime	stays where it is
 *	stage		closes all that the process does not need, goes into the cgroup and all
 *			namespaces at once, makes the process and ends
 *	process		a child of the runtime (CLONE_PARENT), so that it is the caller's once the runtime
 *			ends; born in the container, pid namespace included
 *
 * Both have the runtime's memory until execve: neither can be looked into (PR_SET_DUMPABLE), and the
 * program that they run is a copy that cannot be written to (self.h).
 */
#include "runtime/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fds.h"
#include "common/file.h"
#include "common/process.h"
#include "common/signals.h"
#include "common/steps.h"
#include "runtime/enter_cgroup.h"
#include "runtime/exec.h"
#include "runtime/identity.h"
#include "runtime/init.h"
#include "runtime/intel_rdt.h"
#include "runtime/keyring.h"
#include "runtime/launch.h"
#include "runtime/limits.h"
#include "runtime/lsm.h"
#include "runtime/oom_score.h"
#include "runtime/scheduling.h"
#include "runtime/seccomp_notify.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

struct enter {
	const struct enter_request *request;
	struct config_process *process;
	struct strlist env;
	int sync_fd;
	uint64_t flags; /* CLONE_NEW* to join */
};

/* ---- in the container ---- */

static int step_user(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return (enter->flags & CLONE_NEWUSER) ? identity_become_root(err) : 0;
}

static int step_terminal(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return terminal_make(enter->process, enter->request->c->console_fd, TERMINAL_CONSOLE_NONE,
			     err);
}

static int step_environment(void *ctx, struct err *err)
{
	struct enter *enter = ctx;

	(void)err;
	exec_environment(enter->process, &enter->env);
	return 0;
}

static int step_cwd(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return exec_enter_cwd(enter->process, err);
}

static int step_keyring(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return keyring_join(enter->request->c, enter->flags & CLONE_NEWUSER, err);
}

static int step_scheduling(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return scheduling_apply(enter->request->c->config, enter->process, err);
}

static int step_labels(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return lsm_apply(enter->process, &enter->request->c->proc_fd, err);
}

static int step_identity(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;

	return identity_apply(enter->process, enter->request->c->seccomp.code != NULL, err);
}

static int step_exec(void *ctx, struct err *err)
{
	const struct enter *enter = ctx;
	const struct launch launch = { .process = enter->process,
				       .env = &enter->env,
				       .fds = &enter->request->fds,
				       .filter = &enter->request->c->seccomp,
				       .report_fd = enter->sync_fd };

	return launch_process(&launch, err);
}

static const struct step process_steps[] = {
	{ .name = "exec.user", .run = step_user },
	{ .name = "exec.keyring", .run = step_keyring },
	{ .name = "exec.terminal", .run = step_terminal },
	{ .name = "exec.environment", .run = step_environment },
	{ .name = "exec.cwd", .run = step_cwd },
	{ .name = "exec.scheduling", .run = step_scheduling },
	{ .name = "exec.labels", .run = step_labels },
	{ .name = "exec.identity", .run = step_identity },
	{ .name = "exec.exec", .run = step_exec },
};

static void __attribute__((noreturn)) process_main(struct enter *enter)
{
	struct err err = ERR_INIT;

	(void)setsid();
	signals_reset();
	(void)steps_run(process_steps, ARRAY_SIZE(process_steps), enter, &err);
	sync_send_error(enter->sync_fd, &err);
	_exit(EXIT_FAILURE);
}

/* ---- on the way ---- */

static int not_running(const struct enter *enter, struct err *err)
{
	return err_set(err, ESRCH, "container '%s': container not running", enter->request->c->id);
}

static int join(const struct enter *enter, struct err *err)
{
	if (!enter->flags || setns(enter->request->pid_fd, (int)enter->flags) == 0)
		return 0;
	if (errno == ESRCH)
		return not_running(enter, err);
	return err_errno(err, "join the namespaces of container '%s'", enter->request->c->id);
}

static int stage(struct enter *enter, struct err *err)
{
	const struct config_cpu_affinity *cpus = &enter->process->cpu_affinity;
	int keep[] = { enter->sync_fd, enter->request->pid_fd, enter->request->c->console_fd,
		       enter->request->c->proc_fd };
	const struct container *c = enter->request->c;
	/* On ourselves: what we make inherits it, and in the container /proc may be anything. */
	int rc = oom_score_set(0, enter->process, c->rights.rootless, err);

	if (rc >= 0)
		rc = intel_rdt_enter(c->config, c->id, getpid(), err);
	if (rc >= 0)
		rc = limits_raise(0, &enter->process->rlimits, err);
	/* The cgroup is entered between the two (config.md, "execCPUAffinity"). */
	if (rc >= 0)
		rc = scheduling_affinity(0, &cpus->initial, "initial", err);
	if (rc >= 0)
		rc = enter_cgroup(enter->request->c, enter->request->cgroups, err);
	if (rc >= 0)
		rc = scheduling_affinity(0, &cpus->final, "final", err);
	if (rc < 0)
		return rc;
	fds_close_except(passed_fds_end(&enter->request->fds), keep, ARRAY_SIZE(keep));
	rc = join(enter, err);
	if (rc < 0)
		return rc;
	pid_t pid = init_clone(CLONE_PARENT, -1);

	if (pid == 0)
		process_main(enter);
	/* A pid namespace whose first process has ended takes no other one (pid_namespaces(7)). */
	if (pid < 0 && errno == ENOMEM && enter->flags & CLONE_NEWPID)
		return not_running(enter, err);
	if (pid < 0)
		return err_errno(err, "clone the process");
	return sync_send(enter->sync_fd, SYNC_STAGED, pid, err);
}

static void __attribute__((noreturn)) stage_main(struct enter *enter)
{
	struct err err = ERR_INIT;

	if (stage(enter, &err) < 0) {
		sync_send_error(enter->sync_fd, &err);
		_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

/* ---- the runtime ---- */

/* The kernel refuses to join the user namespace that one is in. */
static bool is_own_userns(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat("/proc/self/ns/user", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static uint64_t flags_to_join(const struct container *c)
{
	uint64_t flags = 0;

	for (enum ns_type type = 0; type < NS_COUNT; type++)
		if (c->config->namespaces[type].present)
			flags |= namespaces_flag(type);
	if (flags & CLONE_NEWUSER && is_own_userns(c->state.oci.pid))
		flags &= ~(uint64_t)CLONE_NEWUSER;
	return flags;
}

/* The process may wait for its agent to let it execute: as soon as there is all that the agent is told. */
static int hand_listener_over(const struct container *c, int *agent_fd, int *listener_fd, pid_t pid,
			      struct err *err)
{
	if (*agent_fd < 0 || *listener_fd < 0 || !pid)
		return 0;
	int rc = seccomp_notify_send(*agent_fd, *listener_fd, &c->config->seccomp, &c->state.oci,
				     pid, err);

	(void)close(take_fd(agent_fd));
	(void)close(take_fd(listener_fd));
	return rc;
}

/*
 * What both have to say, in whatever order it comes, until both have closed the socket: stage by its end,
 * the process by executing its program. *pid is the process's, 0 when it was not made. A listener goes
 * to *agent_fd, which is closed behind it.
 */
static int listen_to(const struct container *c, int fd, int *agent_fd, pid_t *pid, struct err *err)
{
	autoclose int listener_fd = -1;
	struct sync_msg msg;
	bool executes = false;
	int rc;

	*pid = 0;
	while ((rc = sync_receive_fd(fd, &msg, listener_fd < 0 ? &listener_fd : NULL, err)) > 0) {
		if (msg.type == SYNC_STAGED)
			*pid = msg.pid;
		else if (msg.type == SYNC_EXEC)
			executes = true;
		else if (msg.type == SYNC_ERROR && !err->code)
			*err = msg.err;
		/* It cannot be called back; the caller kills the process then. */
		if (hand_listener_over(c, agent_fd, &listener_fd, *pid, err) < 0)
			break;
	}
	if (rc < 0 || err->code)
		return -err->code;
	if (executes && !process_died_unexecuted(*pid, 0, -1))
		return 0;
	return err_set(err, ECONNRESET, "the process died before it was executed");
}

int enter_container(const struct enter_request *request, struct err *err)
{
	struct enter enter = {
		.request = request,
		.process = &request->c->config->process,
		.flags = flags_to_join(request->c),
	};
	struct container *c = request->c;
	autoclose int agent_fd = -1;
	pid_t process;
	int fds[2];
	int rc = seccomp_filter_prepare(&c->config->seccomp, c->root, &c->seccomp, err);

	if (rc >= 0)
		rc = seccomp_notify_connect(&c->config->seccomp, &agent_fd, err);
	if (rc >= 0)
		rc = sync_pair(fds, err);
	if (rc < 0)
		return rc;
	autoclose int fd = fds[0];
	autoclose int child_fd = fds[1];

	(void)prctl(PR_SET_DUMPABLE, 0);
	pid_t pid = init_clone(0, -1);

	if (pid == 0) {
		enter.sync_fd = child_fd;
		stage_main(&enter);
	}
	if (pid < 0)
		return err_errno(err, "clone the process that joins namespaces");
	(void)close(take_fd(&child_fd));
	rc = listen_to(c, fd, &agent_fd, &process, err);
	(void)waitpid(pid, NULL, 0);
	if (rc >= 0)
		return process;
	if (process) {
		/* Ours to reap, so its number is nobody else's. */
		(void)kill(process, SIGKILL);
		(void)waitpid(process, NULL, 0);
	}
	return rc;
}
