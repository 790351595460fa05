/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

/* Field 22 counts from the state letter, which is the third. */
#define FIELDS_TO_START 19

/*
 * The state letter and field 22 of /proc/<pid>/stat. The second field is the name in parentheses,
 * which may hold anything: count from the last ')' (proc(5)).
 */
static int read_stat(pid_t pid, char *state, uint64_t *ticks, struct err *err)
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
	*state = *p;
	for (int i = 0; p && i < FIELDS_TO_START; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return err_set(err, EPROTO, "'%s' has an unknown form", path);
	p[strcspn(p, " ")] = '\0';
	return str_to_u64(p, path, 0, UINT64_MAX, ticks, err);
}

int process_start_time(pid_t pid, uint64_t *ticks, struct err *err)
{
	char state;

	return read_stat(pid, &state, ticks, err);
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
	uint64_t started = 0;
	char state = 'X';

	if (pid <= 0 || read_stat(pid, &state, &started, &ignored) < 0)
		return false;
	if (state == 'X' || (ticks != 0 && ticks != started))
		return false;
	return state != 'Z' || has_live_threads(pid);
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
