/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_V2_H
#define CT_CGROUP_V2_H

#include "runtime/cgroup/cgroup_backend.h"

/* Between the cgroup_v2*.c files and cgroup_systemd.c alone. */

/* One file of the group and what is written to it. */
struct cgroup_write {
	char key[80];     /* the property it comes from, for errors */
	char file[80];    /* over-long names were refused */
	char *value;      /* owned */
	bool optional;    /* without the file the wish is fulfilled anyway */
	bool alternative; /* without the file the next entry is written, else that one is skipped */
};

struct cgroup_writes {
	struct cgroup_write *items;
	size_t n;
};

void cgroup_writes_free(struct cgroup_writes *writes);
#define autowrites __attribute__((cleanup(cgroup_writes_free)))

/* What the group has already, for wishes that speak of a half. */
struct cgroup_v2_now {
	int64_t memory_limit;  /* memory.max; INT64_MAX: none */
	const char *cpu_quota; /* first word of cpu.max */
};

/*
 * linux.resources as files of cgroup v2, in the order of writing. Pure. Errors: what v1 had and v2 has
 * not (named by its key path), and swap without a limit of memory to take from it.
 */
int cgroup_v2_writes(const struct resources *resources, const struct cgroup_v2_now *now,
		     struct cgroup_writes *writes, struct err *err);

/* 2..262144 to 1..10000; 1024, v1's default, becomes 100, v2's. */
uint64_t cgroup_v2_cpu_weight(int64_t shares);
/* 10..1000 to 1..10000 of io.weight. */
uint64_t cgroup_v2_io_weight(int64_t weight);

/* CGROUP_* bits that the group must have for these wishes, of v2's own controllers alone. */
unsigned int cgroup_v2_needed(const struct resources *resources);
/* CGROUP_* bits of a list like that of cgroup.controllers. */
unsigned int cgroup_v2_bits(const char *list);
/* "io", … of one bit. */
const char *cgroup_v2_name(unsigned int controller);
/*
 * Give the sub-groups of parent_fd all controllers that are to be had. An error when one of `needed`
 * is not among them, which says what to do.
 */
int cgroup_v2_enable(int parent_fd, const char *parent, unsigned int needed, struct err *err);

/*
 * The folder, the controllers that it needs handed down from the mount point, and its fitness, unless
 * it is loaded (ours already). 1, or an error that leaves nothing behind.
 */
int cgroup_v2_make(struct cgroup_folder *folder, bool loaded, struct err *err);
/* Write the limits; of an open folder. */
int cgroup_v2_apply_in(const struct cgroup_folder *folder, const struct resources *resources,
		       struct err *err);

/* What v1 is not asked for: huge pages and RDMA; of an open folder. */
void cgroup_v2_stats_beside(const struct cgroup_folder *folder, json_node *data);

/* Of struct cgroup_ops, for the back end that lets systemd make the group. */
int cgroup_v2_enter(const struct cgroup *cg, pid_t pid, struct err *err);
int cgroup_v2_apply(struct cgroup *cg, const struct resources *resources, struct err *err);
int cgroup_v2_delegate(const struct cgroup *cg, uid_t uid, struct err *err);
int cgroup_v2_kill(const struct cgroup *cg, struct err *err);
int cgroup_v2_wait_empty(struct cgroup *cg, struct err *err);
int cgroup_v2_remove(struct cgroup *cg, struct err *err);
int cgroup_v2_freeze(const struct cgroup *cg, bool frozen, struct err *err);
bool cgroup_v2_is_frozen(const struct cgroup *cg);
int cgroup_v2_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err);
int cgroup_v2_stats(const struct cgroup *cg, json_node *data, struct err *err);
int cgroup_v2_oom_fd(const struct cgroup *cg, struct err *err);

#endif
