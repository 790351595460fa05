/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_FDS_H
#define CT_FDS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Open /dev/null on each of 0, 1, 2 that is closed, so that nothing we open lands there and is
 * taken for a standard stream. First thing in main.
 */
void fds_open_standard(void);

/* Close all from first on but those in keep[n], which is sorted by this; -1 in it is none. */
void fds_close_except(int first, int *keep, size_t n);

/*
 * One sendmsg(2) or recvmsg(2) on a socket, with one descriptor beside the data (unix(7),
 * SCM_RIGHTS). The result and errno are those of the call. Received: *fd is close-on-exec and the
 * caller's, -1: none came; more than one that a stranger sends are closed by the kernel.
 */
ssize_t fds_send(int socket_fd, const void *data, size_t len, int fd);
ssize_t fds_receive(int socket_fd, void *data, size_t len, int *fd);

#endif
