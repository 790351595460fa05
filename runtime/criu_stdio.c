/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/criu_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"

#define DESCRIPTORS    "descriptors.json"
#define FILE_MAX_BYTES (1u << 20)
#define PROC_MAX_BYTES (16u << 20)

/* "mnt_id:\t28" of fdinfo; -1: gone, or not there. */
static int64_t mount_of(int proc_fd, int fd)
{
	char path[32];
	autofree char *text = NULL;
	size_t len;
	struct err ignored = ERR_INIT;
	int64_t id;

	(void)snprintf(path, sizeof(path), "fdinfo/%d", fd);
	if (file_read_at(proc_fd, path, FILE_MAX_BYTES, &text, &len, &ignored) < 0)
		return -1;
	char *value = strstr(text, "mnt_id:\t");

	if (!value)
		return -1;
	value += strlen("mnt_id:\t");
	value[strcspn(value, "\n")] = '\0';
	return str_to_i64(value, "mnt_id", 0, INT32_MAX, &id, &ignored) < 0 ? -1 : id;
}

static bool has_mount(const char *mountinfo, int64_t id)
{
	autofree char *start = xasprintf("%lld ", (long long)id);

	if (str_starts(mountinfo, start))
		return true;
	autofree char *line = xasprintf("\n%s", start);

	return strstr(mountinfo, line) != NULL;
}

/* What descriptors.json says of one, and an argument for criu where it is a file of the host's. */
static char *describe(int proc_fd, int fd, const char *mountinfo, struct criu_call *call)
{
	char path[32], target[4096];
	struct stat st;

	(void)snprintf(path, sizeof(path), "fd/%d", fd);
	ssize_t n = readlinkat(proc_fd, path, target, sizeof(target) - 1);

	if (n < 0 || fstatat(proc_fd, path, &st, 0) < 0)
		return xstrdup("");
	target[n] = '\0';
	int64_t mount = mount_of(proc_fd, fd);

	if (target[0] != '/' || mount < 0 || has_mount(mountinfo, mount))
		return xstrdup(target);
	char *name = xasprintf("file[%llx:%llx]", (unsigned long long)mount,
			       (unsigned long long)st.st_ino);

	if (!strlist_has(&call->args, name)) {
		strlist_add(&call->args, "--external");
		strlist_add(&call->args, name);
	}
	char *text = xasprintf("%s %s", name, target);

	free(name);
	return text;
}

int criu_stdio_dump(const char *images, pid_t pid, struct criu_call *call, struct err *err)
{
	autofree char *proc = xasprintf("/proc/%d", (int)pid);
	autofree char *file = xasprintf("%s/" DESCRIPTORS, images);
	autofree char *mountinfo = NULL;
	size_t len;
	autoclose int proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc_fd < 0)
		return err_errno(err, "open '%s'", proc);
	int rc = file_read_at(proc_fd, "mountinfo", PROC_MAX_BYTES, &mountinfo, &len, err);

	if (rc < 0)
		return rc;
	json_node *array = json_array();

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		autofree char *text = describe(proc_fd, fd, mountinfo, call);

		json_append_string(array, text);
	}
	autofree char *text = json_print(array, false);

	json_free(&array);
	return file_replace(file, text, strlen(text), 0600, err);
}

static void inherit(struct strlist *args, int fd, const char *name)
{
	autofree char *end = xasprintf("]:%s", name);

	/* Two streams of one file are one to criu: the first is it. */
	for (size_t i = 0; i < args->n; i++) {
		const char *same = strstr(args->items[i], end);

		if (str_starts(args->items[i], "fd[") && same && str_eq(same, end))
			return;
	}
	strlist_add(args, "--inherit-fd");
	strlist_take(args, xasprintf("fd[%d]:%s", fd, name));
}

static int restore_one(const char *text, int fd, struct criu_call *call, int *null_fd,
		       struct err *err)
{
	if (str_starts(text, "pipe:[")) {
		inherit(&call->args, fd, text);
		return 0;
	}
	if (!str_starts(text, "file["))
		return 0;
	autofree char *name = xstrndup(text, strcspn(text, " "));

	if (!str_eq(text + strlen(name), " /dev/null")) {
		inherit(&call->args, fd, name);
		return 0;
	}
	/* Once for all of them, whatever it was opened for. */
	if (*null_fd < 0)
		*null_fd = open("/dev/null", O_RDWR | O_NOCTTY); /* stays open across execve */
	if (*null_fd < 0)
		return err_errno(err, "open '/dev/null'");
	inherit(&call->args, *null_fd, name);
	return 0;
}

int criu_stdio_restore(const char *images, struct criu_call *call, int *null_fd, struct err *err)
{
	autofree char *file = xasprintf("%s/" DESCRIPTORS, images);
	autofree char *text = NULL;
	json_node *array = NULL;
	size_t len;
	int rc = file_read_at(AT_FDCWD, file, FILE_MAX_BYTES, &text, &len, err);

	if (rc >= 0)
		rc = json_parse(text, len, file, &array, err);
	if (rc < 0)
		return rc;
	const json_node *item = json_is_array(array) ? json_first(array) : NULL;

	for (int fd = 0; rc >= 0 && fd <= STDERR_FILENO; fd++) {
		const char *one = item ? json_string(item) : NULL;

		rc = one ? restore_one(one, fd, call, null_fd, err)
			 : err_set(err, EINVAL, "%s: must be an array of three strings", file);
		item = item ? json_next(item) : NULL;
	}
	json_free(&array);
	return rc;
}
