/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/str.h"

/*
 * O_NONBLOCK: a path may be anything that somebody wrote into a configuration, a FIFO too. NS_GET_NSTYPE
 * answers on nsfs alone (ENOTTY elsewhere), so it proves both at once.
 */
static int open_checked(const char *path, const char *what, struct err *err)
{
	autoclose int netns_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int type = 0;

	if (netns_fd < 0)
		return err_errno(err, "network namespace %s", what);
	type = ioctl(netns_fd, NS_GET_NSTYPE);
	if (type < 0)
		return err_set(err, EINVAL, "%s is not a namespace", what);
	if (type != CLONE_NEWNET)
		return err_set(err, EINVAL, "%s is a namespace, but not a network namespace", what);
	return take_fd(&netns_fd);
}

int netns_open_pid(pid_t pid, struct err *err)
{
	char path[64];
	int netns_fd = -1;

	if (pid <= 0)
		return err_set(err, ESRCH, "network namespace of process %d: no such process",
			       (int)pid);
	if (str_format(path, sizeof(path), "path", err, "/proc/%d/ns/net", (int)pid) < 0)
		return -err->code;
	netns_fd = open_checked(path, path, err);
	if (netns_fd < 0 && err->code == ENOENT)
		return err_set(err, ESRCH, "network namespace of process %d: no such process",
			       (int)pid);
	return netns_fd;
}

int netns_open_path(const char *path, struct err *err)
{
	return open_checked(path, path, err);
}

int netns_open_own(struct err *err)
{
	return open_checked("/proc/thread-self/ns/net", "of this process", err);
}

int netns_identify(int netns_fd, struct netns_id *id, struct err *err)
{
	struct stat st;

	if (fstat(netns_fd, &st) < 0)
		return err_errno(err, "network namespace: fstat");
	*id = (struct netns_id){ .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

bool netns_id_equal(const struct netns_id *a, const struct netns_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

int netns_is_own(int netns_fd, struct err *err)
{
	struct netns_id target = { .ino = 0 }, own = { .ino = 0 };
	autoclose int own_fd = netns_open_own(err);

	if (own_fd < 0 || netns_identify(own_fd, &own, err) < 0 ||
	    netns_identify(netns_fd, &target, err) < 0)
		return -err->code;
	return netns_id_equal(&target, &own);
}

int netns_run(int netns_fd, int (*fn)(void *ctx, struct err *err), void *ctx, struct err *err)
{
	autoclose int own_fd = netns_open_own(err);
	int result = 0;

	if (own_fd < 0)
		return -err->code;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_errno(err, "entering the container's network namespace");
	result = fn(ctx, err);
	if (setns(own_fd, CLONE_NEWNET) < 0)
		return err_set(err, ENOTRECOVERABLE,
			       "cannot return to the host's network namespace: %s",
			       strerror(errno));
	return result;
}
