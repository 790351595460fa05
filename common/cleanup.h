/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CLEANUP_H
#define CT_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Memory and descriptors end with their scope:
 *	autofree char *name = NULL;
 *	autoclose int rootfs_fd = -1;
 * Ownership leaves the scope by take_ptr(&name) and take_fd(&rootfs_fd).
 */
static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

/* close() is never retried: on Linux the descriptor is gone even after EINTR (close(2)). */
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define autofree  __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))
#define autofile  __attribute__((cleanup(cleanup_fclose)))
#define autodir   __attribute__((cleanup(cleanup_closedir)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(pp)                                                                               \
	({                                                                                         \
		__typeof__(*(pp)) taken_ = *(pp);                                                  \
		*(pp) = NULL;                                                                      \
		taken_;                                                                            \
	})

#endif
