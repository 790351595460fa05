/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_FORWARD_H
#define CT_NET_FW_FORWARD_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"
#include "common/net/report.h"

/*
 * Other people's DROP on the forward path. A packet passes every chain that hooks there, of every
 * table, and an ACCEPT in one undoes no DROP in another. So where a chain of nf_tables drops what
 * nobody accepts (by its policy, or by a rule without conditions), two rules for the bridge are put at
 * its top; our own rules decide what gets through. They go with the network.
 *
 * zoned: firewalld runs and has the bridge in a zone (firewalld.h). Its chains then let through what that
 * zone does, and are left alone, but for an "open" network: no zone lets anything in.
 *
 * A table that a program owns (nft(8), "flags owner"; firewalld since 2.1) cannot be changed by
 * anybody else. It is passed over, and said.
 */
int fw_forward_ensure(const struct network *net, bool zoned, const struct report *report,
		      struct err *err);
int fw_forward_check(const struct network *net, bool zoned, const struct report *report,
		     struct err *err);
int fw_forward_remove(const struct network *net, const struct report *report, struct err *err);

/* Is any chain of nf_tables hooked on the forward path, but ours? 1, 0, negative. */
int fw_forward_any(struct err *err);

#endif
