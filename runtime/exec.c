/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

#define PASSWD_MAX_BYTES (1 << 20)
#define DEFAULT_PATH     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *env_value(const struct strlist *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '=')
			return env->items[i] + len + 1;
	return NULL;
}

/* No NSS: its modules would be loaded from an image that is not to be trusted. */
static char *home_of(uid_t uid)
{
	/* The image's: it may be a fifo that nobody writes to, or a file of one endless line. */
	autoclose int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX_BYTES)
		return xstrdup("/");
	autofile FILE *f = fdopen(fd, "r");

	if (!f)
		return xstrdup("/");
	(void)take_fd(&fd);
	for (const struct passwd *pw; (pw = fgetpwent(f));)
		if (pw->pw_uid == uid && pw->pw_dir && pw->pw_dir[0] == '/')
			return xstrdup(pw->pw_dir);
	return xstrdup("/");
}

static bool is_overridden(const struct strlist *env, size_t at)
{
	size_t len = strcspn(env->items[at], "=");

	for (size_t i = at + 1; i < env->n; i++)
		if (strncmp(env->items[i], env->items[at], len + 1) == 0)
			return true;
	return false;
}

static void add_configured(const struct config_process *process, struct strlist *env)
{
	for (size_t i = 0; i < process->env.n; i++)
		if (!is_overridden(&process->env, i))
			strlist_add(env, process->env.items[i]);
}

void exec_environment(const struct config_process *process, struct strlist *env)
{
	add_configured(process, env);
	if (env_value(env, "HOME"))
		return;
	autofree char *home = home_of((uid_t)process->user.uid);

	strlist_take(env, xasprintf("HOME=%s", home));
}

void exec_set_environment(struct strlist *env, char *assignment)
{
	size_t len = strcspn(assignment, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->items[i], assignment, len) != 0)
			continue;
		free(env->items[i]);
		env->items[i] = assignment;
		return;
	}
	strlist_take(env, assignment);
}

int exec_enter_cwd(const struct config_process *process, struct err *err)
{
	if (chdir(process->cwd) < 0)
		return err_errno(err, "process.cwd: chdir to '%s'", process->cwd);
	autofree char *real = getcwd(NULL, 0);

	/* The kernel says "(unreachable)/…" of a folder that is outside of our root. */
	if (!real || real[0] != '/')
		return err_set(err, EPERM, "process.cwd: '%s' leads out of the container",
			       process->cwd);
	return 0;
}

static int exec_failed(const char *name, int code, struct err *err)
{
	return err_set(err, code, "exec: \"%.200s\": %s", name,
		       code == EACCES    ? "permission denied"
		       : code == ENOENT  ? "no such file or directory"
		       : code == ENOEXEC ? "exec format error"
					 : strerror(code));
}

void exec_paths(const struct config_process *process, const struct strlist *env,
		struct strlist *paths)
{
	const char *name = process->args.items[0];
	const char *path = env_value(env, "PATH");

	if (strchr(name, '/')) {
		strlist_add(paths, name);
		return;
	}
	for (const char *p = path ? path : DEFAULT_PATH; *p;) {
		size_t len = strcspn(p, ":");

		strlist_take(paths, len ? xasprintf("%.*s/%s", (int)len, p, name)
					: xasprintf("./%s", name));
		p += len + (p[len] == ':');
	}
}

/* Not this one, but maybe the next. */
static bool goes_on(int code)
{
	return code == ENOENT || code == ENOTDIR || code == EACCES;
}

/* code: of the one that came closest; of a path that was given, its own. */
static int not_found(const char *name, int code, struct err *err)
{
	if (strchr(name, '/') || code == EACCES)
		return exec_failed(name, code, err);
	return err_set(err, ENOENT, "exec: \"%.200s\": executable file not found in $PATH", name);
}

/* 0 also where the process may see what we cannot: with its groups, say, or from its folder. */
static int missing_code(const char *path)
{
	struct stat st;

	if (path[0] != '/')
		return 0;
	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? errno : 0;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : EACCES;
}

static int check_there(const struct config_process *process, const struct strlist *paths,
		       struct err *err)
{
	int code = ENOENT;

	for (size_t i = 0; i < paths->n; i++) {
		int rc = missing_code(paths->items[i]);

		if (rc == 0)
			return 0;
		if (paths->n == 1 || rc == EACCES)
			code = rc;
	}
	return not_found(process->args.items[0], code, err);
}

int exec_check_there(const struct config_process *process, struct err *err)
{
	struct strlist env = { 0 }, paths = { 0 };

	add_configured(process, &env);
	exec_paths(process, &env, &paths);
	int rc = check_there(process, &paths, err);

	strlist_free(&env);
	strlist_free(&paths);
	return rc;
}

int exec_check(const struct config_process *process, const struct strlist *paths, struct err *err)
{
	int code = ENOENT;

	for (size_t i = 0; i < paths->n; i++) {
		if (faccessat(AT_FDCWD, paths->items[i], X_OK, AT_EACCESS) == 0 || !goes_on(errno))
			return 0;
		if (paths->n == 1 || errno == EACCES)
			code = errno;
	}
	return not_found(process->args.items[0], code, err);
}

int exec_run(const struct config_process *process, const struct strlist *paths,
	     const struct strlist *env, struct err *err)
{
	char *none[] = { NULL };
	int code = ENOENT;

	for (size_t i = 0; i < paths->n; i++) {
		(void)execve(paths->items[i], process->args.items, env->n ? env->items : none);
		if (!goes_on(errno))
			return exec_failed(paths->items[i], errno, err);
		if (paths->n == 1 || errno == EACCES)
			code = errno;
	}
	return not_found(process->args.items[0], code, err);
}
