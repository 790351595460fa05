/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mount_ns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>

#include "common/cleanup.h"

/* COOKIE_LOCAL_BATCH in the kernel's include/linux/cookie.h. */
enum {
	BATCH = 4096
};

/* All types of namespaces take their ids from the same batch; UTS is the cheapest, 5 us each. */
static int use_up_batch(struct err *err)
{
	autoclose int uts_fd = open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);

	if (uts_fd < 0)
		return err_errno(err, "open one's UTS namespace");
	for (int i = 0; i < BATCH; i++)
		if (unshare(CLONE_NEWUTS) < 0)
			return err_errno(err, "make a UTS namespace");
	if (setns(uts_fd, CLONE_NEWUTS) < 0)
		return err_errno(err, "return to one's UTS namespace");
	return 0;
}

int mount_ns_renew(int cpu, struct err *err)
{
	cpu_set_t old, one;
	/* One CPU for all of it. That we may not run on it is no harm: we do it where we are. */
	int on = cpu == MOUNT_NS_NEXT_BATCH ? sched_getcpu() : cpu;

	CPU_ZERO(&one);
	CPU_SET((size_t)on, &one);
	bool moved = sched_getaffinity(0, sizeof(old), &old) == 0 &&
		     sched_setaffinity(0, sizeof(one), &one) == 0;
	int rc = cpu == MOUNT_NS_NEXT_BATCH ? use_up_batch(err) : 0;

	if (rc >= 0 && unshare(CLONE_NEWNS) < 0)
		rc = err_errno(err, "make the mount namespace anew");
	if (moved)
		(void)sched_setaffinity(0, sizeof(old), &old);
	return rc;
}
