/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Paths below a rootfs that belongs to somebody hostile, who may rename and link in it while we
 * walk. Each component is looked up by openat2 with RESOLVE_IN_ROOT, so a link can lead anywhere in
 * the root and never out of it; what is made is made through the descriptor of its folder.
 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/str.h"

/* A rename elsewhere on the system can make openat2 give EAGAIN (openat2(2)). */
#define MAX_AGAIN 128
/* As many links in one path as the kernel follows (MAXSYMLINKS). */
#define MAX_LINKS 40

static int open_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < MAX_AGAIN; i++) {
		fd = syscall(SYS_openat2, root_fd, *path ? path : "/", &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

int file_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *err)
{
	int fd = open_in_root(root_fd, path, flags, mode);

	return fd < 0 ? err_errno(err, "open '%s' below the rootfs", path) : fd;
}

/* ---- what was made ---- */

static void remember(struct file_made *made, int dir_fd, const char *name, bool is_folder)
{
	if (!made)
		return;
	made->items = xreallocarray(made->items, made->n + 1, sizeof(*made->items));
	made->items[made->n++] = (struct file_made_node){
		.dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3),
		.name = xstrdup(name),
		.is_folder = is_folder,
	};
}

void file_made_free(struct file_made *made)
{
	for (size_t i = 0; i < made->n; i++) {
		cleanup_close(&made->items[i].dir_fd);
		free(made->items[i].name);
	}
	free(made->items);
	*made = (struct file_made){ .items = NULL };
}

void file_made_undo(struct file_made *made)
{
	for (size_t i = made->n; i-- > 0;) {
		const struct file_made_node *node = &made->items[i];

		(void)unlinkat(node->dir_fd, node->name, node->is_folder ? AT_REMOVEDIR : 0);
	}
	file_made_free(made);
}

/* ---- walking ---- */

/*
 * What is left to walk, and what was walked already. Missing folders are made under the longest
 * part that exists, so a link that dangles ("/var/run -> /run" without a /run) is read by hand: its
 * target takes its place in the rest.
 */
struct walk {
	int root_fd;
	char *done; /* path below the root of folders that exist, "" first */
	char *rest;
	int links;
	struct file_made *made; /* NULL: nobody asks */
};
#define autowalk __attribute__((cleanup(walk_free)))

static void walk_free(struct walk *walk)
{
	free(walk->done);
	free(walk->rest);
}

/* Cut the first component off the rest; NULL at the end. The caller frees. */
static char *walk_next(struct walk *walk)
{
	const char *p = walk->rest + strspn(walk->rest, "/");
	size_t n = strcspn(p, "/");

	if (n == 0)
		return NULL;
	char *name = xstrndup(p, n);
	char *rest = xstrdup(p + n);

	free(walk->rest);
	walk->rest = rest;
	return name;
}

static void walk_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
}

static int walk_link(struct walk *walk, int dir_fd, const char *name, struct err *err)
{
	char target[4096];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_errno(err, "read link '%s/%s' below the rootfs", walk->done, name);
	target[n] = '\0';
	if (++walk->links > MAX_LINKS)
		return err_set(err, ELOOP, "too many links at '%s/%s' below the rootfs", walk->done,
			       name);
	char *rest = xasprintf("%s/%s", target, walk->rest);

	free(walk->rest);
	walk->rest = rest;
	if (target[0] == '/')
		walk->done[0] = '\0';
	return 0;
}

static void walk_into(struct walk *walk, const char *name)
{
	char *done = xasprintf("%s/%s", walk->done, name);

	free(walk->done);
	walk->done = done;
}

/* One component: enter the folder, follow the link, or make what is missing. */
static int walk_step(struct walk *walk, const char *name, mode_t mode, struct err *err)
{
	struct stat st;

	if (str_eq(name, "."))
		return 0;
	if (str_eq(name, "..")) {
		walk_up(walk);
		return 0;
	}
	autoclose int dir_fd = file_open_in_root(walk->root_fd, walk->done,
						 O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, err);

	if (dir_fd < 0)
		return dir_fd;
	if (mkdirat(dir_fd, name, mode) == 0)
		remember(walk->made, dir_fd, name, true);
	else if (errno != EEXIST)
		return err_errno(err, "create folder '%s/%s' below the rootfs", walk->done, name);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "stat '%s/%s' below the rootfs", walk->done, name);
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, dir_fd, name, err);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "'%s/%s' below the rootfs is not a folder", walk->done,
			       name);
	walk_into(walk, name);
	return 0;
}

/* The usual case in three calls: only the last folder is missing. Negative: walk. */
static int make_last(int root_fd, const char *path, mode_t mode, struct file_made *made)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return -1;
	autofree char *folder = xstrndup(path, (size_t)(name - path));
	autoclose int dir_fd = open_in_root(root_fd, folder, O_PATH | O_DIRECTORY, 0);

	if (dir_fd < 0 || mkdirat(dir_fd, name, mode) < 0)
		return -1;
	remember(made, dir_fd, name, true);
	return openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int mkdir_in_root(int root_fd, const char *path, mode_t mode, struct file_made *made,
			 struct err *err)
{
	int fd = open_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_errno(err, "open folder '%s' below the rootfs", path);
	fd = make_last(root_fd, path, mode, made);
	if (fd >= 0)
		return fd;

	autowalk struct walk walk = {
		.root_fd = root_fd, .done = xstrdup(""), .rest = xstrdup(path), .made = made
	};

	for (;;) {
		autofree char *name = walk_next(&walk);

		if (!name)
			break;
		int rc = walk_step(&walk, name, mode, err);

		if (rc < 0)
			return rc;
	}
	return file_open_in_root(root_fd, walk.done, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, err);
}

int file_mkdir_in_root(int root_fd, const char *path, mode_t mode, struct err *err)
{
	return mkdir_in_root(root_fd, path, mode, NULL, err);
}

/* Where the last component of path really is: a link there is followed, dangling ones too. */
static int create_last(struct walk *walk, mode_t mode, struct err *err)
{
	const char *slash = strrchr(walk->rest, '/');
	autofree char *folder = slash ? xstrndup(walk->rest, (size_t)(slash - walk->rest))
				      : xstrdup("");
	autofree char *name = xstrdup(slash ? slash + 1 : walk->rest);

	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, EISDIR, "'%s' below the rootfs cannot be a file", walk->rest);
	autoclose int dir_fd = mkdir_in_root(walk->root_fd, folder, 0755, walk->made, err);

	if (dir_fd < 0)
		return dir_fd;
	autoclose int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd >= 0)
		remember(walk->made, dir_fd, name, false);
	else if (errno != EEXIST)
		return err_errno(err, "create '%s' below the rootfs", walk->rest);
	int path_fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return path_fd < 0 ? err_errno(err, "open '%s' below the rootfs", walk->rest) : path_fd;
}

int file_create_in_root_made(int root_fd, const char *path, mode_t mode, struct file_made *made,
			     struct err *err)
{
	autowalk struct walk walk = {
		.root_fd = root_fd, .done = xstrdup(""), .rest = xstrdup(path), .made = made
	};

	for (;;) {
		int fd = open_in_root(root_fd, walk.rest, O_PATH, 0);

		if (fd >= 0)
			return fd;
		if (errno != ENOENT)
			return err_errno(err, "open '%s' below the rootfs", walk.rest);
		autoclose int made_fd = create_last(&walk, mode, err);
		struct stat st;

		if (made_fd < 0)
			return made_fd;
		if (fstat(made_fd, &st) < 0)
			return err_errno(err, "stat '%s' below the rootfs", walk.rest);
		if (!S_ISLNK(st.st_mode))
			return take_fd(&made_fd);

		/* A link that dangles: its target is what has to be made. */
		char target[4096];
		ssize_t n = readlinkat(made_fd, "", target, sizeof(target) - 1);

		if (n < 0)
			return err_errno(err, "read link '%s' below the rootfs", walk.rest);
		target[n] = '\0';
		if (++walk.links > MAX_LINKS)
			return err_set(err, ELOOP, "too many links at '%s' below the rootfs", path);
		const char *slash = strrchr(walk.rest, '/');
		char *rest =
			target[0] == '/' || !slash
				? xstrdup(target)
				: xasprintf("%.*s/%s", (int)(slash - walk.rest), walk.rest, target);

		free(walk.rest);
		walk.rest = rest;
	}
}

int file_create_in_root(int root_fd, const char *path, mode_t mode, struct err *err)
{
	return file_create_in_root_made(root_fd, path, mode, NULL, err);
}
