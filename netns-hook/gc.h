/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_GC_H
#define CT_NETNS_GC_H

#include "common/cmd.h"

/* Remove records, leases and interfaces whose container is gone. */
extern const struct cmd gc_cmd;

#endif
