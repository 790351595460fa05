/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_BRIDGE_STATE_H
#define CT_NET_BRIDGE_STATE_H

#include <net/if.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/network.h"
#include "common/str.h"

/*
 * <state>/networks/<name>/bridge.json: which bridge and addresses the network was given. It is written
 * before the kernel is touched, and again with the bridge's index once everything was found right.
 */
struct bridge_state {
	bool routed;
	char bridge[IFNAMSIZ];
	struct ip_prefix gateways[NETWORK_MAX_RANGES];
	size_t n_gateways;           /* at least one */
	unsigned int mtu;            /* that was chosen; 0: by a version that chose none */
	int index;                   /* 0: not verified yet */
	enum firewall_kind firewall; /* FIREWALL_AUTO: not chosen yet */
	bool filters_vlans;          /* the network is one of VLANs */
	unsigned int vlan;           /* on whose interface the gateways are; 0: on the bridge */
	bool added_address;          /* to a bridge that was there before us */
	bool added_vlan;             /* that bridge itself was put into the VLAN */
	unsigned int added_to_lo;    /* of a routed network's gateways those we made: 1 << range */
};

/* What the network's definition wants: bridge and gateways, nothing verified. */
struct bridge_state bridge_state_of(const struct network *net);
/* Is it that very bridge with those very gateways, and the firewall that is asked for? */
bool bridge_state_matches(const struct bridge_state *state, const struct network *net);

#define BRIDGE_STATE_NAME "bridge.json"

/* What it is, for people: "on bridge 'br0' with 10.9.0.1/24, fd00:9::1/64, rules in nftables". */
void bridge_state_text(const struct bridge_state *state, struct strbuf *text);

/* 1: read, 0: there is none (net_fd -1: no folder; or it is damaged: logged, and taken for none). */
int bridge_state_load(int net_fd, struct bridge_state *state, struct err *err);
int bridge_state_save(int net_fd, const struct bridge_state *state, struct err *err);
/* Fine when there is none. */
int bridge_state_forget(int net_fd, struct err *err);

/*
 * The other networks of the state directory that have a bridge.json. fn returning non-zero ends the
 * walk and is returned.
 */
typedef int bridge_state_fn(const char *name, const struct bridge_state *state, void *ctx);
int bridge_state_others(int state_fd, const struct network *net, bridge_state_fn *fn, void *ctx,
			struct err *err);

#endif
