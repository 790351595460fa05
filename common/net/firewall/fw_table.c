/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/firewall/fw_entry.h"

static int table_fail(const struct fw_table *table, const char *what, struct err *err)
{
	int code = errno;

	return err_set(err, code ? code : EIO, "firewall: %s table '%s': %s: %s", table->x->command,
		       table->name, what, table->x->strerror(code));
}

/* ---- opening ---- */

static void collect_rules(const struct fw_table_request *request, struct firewall_rules *rules)
{
	autorules struct firewall_rules all = { .items = NULL };

	if (request->net)
		firewall_rules_of(request->net, request->family, &all);
	else
		firewall_port_rules(request->att, request->family, &all);
	for (size_t i = 0; i < all.n; i++) {
		if (!str_eq(all.items[i].table, request->table))
			continue;
		rules->items = xreallocarray(rules->items, rules->n + 1, sizeof(*rules->items));
		rules->items[rules->n++] = all.items[i];
	}
}

bool fw_table_concerns(const struct fw_table_request *request)
{
	autorules struct firewall_rules rules = { .items = NULL };

	collect_rules(request, &rules);
	return rules.n > 0;
}

int fw_table_open(struct fw_table *table, const struct fw_table_request *request, struct err *err)
{
	*table = (struct fw_table){
		.name = request->table,
		.x = fw_xtables_of(request->family),
		.owns_chains = request->net != NULL,
	};
	if (request->att)
		firewall_port_comment(request->att, table->comment);
	else if (firewall_comment(request->net, table->comment, err) < 0)
		return -err->code;
	collect_rules(request, &table->rules);
	table->rule_right = xcalloc(table->rules.n + 1, sizeof(*table->rule_right));
	table->handle = table->x->init(table->name);
	if (table->handle)
		return 0;
	if (errno == ENOPROTOOPT || errno == ENOENT)
		return err_set(
			err, errno,
			"firewall: this kernel has no legacy iptables table '%s'; load it with "
			"'modprobe %s%s', or use a kernel built with "
			"CONFIG_NETFILTER_XTABLES_LEGACY",
			table->name, table->x->module, table->name);
	return table_fail(table, "read", err);
}

void fw_table_close(struct fw_table *table)
{
	if (table->handle)
		table->x->free(table->handle);
	table->handle = NULL;
	firewall_rules_free(&table->rules);
	free(table->rule_right);
	table->rule_right = NULL;
}

static bool has_chain(const struct fw_table *table, const char *chain)
{
	return table->x->is_chain(chain, table->handle);
}

static const void *first_rule(const struct fw_table *table, const char *chain)
{
	return table->x->first_rule(chain, table->handle);
}

static const void *next_rule(const struct fw_table *table, const void *entry)
{
	return table->x->next_rule(entry, table->handle);
}

static bool entry_is(const struct fw_table *table, const void *entry,
		     const struct firewall_rule *rule)
{
	return fw_entry_is(entry, table->x->get_target(entry, table->handle), rule);
}

static bool has_comment(const struct fw_table *table, const void *entry)
{
	return str_eq(fw_entry_comment(table->x->family, entry), table->comment);
}

/* ---- looking ---- */

static void inspect_rules(struct fw_table *table, const char *chain)
{
	size_t next = 0;

	for (const void *e = first_rule(table, chain); e; e = next_rule(table, e)) {
		if (!has_comment(table, e))
			continue;
		while (next < table->rules.n && !str_eq(table->rules.items[next].chain, chain))
			next++;
		if (next == table->rules.n) {
			table->surplus++;
			continue;
		}
		table->rule_right[next] = entry_is(table, e, &table->rules.items[next]);
		next++;
	}
}

/*
 * A jump is right when it is there once; in a chain of ours also in its place. Where it stands in
 * FORWARD is the administrator's: a rule put above it later was put there on purpose.
 */
static bool jump_is_right(const struct fw_table *table, const struct firewall_jump *jump)
{
	const struct firewall_rule rule = firewall_jump_rule(jump, table->x->family);
	int found = 0;
	int at = 0;
	int n = 0;

	if (!has_chain(table, jump->chain) || !has_chain(table, jump->parent))
		return false;
	for (const void *e = first_rule(table, jump->parent); e; e = next_rule(table, e), n++) {
		if (!entry_is(table, e, &rule))
			continue;
		found++;
		at = n;
	}
	return found == 1 &&
	       (at == jump->place || table->x->is_builtin(jump->parent, table->handle));
}

int fw_table_inspect(struct fw_table *table)
{
	int wrong = 0;

	table->surplus = 0;
	for (size_t i = 0; i < table->rules.n; i++)
		table->rule_right[i] = false;
	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_chain *chain = &firewall_chains[i];

		if (str_eq(chain->table, table->name) && has_chain(table, chain->name))
			inspect_rules(table, chain->name);
	}
	for (size_t i = 0; table->owns_chains && i < firewall_n_jumps; i++) {
		if (!str_eq(firewall_jumps[i].table, table->name))
			continue;
		table->jump_right[i] = jump_is_right(table, &firewall_jumps[i]);
		wrong += !table->jump_right[i];
	}
	for (size_t i = 0; i < table->rules.n; i++)
		wrong += !table->rule_right[i];
	return wrong + table->surplus;
}

bool fw_table_has_chains(const struct fw_table *table)
{
	for (size_t i = 0; i < firewall_n_chains; i++) {
		if (str_eq(firewall_chains[i].table, table->name) &&
		    has_chain(table, firewall_chains[i].name))
			return true;
	}
	return false;
}

/* "ip6tables " in front of what is not IPv4. */
static const char *family_prefix(const struct fw_table *table)
{
	return table->x->family == AF_INET6 ? "ip6tables " : "";
}

static void report_rule(const struct fw_table *table, const struct report *report,
			const struct firewall_rule *rule, enum report_state state)
{
	autostrbuf struct strbuf text = { .text = NULL };

	firewall_rule_text(rule, &text);
	report_item(report, REPORT_RULE, state, "%s%s %s: %s", family_prefix(table), rule->table,
		    rule->chain, text.text);
}

void fw_table_report(const struct fw_table *table, const struct report *report,
		     enum report_state when_wrong)
{
	for (size_t i = 0; report && table->owns_chains && i < firewall_n_jumps; i++) {
		const struct firewall_rule jump =
			firewall_jump_rule(&firewall_jumps[i], table->x->family);

		if (str_eq(jump.table, table->name))
			report_rule(table, report, &jump,
				    table->jump_right[i] ? REPORT_RIGHT : when_wrong);
	}
	for (size_t i = 0; report && i < table->rules.n; i++)
		report_rule(table, report, &table->rules.items[i],
			    table->rule_right[i] ? REPORT_RIGHT : when_wrong);
	if (table->surplus > 0)
		report_item(report, REPORT_RULE, when_wrong,
			    "%s%s: %d rule(s) commented '%s' too many", family_prefix(table),
			    table->name, table->surplus, table->comment);
}

/* ---- changing the copy ---- */

/* Take away the rules of a chain that carry the comment (rule NULL), or that are the rule. */
static int delete_matching(struct fw_table *table, const char *chain,
			   const struct firewall_rule *rule, struct err *err)
{
	const void *e = first_rule(table, chain);
	unsigned int at = 0;
	int deleted = 0;

	while (e) {
		if (rule ? !entry_is(table, e, rule) : !has_comment(table, e)) {
			e = next_rule(table, e);
			at++;
			continue;
		}
		if (!table->x->delete_at(chain, at, table->handle))
			return table_fail(table, "delete a rule", err);
		deleted++;
		/* The entry is gone and the walk with it: start again where we were. */
		e = first_rule(table, chain);
		for (unsigned int i = 0; e && i < at; i++)
			e = next_rule(table, e);
	}
	return deleted;
}

static int add_rule(struct fw_table *table, const struct firewall_rule *rule, int place,
		    struct err *err)
{
	union fw_entry entry;
	int added = 0;

	fw_entry_build(rule, &entry);
	added = place == FIREWALL_LAST
			? table->x->append(rule->chain, &entry, table->handle)
			: table->x->insert(rule->chain, &entry, (unsigned int)place, table->handle);
	return added ? 0 : table_fail(table, rule->chain, err);
}

static bool chain_is_right(const struct fw_table *table, const char *chain)
{
	for (size_t i = 0; i < table->rules.n; i++) {
		if (str_eq(table->rules.items[i].chain, chain) && !table->rule_right[i])
			return false;
	}
	return table->surplus == 0;
}

/* All of the rules of a chain, in order, when one of them is not right. */
static int repair_chain(struct fw_table *table, const char *chain, struct err *err)
{
	if (!has_chain(table, chain) && !table->x->create_chain(chain, table->handle))
		return table_fail(table, chain, err);
	if (chain_is_right(table, chain))
		return 0;
	if (delete_matching(table, chain, NULL, err) < 0)
		return -err->code;
	for (size_t i = 0; i < table->rules.n; i++) {
		const struct firewall_rule *rule = &table->rules.items[i];

		if (str_eq(rule->chain, chain) && add_rule(table, rule, FIREWALL_LAST, err) < 0)
			return -err->code;
	}
	return 0;
}

static int repair_jumps(struct fw_table *table, struct err *err)
{
	for (size_t i = 0; i < firewall_n_jumps; i++) {
		const struct firewall_jump *jump = &firewall_jumps[i];
		const struct firewall_rule rule = firewall_jump_rule(jump, table->x->family);

		if (!str_eq(jump->table, table->name) || table->jump_right[i])
			continue;
		if (delete_matching(table, jump->parent, &rule, err) < 0 ||
		    add_rule(table, &rule, jump->place, err) < 0)
			return -err->code;
	}
	return 0;
}

int fw_table_repair(struct fw_table *table, struct err *err)
{
	for (size_t i = 0; i < firewall_n_chains; i++) {
		if (str_eq(firewall_chains[i].table, table->name) &&
		    repair_chain(table, firewall_chains[i].name, err) < 0)
			return -err->code;
	}
	return table->owns_chains ? repair_jumps(table, err) : 0;
}

/* ---- taking away ---- */

static int delete_jumps(struct fw_table *table, const char *chain, struct err *err)
{
	for (size_t i = 0; i < firewall_n_jumps; i++) {
		const struct firewall_jump *jump = &firewall_jumps[i];
		const struct firewall_rule rule = firewall_jump_rule(jump, table->x->family);

		if (!str_eq(jump->table, table->name) || !str_eq(jump->chain, chain) ||
		    !has_chain(table, jump->parent))
			continue;
		if (delete_matching(table, jump->parent, &rule, err) < 0)
			return -err->code;
	}
	return 0;
}

/* Does any network or container still have a rule in this table? */
static bool is_in_use(const struct fw_table *table)
{
	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_chain *chain = &firewall_chains[i];

		if (!str_eq(chain->table, table->name) || !has_chain(table, chain->name))
			continue;
		for (const void *e = first_rule(table, chain->name); e; e = next_rule(table, e)) {
			const char *comment = fw_entry_comment(table->x->family, e);

			if (comment && str_starts(comment, FIREWALL_COMMENT_JUMP) &&
			    !str_eq(comment, FIREWALL_COMMENT_JUMP))
				return true;
		}
	}
	return false;
}

/* Remove a chain that has become empty and the jumps to it; what somebody else put in it stays. */
static int drop_chain(struct fw_table *table, const char *chain, const struct report *report,
		      struct err *err)
{
	unsigned int references = 0;

	if (first_rule(table, chain))
		return 0;
	if (delete_jumps(table, chain, err) < 0)
		return -err->code;
	if (!table->x->get_references(&references, chain, table->handle))
		return table_fail(table, chain, err);
	if (references > 0) {
		report_item(report, REPORT_RULE, REPORT_KEPT,
			    "%s%s: chain %s: another rule jumps to it", family_prefix(table),
			    table->name, chain);
		return 0;
	}
	if (!table->x->delete_chain(chain, table->handle))
		return table_fail(table, chain, err);
	report_item(report, REPORT_RULE, REPORT_CHANGED, "%s%s: chain %s and its jump",
		    family_prefix(table), table->name, chain);
	return 1;
}

/* The chains serve all networks: they go with the last. */
static int drop_chains(struct fw_table *table, const struct report *report, struct err *err)
{
	int changed = 0;

	if (is_in_use(table))
		return 0;
	for (size_t i = firewall_n_chains; i-- > 0;) {
		const struct firewall_chain *chain = &firewall_chains[i];
		int dropped = 0;

		if (!str_eq(chain->table, table->name) || !has_chain(table, chain->name))
			continue;
		dropped = drop_chain(table, chain->name, report, err);
		if (dropped < 0)
			return dropped;
		changed += dropped;
	}
	return changed;
}

int fw_table_strip(struct fw_table *table, const struct report *report, struct err *err)
{
	int changed = 0;

	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_chain *chain = &firewall_chains[i];
		int deleted = 0;

		if (!str_eq(chain->table, table->name) || !has_chain(table, chain->name))
			continue;
		deleted = delete_matching(table, chain->name, NULL, err);
		if (deleted < 0)
			return deleted;
		if (deleted > 0)
			report_item(report, REPORT_RULE, REPORT_CHANGED, "%s%s: %d rule(s) of %s",
				    family_prefix(table), table->name, deleted, chain->name);
		changed += deleted;
	}
	int dropped = table->owns_chains ? drop_chains(table, report, err) : 0;

	return dropped < 0 ? dropped : changed + dropped;
}

int fw_table_commit(struct fw_table *table, struct err *err)
{
	if (table->read_only || table->x->commit(table->handle))
		return 0;
	return table_fail(table, "commit", err);
}
