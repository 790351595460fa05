/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "runtime/cmds.h"
#include "runtime/start.h"

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	autocontainer struct container c = CONTAINER_INIT;

	(void)options;
	(void)n_args;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open(&c, CONTAINER_LOCKED, err);
	if (rc < 0)
		return rc;
	enum oci_status status = container_status(&c);

	if (status != OCI_STATUS_CREATED)
		return container_refuse(&c, "start", status, err);
	if (!c.config->has_process)
		return err_set(err, EINVAL,
			       "cannot start container '%s': its config.json has no 'process'",
			       c.id);
	return start_notifying(&c, false, err);
}

const struct cmd cmd_start = {
	.name = "start",
	.args = "ID",
	.help = "run the process of a created container; returns once it has been executed",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
