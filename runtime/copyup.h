/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_COPYUP_H
#define CT_COPYUP_H

#include "common/err.h"

/*
 * tmpcopyup: copy all below the folder from_fd into the folder to_fd (both may be O_PATH), with
 * owners, modes and times; extended attributes are left behind, as runc leaves them. Links are copied, never
 * followed; hard links become files of their own. Deeper than COPYUP_MAX_DEPTH is an error.
 */
#define COPYUP_MAX_DEPTH 128

int copyup(int from_fd, int to_fd, struct err *err);

#endif
