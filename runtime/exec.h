/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_EXEC_H
#define CT_EXEC_H

#include "common/err.h"
#include "runtime/config.h"

/*
 * The environment that the process gets: the config's, the last of a name wins, HOME from the
 * container's /etc/passwd when it is missing. Read below the container's root.
 */
void exec_environment(const struct config_process *process, struct strlist *env);

/* chdir to process.cwd, which must be inside of the container (CVE-2024-21626). */
int exec_enter_cwd(const struct config_process *process, struct err *err);

/*
 * execve of args[0], looked up in the PATH of env when it has no slash. Returns only when it failed;
 * the texts are runc's, since engines read them ("executable file not found in $PATH").
 */
int exec_run(const struct config_process *process, const struct strlist *env, struct err *err);

#endif
