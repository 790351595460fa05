/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/child_reap.h"
#include "common/cleanup.h"

/* Exit status 255: what a child whose status was lost counts as. Never as a success. */
#define LOST_STATUS (255 << 8)

/* The last bytes of what the program wrote: a window that slides over the output. */
struct tail {
	char text[CHILD_TAIL_BYTES];
	size_t len;
};

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	const size_t max = sizeof(tail->text) - 1;

	if (len > max) {
		data += len - max;
		len = max;
	}
	if (tail->len + len > max) {
		size_t drop = tail->len + len - max;

		memmove(tail->text, tail->text + drop, tail->len - drop);
		tail->len -= drop;
	}
	memcpy(tail->text + tail->len, data, len);
	tail->len += len;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* For an error message: one line, no control characters, no blanks at the ends. */
static void tail_print(struct tail *tail, char *out)
{
	size_t start = 0;

	while (tail->len > 0 && is_blank(tail->text[tail->len - 1]))
		tail->len--;
	while (start < tail->len && is_blank(tail->text[start]))
		start++;
	for (size_t i = start; i < tail->len; i++) {
		char c = ' ';

		if (!is_blank(tail->text[i]))
			c = tail->text[i];
		*out++ = c;
	}
	*out = '\0';
}

/*
 * False once every writer has closed its end. At most what a pipe holds (64 KiB): who writes faster
 * than we read must not keep us from looking at the clock.
 */
static bool tail_read(struct tail *tail, int fd)
{
	char buf[4096];

	for (int i = 0; i < 16; i++) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n > 0) {
			tail_add(tail, buf, (size_t)n);
			if ((size_t)n < sizeof(buf))
				return true;
			continue;
		}
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	}
	return true;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct child_request *request,
		       int out_fd)
{
	int rc;

	if (request->stdin_fd >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, request->stdin_fd, STDIN_FILENO);
	else
		rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						      0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(actions, out_fd, STDERR_FILENO);
	if (!rc && request->cwd_fd >= 0)
		rc = posix_spawn_file_actions_addfchdir_np(actions, request->cwd_fd);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return rc;
}

/* glibc's posix_spawn is CLONE_VFORK | CLONE_VM: no copy of page tables, and execve's errno back. */
static int spawn(const struct child_request *request, int out_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int rc;

	/* Not sigfillset: it leaves out glibc's own 32 and 33, which posix_spawn would then ignore. */
	(void)memset(&all, 0xff, sizeof(all));
	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawn_file_actions_init(&actions);
	rc = add_actions(&actions, request, out_fd);
	if (!rc)
		rc = posix_spawn(pid, request->path, &actions, &attr, request->argv,
				 request->envp ? request->envp : environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

static int left_ms(const struct timespec *start, int timeout_ms)
{
	struct timespec now;

	if (timeout_ms <= 0)
		return -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	long spent = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;

	return spent >= timeout_ms ? 0 : (int)(timeout_ms - spent);
}

/* Until the program has ended (true) or its time is up (false); its output is read meanwhile. */
static bool watch(int pid_fd, int out_fd, int timeout_ms, struct tail *tail)
{
	struct pollfd fds[2] = { { .fd = pid_fd, .events = POLLIN },
				 { .fd = out_fd, .events = POLLIN } };
	struct timespec start;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int n = poll(fds, 2, left_ms(&start, timeout_ms));

		if (n == 0)
			return false;
		if (n < 0)
			continue;
		if (fds[1].revents && !tail_read(tail, out_fd))
			fds[1].fd = -1; /* poll skips it from now on */
		if (fds[0].revents) {
			(void)tail_read(tail, out_fd);
			return true;
		}
	}
}

static int wait_status(pid_t pid)
{
	int status = LOST_STATUS;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int run_as_subreaper(const struct child_request *request, struct child_result *result,
			    struct err *err)
{
	struct tail tail = { .len = 0 };
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	autoclose int read_fd = pipe_fds[0];
	autoclose int write_fd = pipe_fds[1];
	/* Our end alone: a program that finds its stdout non-blocking breaks. */
	(void)fcntl(read_fd, F_SETFL, O_NONBLOCK);

	int rc = spawn(request, write_fd, &pid);

	if (rc)
		return err_set(err, rc, "%s: %s", request->path, strerror(rc));
	(void)close(take_fd(&write_fd));
	autoclose int pid_fd = pidfd_open(pid, 0);

	if (pid_fd < 0) {
		(void)err_errno(err, "pidfd_open %d", (int)pid);
		(void)kill(pid, SIGKILL);
		(void)wait_status(pid);
		return -err->code;
	}
	result->timed_out = !watch(pid_fd, read_fd, request->timeout_ms, &tail);
	if (result->timed_out) {
		rc = child_reap_all(request->spare_pid, err);
		(void)tail_read(&tail, read_fd);
		result->status = -1;
	} else {
		result->status = wait_status(pid);
	}
	tail_print(&tail, result->tail);
	return rc < 0 ? rc : 0;
}

int child_run(const struct child_request *request, struct child_result *result, struct err *err)
{
	int was_subreaper = 0;

	*result = (struct child_result){ .status = -1 };
	(void)prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper);
	if (!was_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	int rc = run_as_subreaper(request, result, err);

	if (!was_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	return rc;
}

void child_describe(const struct child_request *request, const struct child_result *result,
		    char *buf, size_t size)
{
	const char *sep = result->tail[0] ? ": " : "";

	if (result->timed_out)
		(void)snprintf(buf, size, "timed out after %d s%s%s", request->timeout_ms / 1000,
			       sep, result->tail);
	else if (WIFSIGNALED(result->status))
		(void)snprintf(buf, size, "killed by signal %d (%s)%s%s", WTERMSIG(result->status),
			       strsignal(WTERMSIG(result->status)), sep, result->tail);
	else
		(void)snprintf(buf, size, "exit status %d%s%s", WEXITSTATUS(result->status), sep,
			       result->tail);
}
