/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_LOCK_H
#define CT_NET_FW_LOCK_H

#include "common/err.h"

/*
 * /run/xtables.lock (XTABLES_LOCKFILE), which iptables(8) takes too; waited for at most five seconds.
 * Returns a descriptor; closing it unlocks.
 */
int fw_lock(struct err *err);

#endif
