/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"

static int open_parameter(const char *path, int flags, struct err *err)
{
	char full[PATH_MAX];
	int fd = -1;

	if (str_format(full, sizeof(full), "sysctl", err, "/proc/sys/net/%s", path) < 0)
		return -err->code;
	fd = open(full, flags | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "sysctl net/%s", path);
	return fd;
}

int sysctl_read(const char *path, char value[SYSCTL_VALUE_SIZE], struct err *err)
{
	autoclose int fd = open_parameter(path, O_RDONLY, err);
	ssize_t n = 0;

	if (fd < 0)
		return -err->code;
	n = read(fd, value, SYSCTL_VALUE_SIZE);
	if (n < 0)
		return err_errno(err, "sysctl net/%s: read", path);
	if (n == SYSCTL_VALUE_SIZE)
		return err_set(err, EOVERFLOW, "sysctl net/%s: value is too long", path);
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int sysctl_write(const char *path, const char *value, struct err *err)
{
	autoclose int fd = open_parameter(path, O_WRONLY, err);

	if (fd < 0)
		return -err->code;
	if (write(fd, value, strlen(value)) < 0)
		return err_errno(err, "sysctl net/%s = %s", path, value);
	return 0;
}

int sysctl_ensure(const char *path, const char *value, struct err *err)
{
	char current[SYSCTL_VALUE_SIZE];

	if (sysctl_read(path, current, err) < 0)
		return -err->code;
	if (str_eq(current, value))
		return 0;
	return sysctl_write(path, value, err) < 0 ? -err->code : 1;
}
