/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_FD_SOCKET_H
#define CT_FD_SOCKET_H

#include "common/err.h"

/*
 * A unix stream socket on which somebody waits for a descriptor (--console-socket, --pidfd-socket): one
 * message with `name` as payload and the descriptor as SCM_RIGHTS, as runc sends it.
 */

/* Connect to the socket at path, which may be longer than sun_path is. */
int fd_socket_connect(const char *path, struct err *err);

int fd_socket_send(int socket_fd, int fd, const char *name, struct err *err);

#endif
