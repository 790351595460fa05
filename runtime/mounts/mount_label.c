/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/mount_label.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "common/file.h"

int mount_label_check(struct err *err)
{
	struct statfs fs;

	if (statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC)
		return 0;
	return err_set(
		err, ENOTSUP,
		"config.json: linux.mountLabel: SELinux is not enabled on this host; take the "
		"property away");
}

void mount_label_add(struct strbuf *data, const char *type, const char *label)
{
	static const char *const unlabelled[] = { "proc", "sysfs", "cgroup", "cgroup2", "mqueue" };

	for (size_t i = 0; i < ARRAY_SIZE(unlabelled); i++) {
		if (str_eq(type, unlabelled[i]))
			return;
	}
	strbuf_printf(data, "%scontext=\"%s\"", data->len ? "," : "", label);
}

int mount_label_set(int root_fd, const char *label, struct err *err)
{
	if (setxattr(file_fd_path(root_fd).text, "security.selinux", label, strlen(label), 0) < 0)
		return err_errno(err, "config.json: linux.mountLabel: set '%.128s'", label);
	return 0;
}
