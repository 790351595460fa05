/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_LOCK_H
#define CT_LOCK_H

#include <sys/types.h>

#include "common/err.h"

enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE
};

/*
 * flock(2) on dir_fd/name, which is made (mode 0600) when missing. Waits at most timeout_ms
 * (0: not at all, -1: for ever); ETIMEDOUT / EWOULDBLOCK say that somebody else has it. The wait
 * sleeps in the kernel. Returns a close-on-exec descriptor; closing it unlocks.
 */
int lock_open_at(int dir_fd, const char *name, enum lock_mode mode, int timeout_ms,
		 struct err *err);

/* The same for a file that must be there; ENOENT otherwise. */
int lock_existing_at(int dir_fd, const char *name, enum lock_mode mode, int timeout_ms,
		     struct err *err);

/* The same on a descriptor that is open already (a directory, say). `what` names it in the error. */
int lock_fd(int fd, const char *what, enum lock_mode mode, int timeout_ms, struct err *err);

/*
 * A byte of a file as a mark of this process (fcntl(2), F_SETLK): it goes with the process, and with
 * the first of its descriptors of the file that is closed. Nothing to do with the lock above.
 * lock_mark fails when another process has the byte marked. lock_marked_by: its pid, 0: nobody.
 */
int lock_mark(int fd, off_t byte);
pid_t lock_marked_by(int fd, off_t byte);

#endif
