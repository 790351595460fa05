/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_LAUNCH_H
#define CT_LAUNCH_H

#include "runtime/config/config.h"
#include "runtime/passed_fds.h"
#include "runtime/seccomp.h"

/* The last act of init, and of exec's process. */
struct launch {
	const struct config_process *process;
	const struct strlist *env;
	const struct passed_fds *fds;
	const struct seccomp_filter *filter;
	int report_fd; /* gets SYNC_EXEC, and SYNC_LISTENER when the filter has one; closed by execve */
};

/* Returns only when it failed. */
int launch_process(const struct launch *launch, struct err *err);

#endif
