/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Control groups, version 1: a hierarchy per controller, a folder of the container in each. With
 * linux.cgroupsPath all hierarchies are joined, since engines look for the container in each; without
 * it those alone that the limits need, and the freezer, for pause, ps and kill.
 *
 * Init writes itself into "tasks". The kernel then moves one thread, which is the writer, and takes no
 * global lock for it; a pid in "cgroup.procs" waits for an RCU grace period, milliseconds for each
 * hierarchy (cgroup_procs_write_start() of the kernel).
 *
 * Nothing here tells that a group is empty or frozen: the end of processes comes from pidfds, and
 * what has no event at all is asked again after a moment, with an end.
 */
#include "runtime/cgroup/cgroup_v1.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_hybrid.h"
#include "runtime/cgroup/cgroup_path.h"
#include "runtime/cgroup/cgroup_v2.h"

#define REMOVE_MS        10000
#define FREEZE_MS        5000
#define KILL_ROUNDS      64
#define CPUSET_MAX_BYTES 65536

struct cgroup_folder *cgroup_v1_folder(const struct cgroup *cg, unsigned int controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!cgroup_hybrid_is_v2(&cg->folders[i]) &&
		    cg->folders[i].controllers & controller)
			return &cg->folders[i];
	return NULL;
}

/* The one that says which processes there are: all have the same. */
static struct cgroup_folder *any_folder(const struct cgroup *cg)
{
	struct cgroup_folder *freezer = cgroup_v1_folder(cg, CGROUP_FREEZER);

	return freezer ? freezer : &cg->folders[0];
}

/* No event tells; asked again after a moment. */
static void wait_moment(void)
{
	(void)poll(NULL, 0, 1);
}

/* ---- plan ---- */

static int refuse_missing(unsigned int missing, struct err *err)
{
	static const struct {
		unsigned int controller;
		const char *name;
	} names[] = {
		{ CGROUP_MEMORY, "memory" },   { CGROUP_CPU, "cpu" },
		{ CGROUP_CPUSET, "cpuset" },   { CGROUP_DEVICES, "devices" },
		{ CGROUP_BLKIO, "blkio" },     { CGROUP_PIDS, "pids" },
		{ CGROUP_NET_CLS, "net_cls" }, { CGROUP_NET_PRIO, "net_prio" },
		{ CGROUP_HUGETLB, "hugetlb" }, { CGROUP_RDMA, "rdma" },
	};

	if (missing & CGROUP_UNIFIED)
		return err_set(err, ENOTSUP,
			       "linux.resources.unified: sets files of cgroup v2, and their "
			       "controllers are on v1 on this host");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (missing & names[i].controller)
			return err_set(err, ENOTSUP,
				       "%s: this host has no cgroup hierarchy with the "
				       "controller '%s'",
				       cgroup_resource_key(names[i].controller), names[i].name);
	return 0;
}

static int plan_folder(struct cgroup *cg, const struct cgroup_mount *mount,
		       unsigned int controllers, const char *path, struct err *err)
{
	struct cgroup_folder *folder = &cg->folders[cg->n++];

	*folder = (struct cgroup_folder)CGROUP_FOLDER_INIT;
	folder->controllers = controllers;
	folder->label = xstrdup(mount->label);
	folder->mount = xstrdup(mount->point);
	folder->path = xstrdup(path);
	return cgroup_folder_plan(folder, err);
}

static int plan(struct cgroup *cg, const struct cgroup_request *request,
		const struct cgroup_host *host, struct err *err)
{
	unsigned int wanted = cgroup_wanted(request->resources);
	unsigned int beside = cgroup_hybrid_wanted(host, request->resources);
	bool all = request->path && request->path[0] != '\0';
	autofree char *path = NULL;
	int rc = refuse_missing(wanted & ~(host->v1_controllers | beside), err);

	if (rc >= 0)
		rc = cgroup_path_folder(request->path, request->id, &path, err);
	cg->folders = xcalloc(host->n, sizeof(*cg->folders));
	for (size_t i = 0; rc >= 0 && i < host->n; i++) {
		const struct cgroup_mount *mount = &host->mounts[i];
		bool joins = all || mount->controllers & (wanted | CGROUP_FREEZER);

		if (mount->v2 && beside)
			rc = plan_folder(cg, mount, beside & ~(unsigned int)CGROUP_UNIFIED, path,
					 err);
		else if (!mount->v2 && joins)
			rc = plan_folder(cg, mount, mount->controllers, path, err);
	}
	return rc;
}

/* ---- make ---- */

/* A new cpuset has no CPU and no memory node, and takes no process so. */
static int fill_cpuset(int fd, int parent_fd, struct err *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < ARRAY_SIZE(files); i++) {
		autofree char *text = NULL;

		rc = file_read_at(parent_fd, files[i], CPUSET_MAX_BYTES, &text, NULL, err);
		if (rc >= 0)
			rc = file_write_at(fd, files[i], text, err);
	}
	return rc;
}

static bool folder_is_frozen(const struct cgroup_folder *folder)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	return cgroup_get(folder, "freezer.state", &text, &ignored) >= 0 &&
	       !str_starts(text, "THAWED");
}

/* config-linux.md: a group that is there already must be fit for a new container. */
static int check_fit(const struct cgroup_folder *folder, struct err *err)
{
	struct cgroup_pids pids = { NULL, 0 };
	int rc = 0;

	if (folder->made == 0)
		rc = cgroup_folder_pids(folder, true, &pids, err);
	free(pids.items);
	if (rc >= 0 && pids.n > 0)
		return err_set(err, EBUSY,
			       "cgroup '%s%s' has %zu processes in it already; choose another "
			       "linux.cgroupsPath",
			       folder->mount, folder->path, pids.n);
	/* One that is new and right below the root cannot be frozen. */
	bool has_parent = strchr(folder->path + 1, '/');

	if (rc >= 0 && (folder->controllers & CGROUP_FREEZER) &&
	    (folder->made == 0 || has_parent) && folder_is_frozen(folder))
		return err_set(err, EBUSY, "cgroup '%s%s' is frozen", folder->mount, folder->path);
	return rc;
}

static int make_new(struct cgroup_folder *folder, struct err *err)
{
	bool cpuset = folder->controllers & CGROUP_CPUSET;

	if (cgroup_hybrid_is_v2(folder))
		return cgroup_v2_make(folder, false, err);
	int rc = cgroup_folder_make(folder, cpuset ? fill_cpuset : NULL, err);

	return rc < 0 ? rc : check_fit(folder, err);
}

/* One thread enters by "tasks"; v2 has whole processes, and init is one of a single thread. */
static int open_tasks(struct cgroup_folder *folder, struct err *err)
{
	const char *name = cgroup_hybrid_is_v2(folder) ? "cgroup.procs" : "tasks";

	if (folder->tasks_fd < 0)
		folder->tasks_fd = openat(folder->fd, name, O_WRONLY | O_CLOEXEC);
	return folder->tasks_fd < 0 ? err_errno(err, "open '%s' of cgroup '%s%s'", name,
						folder->mount, folder->path)
				    : 0;
}

/* 1: made, 0: it was there. */
static int make_folder(struct cgroup_folder *folder, bool loaded, struct err *err)
{
	int rc = loaded ? cgroup_folder_open(folder, err) : -ENOENT;
	bool is_there = rc >= 0;

	if (rc == -ENOENT) {
		err_clear(err);
		rc = make_new(folder, err);
	}
	if (rc >= 0)
		rc = open_tasks(folder, err);
	if (rc < 0)
		return rc;
	return !is_there && folder->made > 0;
}

static int make(struct cgroup *cg, struct err *err)
{
	size_t done = 0;
	int made = 0, rc = 0;

	for (; rc >= 0 && done < cg->n; done++) {
		rc = make_folder(&cg->folders[done], cg->loaded, err);
		made |= rc > 0;
	}
	/* The one that failed too, unless it is another's. */
	for (size_t i = done; rc < 0 && i-- > 0;) {
		struct err ignored = ERR_INIT;

		if (cg->folders[i].fd >= 0 && cgroup_folder_remove(&cg->folders[i], &ignored) < 0)
			log_debug("%s; ignoring", ignored.msg);
	}
	return rc < 0 ? rc : made;
}

/* ---- processes ---- */

static int open_all(const struct cgroup *cg, struct err *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		int rc = cgroup_folder_open(&cg->folders[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int enter_self(struct cgroup_folder *folder, struct err *err)
{
	int rc = open_tasks(folder, err);

	if (rc < 0 || write(folder->tasks_fd, "0", 1) == 1)
		return rc;
	return err_errno(err, "enter cgroup '%s%s'", folder->mount, folder->path);
}

static int enter(const struct cgroup *cg, pid_t pid, struct err *err)
{
	int rc = open_all(cg, err);

	for (size_t i = 0; rc >= 0 && i < cg->n; i++)
		rc = pid == 0 ? enter_self(&cg->folders[i], err)
			      : cgroup_set_int(&cg->folders[i], NULL, "cgroup.procs", pid, err);
	return rc;
}

/* A freezer that holds still what would fork faster than it is killed. */
static int kill_frozen(const struct cgroup_folder *folder, struct err *err)
{
	struct cgroup_pids pids = { NULL, 0 };
	size_t before = 0;
	int rc = cgroup_set(folder, NULL, "freezer.state", "FROZEN", err);

	/* What was about to fork at that moment has done so by the second look, or the third. */
	for (int i = 0; rc >= 0 && i < KILL_ROUNDS; i++) {
		pids.n = 0;
		rc = cgroup_folder_pids(folder, true, &pids, err);
		if (rc >= 0)
			rc = cgroup_kill_pids(&pids, err);
		if (i > 0 && pids.n == before)
			break;
		before = pids.n;
	}
	free(pids.items);
	struct err thaw = ERR_INIT;

	if (cgroup_set(folder, NULL, "freezer.state", "THAWED", &thaw) < 0 && rc >= 0)
		*err = thaw;
	return err->code ? -err->code : 0;
}

static int kill_all(const struct cgroup *cg, struct err *err)
{
	struct cgroup_folder *folder = any_folder(cg);
	struct cgroup_pids pids = { NULL, 0 };
	int rc = cgroup_folder_open(folder, err);

	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (rc >= 0)
		rc = cgroup_folder_pids(folder, true, &pids, err);
	if (rc >= 0 && pids.n > 0)
		rc = folder->controllers & CGROUP_FREEZER ? kill_frozen(folder, err)
							  : cgroup_kill_pids(&pids, err);
	free(pids.items);
	return rc;
}

/* Something is in there still, or was at this moment: wait for its end. */
static int empty_folder(struct cgroup_folder *folder, bool kills, int64_t deadline_ms,
			struct err *err)
{
	struct cgroup_pids pids = { NULL, 0 };
	int rc = cgroup_folder_open(folder, err);

	if (rc >= 0)
		rc = cgroup_folder_pids(folder, true, &pids, err);
	if (rc >= 0 && kills)
		rc = cgroup_kill_pids(&pids, err);
	if (rc >= 0)
		rc = cgroup_wait_pids(&pids, deadline_ms, err);
	if (rc >= 0 && pids.n == 0)
		wait_moment();
	free(pids.items);
	return rc;
}

static int remove_all(struct cgroup *cg, struct err *err)
{
	int64_t deadline_ms = cgroup_now_ms() + REMOVE_MS;
	struct err first = ERR_INIT;

	for (size_t i = 0; i < cg->n; i++) {
		struct err one = ERR_INIT;
		int rc = cgroup_folder_remove(&cg->folders[i], &one);

		while (rc == -EBUSY && cgroup_now_ms() < deadline_ms) {
			err_clear(&one);
			rc = empty_folder(&cg->folders[i], cg->entered, deadline_ms, &one);
			if (rc >= 0)
				rc = cgroup_folder_remove(&cg->folders[i], &one);
		}
		if (rc < 0 && !first.code)
			first = one;
	}
	if (!first.code)
		return 0;
	*err = first;
	return -err->code;
}

static int pids_of(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	struct cgroup_folder *folder = any_folder(cg);
	struct cgroup_pids list = { NULL, 0 };
	int rc = cgroup_folder_open(folder, err);

	if (rc >= 0)
		rc = cgroup_folder_pids(folder, true, &list, err);
	*pids = list.items;
	*n = list.n;
	return rc < 0 ? rc : 0;
}

/* ---- freezer ---- */

static int freeze(const struct cgroup *cg, bool frozen, struct err *err)
{
	struct cgroup_folder *folder = cgroup_v1_folder(cg, CGROUP_FREEZER);
	int64_t deadline_ms = cgroup_now_ms() + FREEZE_MS;
	struct err ignored = ERR_INIT;

	if (!folder)
		return err_set(err, ENOTSUP, "this host has no cgroup v1 freezer");
	int rc = cgroup_folder_open(folder, err);

	if (rc >= 0)
		rc = cgroup_set(folder, NULL, "freezer.state", frozen ? "FROZEN" : "THAWED", err);
	while (rc >= 0) {
		autofree char *text = NULL;

		rc = cgroup_get(folder, "freezer.state", &text, err);
		if (rc < 0 || str_starts(text, frozen ? "FROZEN" : "THAWED"))
			return rc;
		if (cgroup_now_ms() >= deadline_ms)
			break;
		wait_moment();
	}
	if (rc < 0)
		return rc;
	if (frozen)
		(void)cgroup_set(folder, NULL, "freezer.state", "THAWED", &ignored);
	return err_set(err, ETIMEDOUT, "cgroup '%s%s' is not %s within %d s", folder->mount,
		       folder->path, frozen ? "frozen" : "thawed", FREEZE_MS / 1000);
}

static bool is_frozen(const struct cgroup *cg)
{
	struct cgroup_folder *folder = cgroup_v1_folder(cg, CGROUP_FREEZER);
	struct err ignored = ERR_INIT;

	return folder && cgroup_folder_open(folder, &ignored) >= 0 && folder_is_frozen(folder);
}

/* ---- events ---- */

/* An eventfd: 8 bytes to read for every OOM (Documentation/admin-guide/cgroup-v1/memory.rst, 10). */
static int oom_fd(const struct cgroup *cg, struct err *err)
{
	struct cgroup_folder *folder = cgroup_v1_folder(cg, CGROUP_MEMORY);
	char text[64];

	if (!folder)
		return -1;
	int rc = cgroup_folder_open(folder, err);

	if (rc < 0)
		return rc;
	autoclose int control_fd = openat(folder->fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	autoclose int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (control_fd < 0 || event_fd < 0)
		return err_errno(err, "open 'memory.oom_control' of cgroup '%s%s'", folder->mount,
				 folder->path);
	(void)snprintf(text, sizeof(text), "%d %d", event_fd, control_fd);
	rc = cgroup_set(folder, NULL, "cgroup.event_control", text, err);
	return rc < 0 ? rc : take_fd(&event_fd);
}

const struct cgroup_ops cgroup_v1_ops = {
	.name = "v1",
	.plan = plan,
	.make = make,
	.enter = enter,
	.apply = cgroup_v1_apply,
	.kill = kill_all,
	.remove = remove_all,
	.freeze = freeze,
	.is_frozen = is_frozen,
	.pids = pids_of,
	.stats = cgroup_v1_stats,
	.oom_fd = oom_fd,
};
