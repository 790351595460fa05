/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_ROOTFS_H
#define CT_ROOTFS_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * The container's tree of mounts, put together by the container's init in its own mount namespace
 * (and user namespace, where there is one). All below the rootfs goes through descriptors: the image
 * is hostile, and another process may be renaming in it at this moment.
 */
struct rootfs {
	const struct config *config;
	int bundle_fd; /* O_PATH folder: relative bind sources and root.path start here. Opened by
			 * init itself: a descriptor from before the mount namespace was made is of
			 * the parent's tree, and the kernel copies no mount from there */
	int root_fd;   /* O_PATH of the mounted root, -1 before rootfs_mount */
	const struct idmaps *idmaps; /* sources of idmapped mounts; see idmap.h */
	int null_fd;     /* the host's /dev/null (checked: char 1:3) as a detached mount, for masks;
			 * -1 before, and with nothing to mask */
	bool new_userns; /* init is in a user namespace that is not the host's first one */
	bool no_pivot;   /* the old root cannot be pivoted away (an initramfs): move over it */
	pid_t runtime_pid; /* as /proc has it */
	bool joined_mntns; /* the mount namespace was joined by path: nothing is mounted or pivoted */
};

/*
 * In this order, by init:
 * mount    propagation of "/" made as linux.rootfsPropagation wants (rslave without it), root.path
 *          bound on itself, root_fd and null_fd opened. A root.path that does not exist or is no
 *          folder is an error that says so.
 * mounts   config.mounts in order, through mounts.h; the working directory is the bundle then
 * devices  default devices (made, or bound from the host in a user namespace), /dev/fd, /dev/std*,
 *          /dev/ptmx
 * -- createContainer hooks run here: the root is still writable, the host's tree still at "/" --
 * pivot    pivot_root to it, the old root detached; root_fd stays valid
 * seal     rootfsPropagation on the new root, readonlyPaths, maskedPaths, root.readonly
 */
int rootfs_mount(struct rootfs *rootfs, struct err *err);
int rootfs_mounts(struct rootfs *rootfs, struct err *err);
int rootfs_devices(struct rootfs *rootfs, struct err *err);
int rootfs_pivot(struct rootfs *rootfs, struct err *err);
int rootfs_seal(struct rootfs *rootfs, struct err *err);

/* What "/" of the mount namespace gets before anything is mounted, MS_*. */
unsigned long rootfs_host_propagation(const struct config *config);

/*
 * restart: in a mount namespace that is as the container left it, a fresh procfs of the caller's pid
 * namespace takes the place of the dead one, with config's masks and read-only paths below /proc on
 * it again. null_fd as masks_open_null gives it (-1: nothing to mask). The caller is at "/".
 */
int rootfs_replace_proc(const struct config *config, int null_fd, struct err *err);

#endif
