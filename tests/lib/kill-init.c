/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * kill-init N PROGRAM [ARG...]: run it, and send the first child that it makes a SIGKILL when that
 * enters its Nth system call (0: never). Prints how many it had entered when the program ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAKES_CHILD (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)

static void __attribute__((noreturn)) fail(const char *what)
{
	(void)fprintf(stderr, "kill-init: %s: %s\n", what, strerror(errno));
	exit(2);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		(void)raise(SIGSTOP);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, NULL, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, pid, 0, MAKES_CHILD) < 0)
		fail("seize");
	(void)kill(pid, SIGCONT);
	return pid;
}

/* Goes on with the parent until it has made a child, which is stopped then, and lets the parent go. */
static pid_t first_child(pid_t parent)
{
	unsigned long child;
	int status;

	for (;;) {
		if (waitpid(parent, &status, __WALL) < 0 || !WIFSTOPPED(status))
			fail("the program made no child");
		int event = status >> 16;

		if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
		    event == PTRACE_EVENT_VFORK)
			break;
		int signo = event || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);

		(void)ptrace(PTRACE_CONT, parent, 0, signo);
	}
	if (ptrace(PTRACE_GETEVENTMSG, parent, 0, &child) < 0 ||
	    waitpid((pid_t)child, NULL, __WALL) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, (pid_t)child, 0, PTRACE_O_TRACESYSGOOD) < 0 ||
	    ptrace(PTRACE_DETACH, parent, 0, 0) < 0)
		fail("the child");
	return (pid_t)child;
}

/* Until the parent has ended; the child, if it lives on, goes on untraced when we end. */
static long trace(pid_t parent, pid_t child, long kill_at)
{
	long calls = 0;
	int entering = 1, status;

	(void)ptrace(PTRACE_SYSCALL, child, 0, 0);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			fail("wait");
		if (pid == parent && !WIFSTOPPED(status))
			return calls;
		if (pid != child || !WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (entering && ++calls == kill_at)
				(void)kill(child, SIGKILL);
			entering = !entering;
		}
		(void)ptrace(PTRACE_SYSCALL, child, 0, 0);
	}
}

int main(int argc, char **argv)
{
	long kill_at;

	/* NOLINTNEXTLINE(cert-err34-c) */
	if (argc < 3 || sscanf(argv[1], "%ld", &kill_at) != 1) {
		(void)fprintf(stderr, "usage: kill-init N PROGRAM [ARG...]\n");
		return 2;
	}
	pid_t parent = start(argv + 2);
	pid_t child = first_child(parent);

	(void)printf("%ld\n", trace(parent, child, kill_at));
	return 0;
}
