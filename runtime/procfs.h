/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_PROCFS_H
#define CT_PROCFS_H

#include "common/err.h"

/*
 * The root of the procfs at /proc, checked to be one; to be taken before pivot_root. Files of that procfs
 * alone are reached from it with openat2 and RESOLVE_NO_XDEV: no mount is in the way (CVE-2025-52881).
 */
int procfs_open(struct err *err);

#endif
