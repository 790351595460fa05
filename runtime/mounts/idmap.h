/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_IDMAP_H
#define CT_IDMAP_H

#include <stddef.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * Idmapped mounts. The kernel takes a mount's id map from a user namespace, and from a caller with
 * rights over the source's file system: the runtime, never an init in a user namespace. So the
 * sources are opened by the runtime, as detached trees with their map, and init attaches them.
 */
struct idmaps {
	int *fds; /* one per entry of config.mounts, -1 where it has none; NULL: there are none at all */
	size_t n;
};

/* joined_user_fd: the user namespace that the container joins, -1 for none. */
int idmaps_open(const struct config *config, int joined_user_fd, struct idmaps *idmaps,
		struct err *err);
int idmaps_get(const struct idmaps *idmaps, size_t i); /* borrowed; -1 */
void idmaps_close(struct idmaps *idmaps);

#endif
