/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The old procfs is of a pid namespace that is gone: /proc/self leads nowhere in it, so nothing here
 * goes through /proc/self/fd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"
#include "runtime/mounts/masks.h"
#include "runtime/mounts/mounts.h"
#include "runtime/mounts/rootfs.h"

static const struct config_mount *find_proc(const struct config *config)
{
	const struct config_mount *found = NULL;

	for (size_t i = 0; i < config->mounts.n; i++)
		if (mounts_is_at(&config->mounts.items[i], "/proc"))
			found = &config->mounts.items[i];
	return found && str_eq(found->type, "proc") ? found : NULL;
}

/* -1: there is none. */
static int open_old(int root_fd)
{
	struct statfs fs;
	autoclose int fd = openat(root_fd, "proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && fstatfs(fd, &fs) >= 0 && fs.f_type == PROC_SUPER_MAGIC ? take_fd(&fd)
										 : -1;
}

/*
 * The new one is mounted on the old one: in a user namespace the kernel allows it only where another
 * is in sight. umount2 takes what is on top, so both go, the old one with the masks in it, and a copy
 * of the new one takes the place.
 */
static int remove_old(int root_fd, int old_fd, struct err *err)
{
	autoclose int fresh_fd = mount_fd_clone(root_fd, "proc", false);

	if (fresh_fd < 0)
		return err_errno(err, "open the new '/proc'");
	if (fchdir(old_fd) < 0 || umount2(".", MNT_DETACH) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_errno(err, "unmount the '/proc' of the process before");
	autoclose int target_fd =
		openat(root_fd, "proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (target_fd < 0 || mount_fd_attach(fresh_fd, target_fd) < 0)
		return err_errno(err, "mount the new '/proc'");
	return 0;
}

static void below_proc(const struct strlist *paths, struct strlist *out)
{
	for (size_t i = 0; i < paths->n; i++)
		if (str_starts(paths->items[i], "/proc/"))
			strlist_add(out, paths->items[i]);
}

static int mask_again(int root_fd, const struct config *config, int null_fd, struct err *err)
{
	struct strlist readonly = { 0 }, masked = { 0 };

	below_proc(&config->readonly_paths, &readonly);
	below_proc(&config->masked_paths, &masked);
	int rc = masks_readonly(root_fd, &readonly, err);

	if (rc >= 0)
		rc = masks_hide(root_fd, null_fd, config->mount_label, &masked, err);
	strlist_free(&readonly);
	strlist_free(&masked);
	return rc;
}

int rootfs_replace_proc(const struct config *config, int null_fd, struct err *err)
{
	const struct config_mount *proc = find_proc(config);
	autoclose int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!proc)
		return 0;
	if (root_fd < 0)
		return err_errno(err, "open '/' of the container");
	autoclose int old_fd = open_old(root_fd);
	const struct mounts_env env = { .root_fd = root_fd, .bundle_fd = -1 };
	int rc = mounts_do(&env, proc, -1, "config.json: mounts: /proc", err);

	if (rc >= 0 && old_fd >= 0)
		rc = remove_old(root_fd, old_fd, err);
	if (rc >= 0 && chdir("/") < 0)
		rc = err_errno(err, "enter '/' of the container");
	return rc < 0 ? rc : mask_again(root_fd, config, null_fd, err);
}
