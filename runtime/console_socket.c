/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/console_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd_socket.h"
#include "common/fds.h"

#define NAME_BYTES 4096 /* as many as containerd's shim reads */

int console_socket_connect(const char *path, struct err *err)
{
	int fd = fd_socket_connect(path, err);

	return fd < 0 ? err_ctx(err, "--console-socket") : fd;
}

int console_socket_pair(int fds[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "socketpair");
	return 0;
}

int console_socket_send(int socket_fd, int master_fd, const char *name, struct err *err)
{
	if (strlen(name) >= NAME_BYTES)
		return err_set(err, ENAMETOOLONG, "the pty's name '%.64s…' is too long", name);
	return fd_socket_send(socket_fd, master_fd, name, err);
}

int console_socket_receive(int socket_fd, struct err *err)
{
	char text[NAME_BYTES];
	int fd;

	if (fds_receive(socket_fd, text, sizeof(text), &fd) < 0)
		return err_errno(err, "receive the pty");
	if (fd < 0)
		return err_set(err, EPROTO, "receive the pty: none came");
	return fd;
}
