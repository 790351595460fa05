/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNT_FD_H
#define CT_MOUNT_FD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The kernel's mount calls on descriptors. They fail as the kernel's do, -1 with errno: what the
 * mount is for, and so the error's text, is known to the caller alone.
 */

/* A detached copy of the mount at dir_fd/path ("" is dir_fd itself), close-on-exec. dir_fd must
 * have been opened in this mount namespace: the kernel says EINVAL otherwise. */
int mount_fd_clone(int dir_fd, const char *path, bool recursive);

/* Attach a detached mount on target_fd (O_PATH), which no link can redirect. */
int mount_fd_attach(int mount_fd, int target_fd);

/* Change the mount that has its root at fd; with recursive, or MS_REC in propagation, all its tree.
 * set and clear are MOUNT_ATTR_*; propagation is MS_*, 0 for none. */
int mount_fd_set(int fd, bool recursive, uint64_t set, uint64_t clear, unsigned long propagation);

/* Give the detached mount at fd the id map of a user namespace; with recursive, all its tree. */
int mount_fd_idmap(int fd, bool recursive, int userns_fd);

#endif
