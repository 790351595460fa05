/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_MAX    (4u << 20)
/* A parent that somebody else removes while we make ours below it. */
#define MAKE_TRIES 8

void cgroup_folder_close(struct cgroup_folder *folder)
{
	if (folder->fd >= 0)
		(void)close(take_fd(&folder->fd));
	if (folder->tasks_fd >= 0)
		(void)close(take_fd(&folder->tasks_fd));
}

void cgroup_folder_free(struct cgroup_folder *folder)
{
	cgroup_folder_close(folder);
	free(folder->label);
	free(folder->mount);
	free(folder->path);
}

/* mount + path without its last n components. The caller frees. */
static char *path_above(const struct cgroup_folder *folder, int64_t n)
{
	size_t len = strlen(folder->path);

	for (; n > 0; n--)
		while (len > 0 && folder->path[--len] != '/')
			;
	return xasprintf("%s%.*s", folder->mount, (int)len, folder->path);
}

static int64_t count_components(const char *path)
{
	int64_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

int cgroup_folder_plan(struct cgroup_folder *folder, struct err *err)
{
	int64_t all = count_components(folder->path);

	/* What is above all of them is the mount point. */
	for (folder->made = 0; folder->made < all; folder->made++) {
		autofree char *path = path_above(folder, folder->made);

		if (access(path, F_OK) == 0)
			return 0;
		if (errno != ENOENT)
			return err_errno(err, "look for cgroup '%s'", path);
	}
	return 0;
}

/* ---- make ---- */

/* The n-th component from the end, n = 1 is the last. */
static char *component(const struct cgroup_folder *folder, int64_t n)
{
	const char *p = folder->path + strlen(folder->path);

	for (; n > 0; n--)
		while (*--p != '/')
			;
	return xstrndup(p + 1, strcspn(p + 1, "/"));
}

static int make_missing(struct cgroup_folder *folder, cgroup_each_fn *each, struct err *err)
{
	autofree char *above = path_above(folder, folder->made);
	autoclose int fd = open(above, OPEN_FOLDER);

	if (fd < 0)
		return err_errno(err, "open cgroup '%s'", above);
	for (int64_t n = folder->made; n > 0; n--) {
		autofree char *name = component(folder, n);
		autofree char *path = path_above(folder, n - 1);
		bool is_new = mkdirat(fd, name, 0755) == 0;

		if (!is_new && (errno != EEXIST || n == 1))
			return err_errno(err, "create cgroup '%s'", path);
		autoclose int parent_fd = take_fd(&fd);

		fd = openat(parent_fd, name, OPEN_FOLDER);
		if (fd < 0)
			return err_errno(err, "open cgroup '%s'", path);
		int rc = is_new && each ? each(fd, parent_fd, err) : 0;

		if (rc < 0)
			return err_ctx(err, "cgroup '%s'", path);
	}
	folder->fd = take_fd(&fd);
	return 0;
}

int cgroup_folder_make(struct cgroup_folder *folder, cgroup_each_fn *each, struct err *err)
{
	int rc = make_missing(folder, each, err);

	for (int i = 0; rc == -ENOENT && i < MAKE_TRIES; i++) {
		err_clear(err);
		rc = cgroup_folder_plan(folder, err);
		if (rc >= 0)
			rc = make_missing(folder, each, err);
	}
	/* One that is another's, or that we may not make, is nothing to remove. */
	if (rc < 0 && rc != -EEXIST && rc != -ENOENT) {
		struct err ignored = ERR_INIT;

		(void)cgroup_folder_remove(folder, &ignored);
	}
	return rc;
}

int cgroup_folder_open(struct cgroup_folder *folder, struct err *err)
{
	if (folder->fd < 0) {
		autofree char *path = path_above(folder, 0);

		folder->fd = open(path, OPEN_FOLDER);
		if (folder->fd < 0)
			return err_errno(err, "open cgroup '%s'", path);
	}
	return folder->fd;
}

/* ---- remove ---- */

/* The name of a folder in fd; NULL: there is none. */
static char *first_child(int fd)
{
	int dup_fd = openat(fd, ".", OPEN_FOLDER);
	autodir DIR *dir = dup_fd >= 0 ? fdopendir(dup_fd) : NULL;

	if (!dir)
		return NULL;
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			return xstrdup(e->d_name);
	return NULL;
}

/*
 * All below fd, deepest first. Goes up by "..", so that a tree of any depth takes one descriptor:
 * cgroupfs has no links and no renames to another parent. A child that is busy when those below it are
 * gone has processes in it.
 */
static int remove_children(int top_fd)
{
	autoclose int fd = openat(top_fd, ".", OPEN_FOLDER);
	bool was_below = false;
	size_t depth = 0;

	while (fd >= 0) {
		autofree char *name = first_child(fd);

		if (!name && depth == 0)
			return 0;
		if (name && (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)) {
			was_below = false;
			continue;
		}
		if (name && (errno != EBUSY || was_below))
			return -errno;
		int next_fd = openat(fd, name ? name : "..", OPEN_FOLDER);

		(void)close(take_fd(&fd));
		fd = next_fd;
		depth += name ? 1 : (size_t)-1;
		was_below = !name;
	}
	return -errno;
}

static int remove_last(struct cgroup_folder *folder, const char *path, struct err *err)
{
	if (folder->made > 0 && (rmdir(path) == 0 || errno == ENOENT))
		return 0;
	if (folder->made > 0 && errno != EBUSY)
		return err_errno(err, "remove cgroup '%s'", path);
	int rc = cgroup_folder_open(folder, err);

	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (rc >= 0)
		rc = remove_children(folder->fd);
	else
		return rc;
	if (rc >= 0 && folder->made > 0 && rmdir(path) < 0 && errno != ENOENT)
		rc = -errno;
	return rc < 0 ? err_set(err, -rc, "remove cgroup '%s': %s", path, strerror(-rc)) : 0;
}

int cgroup_folder_remove(struct cgroup_folder *folder, struct err *err)
{
	autofree char *path = path_above(folder, 0);
	int rc = remove_last(folder, path, err);

	/* Those above may hold groups of others by now: they stay then. */
	for (int64_t n = 1; rc >= 0 && n < folder->made; n++) {
		autofree char *above = path_above(folder, n);

		if (rmdir(above) < 0 && errno != ENOENT)
			break;
	}
	return rc;
}

/* ---- files ---- */

int cgroup_set(const struct cgroup_folder *folder, const char *key, const char *file,
	       const char *value, struct err *err)
{
	autoclose int fd = openat(folder->fd, file, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);
	int rc = 0;

	if (fd < 0)
		rc = err_errno(err, "open '%s%s/%s'", folder->mount, folder->path, file);
	else if (write(fd, value, len) != (ssize_t)len)
		rc = err_errno(err, "write '%.64s' to '%s%s/%s'", value, folder->mount,
			       folder->path, file);
	return rc < 0 && key ? err_ctx(err, "%s", key) : rc;
}

int cgroup_set_int(const struct cgroup_folder *folder, const char *key, const char *file,
		   int64_t value, struct err *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return cgroup_set(folder, key, file, text, err);
}

bool cgroup_has(const struct cgroup_folder *folder, const char *file)
{
	return faccessat(folder->fd, file, F_OK, 0) == 0;
}

int cgroup_get(const struct cgroup_folder *folder, const char *file, char **text, struct err *err)
{
	int rc = file_read_at(folder->fd, file, FILE_MAX, text, NULL, err);

	return rc < 0 ? err_ctx(err, "cgroup '%s%s'", folder->mount, folder->path) : 0;
}

int64_t cgroup_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int64_t value = 0;

	if (digits == 0 || digits > 18)
		return INT64_MAX;
	for (size_t i = 0; i < digits; i++)
		value = 10 * value + (text[i] - '0');
	return value;
}

int cgroup_get_int(const struct cgroup_folder *folder, const char *file, int64_t *value,
		   struct err *err)
{
	autofree char *text = NULL;
	int rc = cgroup_get(folder, file, &text, err);

	if (rc >= 0)
		*value = cgroup_number(text);
	return rc;
}

bool cgroup_keyed(const char *text, const char *key, int64_t *value)
{
	size_t len = strlen(key);

	for (const char *line = text; *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ') {
			*value = cgroup_number(line + len + 1);
			return true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}
