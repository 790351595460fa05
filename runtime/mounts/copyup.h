/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_COPYUP_H
#define CT_COPYUP_H

#include "common/err.h"

/*
 * tmpcopyup: copy all below the folder from_fd into the folder to_fd (both may be O_PATH), with
 * owners, modes, times and extended attributes (those of security modules aside, which label the copy
 * themselves; and what a tmpfs cannot hold). Links are copied, never followed; hard links become files
 * of their own. Deeper than COPYUP_MAX_DEPTH is an error.
 */
#define COPYUP_MAX_DEPTH 128

int copyup(int from_fd, int to_fd, struct err *err);

#endif
