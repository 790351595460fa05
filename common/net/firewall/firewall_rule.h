/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FIREWALL_RULE_H
#define CT_NET_FIREWALL_RULE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/ip.h"
#include "common/net/network.h"
#include "common/net/record.h"
#include "common/str.h"

/*
 * What a network asks of the firewall, free of any back end; the same for IPv4 and IPv6.
 *
 *	filter FORWARD      -> CT-FORWARD
 *	filter CT-FORWARD   -> CT-ADMIN first, the administrator's: made empty, never changed
 *	                    -> CT-INGRESS next, then what containers send (-i bridge)
 *	filter CT-INGRESS      what is sent to containers (-o bridge), decided before
 *	                       CT-FORWARD accepts anything, also between two networks of ours
 *	filter INPUT        -> CT-INPUT: no container speaks to the host's 127.0.0.0/8
 *	nat POSTROUTING     -> CT-POSTROUTING
 *	nat PREROUTING,
 *	nat OUTPUT          -> CT-PORTS, for what is sent to an address of the host: published ports
 */
#define FIREWALL_CHAIN_FORWARD     "CT-FORWARD"
#define FIREWALL_CHAIN_ADMIN       "CT-ADMIN"
#define FIREWALL_CHAIN_INGRESS     "CT-INGRESS"
#define FIREWALL_CHAIN_INPUT       "CT-INPUT"
#define FIREWALL_CHAIN_POSTROUTING "CT-POSTROUTING"
#define FIREWALL_CHAIN_PORTS       "CT-PORTS"
#define FIREWALL_COMMENT_JUMP      "ct-netns"
#define FIREWALL_COMMENT_SIZE      256 /* xt_comment's room: a network's name is at most 255 bytes */

enum {
	FIREWALL_CT_ESTABLISHED = 1 << 0, /* RELATED,ESTABLISHED */
	FIREWALL_CT_INVALID = 1 << 1,
	FIREWALL_CT_NEW = 1 << 2,
	FIREWALL_CT_DNAT = 1 << 3, /* its destination was translated: a published port */
};

struct firewall_rule {
	int family; /* AF_INET or AF_INET6 */
	const char *table;
	const char *chain;
	const char *target; /* ACCEPT, DROP, RETURN, MASQUERADE, SNAT, DNAT or a chain */
	char in[IFNAMSIZ];  /* "": any */
	char out[IFNAMSIZ];
	bool begins;               /* in and out are how the names begin */
	bool not_out;              /* ! -o */
	struct ip_prefix src, dst; /* AF_UNSPEC: any */
	bool not_dst;              /* ! -d */
	bool dst_local;            /* an address of the host */
	unsigned int ct_state;     /* FIREWALL_CT_*; 0: any */
	int proto;                 /* IPPROTO_*; 0: any */
	uint16_t port, last_port;  /* destination ports; 0: any */
	struct ip_addr to;         /* of SNAT and DNAT */
	uint16_t to_port;          /* DNAT: what .port becomes, and so on in their order */
	bool random_fully;         /* MASQUERADE and SNAT: source ports at random */
	char comment[FIREWALL_COMMENT_SIZE];
};

/* A chain of ours, and a jump to one. Both in the order in which they are made. */
struct firewall_chain {
	const char *table;
	const char *name;
};

struct firewall_jump {
	const char *table;
	const char *parent;
	const char *chain;
	int place;      /* in its parent: 0, 1: there; FIREWALL_LAST: a new one goes to its end */
	bool dst_local; /* only what is sent to an address of the host */
};
#define FIREWALL_LAST (-1)

extern const struct firewall_chain firewall_chains[];
extern const size_t firewall_n_chains;
#define FIREWALL_MAX_JUMPS 8
extern const struct firewall_jump firewall_jumps[];
extern const size_t firewall_n_jumps;

struct firewall_rules {
	struct firewall_rule *items;
	size_t n;
};
#define autorules __attribute__((cleanup(firewall_rules_free)))
void firewall_rules_free(struct firewall_rules *rules);

/* The constant rules of a network for a family, in their order; none when it has no such subnet. */
void firewall_rules_of(const struct network *net, int family, struct firewall_rules *rules);
struct firewall_rule firewall_jump_rule(const struct firewall_jump *jump, int family);
int firewall_comment(const struct network *net, char comment[FIREWALL_COMMENT_SIZE],
		     struct err *err);

/* The ports that an attachment publishes, as rules of CT-PORTS. Their comment is theirs alone. */
void firewall_port_rules(const struct attachment *att, int family, struct firewall_rules *rules);
void firewall_port_comment(const struct attachment *att, char comment[FIREWALL_COMMENT_SIZE]);

/* As iptables would say it: "-i netns0 ! -o netns0 -j ACCEPT". */
void firewall_rule_text(const struct firewall_rule *rule, struct strbuf *text);

#endif
