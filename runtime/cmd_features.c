/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/cleanup.h"
#include "runtime/cmds.h"
#include "runtime/features.h"

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	autojson json_node *features = features_json();
	autofree char *text = json_print(features, true);

	(void)globals;
	(void)options;
	(void)args;
	(void)n_args;
	(void)err;
	(void)printf("%s\n", text);
	return 0;
}

const struct cmd cmd_features = {
	.name = "features",
	.args = "",
	.help = "print what this program can do as JSON",
	.run = run,
};
