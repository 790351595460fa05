/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks the front end: a command, or the OCI hook when there is none. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/cmd.h"
#include "common/fds.h"
#include "common/json.h"
#include "common/log.h"
#include "common/str.h"
#include "netns-hook/cmds.h"
#include "netns-hook/gc.h"
#include "netns-hook/hook.h"
#include "netns-hook/options.h"

/* CNI's error object (spec 1.1.0, "Error"); 50: the plugin is not available. */
static int refuse_cni(void)
{
	autojson json_node *error = json_object();

	json_put_string(error, "cniVersion", "1.1.0");
	json_put_int(error, "code", 50);
	json_put_string(error, "msg",
			"ct-netns " CT_VERSION " is no CNI plugin: use it as an OCI hook");
	autofree char *text = json_print(error, false);

	(void)printf("%s\n", text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct cmd cmds[] = {
		hook_cmd, cmds_create, cmds_rm, cmds_ls, gc_cmd, hook_explain_cmd, cmds_version,
	};
	const struct cmd_program program = {
		.name = "ct-netns",
		.summary = "network for OCI containers, as a hook: a veth on a bridge",
		.version = "ct-netns " CT_VERSION "\n",
		.globals = options_table,
		.n_globals = options_count,
		.globals_size = sizeof(struct options),
		.cmds = cmds,
		.n_cmds = ARRAY_SIZE(cmds),
		.prepare = options_prepare,
		.fallback = &hook_cmd,
		.single_dash = true,
	};
	struct err err = ERR_INIT;

	fds_open_standard();
	if (getenv("CNI_COMMAND"))
		return refuse_cni();
	int rc = cmd_main(&program, argc, argv, &err);

	if (rc < 0) {
		log_fatal(&err);
		return EXIT_FAILURE;
	}
	return rc;
}
