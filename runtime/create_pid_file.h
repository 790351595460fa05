/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_PID_FILE_H
#define CT_CREATE_PID_FILE_H

#include <sys/types.h>

#include "common/err.h"

/* --pid-file: written whole, by rename. path NULL: none is asked for. */
int create_pid_file(const char *path, pid_t pid, struct err *err);
/* Fine when it is not there. */
int create_pid_file_remove(const char *path, struct err *err);

#endif
