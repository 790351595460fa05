/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/str.h"

#define COPY_CHUNK_BYTES (1u << 30)

static int copy_folder(int from_fd, int to_fd, int depth, struct err *err);

/*
 * What the security modules keep of a file is theirs to give to the copy; an access that tmpfs or a
 * user namespace cannot express (of a foreign root's capabilities) is not one of the copy's.
 */
static bool is_left_behind(const char *name)
{
	return str_eq(name, "security.selinux") || str_eq(name, "security.ima") ||
	       str_eq(name, "security.evm") || str_starts(name, "security.SMACK64");
}

static int copy_xattr(int from_fd, int to_fd, const char *name, struct err *err)
{
	char value[XATTR_SIZE_MAX];
	ssize_t n = fgetxattr(from_fd, name, value, sizeof(value));

	if (n < 0 && (errno == EOVERFLOW || errno == ENODATA))
		return 0;
	if (n < 0)
		return err_errno(err, "read extended attribute '%s'", name);
	if (fsetxattr(to_fd, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP)
		return err_errno(err, "set extended attribute '%s'", name);
	return 0;
}

static int copy_xattrs(int from_fd, int to_fd, struct err *err)
{
	char names[XATTR_LIST_MAX];
	ssize_t n = flistxattr(from_fd, names, sizeof(names));

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : err_errno(err, "list extended attributes");
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		int rc = is_left_behind(name) ? 0 : copy_xattr(from_fd, to_fd, name, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* chown takes set-id bits and capabilities away, so mode and attributes come after it. */
static int copy_attributes(int from_fd, int fd, const char *name, const struct stat *st,
			   struct err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
		return err_errno(err, "set owner and mode of the copy of '%s'", name);
	if (copy_xattrs(from_fd, fd, err) < 0)
		return err_ctx(err, "copy '%s'", name);
	if (futimens(fd, times) < 0)
		return err_errno(err, "set the times of the copy of '%s'", name);
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
	return copy_attributes(in_fd, out_fd, name, &st, err);
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

	return rc < 0 ? rc : copy_attributes(in_fd, out_fd, name, &st, err);
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
