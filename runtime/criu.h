/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CRIU_H
#define CT_CRIU_H

#include "common/err.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup.h"

/*
 * The program `criu`, found in PATH, which freezes a tree of processes into files and makes it again.
 * What a container has from outside itself is named to it as external: each bind mount, the
 * network namespace, the standard streams.
 */

/* The name under which the network namespace goes, runc's. */
#define CRIU_NET_KEY "extRootNetNS"

struct criu_call {
	struct strlist args; /* from argv[1] on: "dump", … */
	char *log;           /* absolute */
	/* restore alone; else NULL and -1 */
	const struct cgroup *cgroup; /* to be entered first: what is made is in there */
	const char *rootfs, *root;   /* the one is mounted on the other, in mounts of criu's own */
	int net_fd;                  /* inherited */
};

/* Absolute path of the program; an error that names the package when there is none. The caller frees. */
int criu_find(char **path, struct err *err);

/*
 * Run it with our standard streams and wait. A failure has the error lines of its log. Made for restore
 * as well: with --restore-sibling the container's process is a child of ours.
 */
int criu_run(const char *path, const struct criu_call *call, struct err *err);
void criu_call_free(struct criu_call *call);
#define autocriucall __attribute__((cleanup(criu_call_free)))

#endif
