/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNTS_CGROUP_H
#define CT_MOUNTS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * Mounts of type cgroup and cgroup2, by the container's init, which is in its groups by then.
 *
 * v2 host, or type cgroup2	cgroup2; refused by the kernel, as in a user namespace without a
 *				cgroup namespace: a bind of the container's own group
 * v1 host			a tmpfs with a folder per hierarchy ("cpu,cpuacct", and links "cpu" and
 *				"cpuacct"; "unified" of a hybrid host): the hierarchy mounted in a
 *				cgroup namespace, else a bind of the container's own group
 */
struct cgroup_mount {
	int target_fd; /* the folder to mount on, O_PATH */
	const char *type;
	const char *dest, *where; /* for messages */
	unsigned long flags;      /* MS_* of mount(2), without MS_RDONLY */
	uint64_t attributes;      /* the same as MOUNT_ATTR_* */
	bool readonly;
	const char *data; /* of the file system; NULL: none */
	bool own_namespace;
	pid_t runtime_pid; /* a group that is the runtime's too is never writable (CVE-2023-25809) */
};

int mounts_cgroup(const struct cgroup_mount *mount, struct err *err);

#endif
