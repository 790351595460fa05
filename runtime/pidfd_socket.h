/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_PIDFD_SOCKET_H
#define CT_PIDFD_SOCKET_H

#include <sys/types.h>

#include "common/err.h"

/* --pidfd-socket: give a pidfd of the process to whoever listens at path. */
int pidfd_socket_send(const char *path, pid_t pid, struct err *err);

#endif
