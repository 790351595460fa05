/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_WAIT_H
#define CT_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

/* Block every signal, so that none is lost between the birth of the process and the wait for it. */
void wait_block_signals(void);

/* Orphans of our descendants become our children, to be reaped by wait_forwarding. */
int wait_adopt_orphans(struct err *err);

/*
 * Wait for pid, a child of ours, and pass every signal on to it meanwhile; other children are
 * reaped. Returns its exit status as a shell has it (128 + signal).
 */
int wait_forwarding(pid_t pid);

/* Reap whoever has ended. true: pid was among them (or is no child of ours); *status as above. */
bool wait_reap(pid_t pid, int *status);

#endif
