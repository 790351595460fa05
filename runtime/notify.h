/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NOTIFY_H
#define CT_NOTIFY_H

#include <sys/types.h>

#include "common/err.h"

/*
 * NOTIFY_SOCKET (sd_notify(3)) of who called us, handed on as runc does: the container's process gets a
 * socket of its own, /run/notify/notify.sock, bound read-only from the folder "notify" of the state
 * directory. `start`, and a detached `run`, wait until READY=1 comes through it, tell it to the
 * caller's socket with the pid on the host as MAINPID, and return. No other message is passed on.
 */
#define NOTIFY_IN_CONTAINER "/run/notify"
#define NOTIFY_SOCK         "notify.sock"

/* $NOTIFY_SOCKET; NULL: there is none. */
const char *notify_host(void);

/*
 * create: make the folder in the state directory, which container_path is and dir_fd has open. Returns a
 * detached read-only mount of it, made in a mount namespace of its own: in ours the state directory
 * cannot be the source of a bind (root_dir.h), and in a user namespace it may be out of reach.
 */
int notify_make(int dir_fd, const char *root, const char *container_path, struct err *err);

/* init: attach that mount; the others below the root are there. */
int notify_attach(int root_fd, int mount_fd, struct err *err);

/* start: the socket, before the process runs; *fd is -1 when create has made no folder. */
int notify_listen(int dir_fd, int *fd, struct err *err);

/*
 * start: until READY=1, or the end of the process. What the caller's socket does not take is a
 * warning: the container runs.
 */
void notify_serve(int fd, pid_t pid, const char *host);

#endif
