/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_FOLDER_H
#define CT_CGROUP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * One folder of a container's group, in one hierarchy: made, opened once, written to by descriptor,
 * removed. Versions and controllers are the back ends' business.
 */
struct cgroup_folder {
	unsigned int controllers; /* CGROUP_* of cgroup_host.h; v2: those it was made with */
	char *label;              /* "memory", "cpu,cpuacct", "name=systemd"; v2: "" */
	char *mount;              /* mount point of the hierarchy */
	char *path;               /* below it: "/a/b" */
	int64_t made; /* so many of the last components of path are ours; 0: all was there before */
	int fd;       /* of the folder; -1: not open */
	int tasks_fd; /* v1: its "tasks", to write; -1 */
};

#define CGROUP_FOLDER_INIT                                                                         \
	{                                                                                          \
		.fd = -1, .tasks_fd = -1                                                           \
	}

void cgroup_folder_close(struct cgroup_folder *folder);
void cgroup_folder_free(struct cgroup_folder *folder);

/* ---- the folder ---- */

/* Find out which part of mount + path is there (sets .made). Nothing is made. */
int cgroup_folder_plan(struct cgroup_folder *folder, struct err *err);
/*
 * Make what is missing and open it; each(new_fd, parent_fd) is called for every folder that
 * is new, from the top (may be NULL). EEXIST when another made the last one meanwhile. What was made
 * is removed again on failure.
 */
typedef int cgroup_each_fn(int fd, int parent_fd, struct err *err);
int cgroup_folder_make(struct cgroup_folder *folder, cgroup_each_fn *each, struct err *err);
/* Open it when it is not open; -ENOENT when it is gone. Returns the descriptor, borrowed. */
int cgroup_folder_open(struct cgroup_folder *folder, struct err *err);
/*
 * rmdir, from the bottom up: sub-groups that the container made, the folder, and those above it that
 * are ours and empty. Fine when gone. EBUSY: processes are in there. A folder that is not ours
 * stays; its sub-groups go.
 */
int cgroup_folder_remove(struct cgroup_folder *folder, struct err *err);

/* ---- files in it ---- */

/*
 * Write a value. key is the property it comes from ("linux.resources.memory.limit") and stands before
 * the message; NULL: none. The error names the file with its whole path.
 */
int cgroup_set(const struct cgroup_folder *folder, const char *key, const char *file,
	       const char *value, struct err *err);
int cgroup_set_int(const struct cgroup_folder *folder, const char *key, const char *file,
		   int64_t value, struct err *err);
bool cgroup_has(const struct cgroup_folder *folder, const char *file);
/* The whole file; the caller frees. */
int cgroup_get(const struct cgroup_folder *folder, const char *file, char **text, struct err *err);
/* The number that text begins with. "max", "-1" and what has 19 digits ("no limit" on v1): INT64_MAX. */
int64_t cgroup_number(const char *text);
int cgroup_get_int(const struct cgroup_folder *folder, const char *file, int64_t *value,
		   struct err *err);
/* "key value" lines, as memory.stat and cgroup.events have them. false: no such key. */
bool cgroup_keyed(const char *text, const char *key, int64_t *value);

/* ---- processes in it ---- */

struct cgroup_pids {
	pid_t *items; /* freed with free() */
	size_t n;
};
/* Append the pids of `file` ("cgroup.procs"), also of sub-groups when deep. */
int cgroup_folder_pids(const struct cgroup_folder *folder, bool deep, struct cgroup_pids *pids,
		       struct err *err);
/* Wait by pidfd until all of them have ended, deadline_ms by CLOCK_MONOTONIC. ETIMEDOUT. */
int cgroup_wait_pids(const struct cgroup_pids *pids, int64_t deadline_ms, struct err *err);
/* SIGKILL to each. Gone ones are fine. */
int cgroup_kill_pids(const struct cgroup_pids *pids, struct err *err);
int64_t cgroup_now_ms(void);

#endif
