/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FIREWALL_RULE_H
#define CT_NET_FIREWALL_RULE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/net/ip.h"
#include "common/net/network.h"
#include "common/str.h"

/*
 * What a network asks of the firewall, free of any back end.
 *
 *	filter FORWARD      -> CT-FORWARD
 *	filter CT-FORWARD   -> CT-INGRESS first, then what containers send (-i bridge)
 *	filter CT-INGRESS      what is sent to containers (-o bridge), decided before
 *	                       CT-FORWARD accepts anything, also between two networks of ours
 *	nat POSTROUTING     -> CT-POSTROUTING
 */
#define FIREWALL_CHAIN_FORWARD     "CT-FORWARD"
#define FIREWALL_CHAIN_INGRESS     "CT-INGRESS"
#define FIREWALL_CHAIN_POSTROUTING "CT-POSTROUTING"
#define FIREWALL_COMMENT_JUMP      "ct-netns"
#define FIREWALL_COMMENT_SIZE      256 /* xt_comment's room: a network's name is at most 255 bytes */
#define FIREWALL_MAX_RULES         (8 + NETWORK_MAX_RANGES)

enum {
	FIREWALL_CT_ESTABLISHED = 1 << 0, /* RELATED,ESTABLISHED */
	FIREWALL_CT_INVALID = 1 << 1,
};

struct firewall_rule {
	const char *table;
	const char *chain;
	const char *target; /* ACCEPT, DROP, MASQUERADE or a chain */
	char in[IFNAMSIZ];  /* "": any */
	char out[IFNAMSIZ];
	bool not_out;          /* ! -o */
	struct ip_prefix src;  /* AF_UNSPEC: any */
	bool not_multicast;    /* ! -d 224.0.0.0/4 */
	unsigned int ct_state; /* FIREWALL_CT_*; 0: any */
	char comment[FIREWALL_COMMENT_SIZE];
};

/* A chain of ours and the jump to it; in the order in which they are made. */
struct firewall_chain {
	const char *table;
	const char *name;
	const char *parent;
	bool jump_first; /* a new jump goes to the top of its parent, else to its end */
};

extern const struct firewall_chain firewall_chains[];
extern const size_t firewall_n_chains;

/* The rules of a network in their order. Returns how many. */
size_t firewall_rules(const struct network *net, struct firewall_rule rules[FIREWALL_MAX_RULES]);
struct firewall_rule firewall_jump(const struct firewall_chain *chain);
int firewall_comment(const struct network *net, char comment[FIREWALL_COMMENT_SIZE],
		     struct err *err);

/* As iptables would say it: "-i netns0 ! -o netns0 -j ACCEPT". */
void firewall_rule_text(const struct firewall_rule *rule, struct strbuf *text);

#endif
