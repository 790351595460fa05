/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FIREWALL_H
#define CT_NET_FIREWALL_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"
#include "common/net/report.h"

/*
 * Constant rules of a network, whatever the number of its containers. Every rule of ours carries the
 * comment "ct-netns: <network>" and stands in a chain of ours; the jumps to the chains carry
 * "ct-netns". All functions work on the calling thread's network namespace.
 */
struct firewall_backend {
	const char *name;
	/* Each returns the number of rules that it changed (check: that are wrong). */
	int (*ensure)(const struct network *net, const struct report *report, struct err *err);
	int (*check)(const struct network *net, const struct report *report, struct err *err);
	int (*remove)(const struct network *net, const struct report *report, struct err *err);
};

extern const struct firewall_backend firewall_iptables;

/*
 * Make the rules right. When they are, nothing is locked or written: one read per table. Otherwise
 * one commit per table under /run/xtables.lock (XTABLES_LOCKFILE), waited for at most five seconds.
 */
int firewall_ensure(const struct network *net, const struct report *report, struct err *err);
int firewall_check(const struct network *net, const struct report *report, struct err *err);
/* The network's rules, then chains that are empty and their jumps. Fine when nothing is there. */
int firewall_remove(const struct network *net, const struct report *report, struct err *err);

#endif
