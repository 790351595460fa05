/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_pid_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

int create_pid_file(const char *path, pid_t pid, struct err *err)
{
	char text[16];

	if (!path)
		return 0;
	/* Digits alone: containerd's shim takes the whole content for the number. */
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return file_replace(path, text, strlen(text), 0644, err);
}

int create_pid_file_remove(const char *path, struct err *err)
{
	if (path && unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, "remove '%s'", path);
	return 0;
}
