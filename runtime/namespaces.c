/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* In the order of enum ns_type, which is the order in which they are entered. */
static const struct {
	uint64_t flag;
	const char *file;
} kinds[NS_COUNT] = {
	[NS_USER] = { CLONE_NEWUSER, "user" }, [NS_CGROUP] = { CLONE_NEWCGROUP, "cgroup" },
	[NS_IPC] = { CLONE_NEWIPC, "ipc" },    [NS_UTS] = { CLONE_NEWUTS, "uts" },
	[NS_NET] = { CLONE_NEWNET, "net" },    [NS_PID] = { CLONE_NEWPID, "pid" },
	[NS_MOUNT] = { CLONE_NEWNS, "mnt" },   [NS_TIME] = { CLONE_NEWTIME, "time" },
};

uint64_t namespaces_flag(enum ns_type type)
{
	return kinds[type].flag;
}

const char *namespaces_file(enum ns_type type)
{
	return kinds[type].file;
}

static int open_one(const struct config *config, enum ns_type type, struct err *err)
{
	const char *path = config->namespaces[type].path;
	const char *name = config_namespace_name(type);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, "config.json: linux.namespaces: open %s namespace '%s'", name,
				 path);
	int found = ioctl(fd, NS_GET_NSTYPE);

	if (found < 0)
		return err_set(err, EINVAL, "config.json: linux.namespaces: '%s' is no namespace",
			       path);
	if ((uint64_t)found != kinds[type].flag)
		return err_set(err, EINVAL,
			       "config.json: linux.namespaces: '%s' is not a %s namespace", path,
			       name);
	return take_fd(&fd);
}

int namespaces_open(const struct config *config, struct namespaces *ns, struct err *err)
{
	bool joins = false;

	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		if (!config->namespaces[type].present)
			continue;
		if (!config->namespaces[type].path) {
			ns->new_flags |= kinds[type].flag;
			continue;
		}
		ns->join_fds[type] = open_one(config, type, err);
		if (ns->join_fds[type] < 0)
			return ns->join_fds[type];
		joins = true;
	}
	/* By clone3 the child would be in it at once, and its clocks could not be set any more. */
	if (config->monotonic.present || config->boottime.present)
		ns->late_flags |= kinds[NS_TIME].flag;
	/* What is joined need not belong to the new user namespace: it is entered before that. */
	ns->staged = ns->join_fds[NS_USER] >= 0 || ns->join_fds[NS_PID] >= 0 ||
		     (joins && ns->new_flags & CLONE_NEWUSER);
	return 0;
}

void namespaces_close(struct namespaces *ns)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		if (ns->join_fds[type] >= 0)
			(void)close(ns->join_fds[type]);
		ns->join_fds[type] = -1;
	}
}

bool namespaces_is_own(int fd, enum ns_type type)
{
	struct stat theirs, ours;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[type].file);
	return fstat(fd, &theirs) == 0 && stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

/* Once in the user namespace, only what it owns can be entered. */
static bool is_owned_by(int user_fd, int fd)
{
	autoclose int owner_fd = ioctl(fd, NS_GET_USERNS);
	struct stat owner, user;

	return owner_fd >= 0 && fstat(owner_fd, &owner) == 0 && fstat(user_fd, &user) == 0 &&
	       owner.st_dev == user.st_dev && owner.st_ino == user.st_ino;
}

static int join_one(const struct namespaces *ns, enum ns_type type, struct err *err)
{
	if (setns(ns->join_fds[type], (int)kinds[type].flag) < 0)
		return err_errno(err, "join %s namespace", config_namespace_name(type));
	return 0;
}

/* What the user namespace does not own is joined before it, the rest after it. */
int namespaces_join(const struct namespaces *ns, struct err *err)
{
	int user_fd = ns->join_fds[NS_USER];
	/* The kernel refuses a setns to the user namespace that one is in. */
	bool enters_user = user_fd >= 0 && !namespaces_is_own(user_fd, NS_USER);
	bool done[NS_COUNT] = { false };
	int rc = 0;

	for (enum ns_type type = 0; enters_user && rc >= 0 && type < NS_COUNT; type++) {
		int fd = ns->join_fds[type];

		if (type == NS_USER || fd < 0 || is_owned_by(user_fd, fd))
			continue;
		rc = join_one(ns, type, err);
		done[type] = true;
	}
	done[NS_USER] = !enters_user;
	for (enum ns_type type = 0; rc >= 0 && type < NS_COUNT; type++)
		if (ns->join_fds[type] >= 0 && !done[type])
			rc = join_one(ns, type, err);
	return rc;
}

int namespaces_raise_lo(struct err *err)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "socket");
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_errno(err, "raise interface 'lo'");
	return 0;
}
