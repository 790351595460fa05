/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"

#define LOG_TAIL_BYTES 65536
#define LOG_LINES_MAX  3

int criu_find(char **path, struct err *err)
{
	const char *folders = getenv("PATH");
	autofree char *copy = xstrdup(folders ? folders : "");

	for (char *rest = copy, *folder; (folder = strsep(&rest, ":")) != NULL;) {
		autofree char *candidate = xasprintf("%s/criu", folder);

		/* A relative folder is where we happen to be, the bundle's say. */
		if (folder[0] == '/' && access(candidate, X_OK) == 0) {
			*path = take_ptr(&candidate);
			return 0;
		}
	}
	return err_set(err, ENOENT,
		       "checkpoint and restore need CRIU, and there is no program 'criu' in PATH: "
		       "install the package 'criu', or add its folder to the PATH of who calls "
		       "ct-runtime; nothing was changed");
}

void criu_call_free(struct criu_call *call)
{
	strlist_free(&call->args);
	free(call->log);
}

/* ---- its log ---- */

static bool read_tail(const char *path, char *text)
{
	struct stat st;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	off_t start = st.st_size > LOG_TAIL_BYTES ? st.st_size - LOG_TAIL_BYTES : 0;
	ssize_t n = pread(fd, text, LOG_TAIL_BYTES, start);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Early ones are of features that it does without: the last are of why it gave up. */
static void last_errors(char *text, struct strbuf *why)
{
	const char *errors[LOG_LINES_MAX] = { NULL };
	size_t n = 0;

	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		const char *error = strstr(line, "Error (");

		if (error)
			errors[n++ % LOG_LINES_MAX] = error;
	}
	for (size_t i = n > LOG_LINES_MAX ? n - LOG_LINES_MAX : 0; i < n; i++)
		strbuf_printf(why, "%s%.110s", why->len ? "; " : "", errors[i % LOG_LINES_MAX]);
}

static int fail_with_log(const struct criu_call *call, int status, struct err *err)
{
	autofree char *text = xmalloc(LOG_TAIL_BYTES + 1);
	autostrbuf struct strbuf why = { 0 };
	char how[32];

	if (WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "killed by signal %d", WTERMSIG(status));
	else
		(void)snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	if (read_tail(call->log, text))
		last_errors(text, &why);
	return err_set(err, EIO, "criu %s: %s%s%s; see %s", call->args.items[0], how,
		       why.len ? ": " : "", why.len ? why.text : "", call->log);
}

/* ---- the process ---- */

/*
 * criu wants the root to be a mount that nothing covers. In mounts of its own that takes no undo; what the
 * host mounts later is still seen in a bind that asks for that.
 */
static int mount_root(const struct criu_call *call, struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno(err, "unshare the mount namespace of criu");
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_errno(err, "make the mounts of criu slaves");
	if (mount(call->rootfs, call->root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_errno(err, "mount '%s' on '%s'", call->rootfs, call->root);
	return 0;
}

static int prepare(const struct criu_call *call, struct err *err)
{
	sigset_t none;
	int rc = call->cgroup ? cgroup_enter(call->cgroup, 0, err) : 0;

	if (rc >= 0 && call->root)
		rc = mount_root(call, err);
	if (rc >= 0 && call->net_fd >= 0 && fcntl(call->net_fd, F_SETFD, 0) < 0)
		rc = err_errno(err, "hand the network namespace to criu");
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	return rc;
}

static void run_child(const char *path, const struct criu_call *call, int report_fd)
{
	struct err err = ERR_INIT;
	struct strlist argv = { 0 };
	pid_t parent = getppid();

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	strlist_add(&argv, "criu");
	for (size_t i = 0; i < call->args.n; i++)
		strlist_add(&argv, call->args.items[i]);
	if (getppid() == parent && prepare(call, &err) >= 0) {
		execv(path, argv.items);
		(void)err_errno(&err, "execute '%s'", path);
	}
	(void)!write(report_fd, &err, sizeof(err));
	_exit(EXIT_FAILURE);
}

int criu_run(const char *path, const struct criu_call *call, struct err *err)
{
	int fds[2], status;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	autoclose int report_fd = fds[0];
	pid_t pid = fork();

	if (pid == 0)
		run_child(path, call, fds[1]);
	(void)close(fds[1]);
	if (pid < 0)
		return err_errno(err, "fork");
	struct err early = ERR_INIT;
	bool failed = read(report_fd, &early, sizeof(early)) == (ssize_t)sizeof(early);

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, "wait for criu");
	if (failed) {
		*err = early;
		return -err->code;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail_with_log(call, status, err);
}
