/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/mount_fd.h"

#include <fcntl.h>
#include <sys/mount.h>

int mount_fd_clone(int dir_fd, const char *path, bool recursive)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

	if (!*path)
		flags |= AT_EMPTY_PATH;
	if (recursive)
		flags |= AT_RECURSIVE;
	return open_tree(dir_fd, path, flags);
}

int mount_fd_attach(int mount_fd, int target_fd)
{
	return move_mount(mount_fd, "", target_fd, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_fd_set(int fd, bool recursive, uint64_t set, uint64_t clear, unsigned long propagation)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation & ~(unsigned long)MS_REC,
	};
	unsigned int flags = AT_EMPTY_PATH;

	if (recursive || (propagation & MS_REC))
		flags |= AT_RECURSIVE;
	return mount_setattr(fd, "", flags, &attr, sizeof(attr));
}

int mount_fd_idmap(int fd, bool recursive, int userns_fd)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};

	return mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), &attr,
			     sizeof(attr));
}
