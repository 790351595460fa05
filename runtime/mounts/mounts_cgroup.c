/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/mounts_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"
#include "common/str.h"

#define CGROUP_FOLDER  "/sys/fs/cgroup"
#define SAFE_FLAGS     (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define SAFE_ATTR      (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define PROC_MAX_BYTES (1u << 20)

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* One line of /proc/self/cgroup: "4:cpu,cpuacct:/group", "0::/group" for v2. */
struct hierarchy {
	const char *controllers; /* "" for v2 */
	const char *group;       /* "" for the root of our cgroup namespace */
	bool own;                /* the runtime is in another one */
};

static bool is_readonly(const struct cgroup_mount *mount, const struct hierarchy *hierarchy)
{
	return mount->readonly || !hierarchy->own;
}

static int do_mount(const struct cgroup_mount *m, const struct hierarchy *hierarchy, int target_fd,
		    const char *type, const char *data)
{
	unsigned long flags = m->flags | SAFE_FLAGS | (is_readonly(m, hierarchy) ? MS_RDONLY : 0);

	/* The folder that was opened: no name is looked up again. */
	if (fchdir(target_fd) < 0)
		return -1;
	return mount("cgroup", ".", type, flags, data);
}

/* The group below the host's mount of its hierarchy, whose root is that of our cgroup namespace. */
static int bind_group(const struct cgroup_mount *mount, const struct hierarchy *hierarchy,
		      int target_fd, const char *host, struct err *err)
{
	const char *group = hierarchy->group;
	autofree char *source = xasprintf("%s%s", host, group);

	if (str_starts(group, "/.."))
		return err_set(err, EINVAL,
			       "%s: the group '%s' of the container is not below the host's '%s'",
			       mount->where, group, host);
	autoclose int tree_fd = mount_fd_clone(AT_FDCWD, source, false);

	if (tree_fd < 0)
		return err_errno(err, "%s: bind the container's group '%s'", mount->where, source);
	uint64_t attributes = mount->attributes | SAFE_ATTR |
			      (is_readonly(mount, hierarchy) ? (uint64_t)MOUNT_ATTR_RDONLY : 0);

	if (mount_fd_set(tree_fd, false, attributes, 0, 0) < 0)
		return err_errno(err, "%s: change the options of '%s'", mount->where, source);
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "%s: attach '%s' on '%s'", mount->where, source, mount->dest);
	return 0;
}

/* ---- the groups that we are in ---- */

struct groups {
	char *own, *runtime; /* the texts; runtime NULL: not to be seen */
	char *rest;
};
#define autogroups __attribute__((cleanup(groups_free)))

static void groups_free(struct groups *groups)
{
	free(groups->own);
	free(groups->runtime);
}

static int groups_read(const struct cgroup_mount *mount, struct groups *groups, struct err *err)
{
	char path[64];
	size_t len;
	struct err ignored = ERR_INIT;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)mount->runtime_pid);
	(void)file_read_at(AT_FDCWD, path, PROC_MAX_BYTES, &groups->runtime, &len, &ignored);
	int rc = file_read_at(AT_FDCWD, "/proc/self/cgroup", PROC_MAX_BYTES, &groups->own, &len,
			      err);

	groups->rest = groups->own;
	return rc < 0 ? err_ctx(err, "%s", mount->where) : 0;
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *end;

	for (; *text; text = end + (*end == '\n')) {
		end = strchrnul(text, '\n');
		if ((size_t)(end - text) == len && strncmp(text, line, len) == 0)
			return true;
	}
	return false;
}

/* false: that was the last. The strings are borrowed of the text. */
static bool groups_next(struct groups *groups, struct hierarchy *hierarchy)
{
	char *line;

	while ((line = strsep(&groups->rest, "\n")) != NULL) {
		hierarchy->own = groups->runtime && !has_line(groups->runtime, line);
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!group || group[1] != '/')
			continue;
		*group = '\0';
		hierarchy->controllers = controllers + 1;
		hierarchy->group = str_eq(group + 1, "/") ? "" : group + 1;
		return true;
	}
	return false;
}

/* ---- v2 ---- */

static int mount_unified(const struct cgroup_mount *mount, const struct hierarchy *hierarchy,
			 int target_fd, bool may_mount, struct err *err)
{
	const char *host = is_cgroup2(CGROUP_FOLDER) ? CGROUP_FOLDER : CGROUP_FOLDER "/unified";

	if (!may_mount)
		return bind_group(mount, hierarchy, target_fd, host, err);
	if (do_mount(mount, hierarchy, target_fd, "cgroup2", mount->data) == 0)
		return 0;
	if (errno == EPERM || errno == EBUSY)
		return bind_group(mount, hierarchy, target_fd, host, err);
	return err_errno(err, "%s: mount cgroup2 on '%s' with options '%s'", mount->where,
			 mount->dest, mount->data ? mount->data : "");
}

static int mount_cgroup2(const struct cgroup_mount *mount, struct err *err)
{
	autogroups struct groups groups = { NULL, NULL, NULL };
	struct hierarchy hierarchy;
	int rc = groups_read(mount, &groups, err);

	if (rc < 0)
		return rc;
	while (groups_next(&groups, &hierarchy)) {
		if (!*hierarchy.controllers)
			return mount_unified(mount, &hierarchy, mount->target_fd, true, err);
	}
	return err_set(err, ENOENT, "%s: this kernel has no cgroup v2", mount->where);
}

/* ---- v1 ---- */

static int link_controllers(int folder_fd, const char *name, struct err *err)
{
	autofree char *copy = xstrdup(name);

	if (!strchr(name, ','))
		return 0;
	for (char *rest = copy, *one; (one = strsep(&rest, ",")) != NULL;) {
		if (symlinkat(name, folder_fd, one) < 0)
			return err_errno(err, "link '%s' to '%s'", one, name);
	}
	return 0;
}

static int make_folder(int folder_fd, const char *name, struct err *err)
{
	if (mkdirat(folder_fd, name, 0755) < 0)
		return err_errno(err, "create folder '%s'", name);
	int fd = openat(folder_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_errno(err, "open folder '%s'", name) : fd;
}

static int mount_hierarchy(const struct cgroup_mount *mount, int folder_fd,
			   const struct hierarchy *hierarchy, struct err *err)
{
	const char *controllers = hierarchy->controllers;
	bool named = str_starts(controllers, "name=");
	const char *name = named ? controllers + strlen("name=") : controllers;
	autofree char *data = xasprintf("%s%s", named ? "none," : "", controllers);
	autofree char *host = xasprintf("%s/%s", CGROUP_FOLDER, name);
	autoclose int target_fd = make_folder(folder_fd, name, err);

	if (target_fd < 0)
		return err_ctx(err, "%s", mount->where);
	int rc = 0;

	if (!mount->own_namespace || do_mount(mount, hierarchy, target_fd, "cgroup", data) < 0) {
		if (mount->own_namespace && errno != EPERM && errno != EBUSY)
			return err_errno(err, "%s: mount cgroup on '%s/%s' with options '%s'",
					 mount->where, mount->dest, name, data);
		rc = bind_group(mount, hierarchy, target_fd, host, err);
	}
	if (rc >= 0 && link_controllers(folder_fd, name, err) < 0)
		rc = err_ctx(err, "%s", mount->where);
	return rc;
}

static int mount_hybrid(const struct cgroup_mount *mount, int folder_fd,
			const struct hierarchy *hierarchy, struct err *err)
{
	if (!is_cgroup2(CGROUP_FOLDER "/unified"))
		return 0;
	autoclose int target_fd = make_folder(folder_fd, "unified", err);

	if (target_fd < 0)
		return err_ctx(err, "%s", mount->where);
	return mount_unified(mount, hierarchy, target_fd, mount->own_namespace, err);
}

/* own: at least one of the groups is the container's. */
static int fill(const struct cgroup_mount *mount, int folder_fd, bool *own, struct err *err)
{
	autogroups struct groups groups = { NULL, NULL, NULL };
	struct hierarchy hierarchy;
	int rc = groups_read(mount, &groups, err);

	*own = false;
	while (rc >= 0 && groups_next(&groups, &hierarchy)) {
		*own = *own || hierarchy.own;
		rc = *hierarchy.controllers ? mount_hierarchy(mount, folder_fd, &hierarchy, err)
					    : mount_hybrid(mount, folder_fd, &hierarchy, err);
	}
	return rc;
}

/* A detached tmpfs: the folders in it are of our making, and nobody else's before it is attached. */
static int open_tmpfs(struct err *err)
{
	autoclose int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
	    fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_errno(err, "make a tmpfs");
	int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, SAFE_ATTR);

	return fd < 0 ? err_errno(err, "mount a tmpfs") : fd;
}

static int mount_tree(const struct cgroup_mount *mount, struct err *err)
{
	if (mount->data)
		return err_set(err, EINVAL,
			       "%s: type cgroup on a host with cgroup v1 takes no option '%s'",
			       mount->where, mount->data);
	autoclose int tmpfs_fd = open_tmpfs(err);

	if (tmpfs_fd < 0)
		return err_ctx(err, "%s", mount->where);
	if (mount_fd_attach(tmpfs_fd, mount->target_fd) < 0)
		return err_errno(err, "%s: attach a tmpfs on '%s'", mount->where, mount->dest);
	bool own;
	int rc = fill(mount, tmpfs_fd, &own, err);
	uint64_t attributes = mount->attributes |
			      (mount->readonly || !own ? (uint64_t)MOUNT_ATTR_RDONLY : 0);

	if (rc >= 0 && mount_fd_set(tmpfs_fd, false, attributes, 0, 0) < 0)
		rc = err_errno(err, "%s: change the options of '%s'", mount->where, mount->dest);
	return rc;
}

int mounts_cgroup(const struct cgroup_mount *mount, struct err *err)
{
	if (str_eq(mount->type, "cgroup2") || is_cgroup2(CGROUP_FOLDER))
		return mount_cgroup2(mount, err);
	return mount_tree(mount, err);
}
