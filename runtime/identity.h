/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_IDENTITY_H
#define CT_IDENTITY_H

#include <stdbool.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * What the user's process is allowed and who it is. Called by init, after the startContainer hooks
 * and right before execve, so that nothing of it stands in the hooks' way.
 */
/*
 * rlimits, umask, groups, uid and gid, capabilities, no_new_privs: in this order.
 *
 * keep_sys_admin: CAP_SYS_ADMIN stays, for a seccomp filter that is loaded behind this without
 * no_new_privs. The process does not get it: execve makes permitted and effective anew out of the
 * inheritable, bounding and ambient sets, which are the config's (capabilities(7)). So nothing is left
 * to do behind the load, and the strictest profile lets us pass.
 */
int identity_apply(const struct config_process *process, bool keep_sys_admin, struct err *err);

/* Root of the container's user namespace: ids 0, all capabilities, no foreign groups. */
int identity_become_root(struct err *err);

#endif
