/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CAPS_H
#define CT_CAPS_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * process.capabilities. What cannot be granted is left out and no failure (runtime-spec, config.md:
 * "SHOULD NOT fail"); caps_warn says it once, where people read it.
 */

/*
 * By the runtime, before the process is made: a warning for what is asked for and will not be there.
 * full: the process is in another user namespace, and so has all of them at first.
 */
void caps_warn(const struct config_capabilities *caps, bool full);

/* Needs CAP_SETPCAP, so it comes before the user changes. */
int caps_drop_bounding(const struct config_capabilities *caps, struct err *err);

/*
 * The other four sets, exactly, and CAP_SYS_ADMIN up to execve when keep_sys_admin (identity.h). After
 * the change of the user, with PR_SET_KEEPCAPS before it.
 */
int caps_apply(const struct config_capabilities *caps, bool keep_sys_admin, struct err *err);

#endif
