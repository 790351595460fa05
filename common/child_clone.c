/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/child_clone.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#define STACK_BYTES (256u << 10)

pid_t child_clone(int (*fn)(void *), void *arg, struct err *err)
{
	sigset_t all, old;
	/* Pages come with the first touch; what lies below is not mapped, so an overflow is a fault. */
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return err_errno(err, "memory for a stack");
	/* A handler of ours must not run in the child: it would do so in our memory. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	pid_t pid = clone(fn, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, arg);

	if (pid < 0)
		(void)err_errno(err, "clone");
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)munmap(stack, STACK_BYTES);
	return pid < 0 ? -err->code : pid;
}
