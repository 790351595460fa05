/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall_rule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct firewall_chain firewall_chains[] = {
	{ "filter", FIREWALL_CHAIN_FORWARD, "FORWARD", true },
	{ "filter", FIREWALL_CHAIN_INGRESS, FIREWALL_CHAIN_FORWARD, true },
	{ "nat", FIREWALL_CHAIN_POSTROUTING, "POSTROUTING", false },
};
const size_t firewall_n_chains = ARRAY_SIZE(firewall_chains);

int firewall_comment(const struct network *net, char comment[FIREWALL_COMMENT_SIZE],
		     struct err *err)
{
	return str_format(comment, FIREWALL_COMMENT_SIZE, "firewall comment", err, "ct-netns: %s",
			  net->name);
}

struct firewall_rule firewall_jump(const struct firewall_chain *chain)
{
	return (struct firewall_rule){
		.table = chain->table,
		.chain = chain->parent,
		.target = chain->name,
		.comment = FIREWALL_COMMENT_JUMP,
	};
}

struct list {
	struct firewall_rule *rules;
	size_t n;
	const struct network *net;
};

static struct firewall_rule *add(struct list *list, const char *table, const char *chain,
				 const char *target)
{
	struct firewall_rule *rule = &list->rules[list->n++];

	*rule = (struct firewall_rule){ .table = table, .chain = chain, .target = target };
	(void)snprintf(rule->comment, sizeof(rule->comment), "ct-netns: %s", list->net->name);
	return rule;
}

static struct firewall_rule *set_in(struct firewall_rule *rule, const char *name)
{
	(void)snprintf(rule->in, sizeof(rule->in), "%s", name);
	return rule;
}

static struct firewall_rule *set_out(struct firewall_rule *rule, const char *name)
{
	(void)snprintf(rule->out, sizeof(rule->out), "%s", name);
	return rule;
}

/* Replies and neighbours come in, nothing else does; what conntrack cannot place does not leave,
 * because it would leave with the container's private address. */
static void add_established(struct list *list)
{
	const char *bridge = list->net->bridge;

	(void)set_in(set_out(add(list, "filter", FIREWALL_CHAIN_INGRESS, "ACCEPT"), bridge),
		     bridge);
	set_out(add(list, "filter", FIREWALL_CHAIN_INGRESS, "ACCEPT"), bridge)->ct_state =
		FIREWALL_CT_ESTABLISHED;
	(void)set_out(add(list, "filter", FIREWALL_CHAIN_INGRESS, "DROP"), bridge);
	set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD, "DROP"), bridge)->ct_state =
		FIREWALL_CT_INVALID;
	set_out(set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD, "ACCEPT"), bridge), bridge)
		->not_out = true;
}

static void add_open(struct list *list)
{
	(void)set_out(add(list, "filter", FIREWALL_CHAIN_INGRESS, "ACCEPT"), list->net->bridge);
	(void)set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD, "ACCEPT"), list->net->bridge);
}

size_t firewall_rules(const struct network *net, struct firewall_rule rules[FIREWALL_MAX_RULES])
{
	struct list list = { .rules = rules, .net = net };

	switch (net->ingress) {
	case NETWORK_INGRESS_ESTABLISHED:
		add_established(&list);
		break;
	case NETWORK_INGRESS_OPEN:
		add_open(&list);
		break;
	}
	for (size_t i = 0; net->ip_masq && i < net->n_ranges; i++) {
		struct firewall_rule *rule = NULL;

		if (net->ranges[i].subnet.addr.family != AF_INET)
			continue;
		rule = add(&list, "nat", FIREWALL_CHAIN_POSTROUTING, "MASQUERADE");
		rule->src = net->ranges[i].subnet;
		rule->not_multicast = true;
		set_out(rule, net->bridge)->not_out = true;
	}
	return list.n;
}

void firewall_rule_text(const struct firewall_rule *rule, struct strbuf *text)
{
	if (ip_is_set(&rule->src.addr))
		strbuf_printf(text, "-s %s ", ip_prefix_text(&rule->src).text);
	if (rule->not_multicast)
		strbuf_puts(text, "! -d 224.0.0.0/4 ");
	if (rule->in[0] != '\0')
		strbuf_printf(text, "-i %s ", rule->in);
	if (rule->out[0] != '\0')
		strbuf_printf(text, "%s-o %s ", rule->not_out ? "! " : "", rule->out);
	if (rule->ct_state & FIREWALL_CT_ESTABLISHED)
		strbuf_puts(text, "-m conntrack --ctstate RELATED,ESTABLISHED ");
	if (rule->ct_state & FIREWALL_CT_INVALID)
		strbuf_puts(text, "-m conntrack --ctstate INVALID ");
	strbuf_printf(text, "-j %s", rule->target);
}
