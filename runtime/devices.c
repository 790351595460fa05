/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/mount_fd.h"

#define DEVICE_MODE 0666

struct device {
	const char *name;
	const char *host_path;
	unsigned int major, minor;
};

static const struct device devices[] = {
	{ "null", "/dev/null", 1, 3 },       { "zero", "/dev/zero", 1, 5 },
	{ "full", "/dev/full", 1, 7 },       { "random", "/dev/random", 1, 8 },
	{ "urandom", "/dev/urandom", 1, 9 }, { "tty", "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static bool is_device(const struct stat *st, const struct device *device)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(device->major, device->minor);
}

/* The node is there already: fine when it is the right one. */
static int adopt(int dev_fd, const struct device *device, struct err *err)
{
	struct stat st;

	if (fstatat(dev_fd, device->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "stat '/dev/%s' of the container", device->name);
	if (!is_device(&st, device))
		return err_set(err, EEXIST,
			       "'/dev/%s' of the container exists and is not the character device "
			       "%u:%u; remove it from the image, or mount a tmpfs on /dev",
			       device->name, device->major, device->minor);
	if ((st.st_mode & 07777) == DEVICE_MODE)
		return 0;
	/* fchmodat has no NOFOLLOW: open what was looked at, and change that. */
	autoclose int fd = openat(dev_fd, device->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "open '/dev/%s' of the container", device->name);
	if (!is_device(&st, device))
		return err_set(err, EEXIST, "'/dev/%s' of the container was replaced meanwhile",
			       device->name);
	if (chmod(file_fd_path(fd).text, DEVICE_MODE) < 0)
		return err_errno(err, "set the mode of '/dev/%s' of the container", device->name);
	return 0;
}

static int bind_device(int dev_fd, const struct device *device, struct err *err)
{
	struct stat st;
	autoclose int tree_fd = mount_fd_clone(AT_FDCWD, device->host_path, false);

	if (tree_fd < 0)
		return err_errno(err, "bind the host's '%s'", device->host_path);
	if (fstat(tree_fd, &st) < 0)
		return err_errno(err, "stat the host's '%s'", device->host_path);
	if (!is_device(&st, device))
		return err_set(err, EINVAL, "the host's '%s' is not the character device %u:%u",
			       device->host_path, device->major, device->minor);
	autoclose int made_fd = openat(dev_fd, device->name,
				       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (made_fd < 0 && errno != EEXIST)
		return err_errno(err, "create '/dev/%s' of the container", device->name);
	autoclose int target_fd = openat(dev_fd, device->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target_fd < 0 || fstat(target_fd, &st) < 0)
		return err_errno(err, "open '/dev/%s' of the container", device->name);
	/* A node of the image is covered too: on the image's mount it may not be usable. */
	if (!S_ISREG(st.st_mode) && !is_device(&st, device))
		return err_set(err, EEXIST,
			       "'/dev/%s' of the container exists and is not the character device "
			       "%u:%u; remove it from the image, or mount a tmpfs on /dev",
			       device->name, device->major, device->minor);
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "attach the host's '%s' on '/dev/%s' of the container",
				 device->host_path, device->name);
	return 0;
}

static int make_device(int dev_fd, const struct device *device, bool bind, struct err *err)
{
	if (bind)
		return bind_device(dev_fd, device, err);
	if (mknodat(dev_fd, device->name, S_IFCHR | DEVICE_MODE,
		    makedev(device->major, device->minor)) == 0)
		return 0;
	if (errno == EEXIST)
		return adopt(dev_fd, device, err);
	if (errno == EPERM) /* no CAP_MKNOD */
		return bind_device(dev_fd, device, err);
	return err_errno(err, "create '/dev/%s' of the container", device->name);
}

static int make_link(int dev_fd, const char *name, const char *target, struct err *err)
{
	/* What the image or a mount brought under that name stays. */
	if (symlinkat(target, dev_fd, name) < 0 && errno != EEXIST)
		return err_errno(err, "link '/dev/%s' of the container to '%s'", name, target);
	return 0;
}

/* Of ptmx only the link to the container's own devpts is right. */
static int make_ptmx(int dev_fd, struct err *err)
{
	if (symlinkat("pts/ptmx", dev_fd, "ptmx") == 0)
		return 0;
	if (errno != EEXIST || unlinkat(dev_fd, "ptmx", 0) < 0 ||
	    symlinkat("pts/ptmx", dev_fd, "ptmx") < 0)
		return err_errno(err, "link '/dev/ptmx' of the container to 'pts/ptmx'");
	return 0;
}

static int make_all(int dev_fd, bool bind, struct err *err)
{
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		rc = make_device(dev_fd, &devices[i], bind, err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		rc = make_link(dev_fd, links[i].name, links[i].target, err);
		if (rc < 0)
			return rc;
	}
	if (access("/proc/kcore", F_OK) == 0) {
		rc = make_link(dev_fd, "core", "/proc/kcore", err);
		if (rc < 0)
			return rc;
	}
	return make_ptmx(dev_fd, err);
}

int devices_make(int root_fd, bool bind, struct err *err)
{
	autoclose int dev_fd = file_mkdir_in_root(root_fd, "/dev", 0755, err);

	if (dev_fd < 0)
		return dev_fd;
	mode_t mask = umask(0);
	int rc = make_all(dev_fd, bind, err);

	(void)umask(mask);
	return rc;
}
