/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_PASSED_FDS_H
#define CT_PASSED_FDS_H

#include <stdint.h>

#include "common/err.h"
#include "common/str.h"

/*
 * Descriptors that our caller hands on to the container's process, at the numbers they came with: from 3
 * on those of LISTEN_FDS (sd_listen_fds(3)), then --preserve-fds more. Zero is none at all.
 */
struct passed_fds {
	int n_listen, n;   /* n: all of them, 3..2+n */
	const char *names; /* LISTEN_FDNAMES; NULL: none */
};

/* At the entry of main, before anything is opened: which descriptors were there already. */
void passed_fds_note(void);

/*
 * What is to be handed on; listen: look at LISTEN_FDS and LISTEN_PID too. A descriptor that was not
 * open when we were called is an error, runc's text ("unable to stat preserved-fd").
 */
int passed_fds_take(int64_t preserve, bool listen, struct passed_fds *fds, struct err *err);

/* LISTEN_FDS, LISTEN_PID (the caller's own) and LISTEN_FDNAMES, where there are any. */
void passed_fds_environment(const struct passed_fds *fds, struct strlist *env);

/* The first descriptor that is not handed on: all from there are ours. */
int passed_fds_end(const struct passed_fds *fds);

/* Before execve: those that are handed on stay open, all others do not. */
int passed_fds_seal(const struct passed_fds *fds, struct err *err);

#endif
