/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/cleanup.h"

#define PROC_ROOT_INO 1 /* linux/proc_fs.h */

int procfs_open(struct err *err)
{
	struct statfs fs;
	struct stat st;
	autoclose int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open '/proc'");
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "stat '/proc'");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INO)
		return err_set(err, EINVAL, "'/proc' is not the root of a procfs");
	return take_fd(&fd);
}
