/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * cgroup v2: one folder, in which the container is born (CLONE_INTO_CGROUP). All that waits, waits for
 * cgroup.events: the kernel wakes a poll(2) for POLLPRI when one of its lines has changed.
 */
#include "runtime/cgroup/cgroup_v2.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_bpf.h"
#include "runtime/cgroup/cgroup_path.h"

#define WAIT_MS        10000
#define EVENTS_MAX     4096
#define MAX_DEPTH      32 /* of sub-groups that are looked into */
#define DELEGATE_FILES "/sys/kernel/cgroup/delegate"

/* There is one folder, and every operation opens it on its first use (a later command's). */
static int open_folder(const struct cgroup *cg, const struct cgroup_folder **folder,
		       struct err *err)
{
	*folder = &cg->folders[0];
	return cgroup_folder_open(&cg->folders[0], err);
}

/* ---- plan ---- */

static int plan(struct cgroup *cg, const struct cgroup_request *request,
		const struct cgroup_host *host, struct err *err)
{
	const struct cgroup_mount *mount = cgroup_host_v2(host);
	const struct cgroup_v2_now fresh = { .memory_limit = INT64_MAX, .cpu_quota = "max" };
	autowrites struct cgroup_writes writes = { 0 };
	int rc = cgroup_v2_writes(request->resources, &fresh, &writes, err);

	if (rc < 0)
		return rc;
	if (!mount)
		return err_set(err, ENOTSUP, "no cgroup v2 is mounted below /sys/fs/cgroup");
	cg->folders = xcalloc(1, sizeof(*cg->folders));
	cg->n = 1;
	struct cgroup_folder *folder = &cg->folders[0];

	*folder = (struct cgroup_folder)CGROUP_FOLDER_INIT;
	folder->label = xstrdup("");
	folder->mount = xstrdup(mount->point);
	folder->controllers = cgroup_v2_needed(request->resources);
	rc = cgroup_path_folder(request->path, request->id, &folder->path, err);
	return rc < 0 ? rc : cgroup_folder_plan(folder, err);
}

/* ---- make ---- */

/* From the mount point down, but not in the last folder, which holds the processes. */
static int enable_down(const struct cgroup_folder *folder, struct err *err)
{
	for (const char *end = folder->path; end; end = strchr(end + 1, '/')) {
		autofree char *path =
			xasprintf("%s%.*s", folder->mount, (int)(end - folder->path), folder->path);
		autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_errno(err, "open cgroup '%s'", path);
		int rc = cgroup_v2_enable(fd, path, folder->controllers, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* G2: what was there before us must be able to hold a container, and hold nobody else. */
static int check_fitness(const struct cgroup_folder *folder, struct err *err)
{
	autofree char *events = NULL, *type = NULL;
	int64_t populated = 0, frozen = 0;
	int rc = cgroup_get(folder, "cgroup.events", &events, err);

	if (rc >= 0)
		rc = cgroup_get(folder, "cgroup.type", &type, err);
	if (rc < 0)
		return rc;
	(void)cgroup_keyed(events, "populated", &populated);
	(void)cgroup_keyed(events, "frozen", &frozen);
	const char *why = populated ? "has processes in it already"
			  : frozen  ? "is frozen"
			  : str_starts(type, "domain invalid")
				  ? "cannot hold processes: a group above it is threaded"
				  : NULL;

	return why ? err_set(err, EBUSY, "linux.cgroupsPath: cgroup '%s%s' %s", folder->mount,
			     folder->path, why)
		   : 0;
}

/* A group gets the controllers of its parent at any time, so the folders come first. */
int cgroup_v2_make(struct cgroup_folder *folder, bool loaded, struct err *err)
{
	int rc = cgroup_folder_make(folder, NULL, err);

	if (rc < 0)
		return rc;
	rc = enable_down(folder, err);
	if (rc >= 0 && !loaded)
		rc = check_fitness(folder, err);
	if (rc < 0 && folder->made > 0) {
		struct err ignored = ERR_INIT;

		(void)cgroup_folder_remove(folder, &ignored);
	}
	return rc < 0 ? rc : 1;
}

static int make(struct cgroup *cg, struct err *err)
{
	if (cg->loaded) {
		int rc = cgroup_folder_open(&cg->folders[0], err);

		if (rc != -ENOENT)
			return rc < 0 ? rc : 0;
		err_clear(err);
		rc = cgroup_folder_plan(&cg->folders[0], err);
		if (rc < 0)
			return rc;
	}
	return cgroup_v2_make(&cg->folders[0], cg->loaded, err);
}

static int clone_fd(const struct cgroup *cg)
{
	return cg->folders[0].fd;
}

/* ---- enter ---- */

/*
 * A container that has sub-groups with controllers (systemd in it) can hold no process itself any
 * more: into the first sub-group that can, then.
 */
static int enter_below(int fd, const char *pid, int depth)
{
	autodir DIR *dir = fdopendir(fd);

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		struct err ignored = ERR_INIT;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		int sub_fd = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (sub_fd < 0)
			continue;
		if (file_write_at(sub_fd, "cgroup.procs", pid, &ignored) >= 0) {
			(void)close(sub_fd);
			return 0;
		}
		if (depth >= MAX_DEPTH)
			(void)close(sub_fd);
		else if (enter_below(sub_fd, pid, depth + 1) == 0)
			return 0;
	}
	return -EBUSY;
}

int cgroup_v2_enter(const struct cgroup *cg, pid_t pid, struct err *err)
{
	const struct cgroup_folder *folder;
	char text[16];
	int rc = open_folder(cg, &folder, err);

	if (rc < 0)
		return rc;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	rc = cgroup_set(folder, NULL, "cgroup.procs", text, err);
	if (rc == -EBUSY) {
		int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && enter_below(fd, text, 0) == 0) {
			err_clear(err);
			rc = 0;
		}
	}
	return rc;
}

/* ---- apply ---- */

static int check_before_update(const struct cgroup_folder *folder,
			       const struct resource_memory *memory, struct err *err)
{
	int64_t usage = 0;

	if (!memory->check_before_update.value || !memory->limit.set || memory->limit.value < 0)
		return 0;
	int rc = cgroup_get_int(folder, "memory.current", &usage, err);

	if (rc < 0 || usage <= memory->limit.value)
		return rc;
	return err_set(err, EBUSY,
		       "linux.resources.memory.limit: %" PRId64
		       " is less than what is used now, %" PRId64
		       " (memory.checkBeforeUpdate is set)",
		       memory->limit.value, usage);
}

static int write_all(const struct cgroup_folder *folder, const struct cgroup_writes *writes,
		     struct err *err)
{
	for (size_t i = 0; i < writes->n; i++) {
		const struct cgroup_write *write = &writes->items[i];
		bool missing = (write->optional || write->alternative) &&
			       !cgroup_has(folder, write->file);

		if (!missing) {
			int rc = cgroup_set(folder, write->key, write->file, write->value, err);

			if (rc < 0)
				return rc;
		}
		i += write->alternative && !missing;
	}
	return 0;
}

/* The halves that the document may leave to the group; only read when it does. */
static int read_now(const struct cgroup_folder *folder, const struct resources *resources,
		    struct cgroup_v2_now *now, char **cpu_max, struct err *err)
{
	int rc = 0;

	*now = (struct cgroup_v2_now){ .memory_limit = INT64_MAX, .cpu_quota = "max" };
	if (resources->memory.swap.set && !resources->memory.limit.set)
		rc = cgroup_get_int(folder, "memory.max", &now->memory_limit, err);
	if (rc >= 0 && resources->cpu.period.set && !resources->cpu.quota.set) {
		rc = cgroup_get(folder, "cpu.max", cpu_max, err);
		if (rc >= 0) {
			(*cpu_max)[strcspn(*cpu_max, " \n")] = '\0';
			now->cpu_quota = *cpu_max;
		}
	}
	return rc;
}

/*
 * In a user namespace the kernel takes no device program; nor does it let anyone make a device there
 * (EPERM), so the ones that are bound in are all there are.
 */
static int apply_devices(int fd, const struct resource_devices *devices, struct err *err)
{
	struct resource_devices rules;

	cgroup_device_rules(devices, &rules);
	int rc = cgroup_bpf_attach(fd, &rules, err);

	free(rules.items);
	if (rc == -EPERM || rc == -EACCES) {
		log_debug("linux.resources.devices: ignoring that there is no right to it: %s",
			  err->msg);
		err_clear(err);
		rc = 0;
	}
	return rc < 0 ? err_ctx(err, "linux.resources.devices") : 0;
}

int cgroup_v2_apply_in(const struct cgroup_folder *folder, const struct resources *resources,
		       struct err *err)
{
	autowrites struct cgroup_writes writes = { 0 };
	autofree char *cpu_max = NULL, *has = NULL;
	struct cgroup_v2_now now;
	int rc = cgroup_get(folder, "cgroup.controllers", &has, err);

	if (rc < 0)
		return rc;
	unsigned int missing = cgroup_v2_needed(resources) & ~cgroup_v2_bits(has);

	if (missing)
		return err_set(err, ENOTSUP, "%s: cgroup '%s%s' has no '%s' controller",
			       cgroup_resource_key(missing), folder->mount, folder->path,
			       cgroup_v2_name(missing));
	rc = read_now(folder, resources, &now, &cpu_max, err);
	if (rc >= 0)
		rc = cgroup_v2_writes(resources, &now, &writes, err);
	if (rc >= 0)
		rc = check_before_update(folder, &resources->memory, err);
	if (rc >= 0)
		rc = write_all(folder, &writes, err);
	return rc < 0 ? rc : apply_devices(folder->fd, &resources->devices, err);
}

int cgroup_v2_apply(struct cgroup *cg, const struct resources *resources, struct err *err)
{
	const struct cgroup_folder *folder;
	int rc = open_folder(cg, &folder, err);

	return rc < 0 ? rc : cgroup_v2_apply_in(folder, resources, err);
}

/* ---- delegate ---- */

static int chown_file(int fd, const char *name, uid_t uid, struct err *err)
{
	if (fchownat(fd, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
		return err_errno(err, "give the cgroup's '%s' to uid %u", name, uid);
	return 0;
}

int cgroup_v2_delegate(const struct cgroup *cg, uid_t uid, struct err *err)
{
	static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	autofree char *list = NULL;
	const struct cgroup_folder *folder;
	struct err ignored = ERR_INIT;
	int rc = open_folder(cg, &folder, err);

	if (rc >= 0)
		rc = chown_file(folder->fd, ".", uid, err);
	if (rc < 0)
		return rc;
	if (file_read_at(AT_FDCWD, DELEGATE_FILES, EVENTS_MAX, &list, NULL, &ignored) < 0)
		list = xstrdup(fallback);
	for (char *name = list, *next; rc >= 0 && *name; name = next) {
		next = name + strcspn(name, "\n");
		if (*next)
			*next++ = '\0';
		if (*name && !strchr(name, '/'))
			rc = chown_file(folder->fd, name, uid, err);
	}
	return rc;
}

/* ---- events ---- */

/* open and read(2) of a file whose group is removed meanwhile. */
static int events_fail(const struct cgroup_folder *folder, const char *what, struct err *err)
{
	if (errno == ENODEV || errno == ENOENT)
		return err_set(err, ENOENT, "cgroup '%s%s' is gone", folder->mount, folder->path);
	return err_errno(err, "%s '%s%s/cgroup.events'", what, folder->mount, folder->path);
}

/* Wait until cgroup.events has "key value". ETIMEDOUT; ENOENT: the group is gone. */
static int wait_event(const struct cgroup_folder *folder, const char *key, int64_t value,
		      struct err *err)
{
	autoclose int fd = openat(folder->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline = cgroup_now_ms() + WAIT_MS;

	if (fd < 0)
		return events_fail(folder, "open", err);
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };
		char text[EVENTS_MAX];
		int64_t now = 0, left = deadline - cgroup_now_ms();
		ssize_t len = pread(fd, text, sizeof(text) - 1, 0); /* and arms the poll */

		if (len < 0)
			return events_fail(folder, "read", err);
		text[len] = '\0';
		if (cgroup_keyed(text, key, &now) && now == value)
			return 0;
		if (left <= 0)
			return err_set(err, ETIMEDOUT,
				       "cgroup '%s%s' still says '%s %" PRId64 "' after %d s",
				       folder->mount, folder->path, key, now, WAIT_MS / 1000);
		if (poll(&poll_fd, 1, (int)left) < 0 && errno != EINTR)
			return err_errno(err, "wait for cgroup '%s%s'", folder->mount,
					 folder->path);
	}
}

int cgroup_v2_freeze(const struct cgroup *cg, bool frozen, struct err *err)
{
	const struct cgroup_folder *folder;
	struct err ignored = ERR_INIT;
	int rc = open_folder(cg, &folder, err);

	if (rc >= 0)
		rc = cgroup_set(folder, NULL, "cgroup.freeze", frozen ? "1" : "0", err);
	if (rc < 0)
		return rc;
	rc = wait_event(folder, "frozen", frozen, err);
	if (rc < 0 && frozen) /* half of it would stand still */
		(void)cgroup_set(folder, NULL, "cgroup.freeze", "0", &ignored);
	return rc;
}

bool cgroup_v2_is_frozen(const struct cgroup *cg)
{
	const struct cgroup_folder *folder;
	autofree char *events = NULL;
	struct err ignored = ERR_INIT;
	int64_t frozen = 0;

	return open_folder(cg, &folder, &ignored) >= 0 &&
	       cgroup_get(folder, "cgroup.events", &events, &ignored) >= 0 &&
	       cgroup_keyed(events, "frozen", &frozen) && frozen;
}

int cgroup_v2_kill(const struct cgroup *cg, struct err *err)
{
	const struct cgroup_folder *folder;
	int rc = open_folder(cg, &folder, err);

	if (rc >= 0)
		rc = cgroup_set(folder, NULL, "cgroup.kill", "1", err);
	if (rc == -ENOENT || rc == -ENODEV) {
		err_clear(err);
		return 0;
	}
	return rc;
}

int cgroup_v2_wait_empty(struct cgroup *cg, struct err *err)
{
	const struct cgroup_folder *folder;
	int rc = open_folder(cg, &folder, err);

	if (rc >= 0)
		rc = wait_event(folder, "populated", 0, err);
	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return rc;
}

int cgroup_v2_remove(struct cgroup *cg, struct err *err)
{
	struct cgroup_folder *folder = &cg->folders[0];
	int rc = cgroup_folder_remove(folder, err);

	/* A process that had yet to leave: then its end is what wakes us. */
	if (rc == -EBUSY) {
		err_clear(err);
		rc = cgroup_v2_wait_empty(cg, err);
		if (rc >= 0)
			rc = cgroup_folder_remove(folder, err);
	}
	return rc;
}

/* ---- asking ---- */

int cgroup_v2_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	const struct cgroup_folder *folder;
	struct cgroup_pids list = { 0 };
	int rc = open_folder(cg, &folder, err);

	if (rc >= 0)
		rc = cgroup_folder_pids(folder, true, &list, err);
	if (rc < 0) {
		free(list.items);
		return rc;
	}
	*pids = list.items;
	*n = list.n;
	return 0;
}

int cgroup_v2_oom_fd(const struct cgroup *cg, struct err *err)
{
	const struct cgroup_folder *folder;
	int rc = open_folder(cg, &folder, err);

	if (rc < 0)
		return rc;
	autofree char *path = xasprintf("%s%s/memory.events", folder->mount, folder->path);
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_errno(err, "inotify");
	if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return err_errno(err, "watch '%s'", path);
	return take_fd(&fd);
}

const struct cgroup_ops cgroup_v2_ops = {
	.name = "v2",
	.plan = plan,
	.make = make,
	.clone_fd = clone_fd,
	.enter = cgroup_v2_enter,
	.apply = cgroup_v2_apply,
	.delegate = cgroup_v2_delegate,
	.kill = cgroup_v2_kill,
	.remove = cgroup_v2_remove,
	.freeze = cgroup_v2_freeze,
	.is_frozen = cgroup_v2_is_frozen,
	.pids = cgroup_v2_pids,
	.stats = cgroup_v2_stats,
	.oom_fd = cgroup_v2_oom_fd,
};
