/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/container_pids.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "runtime/cgroup/cgroup.h"

static bool namespace_of(const char *pid, struct stat *st)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	return stat(path, st) == 0;
}

static void add(pid_t **pids, size_t *n, pid_t pid)
{
	*pids = xreallocarray(*pids, *n + 1, sizeof(**pids));
	(*pids)[(*n)++] = pid;
}

static int by_namespace(const struct container *c, pid_t **pids, size_t *n, struct err *err)
{
	struct stat own, theirs, one;
	char first[16];

	(void)snprintf(first, sizeof(first), "%d", (int)c->state.oci.pid);
	if (!namespace_of(first, &theirs))
		return 0;
	if (!namespace_of("self", &own) || own.st_ino == theirs.st_ino) {
		add(pids, n, c->state.oci.pid);
		return 0;
	}
	autodir DIR *dir = opendir("/proc");

	if (!dir)
		return err_errno(err, "read /proc");
	for (const struct dirent *e; (e = readdir(dir));) {
		struct err ignored = ERR_INIT;
		int64_t pid;

		if (str_to_i64(e->d_name, "pid", 1, INT_MAX, &pid, &ignored) >= 0 &&
		    namespace_of(e->d_name, &one) && one.st_ino == theirs.st_ino &&
		    one.st_dev == theirs.st_dev)
			add(pids, n, (pid_t)pid);
	}
	return 0;
}

int container_pids(const struct container *c, pid_t **pids, size_t *n, struct err *err)
{
	*pids = NULL;
	*n = 0;
	if (c->state.cgroup && cgroup_exists(c->state.cgroup))
		return cgroup_pids(c->state.cgroup, pids, n, err);
	return by_namespace(c, pids, n, err);
}
