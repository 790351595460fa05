/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/pidfd_socket.h"

#include <sys/pidfd.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd_socket.h"

int pidfd_socket_send(const char *path, pid_t pid, struct err *err)
{
	autoclose int pid_fd = pidfd_open(pid, 0);

	if (pid_fd < 0)
		return err_errno(err, "pidfd_open %d", (int)pid);
	autoclose int socket_fd = fd_socket_connect(path, err);
	int rc = socket_fd < 0 ? socket_fd : fd_socket_send(socket_fd, pid_fd, "pidfd", err);

	return rc < 0 ? err_ctx(err, "--pidfd-socket") : 0;
}
