/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/lsm.h"

/* keyctl(2), KEYCTL_SETPERM: the right to search, of the owner's uid and of everybody. */
#define USER_SEARCH  0x080000u
#define OTHER_SEARCH 0x000008u

#define DESCRIPTION_BYTES 512

static long keyctl(int operation, unsigned long a, unsigned long b, unsigned long c)
{
	return syscall(SYS_keyctl, operation, a, b, c, 0);
}

/* Containers in containers: the seccomp filter outside says no to keyctl, or there is none. */
static bool is_forbidden(int code)
{
	return code == EACCES || code == ENOSYS || code == EPERM;
}

/* "keyring;<uid>;<gid>;<permissions in hex>;<name>" */
static bool read_permissions(long key, uint32_t *permissions)
{
	char text[DESCRIPTION_BYTES];
	long n = keyctl(KEYCTL_DESCRIBE, (unsigned long)key, (unsigned long)text, sizeof(text));
	const char *field = text;

	if (n <= 0 || (size_t)n > sizeof(text))
		return false;
	text[n - 1] = '\0';
	for (int i = 0; i < 3 && field; i++) {
		field = strchr(field, ';');
		field = field ? field + 1 : NULL;
	}
	*permissions = 0;
	for (int i = 0; field && i < 8; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = field[i] ? strchr(digits, field[i]) : NULL;

		if (!digit)
			return false;
		*permissions = *permissions << 4 | (uint32_t)(digit - digits);
	}
	return field != NULL;
}

static int join(const char *id, bool new_userns, struct err *err)
{
	autofree char *name = xasprintf("_ses.%s", id);
	long key = keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0, 0);
	uint32_t permissions = 0;

	if (key < 0 && is_forbidden(errno)) {
		log_debug("session keyring '%s': %s, ignoring", name, strerror(errno));
		return 0;
	}
	if (key < 0)
		return err_errno(
			err, "make the session keyring '%s' (--no-new-keyring does without)", name);
	if (!read_permissions(key, &permissions))
		return err_set(err, EIO, "read the permissions of the session keyring '%s'", name);
	permissions |= new_userns ? OTHER_SEARCH : USER_SEARCH;
	if (keyctl(KEYCTL_SETPERM, (unsigned long)key, permissions, 0) < 0 && !is_forbidden(errno))
		return err_errno(err, "set the permissions of the session keyring '%s'", name);
	return 0;
}

int keyring_join(const struct container *c, bool new_userns, struct err *err)
{
	const struct config_process *process = &c->config->process;

	if (c->state.no_new_keyring)
		return 0;
	int rc = lsm_label_keys(process, c->proc_fd, true, err);

	if (rc >= 0)
		rc = join(c->id, new_userns, err);
	return rc < 0 ? rc : lsm_label_keys(process, c->proc_fd, false, err);
}
