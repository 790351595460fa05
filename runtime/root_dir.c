/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A shared flock on the folder's inode is held from root_dir_ensure to the end of a create; who
 * wants to mount or unmount takes it exclusively. Folder and mount on it are the same inode (a bind
 * of the folder on itself), so the lock works on both sides of the mount.
 */
#include "runtime/root_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/str.h"
#include "runtime/rights.h"

#define LOCK_WAIT_MS 10000

/*
 * As runc has it: in a user namespace, who calls itself root (a login in a container of its own)
 * has the root's folder.
 */
static bool is_users_own(const char *run)
{
	return geteuid() != 0 ||
	       (run && rights_in_user_namespace() && !str_eq(getenv("USER"), "root"));
}

static int default_path(char **path, struct err *err)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (!is_users_own(run)) {
		*path = xstrdup(ROOT_DIR_DEFAULT);
		return 0;
	}
	if (!run || run[0] != '/')
		return err_set(
			err, EINVAL,
			"XDG_RUNTIME_DIR is not set to an absolute path, so there is no place "
			"for the state of this user's containers; set it, or give --root DIR");
	*path = xasprintf("%s/ct-runtime", run);
	return 0;
}

int root_dir_path(const char *option, char **path, struct err *err)
{
	if (option && !*option)
		return err_set(err, EINVAL, "--root: empty path");
	if (option && option[0] == '/') {
		*path = xstrdup(option);
	} else if (option) {
		autofree char *cwd = getcwd(NULL, 0);

		if (!cwd)
			return err_errno(err, "--root '%s': getcwd", option);
		*path = xasprintf("%s/%s", cwd, option);
	} else {
		return default_path(path, err);
	}
	return 0;
}

static int open_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_errno(err, "open state folder '%s'", path) : fd;
}

/* The id of the mount that fd is the root of; 0: it is a plain folder of a mount. */
static uint64_t mount_of(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
	    !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return 0;
	return stx.stx_mnt_id;
}

static int mount_on_itself(const char *path, struct err *err)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return err_errno(err, "bind '%s' on itself", path);
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0 ||
	    mount(NULL, path, NULL, MS_UNBINDABLE, NULL) < 0) {
		(void)err_errno(err, "make '%s' unbindable", path);
		(void)umount2(path, MNT_DETACH);
		return -err->code;
	}
	return 0;
}

/* The mount is made under the exclusive lock, by the first who gets it. */
static int ensure_mount(const char *path, struct err *err)
{
	autoclose int fd = open_folder(path, err);

	if (fd < 0)
		return fd;
	int rc = lock_fd(fd, path, LOCK_EXCLUSIVE, LOCK_WAIT_MS, err);

	if (rc < 0)
		return rc;
	autoclose int now_fd = open_folder(path, err);

	if (now_fd < 0)
		return now_fd;
	return mount_of(now_fd) ? 0 : mount_on_itself(path, err);
}

int root_dir_ensure(const char *path, bool want_mount, struct err *err)
{
	int rc = file_mkdir_p(path, 0700, err);

	while (rc >= 0) {
		autoclose int fd = open_folder(path, err);

		if (fd < 0)
			return fd;
		rc = lock_fd(fd, path, LOCK_SHARED, LOCK_WAIT_MS, err);
		if (rc < 0)
			return rc;
		/* Opened before a mount or an unmount that we waited for: look again. */
		autoclose int now_fd = open_folder(path, err);

		if (now_fd < 0)
			return now_fd;
		uint64_t mount_id = mount_of(now_fd);

		if (mount_id == mount_of(fd) && (mount_id || !want_mount))
			return take_fd(&fd);
		if (mount_id)
			continue;
		(void)close(take_fd(&fd));
		rc = ensure_mount(path, err);
	}
	return rc;
}

int root_dir_open(const char *path, struct err *err)
{
	return open_folder(path, err);
}

/* Of containers: names with a dot in front are ours (the cache of seccomp filters), and stay. */
static bool is_empty(int fd)
{
	int dup_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = dup_fd >= 0 ? fdopendir(dup_fd) : NULL;

	if (!dir)
		return false;
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			return false;
	return true;
}

/*
 * What ensure_mount has made shows the folder's own file system. The administrator may have mounted
 * another one there (a tmpfs for the state): that is not ours to take away.
 */
static bool is_on_itself(int fd)
{
	struct stat folder, parent;

	return mount_of(fd) && fstat(fd, &folder) == 0 && fstatat(fd, "..", &parent, 0) == 0 &&
	       folder.st_dev == parent.st_dev;
}

int root_dir_release(const char *path, struct err *err)
{
	struct err busy = ERR_INIT;
	autoclose int fd = open_folder(path, err);

	if (fd < 0)
		return errno == ENOENT ? 0 : fd;
	if (!is_on_itself(fd) || lock_fd(fd, path, LOCK_EXCLUSIVE, 0, &busy) < 0 || !is_empty(fd))
		return 0;
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL)
		return err_errno(err, "unmount '%s'", path);
	return 0;
}
