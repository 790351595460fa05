/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SECCOMP_NOTIFY_H
#define CT_SECCOMP_NOTIFY_H

#include "common/err.h"
#include "common/oci_state.h"
#include "runtime/config/config_seccomp.h"

/*
 * SCMP_ACT_NOTIFY: somebody behind listenerPath answers for system calls of the container.
 *
 *	start                                           init
 *	connects to listenerPath; nobody there: failure
 *	connects to start.sock  ──────────────────────▶
 *	                        ◀───────── SYNC_EXEC
 *	                                                loads the filter: here is the listener
 *	                        ◀───── SYNC_LISTENER    sendmsg, the one call under the profile
 *	sends listener and state to listenerPath        execve, which may be notified itself
 */

/* The connection to listenerPath, close-on-exec; -1 for a profile that notifies nobody. */
int seccomp_notify_connect(const struct config_seccomp *profile, int *agent_fd, struct err *err);

/*
 * One ContainerProcessState with the listener in its first message (config-linux.md, "The Container
 * Process State"). pid is of the process with the filter, which is exec's or the container's own. The
 * connection is to be closed behind it.
 */
int seccomp_notify_send(int agent_fd, int listener_fd, const struct config_seccomp *profile,
			const struct oci_state *state, pid_t pid, struct err *err);

#endif
