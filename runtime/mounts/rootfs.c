/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Order and traps:
 * - null_fd is taken first, from the host's tree as it came.
 * - "/" becomes a slave of the host's before anything is attached, so nothing here reaches the
 *   host. With a rootfsPropagation that leaves mounts connected to the host's ("shared", or one that
 *   is not recursive) the mount that the rootfs lies on is cut off: pivot_root(2) wants that too.
 * - the rootfs is attached over itself as a detached copy: root_fd is the copy's root, and what is
 *   mounted below is seen from there.
 * - pivot_root(".", ".") puts the old root on top of the new one; it is left through a descriptor,
 *   because a mount of the image's making could lie on the same folder.
 * - /proc/sys is still writable between pivot and seal: that is where sysctls are set.
 */
#include "runtime/mounts/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"
#include "runtime/mounts/devices.h"
#include "runtime/mounts/idmap.h"
#include "runtime/mounts/masks.h"
#include "runtime/mounts/mount_label.h"
#include "runtime/mounts/mounts.h"

#define FOLDER_UMASK 0022

/* ---- mount ---- */

/* What "/" gets before anything is mounted. Unbindable, it could not be the source of a bind. */
unsigned long rootfs_host_propagation(const struct config *config)
{
	unsigned long wanted = (unsigned long)config->rootfs_propagation;

	if (wanted == 0)
		return MS_SLAVE | MS_REC;
	if (wanted & MS_UNBINDABLE)
		return MS_PRIVATE | (wanted & MS_REC);
	return wanted;
}

/* No mount of the tree is a peer of one of the host's any more. */
static bool is_cut_off(unsigned long propagation)
{
	return propagation == (MS_SLAVE | MS_REC) || propagation == (MS_PRIVATE | MS_REC);
}

/* The mount that a folder lies on: its root is the first folder upwards that can be changed. */
static int cut_parent_off(int folder_fd, unsigned long wanted, struct err *err)
{
	autoclose int fd = openat(folder_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st, up_st;
	unsigned long how = (wanted & MS_SLAVE) ? MS_SLAVE : MS_PRIVATE;

	while (fd >= 0 && fstat(fd, &st) == 0) {
		if (mount_fd_set(fd, false, 0, 0, how) == 0)
			return 0;
		if (errno != EINVAL)
			break;
		int up_fd = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (up_fd < 0)
			break;
		close(fd);
		fd = up_fd;
		if (fstat(fd, &up_st) == 0 && up_st.st_ino == st.st_ino &&
		    up_st.st_dev == st.st_dev) {
			errno = EINVAL; /* at "/", and that is no mount point: a chroot */
			break;
		}
	}
	return err_errno(err, "cut the mount that the rootfs lies on off the host's");
}

static int fail_root(const char *path, struct err *err)
{
	if (errno == ENOENT)
		return err_set(err, ENOENT, "config.json: root.path '%s' does not exist", path);
	if (errno == ENOTDIR)
		return err_set(err, ENOTDIR, "config.json: root.path '%s' is not a folder", path);
	return err_errno(err, "config.json: root.path '%s'", path);
}

static int attach_root(struct rootfs *rootfs, struct err *err)
{
	const char *path = rootfs->config->root.path;
	unsigned long propagation = rootfs_host_propagation(rootfs->config);
	autoclose int folder_fd = openat(rootfs->bundle_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (folder_fd < 0)
		return fail_root(path, err);
	if (!is_cut_off(propagation) && cut_parent_off(folder_fd, propagation, err) < 0)
		return -err->code;
	autoclose int root_fd = mount_fd_clone(folder_fd, "", true);

	if (root_fd < 0)
		return err_errno(err, "copy the mounts of the rootfs '%s'", path);
	if (mount_fd_attach(root_fd, folder_fd) < 0)
		return err_errno(err, "mount the rootfs '%s' on itself", path);
	rootfs->root_fd = take_fd(&root_fd);
	return 0;
}

int rootfs_mount(struct rootfs *rootfs, struct err *err)
{
	unsigned long propagation = rootfs_host_propagation(rootfs->config);

	if (rootfs->joined_mntns)
		return 0;
	if (rootfs->config->mount_label && mount_label_check(err) < 0)
		return -err->code;
	if (rootfs->config->masked_paths.n > 0) {
		rootfs->null_fd = masks_open_null(err);
		if (rootfs->null_fd < 0)
			return rootfs->null_fd;
	}
	if (mount(NULL, "/", NULL, propagation, NULL) < 0)
		return err_errno(err, "change the propagation of '/' in the mount namespace");
	return attach_root(rootfs, err);
}

/* ---- mounts and devices ---- */

/*
 * Whatever was mounted on /proc, in whatever order: at its end there is a real procfs, or the
 * container's own files would be taken for the kernel's (CVE-2019-16884).
 */
static int check_proc(int root_fd, struct err *err)
{
	struct statfs fs;
	autoclose int fd = file_open_in_root(root_fd, "/proc", O_PATH | O_NOFOLLOW, 0, err);

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return err_errno(err, "statfs '/proc' of the container");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_set(
			err, EPERM,
			"config.json: mounts: what is mounted on '/proc' is no procfs; mount "
			"nothing else there");
	return 0;
}

static int do_mounts(const struct rootfs *rootfs, struct err *err)
{
	const struct config_mounts *mounts = &rootfs->config->mounts;
	const struct mounts_env env = { .root_fd = rootfs->root_fd,
					.bundle_fd = rootfs->bundle_fd,
					.label = rootfs->config->mount_label,
					.own_cgroup_namespace =
						rootfs->config->namespaces[NS_CGROUP].present,
					.runtime_pid = rootfs->runtime_pid };
	bool has_proc = false;
	char where[48];

	for (size_t i = 0; i < mounts->n; i++) {
		(void)snprintf(where, sizeof(where), "config.json: mounts[%zu]", i);
		int rc = mounts_do(&env, &mounts->items[i], idmaps_get(rootfs->idmaps, i), where,
				   err);

		if (rc < 0)
			return rc;
		has_proc = has_proc || mounts_is_at(&mounts->items[i], "/proc");
	}
	if (fchdir(rootfs->bundle_fd) < 0)
		return err_errno(err, "return to the bundle");
	return has_proc ? check_proc(rootfs->root_fd, err) : 0;
}

int rootfs_mounts(struct rootfs *rootfs, struct err *err)
{
	if (rootfs->joined_mntns)
		return 0;
	mode_t mask = umask(FOLDER_UMASK);
	int rc = do_mounts(rootfs, err);

	(void)umask(mask);
	return rc;
}

/* The host's whole /dev, bound by the config: it is not ours to fill. */
static bool has_bound_dev(const struct config *config)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if ((strlist_has(&mount->options, "bind") ||
		     strlist_has(&mount->options, "rbind")) &&
		    mounts_is_at(mount, "/dev"))
			return true;
	}
	return false;
}

int rootfs_devices(struct rootfs *rootfs, struct err *err)
{
	const struct devices_request request = {
		.root_fd = rootfs->root_fd,
		.list = &rootfs->config->devices,
		.bind = rootfs->new_userns,
		.foreign_dev = has_bound_dev(rootfs->config),
	};

	return rootfs->joined_mntns ? 0 : devices_make(&request, err);
}

/* ---- pivot and seal ---- */

/*
 * The old root stays below the new one, and who breaks out of the chroot finds it: its /proc and /sys at
 * least are gone by then. In a user namespace they are locked, and covered instead.
 */
static int move_root(const struct rootfs *rootfs, struct err *err)
{
	static const char *const hidden[] = { "/proc", "/sys" };

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (umount2(hidden[i], MNT_DETACH) < 0 && errno == EINVAL &&
		    mount("tmpfs", hidden[i], "tmpfs", MS_RDONLY, "size=0") < 0)
			return err_errno(err, "hide the host's %s", hidden[i]);
	if (fchdir(rootfs->root_fd) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_errno(err, "move the rootfs to '/'");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_errno(err, "chroot to the rootfs");
	return 0;
}

int rootfs_pivot(struct rootfs *rootfs, struct err *err)
{
	unsigned long propagation = rootfs_host_propagation(rootfs->config);

	if (rootfs->joined_mntns)
		return 0;
	if (rootfs->no_pivot)
		return move_root(rootfs, err);
	autoclose int old_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old_fd < 0 || fchdir(rootfs->root_fd) < 0)
		return err_errno(err, "enter the rootfs");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_errno(err, "pivot_root to the rootfs");
	if (fchdir(old_fd) < 0)
		return err_errno(err, "enter the old root");
	/* Where a part of the old tree still is a peer of the host's, the host would lose it too. */
	if (!is_cut_off(propagation) && mount_fd_set(old_fd, true, 0, 0, MS_SLAVE) < 0)
		return err_errno(err, "cut the old root off the host's");
	if (umount2(".", MNT_DETACH) < 0)
		return err_errno(err, "unmount the old root");
	if (chdir("/") < 0)
		return err_errno(err, "enter '/' of the container");
	return 0;
}

/* A tmpfs on /dev that shall be read-only was mounted writable, for the devices. */
static int seal_dev(const struct rootfs *rootfs, struct err *err)
{
	const struct config_mounts *mounts = &rootfs->config->mounts;

	for (size_t i = 0; i < mounts->n; i++) {
		automountplan struct mount_plan plan = { 0 };

		if (!mounts_is_at(&mounts->items[i], "/dev"))
			continue;
		int rc = mount_plan_parse(&mounts->items[i], "config.json: mounts", &plan, err);

		if (rc < 0)
			return rc;
		if (plan.bind || !((plan.attr_set | plan.rattr_set) & MOUNT_ATTR_RDONLY))
			continue;
		autoclose int fd = file_open_in_root(rootfs->root_fd, "/dev", O_PATH, 0, err);

		if (fd < 0)
			return fd;
		if (mount_fd_set(fd, false, MOUNT_ATTR_RDONLY, 0, 0) < 0)
			return err_errno(err, "make '/dev' of the container read-only");
	}
	return 0;
}

int rootfs_seal(struct rootfs *rootfs, struct err *err)
{
	const struct config *config = rootfs->config;

	if (rootfs->joined_mntns)
		return 0;
	/* The rootfs's mount alone: a propagation that a mount asked for by itself stays. */
	unsigned long propagation = (unsigned long)config->rootfs_propagation &
				    ~(unsigned long)MS_REC;

	if (propagation && mount_fd_set(rootfs->root_fd, false, 0, 0, propagation) < 0)
		return err_errno(err, "config.json: linux.rootfsPropagation");
	int rc = seal_dev(rootfs, err);

	if (rc == 0)
		rc = masks_readonly(rootfs->root_fd, &config->readonly_paths, err);
	if (rc == 0)
		rc = masks_hide(rootfs->root_fd, rootfs->null_fd, config->mount_label,
				&config->masked_paths, err);
	if (rc == 0 && config->root.readonly &&
	    mount_fd_set(rootfs->root_fd, false, MOUNT_ATTR_RDONLY, 0, 0) < 0)
		rc = err_errno(err, "config.json: root.readonly");
	return rc;
}
