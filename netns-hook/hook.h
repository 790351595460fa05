/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_HOOK_H
#define CT_NETNS_HOOK_H

#include "common/cmd.h"
#include "common/oci_state.h"

/*
 * The OCI hook: the container's state on standard input. creating, created, running: attach;
 * stopped: detach, which always ends with status 0, since a failing poststop hook makes some
 * runtimes skip the others. What could not be undone is said and left to `gc`.
 */
extern const struct cmd hook_cmd;

/* The state on standard input, as all that are called as a hook read it. */
int hook_read_state(struct oci_state *state, struct err *err);

/* What the hook would do, from the same flags. */
extern const struct cmd hook_explain_cmd;

#endif
