/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_HOOK_H
#define CT_NETNS_HOOK_H

#include "common/cmd.h"

/*
 * The OCI hook: the container's state on standard input. creating, created, running: attach;
 * stopped: detach, which always ends with status 0, since a failing poststop hook makes some
 * runtimes skip the others. What could not be undone is said and left to `gc`.
 */
extern const struct cmd hook_cmd;

/* What the hook would do, from the same flags. */
extern const struct cmd hook_explain_cmd;

#endif
