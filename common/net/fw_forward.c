/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/fw_forward.h"

#include <linux/netfilter.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/net/fw_lock.h"
#include "common/net/fw_nft_kernel.h"
#include "common/net/fw_nft_rule.h"
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
	size_t n_ours;
	struct fw_nft_found_list rules;
};
#define autolook __attribute__((cleanup(look_free)))

static void look_free(struct look *look)
{
	fw_nft_found_free(&look->rules);
}

static int look_at(const struct fw_nft_forward *chain, const char *prefix, struct look *look,
		   struct err *err)
{
	if (fw_nft_read(chain->family, chain->table, &look->rules, err) < 0)
		return -err->code;
	look->drops = chain->policy_drop;
	for (size_t i = 0; i < look->rules.n; i++) {
		const struct fw_nft_found *rule = &look->rules.items[i];

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

static const char *const directions[] = { "oifname", "iifname" };

static void put_accepts(const struct fw_nft_forward *chain, const struct network *net,
			const char *prefix, struct strbuf *text)
{
	char ports[IFNAMSIZ];
	const char *more = network_ports(net, ports) ? "*" : "";

	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		strbuf_printf(text,
			      "insert rule %s %s %s %s \"%s%s\" counter accept comment \"%s\"\n",
			      fw_nft_family_name(chain->family), chain->table, chain->chain,
			      directions[i], ports, more, prefix);
}

enum wish {
	CHECK,
	ENSURE,
	REMOVE,
};

/* Commands for one chain into text; returns how many rules are wrong, or would go. */
static int plan_chain(const struct fw_nft_forward *chain, const struct network *net, enum wish wish,
		      struct strbuf *text, struct err *err)
{
	autolook struct look look = { .drops = false };
	char prefix[FW_NFT_COMMENT_SIZE];

	fw_nft_network_prefix(net, prefix);
	if (look_at(chain, prefix, &look, err) < 0)
		return -err->code;
	if (wish == REMOVE) {
		put_deletions(chain, &look, prefix, text);
		return (int)look.n_ours;
	}
	if (!look.drops || look.n_ours == ARRAY_SIZE(directions))
		return 0;
	put_deletions(chain, &look, prefix, text);
	put_accepts(chain, net, prefix, text);
	return (int)ARRAY_SIZE(directions);
}

static int plan(const struct network *net, enum wish wish, const struct report *report,
		struct strbuf *text, struct err *err)
{
	autonftforward struct fw_nft_forward_list chains = { .items = NULL };
	int total = 0;

	if (fw_nft_forward_chains(&chains, err) < 0)
		return -err->code;
	for (size_t i = 0; i < chains.n; i++) {
		const struct fw_nft_forward *chain = &chains.items[i];
		int n = concerns(chain, net) ? plan_chain(chain, net, wish, text, err) : 0;

		if (n < 0)
			return n;
		if (n > 0)
			report_item(report, REPORT_RULE,
				    wish == CHECK ? REPORT_WRONG : REPORT_CHANGED,
				    "nft %s %s %s, which drops: accept what '%s' %s",
				    fw_nft_family_name(chain->family), chain->table, chain->chain,
				    net->routed ? net->name : network_gateway_if(net),
				    wish == REMOVE ? "sent (removed)" : "sends and gets");
		total += n;
	}
	return total;
}

int fw_forward_check(const struct network *net, const struct report *report, struct err *err)
{
	autostrbuf struct strbuf text = { .text = NULL };

	return plan(net, CHECK, report, &text, err);
}

/* Planned again under the lock: another of us may have been faster. */
static int carry_out(const struct network *net, enum wish wish, const struct report *report,
		     struct err *err)
{
	autostrbuf struct strbuf first = { .text = NULL };
	autostrbuf struct strbuf text = { .text = NULL };
	int n = plan(net, wish, NULL, &first, err);

	if (n <= 0)
		return n;
	autoclose int lock_fd = fw_lock(err);

	if (lock_fd < 0)
		return lock_fd;
	n = plan(net, wish, report, &text, err);
	if (n > 0 && fw_nft_run(text.text, err) < 0)
		return -err->code;
	return n;
}

int fw_forward_ensure(const struct network *net, const struct report *report, struct err *err)
{
	return carry_out(net, ENSURE, report, err);
}

int fw_forward_remove(const struct network *net, const struct report *report, struct err *err)
{
	return carry_out(net, REMOVE, report, err);
}
