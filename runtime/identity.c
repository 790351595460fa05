/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/caps.h"
#include "runtime/limits.h"

/* As runc has it where the config says nothing. */
#define DEFAULT_UMASK 0022

/*
 * The process must be able to open /dev/stdout and its like again. /dev/null is the machine's, and
 * what cannot be given away (a foreign pipe of a user namespace) is left as it is, as runc does.
 */
static void give_stdio(uid_t uid)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || st.st_uid == uid)
			continue;
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0)
			log_debug("chown of descriptor %d to %u failed, ignoring", fd, uid);
	}
}

static int set_user(const struct config_user *user, struct err *err)
{
	size_t n = user->additional_gids.n;
	autofree gid_t *groups = xreallocarray(NULL, n, sizeof(*groups));

	for (size_t i = 0; i < n; i++)
		groups[i] = (gid_t)user->additional_gids.items[i];
	/* A user namespace of one mapping has setgroups forbidden; then there is nothing to drop. */
	if (setgroups(n, groups) < 0 && (n > 0 || errno != EPERM))
		return err_errno(err, "process.user.additionalGids: setgroups");
	if (setresgid((gid_t)user->gid, (gid_t)user->gid, (gid_t)user->gid) < 0)
		return err_errno(err, "process.user.gid: setgid %lld", (long long)user->gid);
	give_stdio((uid_t)user->uid);
	if (setresuid((uid_t)user->uid, (uid_t)user->uid, (uid_t)user->uid) < 0)
		return err_errno(err, "process.user.uid: setuid %lld", (long long)user->uid);
	return 0;
}

int identity_apply(const struct config_process *process, bool keep_sys_admin, struct err *err)
{
	int rc = limits_apply(&process->rlimits, err);

	if (rc < 0)
		return rc;
	(void)umask(process->user.has_umask ? (mode_t)process->user.umask : DEFAULT_UMASK);
	/* The bounding set needs CAP_SETPCAP, the user id takes it away. */
	rc = caps_drop_bounding(&process->capabilities, err);
	if (rc < 0)
		return rc;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return err_errno(err, "keep capabilities");
	rc = set_user(&process->user, err);
	if (rc >= 0)
		rc = caps_apply(&process->capabilities,
				keep_sys_admin && !process->no_new_privileges, err);
	if (rc < 0)
		return rc;
	(void)prctl(PR_SET_KEEPCAPS, 0);
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "set no_new_privs");
	return 0;
}

int identity_become_root(struct err *err)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_errno(err, "drop the groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_errno(err, "become root of the user namespace (is id 0 mapped?)");
	return 0;
}
