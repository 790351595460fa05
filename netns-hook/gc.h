/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_GC_H
#define CT_NETNS_GC_H

#include <stdbool.h>

#include "common/cmd.h"
#include "common/err.h"
#include "common/net/record.h"

/* Remove records, leases and interfaces whose container is gone. */
extern const struct cmd gc_cmd;

/*
 * Detach what keep() says no to, also when it is alive, and give back leases and ports whose holder
 * is gone. Prints nothing. Goes on after a failure; the first is returned.
 */
int gc_collect_unwanted(int state_fd, bool (*keep)(void *ctx, const struct attachment *att),
			void *ctx, struct err *err);

#endif
