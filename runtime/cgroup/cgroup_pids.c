/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_folder.h"

/* The processes of a group: who they are, how they end. */

#define PROCS_MAX_BYTES (64u << 20) /* as many pids as a kernel can have */
#define DEPTH_MAX       256

int64_t cgroup_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int add_pids(int fd, struct cgroup_pids *pids, struct err *err)
{
	autofree char *text = NULL;
	int rc = file_read_at(fd, "cgroup.procs", PROCS_MAX_BYTES, &text, NULL, err);

	if (rc < 0)
		return rc;
	for (const char *p = text; *p; p += strspn(p, "\n")) {
		int64_t pid = cgroup_number(p);

		p += strcspn(p, "\n");
		/* 0: one that our pid namespace does not see. */
		if (pid <= 0 || pid > INT32_MAX)
			continue;
		if ((pids->n & (pids->n + 1)) == 0)
			pids->items =
				xreallocarray(pids->items, 2 * pids->n + 2, sizeof(*pids->items));
		pids->items[pids->n++] = (pid_t)pid;
	}
	return 0;
}

/* A sub-group that goes away meanwhile has no processes. */
static int add_deep(int fd, int depth, struct cgroup_pids *pids, struct err *err)
{
	int rc = add_pids(fd, pids, err);
	int dup_fd = rc < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = dup_fd >= 0 ? fdopendir(dup_fd) : NULL;

	if (rc == -ENODEV || rc == -ENOENT)
		err_clear(err);
	if (!dir)
		return rc == -ENODEV || rc == -ENOENT ? 0 : rc;
	for (const struct dirent *e; rc >= 0 && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if (depth == DEPTH_MAX)
			return err_set(err, ELOOP, "cgroups are nested more than %d deep",
				       DEPTH_MAX);
		autoclose int child_fd =
			openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (child_fd >= 0)
			rc = add_deep(child_fd, depth + 1, pids, err);
	}
	return rc;
}

int cgroup_folder_pids(const struct cgroup_folder *folder, bool deep, struct cgroup_pids *pids,
		       struct err *err)
{
	int rc = deep ? add_deep(folder->fd, 0, pids, err) : add_pids(folder->fd, pids, err);

	return rc < 0 ? err_ctx(err, "cgroup '%s%s'", folder->mount, folder->path) : 0;
}

/*
 * By number: a process that reaped its child between the reading and this could have given the number
 * to another only if the pid counter went once around in that time.
 */
int cgroup_kill_pids(const struct cgroup_pids *pids, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < pids->n; i++) {
		if (kill(pids->items[i], SIGKILL) < 0 && errno != ESRCH && rc == 0)
			rc = err_errno(err, "kill process %d", (int)pids->items[i]);
	}
	return rc;
}

int cgroup_wait_pids(const struct cgroup_pids *pids, int64_t deadline_ms, struct err *err)
{
	for (size_t i = 0; i < pids->n; i++) {
		autoclose int fd = pidfd_open(pids->items[i], 0);
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int n;

		/* EINVAL: it is no group's leader, so it is no process of its own. */
		if (fd < 0 && (errno == ESRCH || errno == EINVAL))
			continue;
		if (fd < 0)
			return err_errno(err, "pidfd_open %d", (int)pids->items[i]);
		do {
			int64_t left_ms = deadline_ms - cgroup_now_ms();

			n = poll(&pfd, 1, left_ms > 0 ? (int)left_ms : 0);
		} while (n < 0 && errno == EINTR);
		if (n == 0)
			return err_set(err, ETIMEDOUT, "process %d did not die of SIGKILL in time",
				       (int)pids->items[i]);
	}
	return 0;
}
