/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mount_fd.h"
#include "common/str.h"
#include "runtime/mounts/mounts.h"

#define DEFAULT_MODE 0666

#define CHAR(path_, major_, minor_)                                                                \
	{                                                                                          \
		.path = (char[]){ path_ }, .type = 'c', .major = (major_), .minor = (minor_)       \
	}
static const struct config_device defaults[] = {
	CHAR("/dev/null", 1, 3),   CHAR("/dev/zero", 1, 5),    CHAR("/dev/full", 1, 7),
	CHAR("/dev/random", 1, 8), CHAR("/dev/urandom", 1, 9), CHAR("/dev/tty", 5, 0),
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

/* Where a device goes: its folder, opened, and its name in there. */
struct place {
	int dir_fd;
	const char *name;
	const char *path; /* for messages */
};

static mode_t device_type(const struct config_device *device)
{
	if (device->type == 'p')
		return S_IFIFO;
	return device->type == 'b' ? S_IFBLK : S_IFCHR;
}

static mode_t device_mode(const struct config_device *device)
{
	return device->has_file_mode ? (mode_t)device->file_mode : DEFAULT_MODE;
}

static dev_t device_number(const struct config_device *device)
{
	return makedev((unsigned int)device->major, (unsigned int)device->minor);
}

static bool is_device(const struct stat *st, const struct config_device *device)
{
	return (st->st_mode & S_IFMT) == device_type(device) &&
	       (device->type == 'p' || st->st_rdev == device_number(device));
}

static int fail_other(const struct place *at, const struct config_device *device, struct err *err)
{
	if (device->type == 'p')
		return err_set(err, EEXIST,
			       "'%s' of the container exists and is no fifo; remove it from the "
			       "image, or mount something on its folder",
			       at->path);
	return err_set(err, EEXIST,
		       "'%s' of the container exists and is not the %s device %u:%u; remove it "
		       "from the image, or mount something on its folder",
		       at->path, device->type == 'b' ? "block" : "character",
		       (unsigned int)device->major, (unsigned int)device->minor);
}

/* Mode and owner of the very node that was looked at, not of what has its name by now. */
static int set_attributes(const struct place *at, int fd, const struct stat *st,
			  const struct config_device *device, struct err *err)
{
	bool other_owner = st->st_uid != device->uid || st->st_gid != device->gid;

	if (other_owner &&
	    fchownat(fd, "", (uid_t)device->uid, (gid_t)device->gid, AT_EMPTY_PATH) < 0)
		return err_errno(err, "set the owner of '%s' of the container", at->path);
	if ((other_owner || (st->st_mode & 07777) != device_mode(device)) &&
	    chmod(file_fd_path(fd).text, device_mode(device)) < 0)
		return err_errno(err, "set the mode of '%s' of the container", at->path);
	return 0;
}

/* The node is there: fine when it is the right one. */
static int adopt(const struct place *at, const struct config_device *device, struct err *err)
{
	struct stat st;
	autoclose int fd = openat(at->dir_fd, at->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "open '%s' of the container", at->path);
	if (!is_device(&st, device))
		return fail_other(at, device, err);
	return set_attributes(at, fd, &st, device, err);
}

/* An empty file of ours, or of the image; O_PATH. */
static int open_bind_target(const struct place *at, const struct config_device *device,
			    struct err *err)
{
	struct stat st;
	autoclose int made_fd = openat(at->dir_fd, at->name,
				       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (made_fd < 0 && errno != EEXIST)
		return err_errno(err, "create '%s' of the container", at->path);
	autoclose int fd = openat(at->dir_fd, at->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "open '%s' of the container", at->path);
	/* A node of the image is covered too: on the image's mount it may not be usable. */
	if (!S_ISREG(st.st_mode) && !is_device(&st, device))
		return fail_other(at, device, err);
	return take_fd(&fd);
}

/* It has the host's mode and owner: they are the node's, which is the host's. */
static int bind_device(const struct place *at, const struct config_device *device, struct err *err)
{
	struct stat st;
	autoclose int tree_fd = mount_fd_clone(AT_FDCWD, device->path, false);

	if (tree_fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT,
			       "the host has no '%s' to bind; in a user namespace no device can be "
			       "made",
			       device->path);
	if (tree_fd < 0)
		return err_errno(err, "bind the host's '%s'", device->path);
	if (fstat(tree_fd, &st) < 0)
		return err_errno(err, "stat the host's '%s'", device->path);
	if (!is_device(&st, device))
		return err_set(err, EINVAL, "the host's '%s' is not the %s device %u:%u",
			       device->path, device->type == 'b' ? "block" : "character",
			       (unsigned int)device->major, (unsigned int)device->minor);
	if (device->has_file_mode && (st.st_mode & 07777) != device_mode(device))
		log_debug("device '%s': bound from the host, keeps its mode %o", device->path,
			  st.st_mode & 07777);
	autoclose int target_fd = open_bind_target(at, device, err);

	if (target_fd < 0)
		return target_fd;
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "attach the host's '%s' on '%s' of the container",
				 device->path, at->path);
	return 0;
}

static int make_device(const struct place *at, const struct config_device *device, bool bind,
		       struct err *err)
{
	bool fifo = device->type == 'p'; /* anybody may make one */

	if (bind && !fifo)
		return bind_device(at, device, err);
	if (mknodat(at->dir_fd, at->name, device_type(device) | device_mode(device),
		    fifo ? 0 : device_number(device)) == 0)
		return device->uid || device->gid ? adopt(at, device, err) : 0;
	if (errno == EEXIST)
		return adopt(at, device, err);
	if (errno == EPERM && !fifo) /* no CAP_MKNOD */
		return bind_device(at, device, err);
	return err_errno(err, "create '%s' of the container", at->path);
}

/* ---- /dev ---- */

static const struct config_device *find_device(const struct config_devices *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++) {
		autofree char *clean = mounts_clean_path(list->items[i].path);

		if (str_eq(clean, path))
			return &list->items[i];
	}
	return NULL;
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

static int fill_dev(const struct devices_request *request, int dev_fd, struct err *err)
{
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const struct place at = { .dir_fd = dev_fd,
					  .name = defaults[i].path + strlen("/dev/"),
					  .path = defaults[i].path };

		if (find_device(request->list, defaults[i].path))
			continue;
		rc = make_device(&at, &defaults[i], request->bind, err);
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

static int make_dev(const struct devices_request *request, struct err *err)
{
	autoclose int dev_fd = file_mkdir_in_root(request->root_fd, "/dev", 0755, err);

	return dev_fd < 0 ? dev_fd : fill_dev(request, dev_fd, err);
}

/* ---- linux.devices ---- */

/* In the host's own folder: what is there is used, as it is. */
static int check_foreign(const struct devices_request *request, const char *path,
			 const struct config_device *device, struct err *err)
{
	struct stat st;
	autoclose int fd = file_open_in_root(request->root_fd, path, O_PATH | O_NOFOLLOW, 0, err);

	if (fd == -ENOENT)
		return err_set(
			err, ENOENT,
			"it is not in the folder that is bound on '/dev', and is not made in "
			"there");
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat '%s' of the container", path);
	return is_device(&st, device)
		       ? 0
		       : fail_other(&(const struct place){ .path = path }, device, err);
}

static int make_at(const struct devices_request *request, const char *path,
		   const struct config_device *device, struct err *err)
{
	struct statfs fs;
	const char *slash = strrchr(path, '/');
	autofree char *folder = xstrndup(path, (size_t)(slash - path));
	autoclose int dir_fd = file_mkdir_in_root(request->root_fd, folder, 0755, err);
	const struct place at = { .dir_fd = dir_fd, .name = slash + 1, .path = path };

	if (dir_fd < 0)
		return dir_fd;
	if (fstatfs(dir_fd, &fs) < 0)
		return err_errno(err, "statfs '%s' of the container", folder);
	if (fs.f_type == PROC_SUPER_MAGIC)
		return err_set(err, EPERM, "the container's /proc is no place for a device");
	return make_device(&at, device, request->bind, err);
}

static int make_listed(const struct devices_request *request, const struct config_device *device,
		       struct err *err)
{
	static const struct config_device ptmx = { .type = 'c', .major = 5, .minor = 2 };
	autofree char *path = mounts_clean_path(device->path);

	if (str_eq(path, "/"))
		return err_set(err, EINVAL, "the rootfs itself is no device");
	if (request->foreign_dev && str_starts(path, "/dev/"))
		return check_foreign(request, path, device, err);
	/* Engines list it with the host's devices; it leads to the container's own devpts. */
	if (str_eq(path, "/dev/ptmx") && device->type == ptmx.type &&
	    device_number(device) == device_number(&ptmx))
		return 0;
	return make_at(request, path, device, err);
}

static int make_list(const struct devices_request *request, struct err *err)
{
	for (size_t i = 0; i < request->list->n; i++) {
		const struct config_device *device = &request->list->items[i];

		if (make_listed(request, device, err) < 0)
			return err_ctx(err, "config.json: linux.devices[%zu] '%s'", i,
				       device->path);
	}
	return 0;
}

int devices_make(const struct devices_request *request, struct err *err)
{
	mode_t mask = umask(0);
	int rc = request->foreign_dev ? 0 : make_dev(request, err);

	if (rc >= 0)
		rc = make_list(request, err);
	(void)umask(mask);
	return rc;
}
