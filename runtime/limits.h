/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_LIMITS_H
#define CT_LIMITS_H

#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * process.rlimits, in two turns. To raise a hard limit takes CAP_SYS_RESOURCE of the host, which init
 * loses with its user namespace, so the runtime does that for it. To lower one early would be in init's
 * own way, so init does that for itself, last.
 */

/* The hard limits of pid, another process of ours, as high as they are to become. */
int limits_raise(pid_t pid, const struct config_rlimits *rlimits, struct err *err);

/* All limits of the caller, exactly. */
int limits_apply(const struct config_rlimits *rlimits, struct err *err);

#endif
