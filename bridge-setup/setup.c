/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"

/* What is in there steers root: nobody else may write to it. */
static int open_state(const char *path, bool make, int *state_fd, struct err *err)
{
	autoclose int fd = -1;
	struct stat st;

	/* A `down` that took the last network away may remove the folder between our two calls. */
	do {
		if (make && file_mkdir_p(path, NETWORK_STATE_MODE, err) < 0)
			return -err->code;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} while (make && fd < 0 && errno == ENOENT);
	if (fd < 0 && errno == ENOENT && !make)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "state directory '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(err, EPERM, "state directory '%s' belongs to user %u", path,
			       (unsigned int)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && fchmod(fd, NETWORK_STATE_MODE) < 0)
		return err_errno(err, "state directory '%s': chmod", path);
	*state_fd = take_fd(&fd);
	return 0;
}

int setup_open(const struct setup_globals *globals, const struct setup_network_options *which,
	       bool make, struct setup *setup, struct err *err)
{
	const struct network_overrides flags = {
		.mode = which->mode,
		.bridge = which->bridge,
		.ip = which->ip,
		.mtu = which->mtu,
		.vlan = which->vlan,
		.firewalld_zone = which->firewalld_zone,
	};
	const char *state_dir = globals->state_dir ? globals->state_dir : NETWORK_STATE_DIR;

	if (network_load(which->network, &setup->net, err) < 0 ||
	    network_override(&setup->net, &flags, err) < 0 ||
	    open_state(state_dir, make, &setup->state_fd, err) < 0)
		return -err->code;
	return netlink_open(&setup->nl, err);
}

bool setup_is_stale(const struct setup *setup)
{
	struct stat st;

	return setup->state_fd >= 0 && fstat(setup->state_fd, &st) == 0 && st.st_nlink == 0;
}

void setup_close(struct setup *setup)
{
	netlink_close(&setup->nl);
	cleanup_close(&setup->state_fd);
	network_free(&setup->net);
}
