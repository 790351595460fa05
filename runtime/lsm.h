/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_LSM_H
#define CT_LSM_H

#include <stdbool.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * process.apparmorProfile and process.selinuxLabel: what the program becomes at execve. They are
 * written to the host's own procfs, which no mount of the container's can stand in for
 * (CVE-2019-16884, CVE-2025-52881).
 */

/* Of the running kernel. */
bool lsm_has_apparmor(void);
bool lsm_has_selinux(void);

/*
 * By the runtime, in its own mount namespace, before anything is made: asked for and not there is an
 * error. *proc_fd (-1 when nothing is asked for) is for lsm_apply and goes with the process at its
 * execve.
 */
int lsm_open(const struct config_process *process, int *proc_fd, struct err *err);

/*
 * By the process itself, wherever it is by then, after the hooks (children would inherit it) and
 * before no_new_privs (AppArmor would refuse). Closes proc_fd.
 */
int lsm_apply(const struct config_process *process, int *proc_fd, struct err *err);

/*
 * Keys that the caller makes from here on are of process.selinuxLabel, its session keyring first of
 * all; on false they are as before. Nothing without a label.
 */
int lsm_label_keys(const struct config_process *process, int proc_fd, bool on, struct err *err);

#endif
