/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CMDS_H
#define CT_CMDS_H

#include <stdbool.h>

#include "common/cmd.h"
#include "runtime/cgroup/cgroup.h"

/* What stands before the command: the `globals` of every command's run function. */
struct runtime_globals {
	const char *root;           /* state directory; NULL: the default */
	const char *log;            /* file; NULL: stderr */
	const char *log_format;     /* "text" or "json"; NULL: text */
	const char *log_level;      /* NULL: warning */
	const char *cgroup_manager; /* NULL: by systemd_cgroup */
	const char *rootless;       /* "true", "false", "auto"; NULL: auto (rights.h) */
	bool debug, systemd_cgroup;
};

/* One per cmd_*.c; main.c puts them into its table. */
extern const struct cmd cmd_create, cmd_start, cmd_run, cmd_state, cmd_kill, cmd_delete, cmd_list,
	cmd_spec, cmd_restart, cmd_features, cmd_exec, cmd_ps, cmd_pause, cmd_resume, cmd_update,
	cmd_events, cmd_checkpoint, cmd_restore;

/* path as seen from where the program was called; NULL stays NULL. The caller frees. */
char *cmds_absolute(const char *path);

/* What --cgroup-manager, or else --systemd-cgroup, says. */
int cmds_cgroup_manager(const struct runtime_globals *g, enum cgroup_manager *manager,
			struct err *err);

#endif
