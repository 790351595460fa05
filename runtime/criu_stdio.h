/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CRIU_STDIO_H
#define CT_CRIU_STDIO_H

#include "runtime/criu.h"

/*
 * Standard streams that come from outside of the container: those of who restores it take their place.
 * descriptors.json in the image has, as runc's, an array of three: "pipe:[INODE]", or for what is no
 * pipe the name that criu has for the file, "file[MOUNT:INODE]", and its path behind a blank.
 */

/* Name those of pid to criu, and write the file. */
int criu_stdio_dump(const char *images, pid_t pid, struct criu_call *call, struct err *err);

/* *null_fd: what takes the place of the host's /dev/null, open until criu runs; -1: none of them was. */
int criu_stdio_restore(const char *images, struct criu_call *call, int *null_fd, struct err *err);

#endif
