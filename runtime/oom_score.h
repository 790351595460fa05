/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_OOM_SCORE_H
#define CT_OOM_SCORE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * process.oomScoreAdj onto a process (0: the caller), as the caller's own procfs has it. To go below
 * what one has takes the machine's root: without it the score is left as it is, as runc has it, since
 * engines ask for it all the same.
 */
int oom_score_set(pid_t pid, const struct config_process *process, bool rootless, struct err *err);

#endif
