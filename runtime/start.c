/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/process.h"
#include "common/steps.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/seccomp_notify.h"
#include "runtime/start_sock.h"
#include "runtime/sync.h"

#define INIT "the container's init"

static int hand_listener_over(const struct container *c, int fd, int agent_fd, struct err *err)
{
	autoclose int listener_fd = -1;
	int rc = sync_expect_fd(fd, SYNC_LISTENER, INIT, &listener_fd, err);

	return rc < 0 ? rc
		      : seccomp_notify_send(agent_fd, listener_fd, &c->config->seccomp,
					    &c->state.oci, c->state.oci.pid, err);
}

/*
 * Init's end of the connection is close-on-exec. SYNC_EXEC and then EOF: execve has happened, or init
 * was killed right before it. EOF without it: init was killed on its way.
 */
static int wait_exec(const struct container *c, struct err *err)
{
	struct sync_msg msg;
	autoclose int pid_fd = pidfd_open(c->state.oci.pid, 0);
	autoclose int agent_fd = -1;
	int rc = seccomp_notify_connect(&c->config->seccomp, &agent_fd, err);

	if (rc < 0)
		return rc;
	autoclose int fd = start_sock_connect(c->dir_fd, err);

	if (fd < 0)
		return fd;
	rc = sync_expect(fd, SYNC_EXEC, INIT, NULL, err);
	if (rc >= 0 && agent_fd >= 0)
		rc = hand_listener_over(c, fd, agent_fd, err);
	if (rc < 0)
		return rc;
	/* The agent takes the end for the sign that all is said. */
	if (agent_fd >= 0)
		(void)close(take_fd(&agent_fd));
	rc = sync_receive(fd, &msg, err);
	if (rc == 0 && process_died_unexecuted(c->state.oci.pid, c->state.start_ticks, pid_fd))
		return err_set(err, ECONNRESET, INIT " died before it could execute the process%s",
			       c->config->seccomp.present ? " (linux.seccomp must let execve pass)"
							  : "");
	if (rc <= 0)
		return rc;
	*err = msg.err;
	return -err->code;
}

int start_process(struct container *c, struct err *err)
{
	const struct hooks_run run = {
		.kind = HOOK_POSTSTART,
		.config = c->config,
		.state = &c->state.oci,
		.pid = c->state.oci.pid,
		.cwd_fd = -1,
		.peer_fd = -1, /* the process may have ended already, and well */
		.lock_fd = c->lock_fd,
	};
	int rc = fault_point("start.exec", "", err);

	if (rc >= 0)
		rc = wait_exec(c, err);
	if (rc >= 0)
		rc = fault_point("start.poststart", "", err);
	return rc < 0 ? rc : hooks_run(&run, err);
}

static int undo(struct container *c, const struct err *why)
{
	struct err err = ERR_INIT;

	if (create_undo(c, &err) < 0)
		log_warning("undo of container '%s': %s; ignoring", c->id, err.msg);
	return -why->code;
}

int start_container(struct container *c, struct err *err)
{
	return start_process(c, err) < 0 ? undo(c, err) : 0;
}

int start_notifying(struct container *c, bool in_child, struct err *err)
{
	const char *host = notify_host();
	autoclose int fd = -1;
	int rc = host ? notify_listen(c->dir_fd, &fd, err) : 0;

	if (rc < 0)
		return undo(c, err);
	rc = start_container(c, err);
	if (rc < 0 || fd < 0)
		return rc;
	if (!in_child) {
		container_unlock(c);
		notify_serve(fd, c->state.oci.pid, host);
		return rc;
	}
	pid_t pid = fork();

	if (pid < 0)
		log_warning("NOTIFY_SOCKET: fork: %s; ignoring", strerror(errno));
	if (pid == 0) {
		container_unlock(c);
		notify_serve(fd, c->state.oci.pid, host);
		_exit(EXIT_SUCCESS);
	}
	return rc;
}
