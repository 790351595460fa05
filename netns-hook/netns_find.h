/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_NETNS_FIND_H
#define CT_NETNS_NETNS_FIND_H

#include "common/err.h"
#include "common/net/record.h"

/*
 * The namespace of an attachment, found again, and verified to be that very one: through its process,
 * the name it was given by, a mount that pins it, or any process that lives in it. Reads all of /proc
 * at worst: not for hot paths. 1: *fd is open, 0: the namespace is gone.
 */
int netns_find(const struct attachment *att, int *fd, struct err *err);

/*
 * The same without a search: open_fd (-1: none) if it is that one, else by the process, or by the name
 * that it was given by. A descriptor of the caller's own; -1: it is gone, or nobody has a name of it.
 */
int netns_find_known(const struct attachment *att, int open_fd);

#endif
