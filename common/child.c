/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/child_clone.h"
#include "common/child_reap.h"
#include "common/cleanup.h"
#include "common/lock.h"
#include "common/signals.h"

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

/* ---- the program ---- */

struct program {
	const struct child_request *request;
	int out_fd;
	pid_t parent;
	int code; /* why it could not be executed */
};

static int take_stdio(const struct program *program)
{
	const struct child_request *request = program->request;
	int in_fd = request->stdin_fd >= 0 ? request->stdin_fd : open("/dev/null", O_RDONLY);

	if (in_fd < 0 || dup2(in_fd, STDIN_FILENO) < 0 ||
	    dup2(program->out_fd, STDOUT_FILENO) < 0 || dup2(program->out_fd, STDERR_FILENO) < 0)
		return -1;
	if (request->cwd_fd >= 0 && fchdir(request->cwd_fd) < 0)
		return -1;
	return close_range(STDERR_FILENO + 1, ~0U, 0);
}

/* In the child, with the guard's memory. It goes with its guard, should that be killed. */
static int program_main(void *arg)
{
	struct program *program = arg;
	const struct child_request *request = program->request;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != program->parent ||
	    take_stdio(program) < 0) {
		program->code = errno;
		return EXIT_FAILURE;
	}
	signals_reset();
	(void)execve(request->path, request->argv, request->envp ? request->envp : environ);
	program->code = errno;
	return EXIT_FAILURE;
}

static int wait_status(pid_t pid)
{
	int status = LOST_STATUS;

	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return status;
}

static pid_t spawn(const struct child_request *request, int out_fd, struct err *err)
{
	struct program program = { .request = request, .out_fd = out_fd, .parent = getpid() };
	pid_t pid = child_clone(program_main, &program, err);

	if (pid < 0 || program.code == 0)
		return pid;
	(void)wait_status(pid);
	return err_set(err, program.code, "%s: %s", request->path, strerror(program.code));
}

/* ---- the guard ---- */

static int left_ms(const struct timespec *start, int timeout_ms)
{
	struct timespec now;

	if (timeout_ms <= 0)
		return -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	long spent = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;

	return spent >= timeout_ms ? 0 : (int)(timeout_ms - spent);
}

/* Between us and the program: see child.h. It shares our memory, and we sleep until it has ended. */
struct guard {
	const struct child_request *request;
	struct child_result *result;
	struct err *err;
	int parent_fd; /* pidfd */
	int rc;
};

enum {
	WATCH_PROGRAM,
	WATCH_OUTPUT,
	WATCH_PARENT,
	WATCH_PEER,
	WATCH_STOP,
	WATCH_COUNT
};

/* Until the program has ended, or has to; its output is read meanwhile. */
static enum child_end watch(struct pollfd fds[WATCH_COUNT], int timeout_ms, struct tail *tail)
{
	struct timespec start;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int n = poll(fds, WATCH_COUNT, left_ms(&start, timeout_ms));

		if (n == 0)
			return CHILD_TIMED_OUT;
		if (n < 0)
			continue;
		if (fds[WATCH_OUTPUT].revents && !tail_read(tail, fds[WATCH_OUTPUT].fd))
			fds[WATCH_OUTPUT].fd = -1; /* poll skips it from now on */
		if (fds[WATCH_PROGRAM].revents)
			return CHILD_EXITED;
		if (fds[WATCH_PARENT].revents || fds[WATCH_PEER].revents || fds[WATCH_STOP].revents)
			return CHILD_STOPPED;
	}
}

/* The mark first, then the look: who wants us to stop does it the other way round. */
static bool is_unwanted(int lock_fd)
{
	return lock_fd >= 0 && (lock_mark(lock_fd, CHILD_MARK_GUARD) < 0 ||
				lock_marked_by(lock_fd, CHILD_MARK_STOP) > 0);
}

static int watch_program(struct guard *guard, pid_t pid, int read_fd, int stop_fd)
{
	const struct child_request *request = guard->request;
	struct child_result *result = guard->result;
	struct tail tail = { .len = 0 };
	autoclose int pid_fd = pidfd_open(pid, 0);
	struct pollfd fds[WATCH_COUNT] = {
		[WATCH_PROGRAM] = { .fd = pid_fd, .events = POLLIN },
		[WATCH_OUTPUT] = { .fd = read_fd, .events = POLLIN },
		[WATCH_PARENT] = { .fd = guard->parent_fd, .events = POLLIN },
		[WATCH_PEER] = { .fd = request->peer_fd }, /* POLLHUP comes unasked */
		[WATCH_STOP] = { .fd = stop_fd, .events = POLLIN },
	};

	if (pid_fd < 0) {
		(void)err_errno(guard->err, "pidfd_open %d", (int)pid);
		return child_reap_all(guard->err) < 0 ? -1 : -guard->err->code;
	}
	result->end = watch(fds, request->timeout_ms, &tail);
	int rc = 0;

	if (result->end == CHILD_EXITED)
		result->status = wait_status(pid);
	else
		rc = child_reap_all(guard->err);
	(void)tail_read(&tail, read_fd);
	tail_print(&tail, result->tail);
	return rc;
}

static int guard_program(struct guard *guard)
{
	const struct child_request *request = guard->request;
	int pipe_fds[2];
	sigset_t stop;

	if (is_unwanted(request->lock_fd)) {
		guard->result->end = CHILD_STOPPED;
		return 0;
	}
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	autoclose int stop_fd = signalfd(-1, &stop, SFD_CLOEXEC);

	if (stop_fd < 0)
		return err_errno(guard->err, "signalfd");
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(guard->err, "pipe");
	autoclose int read_fd = pipe_fds[0];
	autoclose int write_fd = pipe_fds[1];
	/* Our end alone: a program that finds its stdout non-blocking breaks. */
	(void)fcntl(read_fd, F_SETFL, O_NONBLOCK);
	pid_t pid = spawn(request, write_fd, guard->err);

	if (pid < 0)
		return pid;
	(void)close(take_fd(&write_fd));
	/* What is sent to the group of the program and its caller is not for us. */
	(void)setpgid(0, 0);
	return watch_program(guard, pid, read_fd, stop_fd);
}

static int guard_main(void *arg)
{
	struct guard *guard = arg;

	/* Who kills by name means the caller. */
	(void)prctl(PR_SET_NAME, "ct-guard");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		guard->rc = err_errno(guard->err, "become a child subreaper");
	else
		guard->rc = guard_program(guard);
	return EXIT_SUCCESS;
}

int child_run(const struct child_request *request, struct child_result *result, struct err *err)
{
	autoclose int self_fd = pidfd_open(getpid(), 0);
	struct guard guard = {
		.request = request, .result = result, .err = err, .parent_fd = self_fd
	};

	*result = (struct child_result){ .status = -1 };
	if (self_fd < 0)
		return err_errno(err, "pidfd_open of this process");
	pid_t pid = child_clone(guard_main, &guard, err);

	if (pid < 0)
		return pid;
	if (WIFSIGNALED(wait_status(pid)))
		return err_set(err, ECHILD, "%s: the process that watches over it was killed",
			       request->path);
	return guard.rc;
}

void child_describe(const struct child_request *request, const struct child_result *result,
		    char *buf, size_t size)
{
	const char *sep = result->tail[0] ? ": " : "";

	if (result->end == CHILD_TIMED_OUT)
		(void)snprintf(buf, size, "timed out after %d s%s%s", request->timeout_ms / 1000,
			       sep, result->tail);
	else if (result->end == CHILD_STOPPED)
		(void)snprintf(buf, size, "ended, since the container is being removed%s%s", sep,
			       result->tail);
	else if (WIFSIGNALED(result->status))
		(void)snprintf(buf, size, "killed by signal %d (%s)%s%s", WTERMSIG(result->status),
			       strsignal(WTERMSIG(result->status)), sep, result->tail);
	else
		(void)snprintf(buf, size, "exit status %d%s%s", WEXITSTATUS(result->status), sep,
			       result->tail);
}
