/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_NFT_RULE_H
#define CT_NET_FW_NFT_RULE_H

#include "common/net/firewall/firewall_rule.h"
#include "common/str.h"

/*
 * Rules in the words of nft(8), for our own table:
 *
 *	table inet ct-netns
 *	  forward      -> admin, ingress, egress	   input	-> guard
 *	  prerouting, output -> ports (addresses of the host)   postrouting  -> translate
 *
 * A rule in the kernel is bytecode, which says little; so each of ours carries in its comment whose it
 * is and a digest of its own words. A comment that is there says that the rule is.
 */
#define FW_NFT_TABLE        "ct-netns"
#define FW_NFT_ADMIN        "admin"
#define FW_NFT_COMMENT_SIZE 128 /* NFTNL_UDATA_COMMENT_MAXLEN */

struct fw_nft_rule {
	const char *chain;
	char *text; /* without the comment */
	char comment[FW_NFT_COMMENT_SIZE];
};

struct fw_nft_rules {
	struct fw_nft_rule *items;
	size_t n;
};
#define autonftrules __attribute__((cleanup(fw_nft_rules_free)))
void fw_nft_rules_free(struct fw_nft_rules *rules);

/* What the rules of a network, or of the ports of an attachment, have in front of their comments. */
void fw_nft_network_prefix(const struct network *net, char prefix[FW_NFT_COMMENT_SIZE]);
void fw_nft_ports_prefix(const struct attachment *att, char prefix[FW_NFT_COMMENT_SIZE]);

/* Translated, of both families; in the order of their chains. */
void fw_nft_rules_of(const struct network *net, struct fw_nft_rules *rules);
void fw_nft_port_rules(const struct attachment *att, struct fw_nft_rules *rules);

/* The chains of the table, and the constant rules of those with a hook. */
struct fw_nft_chain {
	const char *name;
	const char *hook; /* "type filter hook forward priority 0"; NULL: a plain chain */
};
extern const struct fw_nft_chain fw_nft_chains[];
extern const size_t fw_nft_n_chains;
void fw_nft_base_rules(struct fw_nft_rules *rules);

#endif
