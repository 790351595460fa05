/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_nft_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define KEY_MAX 64 /* of a network's name; a longer one is told by its digest */

const struct fw_nft_chain fw_nft_chains[] = {
	{ FW_NFT_ADMIN, NULL },
	{ "ingress", NULL },
	{ "egress", NULL },
	{ "guard", NULL },
	{ "translate", NULL },
	{ "ports", NULL },
	{ "forward", "type filter hook forward priority 0" },
	{ "input", "type filter hook input priority 0" },
	{ "prerouting", "type nat hook prerouting priority -100" },
	{ "output", "type nat hook output priority -100" },
	{ "postrouting", "type nat hook postrouting priority 100" },
};
const size_t fw_nft_n_chains = ARRAY_SIZE(fw_nft_chains);

static const struct {
	const char *chain, *text;
} base_rules[] = {
	{ "forward", "jump " FW_NFT_ADMIN },
	{ "forward", "jump ingress" },
	{ "forward", "jump egress" },
	{ "input", "jump guard" },
	{ "prerouting", "fib daddr type local jump ports" },
	{ "output", "fib daddr type local jump ports" },
	{ "postrouting", "jump translate" },
};

static const struct {
	const char *iptables, *nft;
} chain_names[] = {
	{ FIREWALL_CHAIN_FORWARD, "egress" }, { FIREWALL_CHAIN_INGRESS, "ingress" },
	{ FIREWALL_CHAIN_INPUT, "guard" },    { FIREWALL_CHAIN_POSTROUTING, "translate" },
	{ FIREWALL_CHAIN_PORTS, "ports" },
};

static const char *chain_of(const struct firewall_rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(chain_names); i++) {
		if (str_eq(chain_names[i].iptables, rule->chain))
			return chain_names[i].nft;
	}
	return FW_NFT_ADMIN; /* which the rules of no network name */
}

void fw_nft_rules_free(struct fw_nft_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		free(rules->items[i].text);
	free(rules->items);
	*rules = (struct fw_nft_rules){ .items = NULL };
}

/* ---- comments ---- */

static uint64_t digest(uint64_t hash, const char *text)
{
	for (size_t i = 0; i <= strlen(text); i++) {
		hash ^= (unsigned char)text[i];
		hash *= 0x100000001b3ULL;
	}
	return hash;
}
#define DIGEST_START 0xcbf29ce484222325ULL

void fw_nft_network_prefix(const struct network *net, char prefix[FW_NFT_COMMENT_SIZE])
{
	unsigned long long hash = digest(DIGEST_START, net->name);

	if (strlen(net->name) <= KEY_MAX)
		(void)snprintf(prefix, FW_NFT_COMMENT_SIZE, "ct-netns: %s ", net->name);
	else
		(void)snprintf(prefix, FW_NFT_COMMENT_SIZE, "ct-netns: %.*s~%016llx ", KEY_MAX - 17,
			       net->name, hash);
}

void fw_nft_ports_prefix(const struct attachment *att, char prefix[FW_NFT_COMMENT_SIZE])
{
	(void)snprintf(prefix, FW_NFT_COMMENT_SIZE, "ct-netns port: %s ", att->veth);
}

/* Takes text. */
static void add(struct fw_nft_rules *rules, const char *chain, const char *prefix, char *text)
{
	unsigned long long hash = digest(digest(DIGEST_START, chain), text);
	struct fw_nft_rule *rule = NULL;

	rules->items = xreallocarray(rules->items, rules->n + 1, sizeof(*rules->items));
	rule = &rules->items[rules->n++];
	*rule = (struct fw_nft_rule){ .chain = chain, .text = text };
	(void)snprintf(rule->comment, sizeof(rule->comment), "%.100s%016llx", prefix, hash);
}

/* ---- translation ---- */

static const char *ip_word(int family)
{
	return family == AF_INET6 ? "ip6" : "ip";
}

static void put_matches(const struct firewall_rule *rule, struct strbuf *text)
{
	const char *ip = ip_word(rule->family);

	if (!ip_is_set(&rule->src.addr) && !ip_is_set(&rule->dst.addr))
		strbuf_printf(text, "meta nfproto %s ", rule->family == AF_INET6 ? "ipv6" : "ipv4");
	if (ip_is_set(&rule->src.addr))
		strbuf_printf(text, "%s saddr %s ", ip, ip_prefix_text(&rule->src).text);
	if (ip_is_set(&rule->dst.addr))
		strbuf_printf(text, "%s daddr %s%s ", ip, rule->not_dst ? "!= " : "",
			      ip_prefix_text(&rule->dst).text);
	if (rule->in[0] != '\0')
		strbuf_printf(text, "iifname \"%s%s\" ", rule->in, rule->begins ? "*" : "");
	if (rule->out[0] != '\0')
		strbuf_printf(text, "oifname %s\"%s%s\" ", rule->not_out ? "!= " : "", rule->out,
			      rule->begins ? "*" : "");
	if (rule->port)
		strbuf_printf(text, "%s dport %u", record_protocol_name(rule->proto), rule->port);
	if (rule->port && rule->last_port > rule->port)
		strbuf_printf(text, "-%u", rule->last_port);
	if (rule->port)
		strbuf_puts(text, " ");
}

static void put_states(const struct firewall_rule *rule, struct strbuf *text)
{
	static const struct {
		unsigned int state;
		const char *words;
	} words[] = { { FIREWALL_CT_NEW, "new" },
		      { FIREWALL_CT_ESTABLISHED, "established,related" },
		      { FIREWALL_CT_INVALID, "invalid" } };
	const char *separator = "ct state ";

	if (rule->ct_state & FIREWALL_CT_DNAT)
		strbuf_puts(text, "ct status dnat ");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(rule->ct_state & words[i].state))
			continue;
		strbuf_printf(text, "%s%s", separator, words[i].words);
		separator = ",";
	}
	if (rule->ct_state & ~(unsigned int)FIREWALL_CT_DNAT)
		strbuf_puts(text, " ");
}

/* The n-th port becomes the n-th. nft has no word for that, but a map, unless nothing moves. */
static void put_dnat(const struct firewall_rule *rule, struct strbuf *text)
{
	const struct ip_text addr = ip_addr_text(&rule->to);
	const bool is_run = rule->last_port > rule->port;

	strbuf_printf(text, "dnat %s to ", ip_word(rule->family));
	if (is_run && rule->to_port == rule->port) {
		strbuf_puts(text, addr.text);
		return;
	}
	if (!is_run) {
		strbuf_printf(text, rule->family == AF_INET6 ? "[%s]:%u" : "%s:%u", addr.text,
			      rule->to_port);
		return;
	}
	strbuf_printf(text, "%s : %s dport map { ", addr.text, record_protocol_name(rule->proto));
	for (unsigned int i = 0; rule->port + i <= rule->last_port; i++)
		strbuf_printf(text, "%s%u : %u", i > 0 ? ", " : "", rule->port + i,
			      rule->to_port + i);
	strbuf_puts(text, " }");
}

static void put_verdict(const struct firewall_rule *rule, struct strbuf *text)
{
	const struct ip_text to = ip_addr_text(&rule->to);

	if (str_eq(rule->target, "ACCEPT"))
		strbuf_puts(text, "accept");
	else if (str_eq(rule->target, "DROP"))
		strbuf_puts(text, "drop");
	else if (str_eq(rule->target, "RETURN"))
		strbuf_puts(text, "return");
	else if (str_eq(rule->target, "MASQUERADE"))
		strbuf_puts(text, "masquerade");
	else if (str_eq(rule->target, "SNAT"))
		strbuf_printf(text, "snat %s to %s", ip_word(rule->family), to.text);
	else
		put_dnat(rule, text);
	if (rule->random_fully)
		strbuf_puts(text, " fully-random");
}

static void translate(const struct firewall_rules *from, const char *prefix,
		      struct fw_nft_rules *rules)
{
	for (size_t i = 0; i < from->n; i++) {
		struct strbuf text = { .text = NULL };

		put_matches(&from->items[i], &text);
		put_states(&from->items[i], &text);
		put_verdict(&from->items[i], &text);
		add(rules, chain_of(&from->items[i]), prefix, text.text);
	}
}

static const int families[] = { AF_INET, AF_INET6 };

void fw_nft_rules_of(const struct network *net, struct fw_nft_rules *rules)
{
	char prefix[FW_NFT_COMMENT_SIZE];

	fw_nft_network_prefix(net, prefix);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		autorules struct firewall_rules from = { .items = NULL };

		firewall_rules_of(net, families[i], &from);
		translate(&from, prefix, rules);
	}
}

void fw_nft_port_rules(const struct attachment *att, struct fw_nft_rules *rules)
{
	char prefix[FW_NFT_COMMENT_SIZE];

	fw_nft_ports_prefix(att, prefix);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		autorules struct firewall_rules from = { .items = NULL };

		firewall_port_rules(att, families[i], &from);
		translate(&from, prefix, rules);
	}
}

void fw_nft_base_rules(struct fw_nft_rules *rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(base_rules); i++)
		add(rules, base_rules[i].chain, FIREWALL_COMMENT_JUMP " ",
		    xstrdup(base_rules[i].text));
}
