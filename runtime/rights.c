/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/str.h"

/* PROC_USER_INIT_INO: the first user namespace has had this inode since Linux 3.8. */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDU

bool rights_in_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USER_NAMESPACE;
}

static bool has(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

/* The owner of a namespace is shown only to those that it is not above of (ioctl_ns(2)). */
static bool owns_mount_namespace(void)
{
	autoclose int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	autoclose int owner_fd = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);

	return owner_fd >= 0;
}

int rights_look(const char *option, struct rights *rights, struct err *err)
{
	bool look = !option || str_eq(option, "auto");

	if (!look && !str_eq(option, "true") && !str_eq(option, "false"))
		return err_set(err, EINVAL, "--rootless: '%s' is none of true, false and auto",
			       option);
	cap_t caps = cap_get_proc();

	if (!caps)
		return err_errno(err, "read the capabilities");
	rights->rootless = look ? geteuid() != 0 || rights_in_user_namespace()
				: str_eq(option, "true");
	rights->no_namespaces = !has(caps, CAP_SYS_ADMIN);
	rights->no_mounts = rights->no_namespaces || !owns_mount_namespace();
	rights->no_maps = !has(caps, CAP_SETUID) || !has(caps, CAP_SETGID);
	(void)cap_free(caps);
	return 0;
}
