/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/start_sock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"

#define START_SOCK "start.sock"

/* Through the descriptor of the folder: a path of any length fits into sun_path then. */
static struct sockaddr_un address(int dir_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" START_SOCK,
		       dir_fd);
	return addr;
}

int start_sock_listen(int dir_fd, struct err *err)
{
	struct sockaddr_un addr = address(dir_fd);
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "socket");
	/* A restart finds the socket of the process before. */
	(void)unlinkat(dir_fd, START_SOCK, 0);
	mode_t old = umask(0177);
	int rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));

	(void)umask(old);
	if (rc < 0 || listen(fd, 16) < 0)
		return err_errno(err, "listen on '" START_SOCK "'");
	return take_fd(&fd);
}

int start_sock_accept(int listen_fd, struct err *err)
{
	int fd;

	do
		/* cppcheck-suppress nullPointer ; accept(2) allows NULL for both */
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd < 0 ? err_errno(err, "accept on '" START_SOCK "'") : fd;
}

int start_sock_connect(int dir_fd, struct err *err)
{
	struct sockaddr_un addr = address(dir_fd);
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "connect to '" START_SOCK "'");
	return take_fd(&fd);
}

/*
 * A connect with the wrong type of socket asks without leaving a trace: EPROTOTYPE when a socket is
 * bound there, ECONNREFUSED when its owner has closed it (unix(7); net/unix/af_unix.c,
 * unix_find_bsd).
 */
bool start_sock_is_waiting(int dir_fd)
{
	struct sockaddr_un addr = address(dir_fd);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 &&
	       errno == EPROTOTYPE;
}

/* A connection that nobody accepts is reset when the listening socket goes: an event to wait for. */
int start_sock_wait_closed(int dir_fd, int timeout_ms, struct err *err)
{
	struct sockaddr_un addr = address(dir_fd);
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd pfd = { .fd = fd };
	int n;

	if (fd < 0)
		return err_errno(err, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return 0;
	do
		n = poll(&pfd, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n == 0 ? err_set(err, ETIMEDOUT, "a hook in the container does not end") : 0;
}
