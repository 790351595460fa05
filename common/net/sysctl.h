/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_SYSCTL_H
#define CT_NET_SYSCTL_H

#include <stddef.h>

#include "common/err.h"

#define SYSCTL_VALUE_SIZE 64

/*
 * Kernel parameters below /proc/sys/net. `path` starts there: "ipv4/ip_forward",
 * "ipv4/conf/netns0/rp_filter" (slashes, so an interface name may hold dots). procfs looks the
 * network namespace up in the thread that opens the file, whatever mount of procfs it is: within
 * netns_run() these functions read and write the other namespace.
 */

/* Without the newline. A parameter that this kernel has not: ENOENT. */
int sysctl_read(const char *path, char value[SYSCTL_VALUE_SIZE], struct err *err);

/* For who knows already that it differs. */
int sysctl_write(const char *path, const char *value, struct err *err);

/*
 * Read, and write only when it differs: a read-only /proc/sys with the right value is fine.
 * 1: changed, 0: was right.
 */
int sysctl_ensure(const char *path, const char *value, struct err *err);

#endif
