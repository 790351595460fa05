/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "runtime/create.h"
#include "runtime/restore.h"
#include "runtime/run.h"
#include "runtime/self.h"
#include "runtime/wait.h"

struct restore_options {
	struct criu_options criu; /* first: the offsets of its table start here */
	const char *bundle, *console_socket, *pid_file;
	const char *lsm_profile, *lsm_mount_context;
	bool detach, no_subreaper, no_pivot;
};

static int check(struct restore_options *o, const struct runtime_globals *g, struct err *err)
{
	struct rights rights = { 0 };
	int rc = criu_options_check(&o->criu, err);

	if (rc < 0)
		return rc;
	if (o->no_pivot)
		return err_set(err, ENOTSUP, "--no-pivot: CRIU cannot restore without pivot_root");
	if (o->criu.parent_path)
		return err_set(err, EINVAL,
			       "--parent-path: is for checkpoint; the image knows its parent");
	rc = rights_look(g->rootless, &rights, err);
	if (rc >= 0 && rights.rootless)
		return err_set(err, EPERM, "restore: CRIU needs the machine's root");
	if (rc < 0)
		return rc;
	autofree char *inventory = xasprintf("%s/inventory.img", o->criu.images);

	if (access(inventory, R_OK) < 0)
		return err_errno(err, "--image-path: no image of CRIU in '%s'", o->criu.images);
	return 0;
}

static int check_bundle(const char *bundle, struct err *err)
{
	autoconfig struct config *config = NULL;
	autofree char *path = xasprintf("%s/config.json", bundle ? bundle : ".");
	int rc = config_load_at(AT_FDCWD, path, &config, NULL, NULL, err);

	return rc < 0 ? rc : criu_options_check_config(config, "restore", err);
}

static int restore(struct container *c, const struct restore_options *o,
		   const struct create_request *request, struct err *err)
{
	int rc = 0;

	if (!o->detach) {
		wait_block_signals();
		rc = o->no_subreaper ? 0 : wait_adopt_orphans(err);
	}
	if (rc >= 0)
		rc = create_container(c, request, err);
	if (rc < 0 || o->detach)
		return rc;
	log_flush();
	return run_wait(c, request->root, NULL, false, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	struct restore_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	autofree char *criu = NULL, *pid_file = cmds_absolute(o->pid_file);
	autofree char *console_socket = cmds_absolute(o->console_socket);
	struct restore_request from = { .options = &o->criu,
					.lsm_profile = o->lsm_profile,
					.lsm_mount_context = o->lsm_mount_context };
	struct create_request request = { .root = g->root,
					  .id = args[0],
					  .bundle = o->bundle,
					  .pid_file = pid_file,
					  .console_socket = console_socket,
					  .rootless = g->rootless,
					  .restore = &from,
					  .detach = o->detach };

	(void)n_args;
	int rc = self_protect(err);

	if (rc >= 0)
		rc = cmds_cgroup_manager(g, &request.cgroup_manager, err);
	if (rc >= 0)
		rc = criu_find(&criu, err);
	from.criu = criu;
	if (rc >= 0)
		rc = check(o, g, err);
	if (rc >= 0)
		rc = check_bundle(o->bundle, err);
	if (rc >= 0)
		rc = file_mkdir_p(o->criu.work, 0700, err);
	if (rc >= 0)
		rc = restore(&c, o, &request, err);
	criu_options_free(&o->criu);
	return rc;
}

#define OPTION(member) .offset = offsetof(struct restore_options, member)

static const struct cmd_option restore_options[] = {
	CRIU_OPTIONS,
	{ .name = "bundle",
	  .short_name = 'b',
	  .type = CMD_STRING,
	  .value = "DIR",
	  OPTION(bundle),
	  .help = "folder of config.json (default: the working directory)" },
	{ .name = "detach",
	  .short_name = 'd',
	  .type = CMD_FLAG,
	  OPTION(detach),
	  .help = "return once the processes run" },
	{ .name = "console-socket",
	  .type = CMD_STRING,
	  .value = "SOCKET",
	  OPTION(console_socket),
	  .help = "refused: no container with a terminal is in an image" },
	{ .name = "pid-file",
	  .type = CMD_STRING,
	  .value = "FILE",
	  OPTION(pid_file),
	  .help = "write the process id of the container's init to FILE" },
	{ .name = "no-subreaper",
	  .type = CMD_FLAG,
	  OPTION(no_subreaper),
	  .help = "do not adopt orphans of the container" },
	{ .name = "no-pivot", .type = CMD_FLAG, OPTION(no_pivot), .help = "refused" },
	{ .name = "lsm-profile",
	  .type = CMD_STRING,
	  .value = "TYPE:NAME",
	  OPTION(lsm_profile),
	  .help = "apparmor:NAME or selinux:LABEL in the place of the image's" },
	{ .name = "lsm-mount-context",
	  .type = CMD_STRING,
	  .value = "CONTEXT",
	  OPTION(lsm_mount_context),
	  .help = "SELinux context of mounts in the place of the image's" },
};

const struct cmd cmd_restore = {
	.name = "restore",
	.args = "ID",
	.help = "make a container from an image of checkpoint, its processes where they were",
	.options = restore_options,
	.n_options = ARRAY_SIZE(restore_options),
	.options_size = sizeof(struct restore_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
