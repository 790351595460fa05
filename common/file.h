/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_FILE_H
#define CT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/err.h"

/* Whole file into memory; *text is NUL-terminated, owned by the caller; more than max bytes: EFBIG. */
int file_read_at(int dir_fd, const char *path, size_t max_bytes, char **text, size_t *len,
		 struct err *err);
/* The same from an open descriptor (a pipe, stdin), to its end. `what` names it in the error. */
int file_read_fd(int fd, const char *what, size_t max_bytes, char **text, size_t *len,
		 struct err *err);

/*
 * Replace dir_fd/name whole, by rename: a reader sees the old or the new text, never a part.
 * No fsync: callers keep state on tmpfs.
 */
int file_write_atomic_at(int dir_fd, const char *name, const char *text, size_t len, mode_t mode,
			 struct err *err);

/*
 * The same for a path that a user gave: what is there and is no regular file (or link) stays, and is
 * -EEXIST. Were /dev/null named, it would be gone for everybody.
 */
int file_replace(const char *path, const char *text, size_t len, mode_t mode, struct err *err);

/*
 * One write() to a file that exists (a kernel interface: procfs, sysfs, cgroupfs). A short write is
 * an error.
 */
int file_write_at(int dir_fd, const char *path, const char *text, struct err *err);

int file_write_all(int fd, const void *data, size_t len, const char *what, struct err *err);

/* An unlinked, sealed-off in-memory file at offset 0, close-on-exec: a hook's stdin. */
int file_memfd(const char *name, const char *text, size_t len, struct err *err);

/* mkdir -p of an absolute path with mode for what is missing; fine when it is there. */
int file_mkdir_p(const char *path, mode_t mode, struct err *err);

/* Remove dir_fd/name and all below it, without following links or crossing mounts; ENOENT is fine. */
int file_remove_tree_at(int dir_fd, const char *name, struct err *err);
/* The same, with the folder's entry `last` after all others. */
int file_remove_tree_last_at(int dir_fd, const char *name, const char *last, struct err *err);

/*
 * Below a rootfs. Paths are resolved with openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS): links of
 * the image are followed, and never out of it. "" and "/" are the root itself.
 */
int file_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *err);

/* mkdir -p below the root; returns an O_PATH descriptor of the last folder. */
int file_mkdir_in_root(int root_fd, const char *path, mode_t mode, struct err *err);

/*
 * O_PATH descriptor of a regular file below the root, made empty with its folders when it is
 * missing; an existing node of any kind is returned as it is.
 */
int file_create_in_root(int root_fd, const char *path, mode_t mode, struct err *err);

/* The same, and remembers what it had to make. Zero-initialise; file_made_free() releases. */
struct file_made {
	struct file_made_node {
		int dir_fd;
		char *name;
		bool is_folder;
	} * items;
	size_t n;
};
int file_create_in_root_made(int root_fd, const char *path, mode_t mode, struct file_made *made,
			     struct err *err);
/* Take it away again, last things first; a folder that others have put something into stays. */
void file_made_undo(struct file_made *made);
void file_made_free(struct file_made *made);

/* "/proc/self/fd/N", for calls that take no descriptor. */
struct file_fd_path {
	char text[32];
};
struct file_fd_path file_fd_path(int fd);

#endif
