/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONSOLE_SOCKET_H
#define CT_CONSOLE_SOCKET_H

#include "common/err.h"

/*
 * How a pty's master leaves the container: one message on a stream socket, its text the slave's name
 * and with it exactly one descriptor (runc's --console-socket, and our own pair in the foreground).
 */

/* Connect to the socket of --console-socket: before anything is made, so that a bad path costs nothing. */
int console_socket_connect(const char *path, struct err *err);

/* fds[0] is ours, fds[1] for the process in the container. */
int console_socket_pair(int fds[2], struct err *err);

int console_socket_send(int socket_fd, int master_fd, const char *name, struct err *err);

/* The master, close-on-exec. Waits; a closed other end is an error. */
int console_socket_receive(int socket_fd, struct err *err);

#endif
