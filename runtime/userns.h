/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_USERNS_H
#define CT_USERNS_H

#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"
#include "runtime/rights.h"

/*
 * Write the id maps of a child that is in a new user namespace and waits, user_namespaces(7). A
 * normal user may map itself alone, and only with setgroups(2) forbidden; everything else of such a
 * user goes through newuidmap and newgidmap, which look into /etc/subuid and /etc/subgid. Those
 * programs are the one thing on the way of `create` that is executed. The child must be dumpable.
 */
int userns_write_maps(const struct config *config, pid_t pid, const struct rights *rights,
		      struct err *err);

#endif
