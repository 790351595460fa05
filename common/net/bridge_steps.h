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
	bool mended; /* rules, or a routed network's gateways, were not right and are now */
	bool found;  /* the bridge is there: link is valid */
	struct link_info link;
	struct link_info gateway; /* what has the addresses: link, or the VLAN's; index 0: missing */
	struct bridge_state state;
	/* What a failure takes back: what this run made. Removal sets all of them. */
	bool made_state, made_bridge, made_vlan, made_self, made_rules;
	bool made_address[NETWORK_MAX_RANGES]; /* by range */
	bool made_route[NETWORK_MAX_RANGES];   /* of a routed network, by range */
	bool made_forwarding[2];               /* IPv4, IPv6 */
};

/* In this order up, and in reverse down. */
extern const struct step bridge_steps[];
extern const size_t bridge_n_steps;
extern const struct step bridge_routed_steps[]; /* of a routed network */
extern const size_t bridge_n_routed_steps;

/*
 * Is everything right, without a lock, a dump or a change (but an address that was missing)?
 * 1, 0 or negative.
 */
int bridge_glance(struct bridge_work *work, struct err *err);

/* Report, and count what is wrong when nothing may be changed. */
void bridge_tell(struct bridge_work *work, enum report_kind kind, bool right, const char *text);
/* EADDRINUSE: a subnet of the network is in use elsewhere on the host. */
int bridge_refuse_overlap(const struct bridge_work *work, struct err *err);
/* An interface on which IPv6 is off takes no address of it. */
int bridge_enable_ipv6(const struct network *net, const char *ifname, struct err *err);

/* bridge_routed.c. lo stands in for the bridge: .link and .gateway. */
int bridge_find_lo(struct bridge_work *work, struct err *err);
int bridge_step_gateways(void *ctx, struct err *err);
int bridge_undo_gateways(void *ctx, struct err *err);
int bridge_step_subnets(void *ctx, struct err *err);
int bridge_undo_subnets(void *ctx, struct err *err);
/* As bridge_glance(), of lo, its addresses and the subnets' routes. */
int bridge_glance_routed(struct bridge_work *work, struct err *err);

/* Is link (found by the network's name) one that we made: its MAC says so. */
bool bridge_is_ours(const struct bridge_work *work);

/* bridge_sysctl.c */
int bridge_step_sysctls(void *ctx, struct err *err);
/*
 * 1: the gateway's address is there, or is back (of a routed network that is mended: the routes to
 * containers that were from it went with it); 0: it cannot be, the set-up has to see to it.
 */
int bridge_glance_address(struct bridge_work *work, const struct ip_prefix *prefix,
			  struct err *err);
bool bridge_glance_sysctls(const struct bridge_work *work);

/* bridge_vlan.c. Is it a network of VLANs, whose bridge others may share? */
bool bridge_filters(const struct bridge_work *work);
/* Fill .gateway. EEXIST: an interface of that name is none of this bridge's. */
int bridge_find_gateway(struct bridge_work *work, struct err *err);
int bridge_step_vlan(void *ctx, struct err *err);
int bridge_undo_vlan(void *ctx, struct err *err);
/* As bridge_glance(), of what the VLANs need of the bridge. */
int bridge_glance_vlan(const struct bridge_work *work, struct err *err);
/*
 * 1: another network has its home on the bridge too, and ours is written off; 0: none. Under
 * network_lock_host(): of two that leave at once the last one takes the bridge away.
 */
int bridge_leave_shared(struct bridge_work *work, struct err *err);
/* Is that port of the bridge one of this network's containers? 1, 0 or negative. */
int bridge_owns_port(const struct bridge_work *work, const struct link_info *port, struct err *err);

#endif
