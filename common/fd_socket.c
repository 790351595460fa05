/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/fd_socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fds.h"
#include "common/file.h"

int fd_socket_connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose int path_fd = open(path, O_PATH | O_CLOEXEC);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (path_fd < 0)
		return err_errno(err, "open socket '%s'", path);
	if (fd < 0)
		return err_errno(err, "socket");
	const struct file_fd_path short_path = file_fd_path(path_fd);

	memcpy(addr.sun_path, short_path.text, sizeof(short_path.text));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "connect to '%s'", path);
	return take_fd(&fd);
}

int fd_socket_send(int socket_fd, int fd, const char *name, struct err *err)
{
	return fds_send(socket_fd, name, strlen(name), fd) < 0
		       ? err_errno(err, "send '%s' through its socket", name)
		       : 0;
}
