/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/firewall_rule.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/network_routed.h"

const struct firewall_chain firewall_chains[] = {
	{ "filter", FIREWALL_CHAIN_FORWARD },  { "filter", FIREWALL_CHAIN_ADMIN },
	{ "filter", FIREWALL_CHAIN_INGRESS },  { "filter", FIREWALL_CHAIN_INPUT },
	{ "nat", FIREWALL_CHAIN_POSTROUTING }, { "nat", FIREWALL_CHAIN_PORTS },
};
const size_t firewall_n_chains = ARRAY_SIZE(firewall_chains);

const struct firewall_jump firewall_jumps[] = {
	{ "filter", "FORWARD", FIREWALL_CHAIN_FORWARD, 0, false },
	{ "filter", FIREWALL_CHAIN_FORWARD, FIREWALL_CHAIN_ADMIN, 0, false },
	{ "filter", FIREWALL_CHAIN_FORWARD, FIREWALL_CHAIN_INGRESS, 1, false },
	{ "filter", "INPUT", FIREWALL_CHAIN_INPUT, 0, false },
	{ "nat", "POSTROUTING", FIREWALL_CHAIN_POSTROUTING, FIREWALL_LAST, false },
	{ "nat", "PREROUTING", FIREWALL_CHAIN_PORTS, FIREWALL_LAST, true },
	{ "nat", "OUTPUT", FIREWALL_CHAIN_PORTS, FIREWALL_LAST, true },
};
const size_t firewall_n_jumps = ARRAY_SIZE(firewall_jumps);
_Static_assert(ARRAY_SIZE(firewall_jumps) <= FIREWALL_MAX_JUMPS, "room for what is found of them");

void firewall_rules_free(struct firewall_rules *rules)
{
	free(rules->items);
	*rules = (struct firewall_rules){ .items = NULL };
}

int firewall_comment(const struct network *net, char comment[FIREWALL_COMMENT_SIZE],
		     struct err *err)
{
	return str_format(comment, FIREWALL_COMMENT_SIZE, "firewall comment", err, "ct-netns: %s",
			  net->name);
}

struct firewall_rule firewall_jump_rule(const struct firewall_jump *jump, int family)
{
	return (struct firewall_rule){
		.family = family,
		.table = jump->table,
		.chain = jump->parent,
		.target = jump->chain,
		.dst_local = jump->dst_local,
		.comment = FIREWALL_COMMENT_JUMP,
	};
}

/* ---- the rules of a network ---- */

struct list {
	struct firewall_rules *rules;
	const struct network *net;
	int family;
};

/* The pointer is good until the next one is added. */
static struct firewall_rule *add(const struct list *list, const char *table, const char *chain,
				 const char *target)
{
	struct firewall_rules *rules = list->rules;
	struct firewall_rule *rule = NULL;

	rules->items = xreallocarray(rules->items, rules->n + 1, sizeof(*rules->items));
	rule = &rules->items[rules->n++];
	*rule = (struct firewall_rule){
		.family = list->family, .table = table, .chain = chain, .target = target
	};
	(void)snprintf(rule->comment, sizeof(rule->comment), "ct-netns: %s", list->net->name);
	return rule;
}

static struct firewall_rule *set_in(struct firewall_rule *rule, const struct list *list)
{
	rule->begins = network_ports(list->net, rule->in);
	return rule;
}

static struct firewall_rule *set_out(struct firewall_rule *rule, const struct list *list)
{
	rule->begins = network_ports(list->net, rule->out);
	return rule;
}

static struct firewall_rule *add_ingress(const struct list *list, const char *target,
					 unsigned int ct_state)
{
	struct firewall_rule *rule = add(list, "filter", FIREWALL_CHAIN_INGRESS, target);

	rule->ct_state = ct_state;
	return set_out(rule, list);
}

/*
 * A bridge keeps isolated ports apart by itself; between those of a routed network all goes through
 * here. What was published may be used by neighbours all the same, as it may on a bridge.
 */
static void add_port_isolation(const struct list *list)
{
	(void)set_in(add_ingress(list, "ACCEPT", FIREWALL_CT_DNAT), list);
	(void)set_in(add_ingress(list, "DROP", 0), list);
}

/* What is sent to containers. An internal network has no outside, whatever its ingress says. */
static void add_to_containers(const struct list *list)
{
	const struct network *net = list->net;

	if (net->routed && net->shape.port_isolation)
		add_port_isolation(list);
	if (net->ingress == NETWORK_INGRESS_OPEN && !net->internal) {
		(void)add_ingress(list, "ACCEPT", 0);
		return;
	}
	if (net->ingress != NETWORK_INGRESS_ISOLATED)
		(void)set_in(add_ingress(list, "ACCEPT", 0), list);
	if (!net->internal) {
		(void)add_ingress(list, "ACCEPT", FIREWALL_CT_ESTABLISHED);
		(void)add_ingress(list, "ACCEPT", FIREWALL_CT_DNAT);
	}
	(void)add_ingress(list, "DROP", 0);
}

/* What containers send. What conntrack cannot place would leave with a private address. */
static void add_from_containers(const struct list *list)
{
	const struct network *net = list->net;

	if (net->ingress == NETWORK_INGRESS_OPEN && !net->internal) {
		(void)set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD, "ACCEPT"), list);
		return;
	}
	if (!net->internal)
		set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD, "DROP"), list)->ct_state =
			FIREWALL_CT_INVALID;
	set_out(set_in(add(list, "filter", FIREWALL_CHAIN_FORWARD,
			   net->internal ? "DROP" : "ACCEPT"),
		       list),
		list)
		->not_out = true;
}

static struct ip_prefix loopback(void)
{
	return (struct ip_prefix){ .addr = ip_from_u32(0x7f000000), .len = 8 };
}

static struct ip_prefix multicast(int family)
{
	struct ip_prefix ipv6 = { .addr = { .family = AF_INET6, .bytes = { 0xff } }, .len = 8 };

	if (family == AF_INET6)
		return ipv6;
	return (struct ip_prefix){ .addr = ip_from_u32(0xe0000000), .len = 4 };
}

/*
 * Ports published on 127.0.0.1 need route_localnet on the bridge, which lets containers send to the
 * host's 127.0.0.0/8 as well; only answers may.
 */
static void add_loopback_guard(const struct list *list)
{
	struct firewall_rule *rule = NULL;

	if (list->family != AF_INET)
		return;
	rule = set_in(add(list, "filter", FIREWALL_CHAIN_INPUT, "DROP"), list);
	rule->dst = loopback();
	rule->ct_state = FIREWALL_CT_NEW | FIREWALL_CT_INVALID;
}

static struct firewall_rule *add_nat(const struct list *list, const struct ip_prefix *src,
				     const char *target)
{
	struct firewall_rule *rule = add(list, "nat", FIREWALL_CHAIN_POSTROUTING, target);

	rule->src = *src;
	return rule;
}

static void add_hairpin_of(const struct list *list, const struct ip_prefix *src)
{
	const struct network *net = list->net;
	struct firewall_rule *rule =
		set_out(add_nat(list, src, net->routed ? "SNAT" : "MASQUERADE"), list);

	rule->ct_state = FIREWALL_CT_DNAT;
	/* The host ends have no address that MASQUERADE could choose. */
	if (net->routed)
		rule->to = *network_gateway(net, list->family);
}

/*
 * A published port that is used from a neighbour, from the container itself or from 127.0.0.1: the
 * answer has to come back this way.
 */
static void add_hairpin(const struct list *list)
{
	const struct ip_prefix localhost = loopback();

	if (list->family == AF_INET)
		add_hairpin_of(list, &localhost);
	for (size_t i = 0; i < list->net->n_ranges; i++) {
		const struct ip_prefix *subnet = &list->net->ranges[i].subnet;

		if (subnet->addr.family == list->family)
			add_hairpin_of(list, subnet);
	}
}

static void add_masquerade(const struct list *list, const struct ip_prefix *subnet)
{
	const struct network *net = list->net;
	const struct ip_addr *to = list->family == AF_INET6 ? &net->snat6 : &net->snat;
	struct firewall_rule *rule = NULL;

	for (size_t i = 0; i < net->n_masq_exclude; i++) {
		const struct ip_prefix *exclude = &net->masq_exclude[i];

		if (exclude->addr.family == list->family)
			add_nat(list, subnet, "RETURN")->dst = ip_network(exclude);
	}
	rule = set_out(add_nat(list, subnet, ip_is_set(to) ? "SNAT" : "MASQUERADE"), list);
	rule->not_out = true;
	rule->dst = multicast(list->family);
	rule->not_dst = true;
	rule->to = *to;
	rule->random_fully = net->masq_random_fully;
}

void firewall_rules_of(const struct network *net, int family, struct firewall_rules *rules)
{
	const struct list list = { .rules = rules, .net = net, .family = family };

	if (!network_has_family(net, family))
		return;
	add_to_containers(&list);
	add_from_containers(&list);
	add_loopback_guard(&list);
	if (net->internal)
		return;
	add_hairpin(&list);
	for (size_t i = 0; net->ip_masq && i < net->n_ranges; i++) {
		if (net->ranges[i].subnet.addr.family == family)
			add_masquerade(&list, &net->ranges[i].subnet);
	}
}

/* ---- published ports ---- */

void firewall_port_comment(const struct attachment *att, char comment[FIREWALL_COMMENT_SIZE])
{
	/* The veth's name tells whose it is; the id is for people, as far as there is room. */
	(void)snprintf(comment, FIREWALL_COMMENT_SIZE, "ct-netns port: %s %.200s", att->veth,
		       att->container);
}

static void add_port(const struct attachment *att, const struct record_port *port, int family,
		     struct firewall_rules *rules)
{
	const struct attachment_address *address = attachment_address_of(att, family);
	struct firewall_rule *rule = NULL;

	if (!address || (ip_is_set(&port->host) && port->host.family != family))
		return;
	rules->items = xreallocarray(rules->items, rules->n + 1, sizeof(*rules->items));
	rule = &rules->items[rules->n++];
	*rule = (struct firewall_rule){
		.family = family,
		.table = "nat",
		.chain = FIREWALL_CHAIN_PORTS,
		.target = "DNAT",
		.proto = port->proto,
		.port = port->host_port,
		.last_port = (uint16_t)(port->host_port + port->count - 1),
		.to = address->prefix.addr,
		.to_port = port->container_port,
	};
	if (!ip_is_any(&port->host))
		rule->dst = ip_host_prefix(&port->host);
	firewall_port_comment(att, rule->comment);
}

void firewall_port_rules(const struct attachment *att, int family, struct firewall_rules *rules)
{
	for (size_t i = 0; i < att->n_ports; i++)
		add_port(att, &att->ports[i], family, rules);
}

/* ---- for people ---- */

static void put_states(unsigned int states, struct strbuf *text)
{
	static const struct {
		unsigned int state;
		const char *name;
	} names[] = { { FIREWALL_CT_NEW, "NEW" },
		      { FIREWALL_CT_ESTABLISHED, "RELATED,ESTABLISHED" },
		      { FIREWALL_CT_INVALID, "INVALID" },
		      { FIREWALL_CT_DNAT, "DNAT" } };
	const char *separator = "-m conntrack --ctstate ";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(states & names[i].state))
			continue;
		strbuf_printf(text, "%s%s", separator, names[i].name);
		separator = ",";
	}
	if (states)
		strbuf_puts(text, " ");
}

static void put_translation(const struct firewall_rule *rule, struct strbuf *text)
{
	const struct ip_text addr = ip_addr_text(&rule->to);
	const bool is_ipv6 = rule->to.family == AF_INET6;

	if (str_eq(rule->target, "SNAT"))
		strbuf_printf(text, " --to-source %s", addr.text);
	if (str_eq(rule->target, "DNAT")) {
		strbuf_printf(text, " --to-destination %s%s%s:%u", is_ipv6 ? "[" : "", addr.text,
			      is_ipv6 ? "]" : "", rule->to_port);
		if (rule->last_port > rule->port)
			strbuf_printf(text, "-%u/%u", rule->to_port + rule->last_port - rule->port,
				      rule->port);
	}
	if (rule->random_fully)
		strbuf_puts(text, " --random-fully");
}

void firewall_rule_text(const struct firewall_rule *rule, struct strbuf *text)
{
	if (ip_is_set(&rule->src.addr))
		strbuf_printf(text, "-s %s ", ip_prefix_text(&rule->src).text);
	if (ip_is_set(&rule->dst.addr))
		strbuf_printf(text, "%s-d %s ", rule->not_dst ? "! " : "",
			      ip_prefix_text(&rule->dst).text);
	if (rule->in[0] != '\0')
		strbuf_printf(text, "-i %s%s ", rule->in, rule->begins ? "+" : "");
	if (rule->out[0] != '\0')
		strbuf_printf(text, "%s-o %s%s ", rule->not_out ? "! " : "", rule->out,
			      rule->begins ? "+" : "");
	if (rule->proto)
		strbuf_printf(text, "-p %s ", record_protocol_name(rule->proto));
	if (rule->dst_local)
		strbuf_puts(text, "-m addrtype --dst-type LOCAL ");
	put_states(rule->ct_state, text);
	if (rule->port && rule->last_port > rule->port)
		strbuf_printf(text, "-m multiport --dports %u:%u ", rule->port, rule->last_port);
	else if (rule->port)
		strbuf_printf(text, "-m multiport --dports %u ", rule->port);
	strbuf_printf(text, "-j %s", rule->target);
	put_translation(rule, text);
}
