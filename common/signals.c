/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By system call: glibc keeps 32 and 33 for itself, and who called us may ignore those as well. */
void signals_reset(void)
{
	/* struct sigaction of the kernel: SIG_DFL, no flags */
	const uint64_t kernel_default[4] = { 0 };
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)syscall(SYS_rt_sigaction, signo, kernel_default, NULL, sizeof(uint64_t));
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void signals_ignore(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
}
