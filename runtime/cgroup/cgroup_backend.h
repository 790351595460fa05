/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_BACKEND_H
#define CT_CGROUP_BACKEND_H

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/cgroup_folder.h"
#include "runtime/cgroup/cgroup_host.h"

/*
 * Between the cgroup*.c files alone: what a back end is, and what of a container's group all of them
 * share. cgroup.c picks the back end and keeps struct cgroup; state.json is written from it, so what a
 * later `delete` needs is a member here and no back end's secret.
 */
struct cgroup_ops {
	const char *name; /* in state.json: "v1", "v2", "systemd" */

	/*
	 * Fill *cg (folders, and unit for systemd) from request and host; refuse what cannot be
	 * applied. Nothing is made. cg->exists is true on entry; cleared when there is no right to
	 * a group and nothing needs one.
	 */
	int (*plan)(struct cgroup *cg, const struct cgroup_request *request,
		    const struct cgroup_host *host, struct err *err);
	/*
	 * 1: made, 0: there already. A failure leaves nothing behind; EACCES, EPERM, EROFS: cgroup.c
	 * decides (see there). loaded: open what is there, make what is gone.
	 */
	int (*make)(struct cgroup *cg, struct err *err);
	int (*clone_fd)(const struct cgroup *cg); /* NULL: none to be had */
	/* pid 0: the caller itself, which has one thread. */
	int (*enter)(const struct cgroup *cg, pid_t pid, struct err *err);
	int (*apply)(struct cgroup *cg, const struct resources *resources, struct err *err);
	int (*delegate)(const struct cgroup *cg, uid_t uid, struct err *err); /* NULL: nothing */
	int (*kill)(const struct cgroup *cg, struct err *err); /* only called when entered */
	/* Waits for the end of what is in there; kills it only when entered. */
	int (*remove)(struct cgroup *cg, struct err *err);
	int (*freeze)(const struct cgroup *cg, bool frozen, struct err *err);
	bool (*is_frozen)(const struct cgroup *cg);
	int (*pids)(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err);
	int (*stats)(const struct cgroup *cg, json_node *data, struct err *err);
	int (*oom_fd)(const struct cgroup *cg, struct err *err);
	/* The container's process is in it, or none will be: end what stood in for it. May be NULL. */
	void (*release)(struct cgroup *cg);
};

extern const struct cgroup_ops cgroup_v1_ops, cgroup_v2_ops, cgroup_systemd_ops;

struct cgroup {
	const struct cgroup_ops *ops; /* NULL: disabled, or no right to one */
	enum cgroup_manager manager;
	bool exists;
	bool entered; /* the container's process is in it: what is in it may be killed */
	bool loaded;  /* from state.json: it is ours already, and not checked for fitness again */
	struct cgroup_folder *folders; /* one per hierarchy that is joined */
	size_t n;
	/* systemd: the scope, its slice, and which bus. What the scope's folders hold is the
	 * business of the back end below it (v1 or v2). */
	const struct cgroup_ops *below;
	char *slice, *unit;
	bool user_bus;
	/* For make alone, not in state.json. */
	const struct strmap *annotations; /* borrowed */
	pid_t placeholder;                /* holds the scope until a process is in it; 0: none */
};

/* ---- what resources ask for ---- */

/* CGROUP_* bits of the controllers whose limits are asked for; -1, no limit, is none. */
unsigned int cgroup_wanted(const struct resources *resources);
/* "memory" -> "linux.resources.memory", of one bit: for the error that it cannot be set here. */
const char *cgroup_resource_key(unsigned int controller);

/*
 * The device list as it is applied, in order: the config's, and behind each rule that denies all the
 * devices that every container has (null zero full random urandom tty console ptmx pts, and mknod of
 * any), as all runtimes allow them. out is freed by the caller with free(out->items).
 */
void cgroup_device_rules(const struct resource_devices *in, struct resource_devices *out);

#endif
