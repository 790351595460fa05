/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

#define SELF  "/proc/self/exe"
#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static char **self_argv;

void self_init(char **argv)
{
	self_argv = argv;
}

/* On a mount that is read-only, as a sealed copy, or as the read-only copy that we made of it. */
static bool is_protected(void)
{
	struct statvfs fs;

	if (statvfs(SELF, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	autoclose int fd = open(SELF, O_RDONLY | O_CLOEXEC);
	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

static int clone_readonly(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, SELF, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -1;
	return take_fd(&fd);
}

/* Without the right to mount, or from a place that cannot be cloned (an initramfs). */
static int copy_sealed(struct err *err)
{
	struct stat st;
	autoclose int in_fd = open(SELF, O_RDONLY | O_CLOEXEC);
	autoclose int out_fd = memfd_create("ct-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (in_fd < 0 || out_fd < 0 || fstat(in_fd, &st) < 0)
		return err_errno(err, "copy " SELF);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(out_fd, in_fd, NULL, (size_t)left);

		if (n <= 0)
			return err_errno(err, "copy " SELF);
		left -= n;
	}
	if (fcntl(out_fd, F_ADD_SEALS, SEALS) < 0)
		return err_errno(err, "seal the copy of " SELF);
	return take_fd(&out_fd);
}

int self_protect(struct err *err)
{
	if (is_protected())
		return 0;
	autoclose int fd = clone_readonly();

	if (fd < 0)
		fd = copy_sealed(err);
	if (fd < 0)
		return fd;
	(void)syscall(SYS_execveat, fd, "", self_argv, environ, AT_EMPTY_PATH);
	return err_errno(err, "execute the protected copy of " SELF);
}
