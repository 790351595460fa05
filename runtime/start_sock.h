/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_START_SOCK_H
#define CT_START_SOCK_H

#include <stdbool.h>

#include "common/err.h"

/*
 * <root>/<id>/start.sock. Init inherits the listening end and waits in accept; it is close-on-exec,
 * so that the socket is gone the moment the user's program runs. Thus the kernel itself knows
 * whether a container is created or running, and no file can be wrong about it.
 */
int start_sock_listen(int dir_fd, struct err *err);
int start_sock_accept(int listen_fd, struct err *err);
int start_sock_connect(int dir_fd, struct err *err);
/* Somebody listens, that is: init waits for its start or is on its way to execve. */
bool start_sock_is_waiting(int dir_fd);

/*
 * Until nobody listens any more: who inherited the socket from a dead init has ended too. ETIMEDOUT
 * after timeout_ms. Connects, so not for an init that lives.
 */
int start_sock_wait_closed(int dir_fd, int timeout_ms, struct err *err);

#endif
