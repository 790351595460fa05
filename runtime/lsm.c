/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/procfs.h"

#define APPARMOR_ENABLED      "/sys/module/apparmor/parameters/enabled"
#define APPARMOR_KEY          "config.json: process.apparmorProfile"
#define SELINUX_KEY           "config.json: process.selinuxLabel"
#define FILESYSTEMS_MAX_BYTES 65536

bool lsm_has_apparmor(void)
{
	char yes = 'N';
	autoclose int fd = open(APPARMOR_ENABLED, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &yes, 1) == 1 && yes == 'Y';
}

/* The kernel registers selinuxfs only where SELinux is on, as libselinux looks at it. */
bool lsm_has_selinux(void)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	return file_read_at(AT_FDCWD, "/proc/filesystems", FILESYSTEMS_MAX_BYTES, &text, NULL,
			    &ignored) >= 0 &&
	       strstr(text, "\tselinuxfs\n");
}

/* A profile of that name asks for none. */
static const char *profile_of(const struct config_process *process)
{
	return str_eq(process->apparmor_profile, "unconfined") && !lsm_has_apparmor()
		       ? NULL
		       : process->apparmor_profile;
}

int lsm_open(const struct config_process *process, int *proc_fd, struct err *err)
{
	const char *profile = profile_of(process);

	*proc_fd = -1;
	if (!profile && !process->selinux_label)
		return 0;
	if (profile && !lsm_has_apparmor())
		return err_set(err, ENOTSUP,
			       APPARMOR_KEY ": '%s': AppArmor is not enabled in this kernel",
			       profile);
	if (process->selinux_label && !lsm_has_selinux())
		return err_set(err, ENOTSUP,
			       SELINUX_KEY ": '%s': SELinux is not enabled in this kernel",
			       process->selinux_label);
	*proc_fd = procfs_open(err);
	return *proc_fd < 0 ? *proc_fd : 0;
}

/*
 * Opened and written at one go: the kernel takes it from the very credentials that opened it. The path
 * is in backquotes because podman looks for it so.
 */
static int write_attr(int proc_fd, const char *attr, const char *text, const char *key,
		      struct err *err)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	autofree char *path = xasprintf("thread-self/attr/%s", attr);
	autoclose int fd = (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof(how));

	if (fd < 0)
		return err_errno(err, "%s: open `/proc/%s`", key, path);
	if (write(fd, text, strlen(text)) < 0)
		return err_errno(err, "%s: write '%.128s' to `/proc/%s`%s", key, text, path,
				 errno == ENOENT ? " (is the profile loaded?)" : "");
	return 0;
}

/* attr/apparmor is of Linux 5.8 and later, and there even when another module has attr/exec. */
static int set_profile(int proc_fd, const char *profile, struct err *err)
{
	autofree char *text = xasprintf("exec %s", profile);

	return write_attr(proc_fd, "apparmor/exec", text, APPARMOR_KEY, err);
}

int lsm_apply(const struct config_process *process, int *proc_fd, struct err *err)
{
	const char *profile = profile_of(process);
	int rc = 0;

	if (process->selinux_label)
		rc = write_attr(*proc_fd, "exec", process->selinux_label, SELINUX_KEY, err);
	if (rc >= 0 && profile)
		rc = set_profile(*proc_fd, profile, err);
	if (*proc_fd >= 0)
		(void)close(take_fd(proc_fd));
	return rc;
}

int lsm_label_keys(const struct config_process *process, int proc_fd, bool on, struct err *err)
{
	if (!process->selinux_label)
		return 0;
	/* An empty write takes it back; a line's end is not part of a label. */
	return write_attr(proc_fd, "keycreate", on ? process->selinux_label : "\n", SELINUX_KEY,
			  err);
}
