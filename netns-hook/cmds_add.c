/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hook's work by hand: add, del. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/signals.h"
#include "common/str.h"
#include "netns-hook/cmds.h"
#include "netns-hook/detach.h"
#include "netns-hook/options.h"
#include "netns-hook/request.h"

struct add_options {
	const char *netns;
	int64_t pid; /* 0: not given */
};

static const struct cmd_option add_table[] = {
	{ .name = "netns",
	  .type = CMD_STRING,
	  .offset = offsetof(struct add_options, netns),
	  .value = "PATH",
	  .help = "the network namespace, such as /run/netns/NAME" },
	{ .name = "pid",
	  .type = CMD_INT,
	  .offset = offsetof(struct add_options, pid),
	  .value = "PID",
	  .help = "the network namespace of this process",
	  .min = 1,
	  .max = 4194304 },
};

/*
 * A relative path means nothing to whoever reads the record. Links stay as they are: those below
 * /proc/PID/ns lead where no path does.
 */
static int absolute(const char *path, char **out, struct err *err)
{
	autofree char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	if (path[0] != '/' && !cwd)
		return err_errno(err, "--netns '%s': getcwd", path);
	*out = cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
	return 0;
}

static int open_netns(const struct add_options *add, char **path, struct err *err)
{
	if (!add->netns == !add->pid)
		return err_set(err, EINVAL,
			       "give one of --netns and --pid; see 'ct-netns add "
			       "--help'");
	if (add->pid)
		return netns_open_pid((pid_t)add->pid, err);
	return absolute(add->netns, path, err) < 0 ? -err->code : netns_open_path(*path, err);
}

static int run_add(void *globals, void *add_options, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	const struct add_options *add = add_options;
	autorequests struct request_list list = { .n = 0 };
	autofree char *netns_path = NULL;
	autofree char *ipfile = NULL;
	autoclose int netns_fd = -1;
	int rc = str_check_name(args[0], "container id", err);

	(void)n_args;
	signals_ignore();
	if (rc >= 0)
		rc = request_list_read(options, NULL, &list, err);
	if (rc >= 0)
		rc = options_ipfile(options, NULL, &ipfile, err);
	if (rc >= 0)
		rc = netns_fd = open_netns(add, &netns_path, err);
	if (rc < 0)
		return rc;
	request_list_aim(&list, &(const struct request_target){
					.container = args[0],
					.pid = (pid_t)add->pid,
					.netns_fd = netns_fd,
					.netns_path = netns_path,
					.ipfile = ipfile,
					.ipfile_must = true,
				});
	return request_list_attach(&list, err);
}

const struct cmd cmds_add = {
	.name = "add",
	.args = "ID",
	.help = "attach a container by hand",
	.options = add_table,
	.n_options = ARRAY_SIZE(add_table),
	.options_size = sizeof(struct add_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_add,
};

static int run_del(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	const struct detach_choice choice = { .ifname = options->ifname };
	int rc = str_check_name(args[0], "container id", err);

	(void)unused;
	(void)n_args;
	signals_ignore();
	if (rc >= 0)
		rc = detach_from(options_state_dir(options), args[0],
				 options->ifname ? &choice : NULL, err);
	return rc < 0 ? rc : 0;
}

const struct cmd cmds_del = {
	.name = "del",
	.args = "ID",
	.help = "detach a container by hand, on every interface or on that of --iface",
	.min_args = 1,
	.max_args = 1,
	.run = run_del,
};
