/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/wait.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

void wait_block_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
}

int wait_adopt_orphans(struct err *err)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? err_errno(err, "become a subreaper") : 0;
}

bool wait_reap(pid_t pid, int *status)
{
	int one;
	pid_t got;

	while ((got = waitpid(-1, &one, WNOHANG)) > 0) {
		if (got != pid)
			continue;
		*status = WIFSIGNALED(one) ? 128 + WTERMSIG(one) : WEXITSTATUS(one);
		return true;
	}
	return got < 0 && errno == ECHILD;
}

int wait_forwarding(pid_t pid)
{
	sigset_t all;
	int status = 0;

	(void)sigfillset(&all);
	while (!wait_reap(pid, &status)) {
		int signo = sigwaitinfo(&all, NULL);

		/* SIGURG: Go's scheduler sends it to its own; nobody means the container. */
		if (signo > 0 && signo != SIGCHLD && signo != SIGURG)
			(void)kill(pid, signo);
	}
	return status;
}
