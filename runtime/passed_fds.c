/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/passed_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "runtime/exec.h"

#define FIRST 3 /* SD_LISTEN_FDS_START */

static int noted_end = FIRST;

void passed_fds_note(void)
{
	while (noted_end < INT_MAX && fcntl(noted_end, F_GETFD) >= 0)
		noted_end++;
}

/* Those of another process (LISTEN_PID) are not for us; systemd's own library looks in this way. */
static int listen_count(struct err *err)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	struct err ignored = ERR_INIT;
	uint64_t number = 0;

	if (!count || !*count || !pid ||
	    str_to_u64(pid, "LISTEN_PID", 1, INT_MAX, &number, &ignored) < 0 ||
	    (pid_t)number != getpid())
		return 0;
	int rc = str_to_u64(count, "LISTEN_FDS", 0, INT_MAX - FIRST, &number, err);

	return rc < 0 ? rc : (int)number;
}

int passed_fds_take(int64_t preserve, bool listen, struct passed_fds *fds, struct err *err)
{
	int n = listen ? listen_count(err) : 0;

	if (n < 0)
		return n;
	if (n > noted_end - FIRST)
		return err_set(err, EBADF, "LISTEN_FDS: %d, and descriptor %d is not open", n,
			       noted_end);
	if (preserve > noted_end - FIRST - n)
		return err_set(
			err, EBADF,
			"unable to stat preserved-fd %d (of %lld): descriptor %d is not open",
			noted_end - FIRST - n, (long long)preserve, noted_end);
	*fds = (struct passed_fds){ .n_listen = n, .n = n + (int)preserve };
	if (n)
		fds->names = getenv("LISTEN_FDNAMES");
	return 0;
}

void passed_fds_environment(const struct passed_fds *fds, struct strlist *env)
{
	if (!fds->n_listen)
		return;
	exec_set_environment(env, xasprintf("LISTEN_FDS=%d", fds->n_listen));
	exec_set_environment(env, xasprintf("LISTEN_PID=%d", (int)getpid()));
	if (fds->names)
		exec_set_environment(env, xasprintf("LISTEN_FDNAMES=%s", fds->names));
}

int passed_fds_end(const struct passed_fds *fds)
{
	return FIRST + fds->n;
}

int passed_fds_seal(const struct passed_fds *fds, struct err *err)
{
	unsigned int end = (unsigned int)passed_fds_end(fds);

	if (close_range(end, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_errno(err, "mark descriptors close-on-exec");
	return 0;
}
