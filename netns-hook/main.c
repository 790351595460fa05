/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks the front end: a CNI plugin, a command, or the OCI hook when there is neither. */
#include <stdlib.h>

#include "common/cmd.h"
#include "common/fds.h"
#include "common/log.h"
#include "common/str.h"
#include "netns-hook/cmds.h"
#include "netns-hook/cni.h"
#include "netns-hook/dns.h"
#include "netns-hook/gc.h"
#include "netns-hook/hook.h"
#include "netns-hook/options.h"

int main(int argc, char **argv)
{
	const struct cmd cmds[] = {
		hook_cmd, dns_cmd,          cmds_add,        cmds_del,     cmds_create,
		cmds_rm,  cmds_ls,          cmds_inspect,    cmds_check,   cmds_repair,
		gc_cmd,   hook_explain_cmd, cmds_completion, cmds_version,
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
		return cni_main();
	int rc = cmd_main(&program, argc, argv, &err);

	if (rc < 0) {
		log_fatal(&err);
		return EXIT_FAILURE;
	}
	return rc;
}
