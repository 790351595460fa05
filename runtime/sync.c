/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fds.h"

int sync_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "socketpair");
	return 0;
}

/* passed_fd: NULL, or gets the descriptor that came with it. */
static ssize_t receive_once(int fd, struct sync_msg *msg, int flags, int *passed_fd)
{
	return passed_fd ? fds_receive(fd, msg, sizeof(*msg), passed_fd)
			 : recv(fd, msg, sizeof(*msg), flags);
}

static ssize_t receive(int fd, struct sync_msg *msg, int flags, int *passed_fd)
{
	ssize_t n;
	int resets = 0;

	/*
	 * An end that is closed with messages unread resets ours, once; what it had said before is
	 * still there to be read (unix(7), net/unix/af_unix.c, unix_release_sock).
	 */
	do
		n = receive_once(fd, msg, flags, passed_fd);
	while (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	if (n != (ssize_t)sizeof(*msg))
		return n;
	/* The other side may be what a container made of it: its error ends, and is one. */
	msg->err.msg[sizeof(msg->err.msg) - 1] = '\0';
	if (msg->type == SYNC_ERROR && msg->err.code <= 0)
		msg->err.code = EPROTO;
	return n;
}

static int send_msg(int fd, const struct sync_msg *msg)
{
	ssize_t n;

	do
		n = send(fd, msg, sizeof(*msg), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int sync_send(int fd, enum sync_type type, pid_t pid, struct err *err)
{
	struct sync_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = type;
	msg.pid = pid;
	if (send_msg(fd, &msg) >= 0)
		return 0;
	(void)err_errno(err, "send to the other side");
	sync_last_words(fd, err);
	return -err->code;
}

int sync_send_fd(int fd, enum sync_type type, int passed_fd, struct err *err)
{
	struct sync_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = type;
	return fds_send(fd, &msg, sizeof(msg), passed_fd) < 0
		       ? err_errno(err, "send a descriptor to the other side")
		       : 0;
}

void sync_last_words(int fd, struct err *err)
{
	struct sync_msg msg;

	while (receive(fd, &msg, MSG_DONTWAIT, NULL) == (ssize_t)sizeof(msg)) {
		if (msg.type != SYNC_ERROR)
			continue;
		*err = msg.err;
		return;
	}
}

void sync_send_error(int fd, const struct err *why)
{
	struct sync_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = SYNC_ERROR;
	msg.err = *why;
	/* write and not send: what a seccomp profile, which may be ours by now, is likelier to allow. */
	ssize_t n = write(fd, &msg, sizeof(msg));

	(void)n;
}

int sync_receive_fd(int fd, struct sync_msg *msg, int *passed_fd, struct err *err)
{
	ssize_t n = receive(fd, msg, 0, passed_fd);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return err_errno(err, "receive from the other side");
	if ((size_t)n != sizeof(*msg))
		return err_set(err, EPROTO, "a message of %zd bytes instead of %zu", n,
			       sizeof(*msg));
	return 1;
}

int sync_receive(int fd, struct sync_msg *msg, struct err *err)
{
	return sync_receive_fd(fd, msg, NULL, err);
}

/* rc: of the receive. */
static int check_type(int rc, enum sync_type type, const char *other, const struct sync_msg *m,
		      struct err *err)
{
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(err, ECONNRESET, "%s died unexpectedly", other);
	if (m->type == SYNC_ERROR) {
		*err = m->err;
		return -err->code;
	}
	if (m->type != type)
		return err_set(err, EPROTO, "%s sent message %d instead of %d", other, m->type,
			       type);
	return 0;
}

int sync_expect(int fd, enum sync_type type, const char *other, struct sync_msg *msg,
		struct err *err)
{
	struct sync_msg own;
	struct sync_msg *m = msg ? msg : &own;

	return check_type(sync_receive(fd, m, err), type, other, m, err);
}

int sync_expect_fd(int fd, enum sync_type type, const char *other, int *passed_fd, struct err *err)
{
	struct sync_msg msg;
	autoclose int came_fd = -1;
	int rc = check_type(sync_receive_fd(fd, &msg, &came_fd, err), type, other, &msg, err);

	if (rc < 0)
		return rc;
	if (came_fd < 0)
		return err_set(err, EPROTO, "%s sent message %d without a descriptor", other, type);
	*passed_fd = take_fd(&came_fd);
	return 0;
}
