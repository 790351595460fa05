/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/firewall/firewall.h"
#include "common/net/firewall/fw_lock.h"
#include "common/net/firewall/fw_nft_kernel.h"
#include "common/net/firewall/fw_nft_rule.h"

/*
 * The back end of nf_tables: table "inet ct-netns" (fw_nft_rule.h), all of it ours. What is there is
 * read by netlink and told by the comments; what is not right is replaced in one transaction. Writers
 * hold the lock of the legacy back end too, so that two of them do not both add what is missing.
 */

#define JUMP_PREFIX FIREWALL_COMMENT_JUMP " "
#define PORT_PREFIX "ct-netns port: "

/* What a network or an attachment wants, and what of it is there. */
struct view {
	struct fw_nft_rules wanted;
	char prefix[FW_NFT_COMMENT_SIZE];
	struct fw_nft_rules base; /* constant rules; none for an attachment */
	struct fw_nft_found_list found;
};
#define autoview __attribute__((cleanup(view_free)))

static void view_free(struct view *view)
{
	fw_nft_rules_free(&view->wanted);
	fw_nft_rules_free(&view->base);
	fw_nft_found_free(&view->found);
}

struct subject {
	const struct network *net;    /* or */
	const struct attachment *att; /* its ports */
};

static int view_make(const struct subject *subject, struct view *view, struct err *err)
{
	*view = (struct view){ .prefix = "" };
	if (subject->net) {
		fw_nft_rules_of(subject->net, &view->wanted);
		fw_nft_network_prefix(subject->net, view->prefix);
		fw_nft_base_rules(&view->base);
	} else {
		fw_nft_port_rules(subject->att, &view->wanted);
		fw_nft_ports_prefix(subject->att, view->prefix);
	}
	return fw_nft_read(NFPROTO_INET, FW_NFT_TABLE, &view->found, err);
}

/* ---- comparing ---- */

/* The comment of a published port begins as that of a jump does. */
static bool has_prefix(const struct fw_nft_found *found, const char *prefix)
{
	return str_starts(found->comment, prefix) &&
	       (!str_eq(prefix, JUMP_PREFIX) || !str_starts(found->comment, PORT_PREFIX));
}

/* The next rule from *at on that is in the chain and has the prefix; NULL: none. */
static const struct fw_nft_found *next_found(const struct view *view, const char *chain,
					     const char *prefix, size_t *at)
{
	for (; *at < view->found.n; (*at)++) {
		const struct fw_nft_found *found = &view->found.items[*at];

		if (str_eq(found->chain, chain) && has_prefix(found, prefix))
			return &view->found.items[(*at)++];
	}
	return NULL;
}

/* How much of what is wanted in a chain is not there in that order, and how much is too much. */
static int chain_wrong(const struct view *view, const struct fw_nft_rules *wanted,
		       const char *chain, const char *prefix)
{
	size_t at = 0;
	int wrong = 0;

	for (size_t i = 0; i < wanted->n; i++) {
		const struct fw_nft_found *found = NULL;

		if (!str_eq(wanted->items[i].chain, chain))
			continue;
		found = next_found(view, chain, prefix, &at);
		wrong += !found || !str_eq(found->comment, wanted->items[i].comment);
	}
	while (next_found(view, chain, prefix, &at))
		wrong++;
	return wrong;
}

static int base_wrong(const struct view *view, const char *chain)
{
	return view->base.n > 0 ? chain_wrong(view, &view->base, chain, JUMP_PREFIX) : 0;
}

static int count_wrong(const struct view *view)
{
	int wrong = 0;

	for (size_t i = 0; i < fw_nft_n_chains; i++)
		wrong += base_wrong(view, fw_nft_chains[i].name) +
			 chain_wrong(view, &view->wanted, fw_nft_chains[i].name, view->prefix);
	return wrong;
}

static bool is_there(const struct view *view, const struct fw_nft_rule *rule)
{
	for (size_t i = 0; i < view->found.n; i++) {
		if (str_eq(view->found.items[i].chain, rule->chain) &&
		    str_eq(view->found.items[i].comment, rule->comment))
			return true;
	}
	return false;
}

static void report_rules(const struct view *view, const struct fw_nft_rules *rules,
			 const struct report *report, enum report_state when_wrong)
{
	for (size_t i = 0; report && i < rules->n; i++) {
		const struct fw_nft_rule *rule = &rules->items[i];

		report_item(report, REPORT_RULE, is_there(view, rule) ? REPORT_RIGHT : when_wrong,
			    "nft inet " FW_NFT_TABLE " %s: %s", rule->chain, rule->text);
	}
}

static void report_view(const struct view *view, const struct report *report,
			enum report_state when_wrong)
{
	report_rules(view, &view->base, report, when_wrong);
	report_rules(view, &view->wanted, report, when_wrong);
}

/* ---- writing ---- */

static void put_rule(const struct fw_nft_rule *rule, struct strbuf *text)
{
	strbuf_printf(text, "add rule inet " FW_NFT_TABLE " %s %s comment \"%s\"\n", rule->chain,
		      rule->text, rule->comment);
}

static void put_deletions(const struct view *view, const char *chain, const char *prefix,
			  struct strbuf *text)
{
	size_t at = 0;

	for (const struct fw_nft_found *f; (f = next_found(view, chain, prefix, &at));)
		strbuf_printf(text, "delete rule inet " FW_NFT_TABLE " %s handle %llu\n", chain,
			      (unsigned long long)f->handle);
}

/* Makes what is missing; what is there with the same words is left as it is. */
static void put_table(struct strbuf *text)
{
	strbuf_puts(text, "add table inet " FW_NFT_TABLE "\n");
	for (size_t i = 0; i < fw_nft_n_chains; i++) {
		const struct fw_nft_chain *chain = &fw_nft_chains[i];

		strbuf_printf(text, "add chain inet " FW_NFT_TABLE " %s", chain->name);
		if (chain->hook)
			strbuf_printf(text, " { %s ; policy accept ; }", chain->hook);
		strbuf_puts(text, "\n");
	}
}

static void put_chain(const struct view *view, const struct fw_nft_rules *wanted, const char *chain,
		      const char *prefix, struct strbuf *text)
{
	put_deletions(view, chain, prefix, text);
	for (size_t i = 0; i < wanted->n; i++) {
		if (str_eq(wanted->items[i].chain, chain))
			put_rule(&wanted->items[i], text);
	}
}

static int mend(const struct view *view, struct err *err)
{
	autostrbuf struct strbuf text = { .text = NULL };

	put_table(&text);
	for (size_t i = 0; i < fw_nft_n_chains; i++) {
		const char *chain = fw_nft_chains[i].name;

		if (base_wrong(view, chain) > 0)
			put_chain(view, &view->base, chain, JUMP_PREFIX, &text);
		if (chain_wrong(view, &view->wanted, chain, view->prefix) > 0)
			put_chain(view, &view->wanted, chain, view->prefix, &text);
	}
	return fw_nft_run(text.text, err);
}

/* Rules of other networks or containers, and what the administrator has put into his chain. */
static bool is_in_use(const struct view *view)
{
	for (size_t i = 0; i < view->found.n; i++) {
		const struct fw_nft_found *found = &view->found.items[i];

		if (!str_starts(found->comment, view->prefix) &&
		    !str_starts(found->comment, JUMP_PREFIX))
			return true;
		if (str_starts(found->comment, PORT_PREFIX) &&
		    !str_starts(found->comment, view->prefix))
			return true;
	}
	return false;
}

/* Returns how many things went. */
static int strip(const struct view *view, const struct report *report, bool may_drop,
		 struct err *err)
{
	autostrbuf struct strbuf text = { .text = NULL };
	int n = 0;

	if (may_drop && view->found.n > 0 && !is_in_use(view)) {
		report_item(report, REPORT_RULE, REPORT_CHANGED,
			    "nft: table inet " FW_NFT_TABLE " with %zu rule(s)", view->found.n);
		return fw_nft_run("delete table inet " FW_NFT_TABLE "\n", err) < 0 ? -err->code : 1;
	}
	for (size_t i = 0; i < fw_nft_n_chains; i++)
		put_deletions(view, fw_nft_chains[i].name, view->prefix, &text);
	for (const char *p = text.text; p && (p = strchr(p, '\n')); p++)
		n++;
	if (n == 0)
		return 0;
	report_item(report, REPORT_RULE, REPORT_CHANGED, "nft inet " FW_NFT_TABLE ": %d rule(s)",
		    n);
	return fw_nft_run(text.text, err) < 0 ? -err->code : n;
}

/* ---- the back end ---- */

static int look(const struct subject *subject, const struct report *report, struct err *err)
{
	autoview struct view view = { .prefix = "" };

	if (view_make(subject, &view, err) < 0)
		return -err->code;
	report_view(&view, report, REPORT_WRONG);
	return count_wrong(&view);
}

static int make_right(const struct subject *subject, const struct report *report, struct err *err)
{
	int wrong = look(subject, NULL, err);

	if (wrong <= 0)
		return wrong < 0 || !report ? wrong : look(subject, report, err);
	autoclose int lock_fd = fw_lock(err);
	autoview struct view view = { .prefix = "" };

	if (lock_fd < 0 || view_make(subject, &view, err) < 0)
		return -err->code;
	wrong = count_wrong(&view);
	if (wrong > 0 && mend(&view, err) < 0)
		return -err->code;
	report_view(&view, report, REPORT_CHANGED);
	return wrong;
}

static int take_away(const struct subject *subject, const struct report *report, bool may_drop,
		     struct err *err)
{
	autoview struct view view = { .prefix = "" };

	if (view_make(subject, &view, err) < 0)
		return -err->code;
	if (view.found.n == 0)
		return 0;
	autoclose int lock_fd = fw_lock(err);
	autoview struct view locked = { .prefix = "" };

	if (lock_fd < 0 || view_make(subject, &locked, err) < 0)
		return -err->code;
	return strip(&locked, report, may_drop, err);
}

static int ensure(const struct network *net, const struct report *report, struct err *err)
{
	return make_right(&(struct subject){ .net = net }, report, err);
}

static int check(const struct network *net, const struct report *report, struct err *err)
{
	return look(&(struct subject){ .net = net }, report, err);
}

static int remove_network(const struct network *net, const struct report *report, struct err *err)
{
	return take_away(&(struct subject){ .net = net }, report, true, err);
}

static int publish(const struct attachment *att, struct err *err)
{
	return make_right(&(struct subject){ .att = att }, NULL, err);
}

static int check_ports(const struct attachment *att, const struct report *report, struct err *err)
{
	return look(&(struct subject){ .att = att }, report, err);
}

static int unpublish(const struct attachment *att, struct err *err)
{
	return take_away(&(struct subject){ .att = att }, NULL, false, err);
}

const struct firewall_backend firewall_nftables = {
	.name = "nftables",
	.ensure = ensure,
	.check = check,
	.remove = remove_network,
	.publish = publish,
	.check_ports = check_ports,
	.unpublish = unpublish,
};
