/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CRIU_MOUNTS_H
#define CT_CRIU_MOUNTS_H

#include "runtime/config/config.h"
#include "runtime/criu.h"

/*
 * Mounts whose source is the host's: binds of the config, and masked files. Each goes by its destination
 * as the config has it, whatever links of the image lead to on the way.
 */

/* root_fd: "/" of the container. */
int criu_mounts_dump(const struct config *config, int root_fd, struct criu_call *call,
		     struct err *err);

/* The sources; and in the rootfs, which need not be the one of the dump, what they are mounted on. */
int criu_mounts_restore(const struct config *config, const char *bundle, const char *rootfs,
			struct criu_call *call, struct err *err);

#endif
