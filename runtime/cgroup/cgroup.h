/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_H
#define CT_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/json.h"
#include "runtime/resources.h"

/*
 * The container's control group, whatever the host has: one interface, its back ends v1, v2 and
 * systemd behind it (cgroup_backend.h), "disabled" for none at all. On a hybrid host (v1 controllers
 * and a v2 tree beside them) the controllers decide: what v1 has is set there.
 *
 * cgroup_plan() looks, decides and refuses; nothing is made before cgroup_make(), and all that is made
 * goes with cgroup_remove(). What was planned is in state.json, written before cgroup_make(), so that
 * `delete --force` finds what a killed create has left.
 */
enum cgroup_manager {
	CGROUP_CGROUPFS,
	CGROUP_SYSTEMD,
	CGROUP_DISABLED,
};

struct cgroup; /* opaque */

struct cgroup_request {
	enum cgroup_manager manager;
	const char *path; /* linux.cgroupsPath; NULL: our choice */
	const char *id;   /* of the container */
	const struct resources *resources;
	bool rootless; /* no right to a cgroup is a debug line, unless limits are asked for */
	const struct strmap *annotations; /* org.systemd.property.* */
};

/*
 * Errors: a limit that no controller of this host can set (names the key path below
 * "linux.resources" and the controller), a path that leads out of the tree, a manager that is not
 * there. The caller frees *cgroup, which is never NULL after success.
 */
int cgroup_plan(const struct cgroup_request *request, struct cgroup **cgroup, struct err *err);

/* state.json's "cgroup" object and back. From a state without one comes a disabled cgroup. */
json_node *cgroup_json(const struct cgroup *cgroup);
int cgroup_from_json(const json_node *node, struct cgroup **cgroup, struct err *err);

void cgroup_free(struct cgroup **cgroup);
#define autocgroup __attribute__((cleanup(cgroup_free)))

/*
 * Folders, or the scope. A group that is there already with processes in it, or frozen, is refused.
 * Without the right to make one (a normal user, a read-only tree): an error when limits are asked for,
 * a debug line else, and cgroup_exists() is false from then on. One that came from state.json (restart)
 * is opened, and made again when it is gone. 1: something was made, 0: all was there.
 */
/* Of request the resources alone are looked at: the rest was planned. */
int cgroup_make(struct cgroup *cgroup, const struct cgroup_request *request, struct err *err);
/* v2: a descriptor for CLONE_INTO_CGROUP, borrowed; -1: put the process in with cgroup_enter. */
int cgroup_clone_fd(const struct cgroup *cgroup);
/*
 * Put a process in. pid 0 is the caller itself, which must have one thread: much the cheaper way on
 * v1, so a child does it before it becomes what it is for (create's init, and what `exec` starts; host
 * paths must be there still, unless cgroup_make or an earlier call has opened the folders). Not for a
 * process that was cloned into cgroup_clone_fd.
 */
bool cgroup_needs_entry(const struct cgroup *cgroup);
/*
 * The container's process is in it. Until then cgroup_kill and cgroup_remove touch nobody: a create
 * that was killed early may have left a name under which another has made its group meanwhile.
 */
void cgroup_set_entered(struct cgroup *cgroup);
int cgroup_enter(const struct cgroup *cgroup, pid_t pid, struct err *err);
/* Set the limits, after cgroup_enter where the kernel wants it so. */
int cgroup_apply(struct cgroup *cgroup, const struct resources *resources, struct err *err);
/* G3, config-linux.md "Cgroup ownership": v2 with a new cgroup namespace and a writable mount. */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, struct err *err);

/* SIGKILL to every process in it, also of sub-groups, frozen ones too. Does not wait. */
int cgroup_kill(const struct cgroup *cgroup, struct err *err);
/* Wait by event until it is empty, bounded, then remove it with its sub-groups. Fine when gone. */
int cgroup_remove(struct cgroup *cgroup, struct err *err);

/* pause / resume; waits by event until the kernel says so. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct err *err);
/* false also when there is no freezer to ask. Cheap: `state` calls it. */
bool cgroup_is_frozen(const struct cgroup *cgroup);

/* pids in it and its sub-groups, as this procfs sees them; the caller frees. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **pids, size_t *n, struct err *err);
/* The "data" object of runc's `events` (cpu, memory, pids, blkio, hugetlb, …). */
int cgroup_stats(const struct cgroup *cgroup, json_node *data, struct err *err);
/* A descriptor to poll, and what to read when it fires, for OOM events; -1: none to be had. */
int cgroup_oom_fd(const struct cgroup *cgroup, struct err *err);

/* Close the folders; they are opened again when needed. For a process that stays with the container. */
void cgroup_close(struct cgroup *cgroup);

/*
 * Where the container is in each hierarchy, for mounts of type "cgroup": a folder is mount + path.
 * At most max; all strings are borrowed. v2 is one place with controllers "".
 */
#define CGROUP_PLACES_MAX 32
struct cgroup_place {
	const char *controllers; /* "memory", "cpu,cpuacct", "name=systemd" */
	const char *mount, *path;
};
size_t cgroup_places(const struct cgroup *cgroup, struct cgroup_place *places, size_t max);

/* Was anything asked for and made: false for "disabled", and rootless without rights. */
bool cgroup_exists(const struct cgroup *cgroup);

/* Is there a back end of that name ("v1", "v2", "systemd") in this program, whatever the host has. */
bool cgroup_has_backend(const char *name);

#endif
