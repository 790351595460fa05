/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MASKS_H
#define CT_MASKS_H

#include "common/err.h"
#include "common/str.h"

/*
 * linux.readonlyPaths and linux.maskedPaths, below the container's root. A path that is not there
 * is skipped, as the engines' lists expect.
 */

/* The host's /dev/null (checked: char 1:3) as a detached mount for masks_hide. To be taken before
 * anything of the image is mounted (CVE-2025-31133). */
int masks_open_null(struct err *err);

int masks_readonly(int root_fd, const struct strlist *paths, struct err *err);

/* A file is covered by null_fd's mount, a folder by an empty read-only tmpfs. null_fd is used up:
 * after the first file it is attached. label: of the tmpfs, NULL for none. */
int masks_hide(int root_fd, int null_fd, const char *label, const struct strlist *paths,
	       struct err *err);

#endif
