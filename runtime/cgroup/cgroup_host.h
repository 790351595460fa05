/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_HOST_H
#define CT_CGROUP_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/*
 * The hierarchies of this host: where they are mounted and where we are in them, read once, by create
 * alone (/proc/self/mountinfo, /proc/self/cgroup).
 */
enum cgroup_controller {
	CGROUP_MEMORY = 1 << 0,
	CGROUP_CPU = 1 << 1,
	CGROUP_CPUACCT = 1 << 2,
	CGROUP_CPUSET = 1 << 3,
	CGROUP_DEVICES = 1 << 4,
	CGROUP_FREEZER = 1 << 5,
	CGROUP_BLKIO = 1 << 6, /* v2: "io" */
	CGROUP_PIDS = 1 << 7,
	CGROUP_NET_CLS = 1 << 8,
	CGROUP_NET_PRIO = 1 << 9,
	CGROUP_HUGETLB = 1 << 10,
	CGROUP_RDMA = 1 << 11,
	CGROUP_PERF_EVENT = 1 << 12,
	CGROUP_MISC = 1 << 13,
	CGROUP_UNIFIED = 1 << 14, /* what resources.unified asks for: v2 itself */
};

struct cgroup_mount {
	bool v2;
	unsigned int controllers;  /* v1: of this hierarchy; v2: 0, see cgroup.controllers */
	char *label;               /* v1: "memory", "cpu,cpuacct", "name=systemd"; v2: "" */
	char *point;               /* mount point */
	char *root;                /* the group that is seen at the mount point; "/" as a rule */
	unsigned int major, minor; /* device number of it */
	char *own; /* ours, below the mount point ("/" for its root); NULL: not seen */
};

struct cgroup_host {
	struct cgroup_mount *mounts;
	size_t n;
	unsigned int v1_controllers; /* all that v1 hierarchies here have */
};

#define autocgrouphost __attribute__((cleanup(cgroup_host_free)))

/* Only what is to be seen: a later mount may lie over a hierarchy. */
int cgroup_host_read(struct cgroup_host *host, struct err *err);
/* The same from texts; either may be hostile or cut. */
void cgroup_host_parse(const char *mountinfo, const char *own, struct cgroup_host *host);
void cgroup_host_free(struct cgroup_host *host);

const struct cgroup_mount *cgroup_host_v2(const struct cgroup_host *host); /* NULL: none */
/* v1: the hierarchy with this controller; NULL: none. */
const struct cgroup_mount *cgroup_host_v1(const struct cgroup_host *host, unsigned int controller);

/* "memory" -> CGROUP_MEMORY; 0: not known. v2's "io" is CGROUP_BLKIO. */
unsigned int cgroup_controller(const char *name, size_t len);

#endif
