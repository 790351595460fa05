/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/net/link.h"
#include "common/net/record.h"
#include "common/str.h"

int state_open(const char *path, bool make, int *fd, struct err *err)
{
	autoclose int dir_fd = -1;
	struct stat st;

	/* `bridge-setup down` may remove the empty folder between our two calls. */
	do {
		if (make && file_mkdir_p(path, NETWORK_STATE_MODE, err) < 0)
			return err_ctx(err, "state directory");
		dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} while (make && dir_fd < 0 && errno == ENOENT);

	if (dir_fd < 0)
		return !make && errno == ENOENT ? 0
						: err_errno(err, "open state directory '%s'", path);
	if (fstat(dir_fd, &st) < 0)
		return err_errno(err, "stat state directory '%s'", path);
	if (st.st_uid != geteuid())
		return err_set(err, EPERM,
			       "state directory '%s' belongs to user %u, not to us: choose another "
			       "with --state-dir",
			       path, st.st_uid);
	if ((st.st_mode & 022) && fchmod(dir_fd, NETWORK_STATE_MODE) < 0)
		return err_errno(err, "shut state directory '%s' to others", path);
	*fd = take_fd(&dir_fd);
	return 1;
}

static bool veth_exists(struct netlink *nl, const char *name)
{
	struct link_info info;
	struct err err = ERR_INIT;

	/* When the kernel cannot be asked, an address is better lost than given out twice. */
	return link_find(nl, name, &info, &err) != 0;
}

bool state_attachment_lives(const struct state_alive *alive, const struct record_folder *folder,
			    const char *ifname)
{
	autoattachment struct attachment att = { 0 };
	struct err err = ERR_INIT;
	char name[IFNAMSIZ];
	int rc = record_read(folder, ifname, &att, &err);

	if (rc == 0)
		return false;
	if (rc > 0)
		return str_eq(att.owner.boot_id, alive->boot_id) &&
		       veth_exists(alive->nl, att.veth);
	record_veth_name(folder->container, ifname, 0, name);
	return veth_exists(alive->nl, name) || record_find_routed(folder->container, ifname, name);
}

bool state_is_alive(void *state_alive, const char *container, const char *ifname)
{
	const struct state_alive *alive = state_alive;
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	struct err err = ERR_INIT;

	if (str_check_name(container, "container id", &err) < 0 ||
	    link_check_name(ifname, "interface", &err) < 0)
		return false;
	int rc = record_folder_open(alive->state_fd, container, false, 0, &folder, &err);

	if (rc <= 0)
		return rc < 0;
	return state_attachment_lives(alive, &folder, ifname);
}

struct ipam_alive state_alive_of(struct state_alive *alive)
{
	return (struct ipam_alive){ .check = state_is_alive, .ctx = alive };
}
