/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_HIDDEN_H
#define CT_HIDDEN_H

#include "common/str.h"
#include "runtime/config/config.h"

/*
 * Mounts that a container must not carry although it binds a folder above them recursively: the
 * state folders with their pins, ours and those of other roots. On the host they are unbindable, but
 * a copy of the mount namespace forgets that (Linux 6.18), or keeps it on mounts that a user
 * namespace has locked, and then the whole bind is refused (fs/namespace.c, copy_tree).
 */

/*
 * Paths of unbindable mounts and of root, when the config binds a folder above root, or above the
 * default root, recursively; else nothing is looked at, and *paths stays empty.
 */
int hidden_find(const struct config *config, const char *root, struct strlist *paths,
		struct err *err);

/* In a mount namespace of our own: say again that they are unbindable. */
void hidden_mark(const struct strlist *paths);

/*
 * For a container in a user namespace, before that is entered: leave the mount namespace for one
 * that has none of them.
 */
int hidden_leave(const struct strlist *paths, struct err *err);

#endif
