/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TEST_FOLDER_H
#define CT_TEST_FOLDER_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"

/* A folder of a test's own. */
struct folder {
	char path[32];
	int fd;
};

static inline int folder_make(struct folder *folder)
{
	*folder = (struct folder){ .path = "/tmp/ct-unit-XXXXXX", .fd = -1 };
	if (mkdtemp(folder->path))
		folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder->fd < 0 ? -1 : 0;
}

static inline int folder_remove(struct folder *folder)
{
	struct err err = ERR_INIT;

	(void)close(folder->fd);
	return file_remove_tree_at(AT_FDCWD, folder->path, &err);
}

/* One that all tests of a program share, for cmocka_run_group_tests(). */
static struct folder base;

static inline int make_base(void **state)
{
	(void)state;
	return folder_make(&base);
}

static inline int remove_base(void **state)
{
	(void)state;
	return folder_remove(&base);
}

#endif
