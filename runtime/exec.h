/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_EXEC_H
#define CT_EXEC_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * The environment that the process gets: the config's, the last of a name wins, HOME from the
 * container's /etc/passwd when it is missing. Read below the container's root.
 */
void exec_environment(const struct config_process *process, struct strlist *env);

/* One more "NAME=value" (owned from now on), in the place of what has this name. */
void exec_set_environment(struct strlist *env, char *assignment);

/* chdir to process.cwd, which must be inside of the container (CVE-2024-21626). */
int exec_enter_cwd(const struct config_process *process, struct err *err);

/* Where args[0] may be: itself when it has a slash, else in the folders of env's PATH. */
void exec_paths(const struct config_process *process, const struct strlist *env,
		struct strlist *paths);

/*
 * At create, in the container's root: fails where nobody could execute the program, with exec_run's
 * texts. Engines have an exit status for that (127, 126) when it is create that says so.
 */
int exec_check_there(const struct config_process *process, struct err *err);

/*
 * Fails where exec_run would because there is no such program: to be said before a seccomp filter
 * may forbid us to say it.
 */
int exec_check(const struct config_process *process, const struct strlist *paths, struct err *err);

/*
 * execve of the first of paths that can be. Returns only when it failed; the texts are runc's, since
 * engines read them ("executable file not found in $PATH"). No other system call is made, and no
 * memory asked for.
 */
int exec_run(const struct config_process *process, const struct strlist *paths,
	     const struct strlist *env, struct err *err);

#endif
