/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SECCOMP_H
#define CT_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#include "common/err.h"
#include "runtime/config/config_seccomp.h"

/*
 * A profile as the kernel takes it. Made by the runtime before anything else is, so that what is
 * wrong in the profile fails early; init gets it by its birth and needs no library to load it.
 */
struct seccomp_filter {
	struct sock_filter *code; /* NULL: the config has no profile */
	size_t n;                 /* instructions, at most BPF_MAXINSNS */
	unsigned int flags;       /* of seccomp(2) */
};

/*
 * From the cache below root (seccomp_cache.h) or by libseccomp. Without a profile the filter is empty
 * and loading it does nothing.
 */
int seccomp_filter_prepare(const struct config_seccomp *profile, const char *root,
			   struct seccomp_filter *filter, struct err *err);

/*
 * One system call, and none behind it. Needs no_new_privs or CAP_SYS_ADMIN. A profile with
 * SCMP_ACT_NOTIFY gives its listener, close-on-exec, to *listener_fd; -1 otherwise.
 */
int seccomp_filter_load(const struct seccomp_filter *filter, int *listener_fd, struct err *err);

void seccomp_filter_free(struct seccomp_filter *filter);

#endif
