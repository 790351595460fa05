/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

/* Of /proc/<pid>/stat, counted from the state letter, which is the third field (proc(5)). */
#define FIELD_STATE 0
#define FIELD_FLAGS 6
#define FIELD_START 19

/* include/linux/sched.h: forked, and no program executed since. execve clears it before it closes. */
#define PF_FORKNOEXEC 0x00000040

struct stat_fields {
	char state;
	uint64_t flags;
	uint64_t start_ticks;
};

static int to_number(const char *word, const char *path, uint64_t *number, struct err *err)
{
	autofree char *text = xstrdup(word);

	text[strcspn(text, " ")] = '\0';
	return str_to_u64(text, path, 0, UINT64_MAX, number, err);
}

/* The second field is the name in parentheses, which may hold anything: count from the last ')'. */
static int read_stat(pid_t pid, struct stat_fields *stat, struct err *err)
{
	autofree char *text = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int rc = file_read_at(AT_FDCWD, path, 4096, &text, NULL, err);

	if (rc < 0)
		return rc;
	char *p = strrchr(text, ')');

	if (!p || p[1] != ' ' || !p[2])
		return err_set(err, EPROTO, "'%s' has an unknown form", path);
	p += 2;
	stat->state = p[FIELD_STATE];
	for (int i = 1; rc >= 0 && i <= FIELD_START; i++) {
		p = strchr(p, ' ');
		if (!p)
			return err_set(err, EPROTO, "'%s' has an unknown form", path);
		p++;
		if (i == FIELD_FLAGS)
			rc = to_number(p, path, &stat->flags, err);
		else if (i == FIELD_START)
			rc = to_number(p, path, &stat->start_ticks, err);
	}
	return rc;
}

int process_start_time(pid_t pid, uint64_t *ticks, struct err *err)
{
	struct stat_fields stat;
	int rc = read_stat(pid, &stat, err);

	if (rc >= 0)
		*ticks = stat.start_ticks;
	return rc;
}

/*
 * The first thread is a zombie from its own end on, the others may go on without it. A pidfd can be
 * read once the whole thread group is dead (pidfd_open(2)).
 */
static bool has_live_threads(pid_t pid)
{
	autoclose int fd = pidfd_open(pid, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&pfd, 1, 0) == 0;
}

bool process_is_alive(pid_t pid, uint64_t ticks)
{
	struct err ignored = ERR_INIT;
	struct stat_fields stat;

	if (pid <= 0 || read_stat(pid, &stat, &ignored) < 0)
		return false;
	if (stat.state == 'X' || (ticks != 0 && ticks != stat.start_ticks))
		return false;
	return stat.state != 'Z' || has_live_threads(pid);
}

/* include/uapi/linux/pidfd.h, which is younger than Debian's headers. */
struct pidfd_info {
	uint64_t mask;
	uint64_t cgroup_id;
	uint32_t ids[11];
	int32_t exit_code;
};
#define INFO_EXIT ((uint64_t)1 << 3)
#define GET_INFO  _IOWR(0xFF, 11, struct pidfd_info)

static bool was_killed(int pid_fd)
{
	struct pidfd_info info = { .mask = INFO_EXIT };

	return ioctl(pid_fd, GET_INFO, &info) == 0 && (info.mask & INFO_EXIT) &&
	       WIFSIGNALED(info.exit_code) && WTERMSIG(info.exit_code) == SIGKILL;
}

bool process_died_unexecuted(pid_t pid, uint64_t ticks, int pid_fd)
{
	struct err ignored = ERR_INIT;
	struct stat_fields stat = { .state = 0 };

	if (read_stat(pid, &stat, &ignored) >= 0 && stat.start_ticks == ticks)
		return stat.flags & PF_FORKNOEXEC;
	return was_killed(pid_fd);
}

int process_boot_id(char buf[37], struct err *err)
{
	autofree char *text = NULL;
	size_t len = 0;
	int rc = file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, &len, err);

	if (rc < 0)
		return rc;
	if (len < 36)
		return err_set(err, EPROTO, "boot_id '%s' has an unknown form", text);
	memcpy(buf, text, 36);
	buf[36] = '\0';
	return 0;
}
