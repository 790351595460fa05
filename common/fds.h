/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_FDS_H
#define CT_FDS_H

#include <stddef.h>

/*
 * Open /dev/null on each of 0, 1, 2 that is closed, so that nothing we open lands there and is
 * taken for a standard stream. First thing in main.
 */
void fds_open_standard(void);

/* Close all from first on but those in keep[n], which is sorted by this; -1 in it is none. */
void fds_close_except(int first, int *keep, size_t n);

#endif
