/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"

#define NULL_MAJOR 1
#define NULL_MINOR 3

int masks_open_null(struct err *err)
{
	struct stat st;
	autoclose int fd = mount_fd_clone(AT_FDCWD, "/dev/null", false);

	if (fd < 0)
		return err_errno(err, "copy the mount of '/dev/null'");
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat '/dev/null'");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(NULL_MAJOR, NULL_MINOR))
		return err_set(
			err, EINVAL,
			"the host's '/dev/null' is not the null device (character 1:3); it is "
			"needed to mask files");
	/* What the host mounts on its /dev/null must not arrive here. */
	if (mount_fd_set(fd, false, 0, 0, MS_PRIVATE) < 0)
		return err_errno(err, "make the copy of '/dev/null' private");
	return take_fd(&fd);
}

static bool is_same(int a_fd, int b_fd)
{
	const unsigned int mask = STATX_INO | STATX_MNT_ID;
	struct statx a, b;

	return statx(a_fd, "", AT_EMPTY_PATH, mask, &a) == 0 &&
	       statx(b_fd, "", AT_EMPTY_PATH, mask, &b) == 0 && a.stx_ino == b.stx_ino &&
	       a.stx_mnt_id == b.stx_mnt_id;
}

/*
 * Negative: an error; 0: nothing there; else 1 and *fd. What covers the rootfs itself lies above the
 * root that the process gets, and nobody would see it.
 */
static int open_path(int root_fd, const char *path, int *fd, struct err *err)
{
	*fd = file_open_in_root(root_fd, path, O_PATH, 0, err);
	if (*fd == -ENOENT || *fd == -ENOTDIR) {
		err_clear(err);
		return 0;
	}
	if (*fd >= 0 && is_same(*fd, root_fd))
		return err_set(err, EINVAL,
			       "is the rootfs itself; use root.readonly, or name folders "
			       "in it");
	return *fd < 0 ? *fd : 1;
}

static int make_readonly(int root_fd, const char *path, struct err *err)
{
	autoclose int target_fd = -1;
	int rc = open_path(root_fd, path, &target_fd, err);

	if (rc <= 0)
		return rc;
	autoclose int tree_fd = mount_fd_clone(target_fd, "", true);

	if (tree_fd < 0)
		return err_errno(err, "copy the mounts");
	if (mount_fd_set(tree_fd, true, MOUNT_ATTR_RDONLY, 0, 0) < 0)
		return err_errno(err, "make the copy read-only");
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "attach the read-only copy");
	return 0;
}

int masks_readonly(int root_fd, const struct strlist *paths, struct err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (make_readonly(root_fd, paths->items[i], err) < 0)
			return err_ctx(err, "config.json: linux.readonlyPaths[%zu] '%s'", i,
				       paths->items[i]);
	}
	return 0;
}

/* One block and one inode: the root folder, and it can hold nothing. */
static int open_empty_folder(const char *label, struct err *err)
{
	autoclose int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_SET_STRING, "nr_blocks", "1", 0) < 0 ||
	    fsconfig(fs_fd, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0 ||
	    fsconfig(fs_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    (label && fsconfig(fs_fd, FSCONFIG_SET_STRING, "context", label, 0) < 0) ||
	    fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_errno(err, "make an empty tmpfs");
	int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				 MOUNT_ATTR_NOEXEC);

	return fd < 0 ? err_errno(err, "mount an empty tmpfs") : fd;
}

/*
 * A mount to cover many targets with. Itself goes on the first one and copies of it on the rest:
 * before Linux 6.15 a detached mount cannot be copied.
 */
struct cover {
	int fd;
	bool attached;
	const char *label;
};

static int cover_target(struct cover *cover, int target_fd, struct err *err)
{
	if (!cover->attached) {
		if (mount_fd_attach(cover->fd, target_fd) < 0)
			return err_errno(err, "attach the mask");
		cover->attached = true;
		return 0;
	}
	autoclose int copy_fd = mount_fd_clone(cover->fd, "", false);

	if (copy_fd < 0)
		return err_errno(err, "copy the mask");
	if (mount_fd_attach(copy_fd, target_fd) < 0)
		return err_errno(err, "attach the mask");
	return 0;
}

static int hide(int root_fd, const char *path, struct cover *file, struct cover *folder,
		struct err *err)
{
	struct stat st;
	autoclose int target_fd = -1;
	int rc = open_path(root_fd, path, &target_fd, err);

	if (rc <= 0)
		return rc;
	if (fstat(target_fd, &st) < 0)
		return err_errno(err, "stat");
	if (!S_ISDIR(st.st_mode))
		return cover_target(file, target_fd, err);
	if (folder->fd < 0) {
		folder->fd = open_empty_folder(folder->label, err);
		if (folder->fd < 0)
			return folder->fd;
	}
	return cover_target(folder, target_fd, err);
}

int masks_hide(int root_fd, int null_fd, const char *label, const struct strlist *paths,
	       struct err *err)
{
	struct cover file = { .fd = null_fd };
	struct cover folder = { .fd = -1, .label = label };
	int rc = 0;

	for (size_t i = 0; i < paths->n && rc == 0; i++) {
		if (hide(root_fd, paths->items[i], &file, &folder, err) < 0)
			rc = err_ctx(err, "config.json: linux.maskedPaths[%zu] '%s'", i,
				     paths->items[i]);
	}
	if (folder.fd >= 0)
		close(folder.fd);
	return rc;
}
