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
#include "runtime/masks.h"
#include "runtime/mounts.h"
#include "runtime/rootfs.h"

static const struct config_mount *find_proc(const struct config *config)
{
	const struct config_mount *found = NULL;

	for (size_t i = 0; i < config->mounts.n; i++)
		if (mounts_is_at(&config->mounts.items[i], "/proc"))
			found = &config->mounts.items[i];
	return found && str_eq(found->type, "proc") ? found : NULL;
}

/* The masks below it go with it: the whole tree is detached. */
static int detach_old(int root_fd, struct err *err)
{
	struct statfs fs;
	autoclose int fd = openat(root_fd, "proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open '/proc' of the container");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	if (fchdir(fd) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_errno(err, "unmount the '/proc' of the process before");
	return chdir("/") < 0 ? err_errno(err, "enter '/' of the container") : 0;
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
		rc = masks_hide(root_fd, null_fd, &masked, err);
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
	int rc = detach_old(root_fd, err);

	if (rc >= 0)
		rc = mounts_do(root_fd, -1, proc, "config.json: mounts: /proc", err);
	if (rc >= 0 && chdir("/") < 0)
		rc = err_errno(err, "enter '/' of the container");
	return rc < 0 ? rc : mask_again(root_fd, config, null_fd, err);
}
