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
	pid_t spare_pid;   /* a child of ours that is no descendant of the program (the
	                         * container's init) and must survive the clean-up; 0: none */
};

struct child_result {
	int status; /* as waitpid(2) gives it; -1 when it timed out */
	bool timed_out;
	char tail[CHILD_TAIL_BYTES]; /* the last of stdout and stderr, printable, on one line */
};

/*
 * Run it and wait. Descriptors other than 0-2 are closed, signals are at their defaults. stdout and
 * stderr go to one bounded capture; a descendant that keeps it open is not waited for. On timeout
 * the program and every descendant, also one that left its process group, is killed and reaped.
 * The caller is a child subreaper while this runs, so that orphans come to it and can be found.
 * Returns 0 when the program ran (look at the result), negative when it could not be started
 * (err->code is execve's errno).
 */
int child_run(const struct child_request *request, struct child_result *result, struct err *err);

/* "exit status 3" / "killed by signal 9 (Killed)" / "timed out after 2 s" for an error message. */
void child_describe(const struct child_request *request, const struct child_result *result,
		    char *buf, size_t size);

#endif
