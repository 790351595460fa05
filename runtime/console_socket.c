/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/console_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"

#define NAME_BYTES 4096 /* as many as containerd's shim reads */

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Through a descriptor of the socket's file: a path of any length fits into sun_path then. */
int console_socket_connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose int file_fd = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (file_fd < 0)
		return err_errno(err, "--console-socket '%s'", path);
	if (fd < 0)
		return err_errno(err, "socket");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", file_fd_path(file_fd).text);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "--console-socket '%s': connect", path);
	return take_fd(&fd);
}

int console_socket_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "socketpair");
	return 0;
}

int console_socket_send(int socket_fd, int master_fd, const char *name, struct err *err)
{
	union control control = { .bytes = { 0 } };
	char text[NAME_BYTES];
	struct iovec iov = { .iov_base = text, .iov_len = strlen(name) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	if (iov.iov_len >= sizeof(text))
		return err_set(err, ENAMETOOLONG, "the pty's name '%.64s…' is too long", name);
	memcpy(text, name, iov.iov_len);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &master_fd, sizeof(int));
	do
		n = sendmsg(socket_fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_errno(err, "send the pty over the console socket") : 0;
}

int console_socket_receive(int socket_fd, struct err *err)
{
	union control control = { .bytes = { 0 } };
	char text[NAME_BYTES];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;
	int fd;

	do
		n = recvmsg(socket_fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "receive the pty");
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return err_set(err, EPROTO, "receive the pty: none came");
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}
