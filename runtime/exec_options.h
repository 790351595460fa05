/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_EXEC_OPTIONS_H
#define CT_EXEC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/str.h"
#include "runtime/config/config.h"

struct exec_options {
	const char *console_socket, *pidfd_socket, *cwd, *process, *pid_file, *process_label,
		*apparmor, *user;
	struct strlist env, caps, additional_gids, cgroups;
	int64_t preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused, no_subreaper;
};

/*
 * Make config->process, the container's own, what `exec` runs: the document of --process, which inherits
 * what it does not say (capabilities, limits, umask, oom score, labels, scheduling), or the container's process with args
 * (n of them) and what the options change.
 */
int exec_options_process(const struct exec_options *o, char **args, int n, struct config *config,
			 struct err *err);

#endif
