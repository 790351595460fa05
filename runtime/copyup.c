/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/str.h"

#define COPY_CHUNK_BYTES (1u << 30)

static int copy_folder(int from_fd, int to_fd, int depth, struct err *err);

/* chown takes set-id bits away, so the mode comes after it. */
static int copy_attributes(int fd, const char *name, const struct stat *st, struct err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return err_errno(err, "set owner and mode of the copy of '%s'", name);
	return 0;
}

static int copy_file(int from_fd, int to_fd, const char *name, struct err *err)
{
	struct stat st;
	autoclose int in_fd = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autoclose int out_fd =
		openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in_fd < 0 || out_fd < 0)
		return err_errno(err, "copy '%s'", name);
	if (fstat(in_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EAGAIN, "'%s' was replaced while it was copied", name);
	for (;;) {
		ssize_t n = sendfile(out_fd, in_fd, NULL, COPY_CHUNK_BYTES);

		if (n < 0)
			return err_errno(err, "copy '%s'", name);
		if (n == 0)
			break;
	}
	return copy_attributes(out_fd, name, &st, err);
}

static int copy_subfolder(int from_fd, int to_fd, const char *name, int depth, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	autoclose int in_fd = openat(from_fd, name, flags);

	if (in_fd < 0 || fstat(in_fd, &st) < 0 || mkdirat(to_fd, name, 0700) < 0)
		return err_errno(err, "copy folder '%s'", name);
	autoclose int out_fd = openat(to_fd, name, flags);

	if (out_fd < 0)
		return err_errno(err, "copy folder '%s'", name);
	int rc = copy_folder(in_fd, out_fd, depth + 1, err);

	return rc < 0 ? rc : copy_attributes(out_fd, name, &st, err);
}

static int copy_link(int from_fd, int to_fd, const char *name, const struct stat *st,
		     struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_errno(err, "copy link '%s'", name);
	target[n] = '\0';
	if (symlinkat(target, to_fd, name) < 0 ||
	    fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "copy link '%s'", name);
	return 0;
}

/* Pipes, sockets and devices: nothing is read, the node is made again. */
static int copy_node(int to_fd, const char *name, const struct stat *st, struct err *err)
{
	if (mknodat(to_fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0 ||
	    fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_fd, name, st->st_mode & 07777, 0) < 0)
		return err_errno(err, "copy special file '%s'", name);
	return 0;
}

static int copy_entry(int from_fd, int to_fd, const char *name, int depth, struct err *err)
{
	struct stat st;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "stat '%s'", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subfolder(from_fd, to_fd, name, depth, err);
	case S_IFREG:
		return copy_file(from_fd, to_fd, name, err);
	case S_IFLNK:
		return copy_link(from_fd, to_fd, name, &st, err);
	default:
		return copy_node(to_fd, name, &st, err);
	}
}

/* from_fd is read to its end. */
static int copy_folder(int from_fd, int to_fd, int depth, struct err *err)
{
	if (depth > COPYUP_MAX_DEPTH)
		return err_set(err, ELOOP, "more than %d folders deep", COPYUP_MAX_DEPTH);
	autoclose int list_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (list_fd < 0)
		return err_errno(err, "open the folder to copy");
	autodir DIR *list = fdopendir(list_fd);

	if (!list)
		return err_errno(err, "read the folder to copy");
	(void)take_fd(&list_fd); /* closed with the list */
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(list);

		if (!entry)
			break;
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		int rc = copy_entry(from_fd, to_fd, entry->d_name, depth, err);

		if (rc < 0)
			return rc;
	}
	return errno ? err_errno(err, "read the folder to copy") : 0;
}

int copyup(int from_fd, int to_fd, struct err *err)
{
	return copy_folder(from_fd, to_fd, 0, err);
}
