/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETNS_H
#define CT_NET_NETNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

/* Identity of a network namespace: what survives in a record and compares. */
struct netns_id {
	dev_t dev;
	ino_t ino;
};

/*
 * Open /proc/<pid>/ns/net, or a path (a pin, "/run/netns/x"). The descriptor is verified to be a
 * network namespace (NS_GET_NSTYPE, see ioctl_ns(2)); anything else is EINVAL. No such process or
 * file: ESRCH / ENOENT. Returns a close-on-exec descriptor; it keeps the namespace alive.
 */
int netns_open_pid(pid_t pid, struct err *err);
int netns_open_path(const char *path, struct err *err);
/* The namespace of the calling thread. */
int netns_open_own(struct err *err);

int netns_identify(int netns_fd, struct netns_id *id, struct err *err);
bool netns_id_equal(const struct netns_id *a, const struct netns_id *b);

/* 1: it is the calling thread's own namespace (never to be configured as a container), 0: no. */
int netns_is_own(int netns_fd, struct err *err);

/*
 * Call fn(ctx) with the calling thread inside the namespace and come back on every path. Returns
 * what fn returned. When the way back fails the result is ENOTRECOVERABLE whatever fn said: the
 * thread is in the wrong namespace and the program must end without touching the network again.
 */
int netns_run(int netns_fd, int (*fn)(void *ctx, struct err *err), void *ctx, struct err *err);

#endif
