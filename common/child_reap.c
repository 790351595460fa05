/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/child_reap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

/* More rounds than a chain of parents is deep; who forks faster than this is stopped by its cgroup. */
#define MAX_ROUNDS         4096
#define CHILDREN_MAX_BYTES (1u << 20)

/* The pids in /proc/thread-self/children. The caller frees. */
static int list_children(pid_t **pids, size_t *n, struct err *err)
{
	autofree char *text = NULL;
	autofree pid_t *list = NULL;
	size_t count = 0;
	int rc = file_read_at(AT_FDCWD, "/proc/thread-self/children", CHILDREN_MAX_BYTES, &text,
			      NULL, err);

	for (char *word = text, *end; rc >= 0 && *word; word = end) {
		uint64_t pid;

		end = word + strcspn(word, " \n");
		if (*end)
			*end++ = '\0';
		if (!*word)
			continue;
		rc = str_to_u64(word, "child pid", 1, INT32_MAX, &pid, err);
		if (rc < 0)
			continue;
		list = xreallocarray(list, count + 1, sizeof(*list));
		list[count++] = (pid_t)pid;
	}
	*pids = take_ptr(&list);
	*n = count;
	return rc;
}

/*
 * The pids are of the pid namespace that procfs was mounted for, which in a container's init before
 * pivot_root is the host's. A folder of that procfs is as good as a pidfd (pidfd_send_signal(2)).
 */
static void kill_listed(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

/* The number of children killed and reaped, or negative. */
static int reap_round(struct err *err)
{
	autofree pid_t *pids = NULL;
	size_t n = 0;
	int rc = list_children(&pids, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		kill_listed(pids[i]);
	/* Any of them, whatever its pid is in our namespace. */
	for (size_t i = 0; i < n; i++)
		while (waitpid(-1, NULL, __WALL) < 0 && errno == EINTR)
			;
	return (int)n;
}

int child_reap_all(struct err *err)
{
	for (int round = 0; round < MAX_ROUNDS; round++) {
		int n = reap_round(err);

		if (n <= 0)
			return n;
	}
	return err_set(err, EBUSY, "processes are forked faster than they can be killed");
}
