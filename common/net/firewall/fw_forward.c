/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_forward.h"

#include <linux/netfilter.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/firewall/fw_lock.h"
#include "common/net/firewall/fw_nft_kernel.h"
#include "common/net/firewall/fw_nft_rule.h"
#include "common/net/network_routed.h"

static bool is_ours(const struct fw_nft_forward *chain)
{
	return chain->family == NFPROTO_INET && str_eq(chain->table, FW_NFT_TABLE);
}

int fw_forward_any(struct err *err)
{
	autonftforward struct fw_nft_forward_list chains = { .items = NULL };

	if (fw_nft_forward_chains(&chains, err) < 0)
		return -err->code;
	for (size_t i = 0; i < chains.n; i++) {
		if (!is_ours(&chains.items[i]))
			return 1;
	}
	return 0;
}

/* A chain of a table of one family does not see the other's packets. */
static bool concerns(const struct fw_nft_forward *chain, const struct network *net)
{
	if (is_ours(chain))
		return false;
	if (chain->family == NFPROTO_IPV4)
		return network_has_family(net, AF_INET);
	return chain->family != NFPROTO_IPV6 || network_has_family(net, AF_INET6);
}

/* What is in one chain: does it drop all that is left, and which of its rules are the network's? */
struct look {
	bool drops;
	bool is_firewalld;
	size_t n_ours;
	struct fw_nft_found_list rules;
};
#define autolook __attribute__((cleanup(look_free)))

static void look_free(struct look *look)
{
	fw_nft_found_free(&look->rules);
}

/* It sends packets on to zones; known by that in its own table and in those of iptables-nft. */
static bool is_of_firewalld(const struct fw_nft_found *rule)
{
	return str_eq(rule->chain, "filter_FORWARD_ZONES") || str_eq(rule->chain, "FORWARD_ZONES");
}

static int look_at(const struct fw_nft_forward *chain, const char *prefix, struct look *look,
		   struct err *err)
{
	if (fw_nft_read(chain->family, chain->table, &look->rules, err) < 0)
		return -err->code;
	look->drops = chain->policy_drop;
	for (size_t i = 0; i < look->rules.n; i++) {
		const struct fw_nft_found *rule = &look->rules.items[i];

		look->is_firewalld = look->is_firewalld || is_of_firewalld(rule);
		if (!str_eq(rule->chain, chain->chain))
			continue;
		look->drops = look->drops || rule->drops_all;
		look->n_ours += str_starts(rule->comment, prefix);
	}
	return 0;
}

static void put_deletions(const struct fw_nft_forward *chain, const struct look *look,
			  const char *prefix, struct strbuf *text)
{
	for (size_t i = 0; i < look->rules.n; i++) {
		const struct fw_nft_found *rule = &look->rules.items[i];

		if (str_eq(rule->chain, chain->chain) && str_starts(rule->comment, prefix))
			strbuf_printf(text, "delete rule %s %s %s handle %llu\n",
				      fw_nft_family_name(chain->family), chain->table, chain->chain,
				      (unsigned long long)rule->handle);
	}
}

/* What is done to the chains, for whom. */
struct errand {
	const struct network *net;
	enum {
		CHECK,
		ENSURE,
		REMOVE,
	} wish;
	bool zoned;
	bool quiet; /* what cannot be done has been said */
};

static const char *const directions[] = { "oifname", "iifname" };

/* So many of them, from the first. */
static size_t rules_wanted(const struct errand *errand, const struct look *look)
{
	if (!errand->zoned || !look->is_firewalld)
		return ARRAY_SIZE(directions);
	return errand->net->ingress == NETWORK_INGRESS_OPEN ? 1 : 0;
}

static void put_accepts(const struct fw_nft_forward *chain, const struct network *net, size_t n,
			const char *prefix, struct strbuf *text)
{
	char ports[IFNAMSIZ];
	const char *more = network_ports(net, ports) ? "*" : "";

	for (size_t i = 0; i < n; i++)
		strbuf_printf(text,
			      "insert rule %s %s %s %s \"%s%s\" counter accept comment \"%s\"\n",
			      fw_nft_family_name(chain->family), chain->table, chain->chain,
			      directions[i], ports, more, prefix);
}

static const char *named(const struct network *net)
{
	return net->routed ? net->name : network_gateway_if(net);
}

/* Nobody but its owner can change such a table. */
static int plan_owned(const struct fw_nft_forward *chain, const struct errand *errand,
		      const struct report *report)
{
	const char *family = fw_nft_family_name(chain->family);
	const char *whose = named(errand->net);

	if (errand->wish == CHECK)
		report_item(report, REPORT_RULE, REPORT_WRONG,
			    "nft %s %s %s drops, and a program owns it: let that one accept what "
			    "'%s' sends and gets",
			    family, chain->table, chain->chain, whose);
	else if (!errand->quiet)
		log_warning(
			"network '%s': nft %s %s %s drops what is forwarded, and a program owns "
			"it: let that one accept what '%s' sends and gets",
			errand->net->name, family, chain->table, chain->chain, whose);
	return errand->wish == CHECK;
}

/* Commands for one chain into text; returns how many rules are wrong, or would go. */
static int plan_chain(const struct fw_nft_forward *chain, const struct errand *errand,
		      const struct report *report, struct strbuf *text, struct err *err)
{
	autolook struct look look = { .drops = false };
	char prefix[FW_NFT_COMMENT_SIZE];
	size_t wanted = 0;

	fw_nft_network_prefix(errand->net, prefix);
	if (look_at(chain, prefix, &look, err) < 0)
		return -err->code;
	wanted = errand->wish == REMOVE ? 0 : rules_wanted(errand, &look);
	if (look.n_ours == wanted || (!look.drops && wanted > 0))
		return 0;
	if (chain->owned)
		return plan_owned(chain, errand, report);
	put_deletions(chain, &look, prefix, text);
	put_accepts(chain, errand->net, wanted, prefix, text);
	report_item(report, REPORT_RULE, errand->wish == CHECK ? REPORT_WRONG : REPORT_CHANGED,
		    "nft %s %s %s, which drops: accept what '%s' %s",
		    fw_nft_family_name(chain->family), chain->table, chain->chain,
		    named(errand->net),
		    wanted == 0   ? "sent (removed)"
		    : wanted == 1 ? "gets"
				  : "sends and gets");
	return (int)(wanted > 0 ? wanted : look.n_ours);
}

static int plan(const struct errand *errand, const struct report *report, struct strbuf *text,
		struct err *err)
{
	autonftforward struct fw_nft_forward_list chains = { .items = NULL };
	int total = 0;

	if (fw_nft_forward_chains(&chains, err) < 0)
		return -err->code;
	for (size_t i = 0; i < chains.n; i++) {
		const struct fw_nft_forward *chain = &chains.items[i];
		int n = concerns(chain, errand->net) ? plan_chain(chain, errand, report, text, err)
						     : 0;

		if (n < 0)
			return n;
		total += n;
	}
	return total;
}

/* Planned again under the lock: another of us may have been faster. */
static int carry_out(struct errand errand, const struct report *report, struct err *err)
{
	autostrbuf struct strbuf first = { .text = NULL };
	autostrbuf struct strbuf text = { .text = NULL };
	int n = plan(&errand, NULL, &first, err);

	if (n <= 0)
		return n;
	autoclose int lock_fd = fw_lock(err);

	if (lock_fd < 0)
		return lock_fd;
	errand.quiet = true;
	n = plan(&errand, report, &text, err);
	if (n > 0 && fw_nft_run(text.text, err) < 0)
		return -err->code;
	return n;
}

int fw_forward_ensure(const struct network *net, bool zoned, const struct report *report,
		      struct err *err)
{
	return carry_out((struct errand){ .net = net, .wish = ENSURE, .zoned = zoned }, report,
			 err);
}

int fw_forward_check(const struct network *net, bool zoned, const struct report *report,
		     struct err *err)
{
	const struct errand errand = { .net = net, .wish = CHECK, .zoned = zoned };
	autostrbuf struct strbuf text = { .text = NULL };

	return plan(&errand, report, &text, err);
}

int fw_forward_remove(const struct network *net, const struct report *report, struct err *err)
{
	return carry_out((struct errand){ .net = net, .wish = REMOVE }, report, err);
}
