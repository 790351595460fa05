/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_ROOT_DIR_H
#define CT_ROOT_DIR_H

#include <stdbool.h>

#include "common/err.h"

#define ROOT_DIR_DEFAULT "/run/ct-runtime"

/*
 * <root>, the folder of all containers. While it holds containers it is a mount of its own, private
 * and unbindable: pins do not propagate from it, a container that binds the host's "/" does not
 * carry them along, and a mount namespace may be pinned in it at all.
 */

/*
 * An absolute path of the root, from --root or the default: $XDG_RUNTIME_DIR/ct-runtime for who is
 * not the machine's root (an error when it is not set). The caller frees.
 */
int root_dir_path(const char *option, char **path, struct err *err);

/*
 * Make the folder (0700) when it is missing, and the mount on it if wanted. Returns an O_PATH
 * descriptor.
 */
int root_dir_ensure(const char *path, bool want_mount, struct err *err);

/* Open what is there; ENOENT when nothing is. Returns a descriptor that can be read. */
int root_dir_open(const char *path, struct err *err);

/*
 * Give our mount up once no container is left. Fine when there is one, when another runtime is at
 * it, or when the mount is somebody else's: of another file system.
 */
int root_dir_release(const char *path, struct err *err);

#endif
