/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/cleanup.h"
#include "runtime/cmds.h"
#include "runtime/container.h"

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	autocontainer struct container c = CONTAINER_INIT;

	(void)options;
	(void)n_args;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, err);
	if (rc < 0)
		return rc;
	autojson json_node *root = state_json(&c.state, container_shown_status(&c));
	autofree char *text = json_print(root, true);

	(void)printf("%s\n", text);
	return 0;
}

const struct cmd cmd_state = {
	.name = "state",
	.args = "ID",
	.help = "print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
