/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CHILD_REAP_H
#define CT_CHILD_REAP_H

#include "common/err.h"

/*
 * SIGKILL and reap every child of this process, again and again until none is left. The caller is a
 * subreaper, so the orphans of each round are the children of the next: nobody escapes by leaving a
 * process group or a session.
 */
int child_reap_all(struct err *err);

#endif
