/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CHILD_H
#define CT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

#define CHILD_TAIL_BYTES 256

/* A program to run to its end. argv[0] need not be the path; there is no PATH search. */
struct child_request {
	const char *path; /* absolute */
	char *const *argv;
	char *const *envp; /* NULL: this process's */
	int stdin_fd;      /* -1: /dev/null */
	int cwd_fd;        /* -1: stay */
	int timeout_ms;    /* 0: none */
	int peer_fd; /* a socket: when its other end closes, the program is not wanted any more;
			      * -1: none */
	int lock_fd; /* a file that tells who runs programs here (CHILD_MARK_*); -1: none */
};

/*
 * Bytes of lock_fd, marked (lock_mark) by the guard of a program that runs, and by who wants such
 * programs to end: mark CHILD_MARK_STOP, then send SIGTERM to who has CHILD_MARK_GUARD, and no
 * further program will run there.
 */
#define CHILD_MARK_GUARD 0
#define CHILD_MARK_STOP  1

enum child_end {
	CHILD_EXITED,
	CHILD_TIMED_OUT,
	CHILD_STOPPED, /* not wanted any more: peer_fd, lock_fd */
};

struct child_result {
	enum child_end end;
	int status;                  /* as waitpid(2) gives it; -1 unless CHILD_EXITED */
	char tail[CHILD_TAIL_BYTES]; /* the last of stdout and stderr, printable, on one line */
};

/*
 * Run it and wait. Descriptors other than 0-2 are closed, signals are at their defaults. stdout and
 * stderr go to one bounded capture; a descendant that keeps it open is not waited for.
 *
 * A guard stands between us and the program: a child of ours and a subreaper, so that all orphans of
 * the program come to it, also those that left process group and session. When time is up, when the
 * program is not wanted any more, and when we die, of SIGKILL too, it kills and reaps them all; until
 * then it has copies of our descriptors, so a lock of ours is free only when they are dead. What
 * other programs left running, and our other children, are none of the guard's. A program that ends
 * in time may leave daemons behind.
 *
 * What this cannot do: when guard and caller are killed both at once, the program dies with the guard
 * (PR_SET_PDEATHSIG, unless it executes a set-user-id program), but not its descendants: nothing in
 * the kernel tells any more whose they were.
 *
 * Returns 0 when the program ran (look at the result), negative when it could not be started
 * (err->code is execve's errno).
 */
int child_run(const struct child_request *request, struct child_result *result, struct err *err);

/* "exit status 3" / "killed by signal 9 (Killed)" / "timed out after 2 s" for an error message. */
void child_describe(const struct child_request *request, const struct child_result *result,
		    char *buf, size_t size);

#endif
