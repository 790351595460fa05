/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rm: a network, or all of them with what is attached and the state directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/bridge.h"
#include "common/net/record.h"
#include "common/str.h"
#include "netns-hook/cmds.h"
#include "netns-hook/definition.h"
#include "netns-hook/detach.h"
#include "netns-hook/gc.h"
#include "netns-hook/ipam.h"
#include "netns-hook/options.h"
#include "netns-hook/state.h"

struct rm_options {
	bool force;
	bool all;
};

static const struct cmd_option rm_table[] = {
	{ .name = "force",
	  .short_name = 'f',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct rm_options, force),
	  .help = "also when containers are attached, who are detached first" },
	{ .name = "all",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct rm_options, all),
	  .help = "every network of the state directory, and the directory" },
};

static bool is_elsewhere(void *ctx, const struct attachment *att)
{
	if (!str_eq(att->network, ctx))
		return true;
	(void)printf("container '%s': %s is taken away\n", att->container, att->ifname);
	return false;
}

/* Attachments go first: they undo themselves with the network around them. */
static int remove_network(struct netlink *nl, int state_fd, const struct network *net, bool force,
			  struct err *err)
{
	int rc = force ? gc_collect_unwanted(state_fd, is_elsewhere, net->name, err) : 0;

	if (rc >= 0)
		rc = bridge_remove(nl, state_fd, net, force, &cmds_report, err);
	/* Those that were attached at the same moment. */
	if (rc >= 0 && force)
		rc = gc_collect_unwanted(state_fd, is_elsewhere, net->name, err);
	return rc < 0 ? rc : ipam_reset(state_fd, net->name, err);
}

/* ---- all of them ---- */

static int list_networks(int state_fd, struct strlist *names, struct err *err)
{
	int fd = openat(state_fd, "networks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, "read state folder 'networks'");
	for (const struct dirent *e; (e = readdir(dir));) {
		struct err foreign = ERR_INIT;

		if (str_check_name(e->d_name, "network", &foreign) >= 0)
			strlist_add(names, e->d_name);
	}
	return 0;
}

/* What was set up stands in the state directory; without a definition the name is enough. */
static int remove_by_name(const struct options *options, struct netlink *nl, int state_fd,
			  const char *name, bool force, struct err *err)
{
	autonetwork struct network net = { 0 };
	struct err damaged = ERR_INIT;

	if (definition_find(options, state_fd, name, &net, &damaged) <= 0) {
		network_free(&net);
		network_default(&net);
		free(net.name);
		net.name = xstrdup(name);
	}
	return remove_network(nl, state_fd, &net, force, err);
}

static int detach_all(struct netlink *nl, int state_fd, struct err *err)
{
	const struct detach detach = { state_fd, nl, DETACH_LINK_DELETE, { 0 }, -1 };
	struct strlist ids = { 0 };
	int rc = record_containers(state_fd, &ids, err);

	for (size_t i = 0; rc >= 0 && i < ids.n; i++)
		rc = detach_container(&detach, ids.items[i], err);
	strlist_free(&ids);
	return rc;
}

/* Empty folders only: whatever somebody else put there, or is putting there now, stays. */
static void remove_folders(const char *path, int state_fd)
{
	static const char *const folders[] = { "containers", "networks", "ports" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		(void)unlinkat(state_fd, folders[i], AT_REMOVEDIR);
	(void)rmdir(path);
}

static int remove_all(const struct options *options, bool force, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	struct strlist names = { 0 };
	int rc = state_open(options_state_dir(options), false, &state_fd, err);

	if (rc > 0)
		rc = netlink_open(&nl, err) < 0 ? -err->code : 1;
	if (rc <= 0)
		return rc;
	if (force)
		rc = detach_all(&nl, state_fd, err);
	if (rc >= 0)
		rc = list_networks(state_fd, &names, err);
	for (size_t i = 0; rc >= 0 && i < names.n; i++)
		rc = remove_by_name(options, &nl, state_fd, names.items[i], force, err);
	strlist_free(&names);
	if (rc < 0)
		return rc;
	remove_folders(options_state_dir(options), state_fd);
	return 0;
}

static int run_rm(void *globals, void *rm_options, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	const struct rm_options *rm = rm_options;
	autonetwork struct network net = { 0 };
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;

	(void)args;
	(void)n_args;
	if (rm->all)
		return remove_all(options, rm->force, err);
	int rc = options_network(options, &net, err);

	if (rc >= 0)
		rc = state_open(options_state_dir(options), true, &state_fd, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	if (rc >= 0)
		rc = bridge_settle(&nl, state_fd, &net, err);
	return rc < 0 ? rc : remove_network(&nl, state_fd, &net, rm->force, err);
}

const struct cmd cmds_rm = {
	.name = "rm",
	.args = "",
	.help = "remove the network: rules, bridge, and forwarding if it was switched on for it",
	.options = rm_table,
	.n_options = ARRAY_SIZE(rm_table),
	.options_size = sizeof(struct rm_options),
	.run = run_rm,
};
