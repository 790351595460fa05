/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/seccomp_cache.h"
#include "runtime/seccomp_compile.h"

/* As runc and crun have it: a profile that says nothing of flags does not slow its process down. */
#define DEFAULT_FLAGS SECCOMP_FILTER_FLAG_SPEC_ALLOW

static unsigned int flags_of(const struct config_seccomp *profile)
{
	unsigned int flags = profile->has_flags ? profile->flags : DEFAULT_FLAGS;

	if (!config_seccomp_notifies(profile))
		/* Is about who waits for the listener; the kernel refuses it without one. */
		return flags & ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	/* Both answer with a number of their own, so the kernel wants the other form of TSYNC. */
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	return flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

int seccomp_filter_prepare(const struct config_seccomp *profile, const char *root,
			   struct seccomp_filter *filter, struct err *err)
{
	struct seccomp_key key;

	*filter = (struct seccomp_filter){ 0 };
	if (!profile->present)
		return 0;
	seccomp_cache_key(profile, &key);
	if (!seccomp_cache_get(root, &key, filter)) {
		int rc = seccomp_compile(profile, filter, err);

		if (rc < 0)
			return rc;
		seccomp_cache_put(root, &key, filter);
	}
	filter->flags = flags_of(profile);
	return 0;
}

int seccomp_filter_load(const struct seccomp_filter *filter, int *listener_fd, struct err *err)
{
	const struct sock_fprog program = { .len = (unsigned short)filter->n,
					    .filter = filter->code };

	*listener_fd = -1;
	if (!filter->code)
		return 0;
	long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);

	if (rc < 0 && errno == EACCES)
		return err_set(err, EACCES,
			       "linux.seccomp: needs process.noNewPrivileges or CAP_SYS_ADMIN");
	if (rc < 0)
		return err_errno(err, "linux.seccomp: load the filter (flags 0x%x)", filter->flags);
	if (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		*listener_fd = (int)rc;
	else if (rc > 0)
		return err_set(err, ESRCH, "linux.seccomp: thread %ld cannot be given the filter",
			       rc);
	return 0;
}

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){ 0 };
}
