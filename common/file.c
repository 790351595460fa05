/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/str.h"

#define READ_CHUNK 16384

int file_read_fd(int fd, const char *what, size_t max_bytes, char **text, size_t *len,
		 struct err *err)
{
	autofree char *buf = NULL;
	size_t used = 0, size = 0;

	for (;;) {
		if (size - used < READ_CHUNK / 4) {
			size = size ? 2 * size : READ_CHUNK;
			buf = xrealloc(buf, size);
		}
		ssize_t n = read(fd, buf + used, size - used - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "read '%s'", what);
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max_bytes)
			return err_set(err, EFBIG, "'%s' is larger than %zu bytes", what,
				       max_bytes);
	}
	buf[used] = '\0';
	*text = take_ptr(&buf);
	if (len)
		*len = used;
	return 0;
}

int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **text, size_t *len,
		 struct err *err)
{
	/* O_NONBLOCK: a fifo of this name must not make us wait for a writer. */
	autoclose int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	return file_read_fd(fd, path, max_bytes, text, len, err);
}

int file_write_all(int fd, const void *data, size_t len, const char *what, struct err *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "write '%s'", what);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write_atomic_at(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
			 struct err *err)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	autofree char *tmp = xasprintf("%.*s.%s.%d", (int)(base - name), name, base, (int)getpid());
	autoclose int fd =
		openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(err, "create '%s'", tmp);
	int rc = file_write_all(fd, text, len, tmp, err);

	if (rc >= 0 && renameat(dir_fd, tmp, dir_fd, name) < 0)
		rc = err_errno(err, "rename '%s' to '%s'", tmp, name);
	if (rc < 0)
		(void)unlinkat(dir_fd, tmp, 0);
	return rc;
}

int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, EEXIST, "'%s' is no regular file, and is not replaced by one",
			       path);
	return file_write_atomic_at(AT_FDCWD, path, text, len, mode, err);
}

int file_write_at(int dir_fd, const char *path, const char *text, struct err *err)
{
	autoclose int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);

	if (fd < 0)
		return err_errno(err, "open '%s'", path);
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return err_errno(err, "write '%.64s' to '%s'", text, path);
	if ((size_t)n != len)
		return err_set(err, EIO, "write '%.64s' to '%s': only %zd bytes were taken", text,
			       path, n);
	return 0;
}

int file_memfd(const char *name, const char *text, size_t len, struct err *err)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_errno(err, "memfd_create '%s'", name);
	int rc = file_write_all(fd, text, len, name, err);

	if (rc < 0)
		return rc;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "lseek '%s'", name);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return err_errno(err, "seal '%s'", name);
	return take_fd(&fd);
}

int file_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	autofree char *copy = xstrdup(path);

	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_errno(err, "create folder '%s'", copy);
		*p = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(err, "create folder '%s'", path);
	return 0;
}

static int remove_children(int fd, const char *name, const char *keep, struct err *err);

int file_remove_tree_at(int dir_fd, const char *name, struct err *err)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_errno(err, "remove '%s'", name);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_errno(err, "remove folder '%s'", name);
	autoclose int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "open folder '%s'", name);
	int rc = remove_children(fd, name, NULL, err);

	if (rc >= 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = err_errno(err, "remove folder '%s'", name);
	return rc;
}

static int remove_children(int fd, const char *name, const char *keep, struct err *err)
{
	int dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	autodir DIR *dir = dup_fd >= 0 ? fdopendir(dup_fd) : NULL;

	if (!dir)
		return err_errno(err, "read folder '%s'", name);
	for (const struct dirent *e; (e = readdir(dir));) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") || str_eq(e->d_name, keep))
			continue;
		int rc = file_remove_tree_at(fd, e->d_name, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int file_remove_tree_last_at(int dir_fd, const char *name, const char *last, struct err *err)
{
	autoclose int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && remove_children(fd, name, last, err) < 0)
		return -err->code;
	return file_remove_tree_at(dir_fd, name, err);
}

struct file_fd_path file_fd_path(int fd)
{
	struct file_fd_path path;

	(void)snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}
