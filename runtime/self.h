/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SELF_H
#define CT_SELF_H

#include "common/err.h"

/*
 * Init lives in the container until it executes the user's program, and an image can make that
 * program /proc/self/exe (CVE-2019-5736). So the file that init runs from must be one that nobody
 * can write to: the program executes itself once more from a read-only detached copy of its mount.
 */

/* main's argv, for the second execve. */
void self_init(char **argv);

/* Returns 0 when this process runs from a read-only file; else executes itself anew. */
int self_protect(struct err *err);

#endif
