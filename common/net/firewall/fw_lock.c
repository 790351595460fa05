/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_lock.h"

#include <fcntl.h>
#include <stdlib.h>

#include "common/lock.h"

#define LOCK_FILE       "/run/xtables.lock"
#define LOCK_TIMEOUT_MS 5000

int fw_lock(struct err *err)
{
	const char *path = getenv("XTABLES_LOCKFILE");
	int lock_fd = lock_open_at(AT_FDCWD, path && path[0] ? path : LOCK_FILE, LOCK_EXCLUSIVE,
				   LOCK_TIMEOUT_MS, err);

	return lock_fd < 0 ? err_ctx(err, "firewall") : lock_fd;
}
