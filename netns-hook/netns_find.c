/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/netns_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/str.h"

#define PID_MAX 4194304

/* Takes fd (-1: could not be opened). 1: it is the one. */
static int accept_fd(int fd, const struct attachment *att, int *out)
{
	autoclose int mine = fd;
	struct netns_id id;
	struct err ignored = ERR_INIT;

	if (mine < 0 || netns_identify(mine, &id, &ignored) < 0 ||
	    !netns_id_equal(&id, &att->owner.netns))
		return 0;
	*out = take_fd(&mine);
	return 1;
}

static int try_path(const char *path, const struct attachment *att, int *fd)
{
	struct err ignored = ERR_INIT;

	return accept_fd(netns_open_path(path, &ignored), att, fd);
}

/* ---- pins ---- */

/* mountinfo writes blanks and backslashes as three octal digits. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
			*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

/* "36 35 0:4 net:[4026532281] /run/netns/a rw … - nsfs nsfs rw" */
static char *mount_point(char *line, const char *root)
{
	char *save = line;

	for (int field = 0; field < 3; field++)
		if (!strsep(&save, " "))
			return NULL;
	if (!str_eq(strsep(&save, " "), root))
		return NULL;
	char *point = strsep(&save, " ");

	if (point)
		unescape(point);
	return point;
}

static int find_pin(const struct attachment *att, int *fd, struct err *err)
{
	autofile FILE *mounts = fopen("/proc/self/mountinfo", "re");
	autofree char *root = xasprintf("net:[%llu]", (unsigned long long)att->owner.netns.ino);
	autofree char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return err_errno(err, "open /proc/self/mountinfo");
	while (getline(&line, &size, mounts) > 0) {
		const char *point = mount_point(line, root);

		if (point && try_path(point, att, fd) > 0)
			return 1;
	}
	return 0;
}

/* ---- processes ---- */

static int find_process(const struct attachment *att, int *fd, struct err *err)
{
	autodir DIR *proc = opendir("/proc");

	if (!proc)
		return err_errno(err, "open /proc");
	for (const struct dirent *e; (e = readdir(proc));) {
		autofree char *path = xasprintf("%s/ns/net", e->d_name);
		struct err ignored = ERR_INIT;
		struct stat st;
		uint64_t pid = 0;

		if (str_to_u64(e->d_name, "pid", 1, PID_MAX, &pid, &ignored) < 0 ||
		    fstatat(dirfd(proc), path, &st, 0) < 0 || st.st_ino != att->owner.netns.ino)
			continue;
		if (accept_fd(netns_open_pid((pid_t)pid, &ignored), att, fd) > 0)
			return 1;
	}
	return 0;
}

int netns_find(const struct attachment *att, int *fd, struct err *err)
{
	const struct record_owner *owner = &att->owner;
	struct err ignored = ERR_INIT;
	char boot_id[37] = "";
	int rc = process_boot_id(boot_id, err);

	*fd = -1;
	/* The numbers of another boot mean nothing. */
	if (rc < 0 || !str_eq(boot_id, owner->boot_id))
		return rc < 0 ? rc : 0;
	if (owner->pid > 0 && process_is_alive(owner->pid, owner->start_ticks) &&
	    accept_fd(netns_open_pid(owner->pid, &ignored), att, fd) > 0)
		return 1;
	if (att->netns_path && try_path(att->netns_path, att, fd) > 0)
		return 1;
	rc = find_pin(att, fd, err);
	return rc != 0 ? rc : find_process(att, fd, err);
}

int netns_find_known(const struct attachment *att, int open_fd)
{
	const struct record_owner *owner = &att->owner;
	struct err ignored = ERR_INIT;
	int fd = -1;

	if (open_fd >= 0 && accept_fd(fcntl(open_fd, F_DUPFD_CLOEXEC, 3), att, &fd) > 0)
		return fd;
	if (owner->pid > 0 && process_is_alive(owner->pid, owner->start_ticks))
		(void)accept_fd(netns_open_pid(owner->pid, &ignored), att, &fd);
	else if (att->netns_path)
		(void)try_path(att->netns_path, att, &fd);
	return fd;
}
