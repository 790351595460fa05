/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One mount of config.json, in one of three ways:
 *
 * bind     open_tree(2) copies the source into a detached tree, mount_setattr(2) gives it its
 *          attributes, move_mount(2) attaches it: nobody ever sees it without them. Only what was
 *          asked for is changed, so flags that a user namespace has locked stay as they are.
 * others   mount(2) on ".", with the working directory on the target. One call that takes data of
 *          any kind, against six to nine of fsopen(2) and fsconfig(2), which cuts values at 255
 *          bytes (overlay's lowerdir is longer). "." is the folder that was opened and checked: no
 *          name is looked up again, no /proc is needed.
 * remount  mount_setattr(2) on the mount there (with bind), else mount(2) with MS_REMOUNT on ".".
 *
 * The target is resolved and made below the rootfs only (file_*_in_root).
 */
#include "runtime/mounts/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
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
#include "runtime/mounts/copyup.h"
#include "runtime/mounts/mount_label.h"
#include "runtime/mounts/mounts_cgroup.h"

/* mount(2) reads one page of data and drops what is behind it without a word. */
#define DATA_MAX 4095

struct job {
	const struct mounts_env *env;
	const struct config_mount *mount;
	int tree_fd; /* the idmapped source; -1 */
	const struct mount_plan *plan;
	const char *dest; /* the destination, cleaned */
	const char *where;
};

char *mounts_clean_path(const char *path)
{
	char *clean = xmalloc(strlen(path) + 2);
	size_t len = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && clean[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			clean[len++] = '/';
			memcpy(clean + len, path, n);
			len += n;
		}
		path += n;
		path += strspn(path, "/");
	}
	if (len == 0)
		clean[len++] = '/';
	clean[len] = '\0';
	return clean;
}

bool mounts_is_at(const struct config_mount *mount, const char *path)
{
	autofree char *clean = mounts_clean_path(mount->destination);

	return str_eq(clean, path);
}

/* ---- targets ---- */

/*
 * Below /proc a mount could show a process faked files (CVE-2019-16884), so it may only replace
 * what tools like lxcfs replace.
 */
static bool is_allowed_in_proc(const char *path)
{
	static const char *const allowed[] = {
		"/cpuinfo",
		"/diskstats",
		"/loadavg",
		"/meminfo",
		"/slabinfo",
		"/stat",
		"/swaps",
		"/uptime",
		"/sys/kernel/ns_last_pid",
		"/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (str_eq(path, allowed[i]))
			return true;
	}
	return false;
}

/* The path of a descriptor in procfs, below that procfs: the mount point's name is cut off by
 * asking the descriptor of the container's /proc for its own. */
static int path_in_proc(int root_fd, int target_fd, char *path, size_t size, struct err *err)
{
	char proc[4096];
	autoclose int proc_fd = file_open_in_root(root_fd, "/proc", O_PATH | O_NOFOLLOW, 0, err);

	if (proc_fd < 0)
		return proc_fd;
	ssize_t n = readlink(file_fd_path(proc_fd).text, proc, sizeof(proc) - 1);
	ssize_t m = readlink(file_fd_path(target_fd).text, path, size - 1);

	if (n < 0 || m < 0)
		return err_errno(err, "read link in /proc/self/fd");
	proc[n] = '\0';
	path[m] = '\0';
	if (m > n && strncmp(path, proc, (size_t)n) == 0)
		memmove(path, path + n, (size_t)(m - n) + 1);
	else if (str_eq(path, proc))
		path[0] = '\0';
	return 0;
}

static int check_in_proc(const struct job *job, int target_fd, struct err *err)
{
	char path[4096];
	struct statfs fs;

	if (fstatfs(target_fd, &fs) < 0)
		return err_errno(err, "%s: statfs '%s'", job->where, job->dest);
	if (fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	if (path_in_proc(job->env->root_fd, target_fd, path, sizeof(path), err) < 0)
		return err_ctx(err, "%s", job->where);
	/* On /proc itself: rootfs_mounts looks at what is there in the end. */
	if (path[0] == '\0' || is_allowed_in_proc(path))
		return 0;
	return err_set(err, EPERM,
		       "%s: '%s' is inside the container's /proc, which a mount must "
		       "not change; take the mount away",
		       job->where, job->dest);
}

/* proc and sysfs: the last component must be a folder that is there or is made now, no link. */
static int open_plain_folder(const struct job *job, struct err *err)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
	int fd = file_open_in_root(job->env->root_fd, job->dest, flags, 0, err);

	if (fd == -ENOENT) {
		autoclose int made_fd = file_mkdir_in_root(job->env->root_fd, job->dest, 0755, err);

		if (made_fd < 0)
			return err_ctx(err, "%s", job->where);
		fd = file_open_in_root(job->env->root_fd, job->dest, flags, 0, err);
	}
	if (fd == -ENOTDIR || fd == -ELOOP)
		return err_set(err, ENOTDIR,
			       "%s: '%s' in the rootfs is not an ordinary folder; %s is mounted on "
			       "nothing else, links least of all",
			       job->where, job->dest, job->mount->type);
	return fd < 0 ? err_ctx(err, "%s", job->where) : fd;
}

static int open_folder(const struct job *job, struct err *err)
{
	int fd = file_mkdir_in_root(job->env->root_fd, job->dest, 0755, err);

	if (fd == -ENOTDIR)
		return err_set(err, ENOTDIR,
			       "%s: '%s' in the rootfs is not a folder, but what is to be mounted "
			       "there is",
			       job->where, job->dest);
	return fd < 0 ? err_ctx(err, "%s", job->where) : fd;
}

static int open_file(const struct job *job, struct err *err)
{
	struct stat st;
	autoclose int fd = file_create_in_root(job->env->root_fd, job->dest, 0644, err);

	if (fd < 0)
		return err_ctx(err, "%s", job->where);
	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s: stat '%s'", job->where, job->dest);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR,
			       "%s: '%s' in the rootfs is a folder, but the source '%s' is none",
			       job->where, job->dest, job->mount->source);
	return take_fd(&fd);
}

/* ---- binds ---- */

static int fail_attributes(const struct job *job, struct err *err)
{
	if (errno == EPERM)
		return err_set(
			err, EPERM,
			"%s: '%s': an option would take away a restriction (ro, nosuid, nodev, "
			"noexec, access times) that the user namespace has to keep; leave the "
			"option out",
			job->where, job->dest);
	if (errno == EINVAL)
		return err_set(err, EINVAL,
			       "%s: '%s' is no mount point whose options could be changed",
			       job->where, job->dest);
	return err_errno(err, "%s: change the options of '%s'", job->where, job->dest);
}

/* The whole tree first, so that "rro,rw" leaves the top writable. */
static int set_attributes(const struct job *job, int fd, struct err *err)
{
	const struct mount_plan *plan = job->plan;
	unsigned long deep = (plan->propagation & MS_REC) ? plan->propagation : 0;
	unsigned long flat = (plan->propagation & MS_REC) ? 0 : plan->propagation;

	if ((plan->rattr_set || plan->rattr_clr || deep) &&
	    mount_fd_set(fd, true, plan->rattr_set, plan->rattr_clr, deep) < 0)
		return fail_attributes(job, err);
	if ((plan->attr_set || plan->attr_clr || flat) &&
	    mount_fd_set(fd, false, plan->attr_set, plan->attr_clr, flat) < 0)
		return fail_attributes(job, err);
	return 0;
}

static int fail_clone(const struct job *job, struct err *err)
{
	const char *source = job->mount->source;

	if (errno == ENOENT)
		return err_set(err, ENOENT, "%s: source '%s' does not exist on the host",
			       job->where, source);
	if (errno == EINVAL && !job->plan->recursive)
		return err_set(
			err, EINVAL,
			"%s: cannot bind '%s': it is unbindable, or has mounts below it that a "
			"user namespace may not uncover (then use 'rbind')",
			job->where, source);
	return err_errno(err, "%s: bind '%s'", job->where, source);
}

static int do_bind(const struct job *job, struct err *err)
{
	struct stat st;
	bool mapped = job->tree_fd >= 0;
	autoclose int own_fd = mapped ? -1
				      : mount_fd_clone(job->env->bundle_fd, job->mount->source,
						       job->plan->recursive);
	int tree_fd = mapped ? job->tree_fd : own_fd;

	if (tree_fd < 0)
		return fail_clone(job, err);
	if (fstat(tree_fd, &st) < 0)
		return err_errno(err, "%s: stat '%s'", job->where, job->mount->source);
	int rc = set_attributes(job, tree_fd, err);

	if (rc < 0)
		return rc;
	autoclose int target_fd = S_ISDIR(st.st_mode) ? open_folder(job, err) : open_file(job, err);

	if (target_fd < 0)
		return target_fd;
	rc = check_in_proc(job, target_fd, err);
	if (rc < 0)
		return rc;
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "%s: attach '%s' on '%s'", job->where, job->mount->source,
				 job->dest);
	return 0;
}

/* ---- file systems ---- */

static unsigned long mount_flags(const struct mount_plan *plan, const char *dest)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
	} map[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	/* A fresh mount has nothing below it: "the whole tree" is the mount. */
	uint64_t attr = plan->attr_set | plan->rattr_set;
	unsigned long flags = plan->sb_flags;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		if (attr & map[i].attr)
			flags |= map[i].flag;
	}
	if (plan->tmpcopyup || (!plan->remount && str_eq(dest, "/dev")))
		flags &= ~(unsigned long)MS_RDONLY;
	return flags;
}

static bool has_mode(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->data.n; i++) {
		if (str_starts(plan->data.items[i], "mode="))
			return true;
	}
	return false;
}

/* mode: of a tmpfs, when the options have none; NULL: nothing to add. */
static int join_data(const struct job *job, const mode_t *mode, struct strbuf *data,
		     struct err *err)
{
	for (size_t i = 0; i < job->plan->data.n; i++)
		strbuf_printf(data, "%s%s", i ? "," : "", job->plan->data.items[i]);
	if (mode)
		strbuf_printf(data, "%smode=%o", data->len ? "," : "", *mode & 07777);
	if (job->env->label && !job->plan->remount)
		mount_label_add(data, job->mount->type, job->env->label);
	if (data->len > DATA_MAX)
		return err_set(
			err, E2BIG,
			"%s: the options for the file system on '%s' have %zu bytes together; "
			"the kernel takes %d",
			job->where, job->dest, data->len, DATA_MAX);
	return 0;
}

static int fail_mount(const struct job *job, const char *data, struct err *err)
{
	const char *type = job->mount->type ? job->mount->type : "";
	const char *hint = "";

	if (errno == ENODEV)
		hint = "; this kernel knows no file system of that type";
	else if (errno == EINVAL)
		hint = "; it does not take the options";
	else if (errno == EPERM && str_eq(type, "sysfs"))
		hint = "; in a user namespace sysfs needs a network namespace of the container's own "
		       "(linux.namespaces), or bind /sys of the host";
	else if (errno == EPERM && str_eq(type, "proc"))
		hint = "; in a user namespace proc needs a pid namespace of the container's own, and "
		       "nothing mounted over parts of the host's /proc";
	return err_errno(err, "%s: mount %s on '%s' with options '%s'%s", job->where, type,
			 job->dest, data ? data : "", hint);
}

static int mount_here(const struct job *job, int target_fd, unsigned long flags, const char *data,
		      struct err *err)
{
	const char *source = job->mount->source ? job->mount->source : job->mount->type;

	if (fchdir(target_fd) < 0)
		return err_errno(err, "%s: enter '%s' in the rootfs", job->where, job->dest);
	if (mount(source, ".", job->mount->type, flags, data) < 0)
		return fail_mount(job, data, err);
	return 0;
}

/* The top mount at the destination: the descriptor of before is the folder below it. */
static int set_propagation(const struct job *job, struct err *err)
{
	autoclose int fd = file_open_in_root(job->env->root_fd, job->dest, O_PATH, 0, err);

	if (fd < 0)
		return err_ctx(err, "%s", job->where);
	if (mount_fd_set(fd, false, 0, 0, job->plan->propagation) < 0)
		return fail_attributes(job, err);
	return 0;
}

static int fill_copy(const struct job *job, int covered_fd, struct err *err)
{
	autoclose int fd = file_open_in_root(job->env->root_fd, job->dest, O_PATH, 0, err);

	if (fd < 0)
		return err_ctx(err, "%s", job->where);
	if (copyup(covered_fd, fd, err) < 0)
		return err_ctx(err, "%s: tmpcopyup on '%s'", job->where, job->dest);
	if ((job->plan->attr_set | job->plan->rattr_set) & MOUNT_ATTR_RDONLY &&
	    mount_fd_set(fd, false, MOUNT_ATTR_RDONLY, 0, 0) < 0)
		return fail_attributes(job, err);
	return 0;
}

/*
 * A tmpfs has mode 1777 if nothing is said; on a folder of the image it takes that one's, as runc
 * and crun have it.
 */
static int open_tmpfs_folder(const struct job *job, mode_t *mode, bool *use_mode, struct err *err)
{
	struct stat st;

	*use_mode = false;
	if (has_mode(job->plan))
		return open_folder(job, err);
	autoclose int fd =
		file_open_in_root(job->env->root_fd, job->dest, O_PATH | O_DIRECTORY, 0, err);

	if (fd < 0) { /* made now; or what is wrong with it gets its words there */
		err_clear(err);
		return open_folder(job, err);
	}
	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s: stat '%s'", job->where, job->dest);
	*use_mode = true;
	*mode = st.st_mode;
	return take_fd(&fd);
}

static int do_tmpfs(const struct job *job, struct err *err)
{
	autostrbuf struct strbuf data = { 0 };
	mode_t mode = 0;
	bool use_mode;
	autoclose int target_fd = open_tmpfs_folder(job, &mode, &use_mode, err);

	if (target_fd < 0)
		return target_fd;
	int rc = join_data(job, use_mode ? &mode : NULL, &data, err);

	if (rc == 0)
		rc = check_in_proc(job, target_fd, err);
	if (rc == 0)
		rc = mount_here(job, target_fd, mount_flags(job->plan, job->dest), data.text, err);
	if (rc == 0 && job->plan->tmpcopyup)
		rc = fill_copy(job, target_fd, err);
	if (rc == 0 && job->plan->propagation)
		rc = set_propagation(job, err);
	return rc;
}

static int label_root(const struct job *job, struct err *err)
{
	autoclose int fd = file_open_in_root(job->env->root_fd, job->dest, O_PATH, 0, err);
	int rc = fd < 0 ? fd : mount_label_set(fd, job->env->label, err);

	return rc < 0 ? err_ctx(err, "%s", job->where) : 0;
}

static int do_file_system(const struct job *job, struct err *err)
{
	autostrbuf struct strbuf data = { 0 };
	const char *type = job->mount->type ? job->mount->type : "";
	bool plain = str_eq(type, "proc") || str_eq(type, "sysfs");
	int rc = join_data(job, NULL, &data, err);

	if (rc < 0)
		return rc;
	autoclose int target_fd = plain ? open_plain_folder(job, err) : open_folder(job, err);

	if (target_fd < 0)
		return target_fd;
	if (!plain)
		rc = check_in_proc(job, target_fd, err);
	if (rc == 0)
		rc = mount_here(job, target_fd, mount_flags(job->plan, job->dest), data.text, err);
	if (rc == 0 && job->env->label && str_eq(type, "mqueue"))
		rc = label_root(job, err);
	if (rc == 0 && job->plan->propagation)
		rc = set_propagation(job, err);
	return rc;
}

static int do_cgroup(const struct job *job, struct err *err)
{
	autostrbuf struct strbuf data = { 0 };
	uint64_t attributes = job->plan->attr_set | job->plan->rattr_set;
	autoclose int target_fd = open_folder(job, err);
	int rc = target_fd < 0 ? target_fd : join_data(job, NULL, &data, err);
	const struct cgroup_mount mount = {
		.target_fd = target_fd,
		.type = job->mount->type,
		.dest = job->dest,
		.where = job->where,
		.flags = mount_flags(job->plan, job->dest) & ~(unsigned long)MS_RDONLY,
		.attributes = attributes & ~(uint64_t)MOUNT_ATTR_RDONLY,
		.readonly = attributes & MOUNT_ATTR_RDONLY,
		.data = data.text,
		.own_namespace = job->env->own_cgroup_namespace,
		.runtime_pid = job->env->runtime_pid,
	};

	if (rc == 0)
		rc = check_in_proc(job, target_fd, err);
	if (rc == 0)
		rc = mounts_cgroup(&mount, err);
	if (rc == 0 && job->plan->propagation)
		rc = set_propagation(job, err);
	return rc;
}

static int do_remount(const struct job *job, struct err *err)
{
	autostrbuf struct strbuf data = { 0 };
	autoclose int fd = file_open_in_root(job->env->root_fd, job->dest, O_PATH, 0, err);

	if (fd < 0)
		return err_ctx(err, "%s", job->where);
	if (job->plan->bind)
		return set_attributes(job, fd, err);
	int rc = join_data(job, NULL, &data, err);

	if (rc == 0)
		rc = mount_here(job, fd, MS_REMOUNT | mount_flags(job->plan, job->dest), data.text,
				err);
	if (rc == 0 && job->plan->propagation)
		rc = set_propagation(job, err);
	return rc;
}

int mounts_do(const struct mounts_env *env, const struct config_mount *mount, int tree_fd,
	      const char *where, struct err *err)
{
	automountplan struct mount_plan plan = { 0 };
	autofree char *dest = mounts_clean_path(mount->destination);
	struct job job = {
		.env = env,
		.mount = mount,
		.tree_fd = tree_fd,
		.plan = &plan,
		.dest = dest,
		.where = where,
	};
	int rc = mount_plan_parse(mount, where, &plan, err);

	if (rc < 0)
		return rc;
	if (plan.remount)
		return do_remount(&job, err);
	if (str_eq(dest, "/"))
		return err_set(
			err, EINVAL,
			"%s: destination '%s' is the rootfs itself; a mount over it would not "
			"be seen",
			where, mount->destination);
	if (plan.bind)
		return do_bind(&job, err);
	if (str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2"))
		return do_cgroup(&job, err);
	return str_eq(mount->type, "tmpfs") ? do_tmpfs(&job, err) : do_file_system(&job, err);
}
