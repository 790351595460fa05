/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_BRIDGE_STEPS_H
#define CT_NET_BRIDGE_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/net/bridge_state.h"
#include "common/net/link.h"
#include "common/net/netlink.h"
#include "common/net/network.h"
#include "common/net/report.h"
#include "common/steps.h"

/* The work of bridge.c, step by step; private to common/net. */
struct bridge_work {
	struct netlink *nl;
	int state_fd;
	int net_fd;
	const struct network *net;
	const struct report *report;
	bool check; /* look and report, change nothing; wrong counts */
	int wrong;
	bool mended; /* rules were not right and are now */
	bool found;  /* the bridge is there: link is valid */
	struct link_info link;
	struct bridge_state state;
	/* What a failure takes back: what this run made. Removal sets all of them. */
	bool made_state, made_bridge, made_rules;
	bool made_address[NETWORK_MAX_RANGES]; /* by range */
	bool made_forwarding[2];               /* IPv4, IPv6 */
};

/* In this order up, and in reverse down. */
extern const struct step bridge_steps[];
extern const size_t bridge_n_steps;

/*
 * Is everything right, without a lock, a dump or a change (but an address that was missing)?
 * 1, 0 or negative.
 */
int bridge_glance(struct bridge_work *work, struct err *err);

/* Is link (found by the network's name) one that we made: its MAC says so. */
bool bridge_is_ours(const struct bridge_work *work);

#endif
