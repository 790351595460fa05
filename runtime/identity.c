/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"

/* As runc has it where the config says nothing. */
#define DEFAULT_UMASK 0022

static void free_cap(cap_t *cap)
{
	if (*cap)
		(void)cap_free(*cap);
}
#define autocap __attribute__((cleanup(free_cap)))

/* capabilities(7): what the kernel knows and this library does not is by number. */
static int parse_cap(const char *name, cap_value_t *cap)
{
	return cap_from_name(name, cap);
}

/*
 * One set of the config into one flag. A capability that this process does not have itself cannot be
 * given on: not an error (runtime-spec: "SHOULD NOT fail"), and said in the log.
 */
static int fill_flag(cap_t target, cap_t have, cap_flag_t flag, const struct strlist *names,
		     struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		cap_flag_value_t permitted = CAP_CLEAR;
		cap_value_t cap;

		if (parse_cap(names->items[i], &cap) < 0)
			continue;
		(void)cap_get_flag(have, cap, CAP_PERMITTED, &permitted);
		if (permitted != CAP_SET) {
			log_info("capability %s cannot be granted here", names->items[i]);
			continue;
		}
		if (cap_set_flag(target, flag, 1, &cap, CAP_SET) < 0)
			return err_errno(err, "capability %s", names->items[i]);
	}
	return 0;
}

static bool list_has_cap(const struct strlist *names, cap_value_t cap)
{
	cap_value_t other;

	for (size_t i = 0; i < names->n; i++)
		if (parse_cap(names->items[i], &other) == 0 && other == cap)
			return true;
	return false;
}

static int drop_bounding(const struct config_capabilities *caps, struct err *err)
{
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		if (list_has_cap(&caps->bounding, cap) || cap_get_bound(cap) != CAP_SET)
			continue;
		if (cap_drop_bound(cap) < 0)
			return err_errno(err, "drop capability %d from the bounding set", cap);
	}
	return 0;
}

static int set_ambient(const struct config_capabilities *caps, cap_t have, struct err *err)
{
	if (cap_reset_ambient() < 0)
		return err_errno(err, "clear the ambient capabilities");
	for (size_t i = 0; i < caps->ambient.n; i++) {
		cap_flag_value_t permitted = CAP_CLEAR;
		cap_value_t cap;

		if (parse_cap(caps->ambient.items[i], &cap) < 0)
			continue;
		(void)cap_get_flag(have, cap, CAP_PERMITTED, &permitted);
		if (permitted == CAP_SET && cap_set_ambient(cap, CAP_SET) < 0)
			return err_errno(err,
					 "ambient capability %s (it must be permitted and "
					 "inheritable too)",
					 caps->ambient.items[i]);
	}
	return 0;
}

static int set_capabilities(const struct config_capabilities *caps, struct err *err)
{
	autocap cap_t have = cap_get_proc();
	autocap cap_t want = cap_init();

	if (!have || !want)
		return err_errno(err, "read the capabilities");
	int rc = fill_flag(want, have, CAP_PERMITTED, &caps->permitted, err);

	if (rc >= 0)
		rc = fill_flag(want, have, CAP_EFFECTIVE, &caps->effective, err);
	if (rc >= 0)
		rc = fill_flag(want, have, CAP_INHERITABLE, &caps->inheritable, err);
	if (rc < 0)
		return rc;
	if (cap_set_proc(want) < 0)
		return err_errno(err, "set the capabilities");
	return set_ambient(caps, have, err);
}

static int set_rlimits(const struct config_rlimits *rlimits, struct err *err)
{
	for (size_t i = 0; i < rlimits->n; i++) {
		const struct config_rlimit *r = &rlimits->items[i];

		if (setrlimit((__rlimit_resource_t)r->resource, &r->limit) < 0)
			return err_errno(err, "process.rlimits[%zu]: set it", i);
	}
	return 0;
}

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

int identity_apply(const struct config_process *process, struct err *err)
{
	int rc = set_rlimits(&process->rlimits, err);

	if (rc < 0)
		return rc;
	(void)umask(process->user.has_umask ? (mode_t)process->user.umask : DEFAULT_UMASK);
	/* The bounding set needs CAP_SETPCAP, the user id takes it away. */
	rc = drop_bounding(&process->capabilities, err);
	if (rc < 0)
		return rc;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return err_errno(err, "keep capabilities");
	rc = set_user(&process->user, err);
	if (rc >= 0)
		rc = set_capabilities(&process->capabilities, err);
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
