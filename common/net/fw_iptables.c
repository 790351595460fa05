/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libiptc/libiptc.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/lock.h"
#include "common/net/firewall.h"
#include "common/net/firewall_rule.h"
#include "common/net/fw_entry.h"
#include "common/str.h"

/*
 * The legacy tables (ip_tables), through libiptc.
 *
 * iptc_init() copies a table, iptc_commit() puts a whole table in its place, atomically. Two writers
 * would lose each other's work, so writers hold /run/xtables.lock from init to commit, as iptables
 * does. A writer without the lock can still come in between: when the number of rules changed the
 * kernel refuses the commit with EAGAIN and the table is read again.
 * Reading takes no lock. libiptc's functions return 0 on failure, with an errno that iptc_strerror()
 * alone can explain.
 */
#define LOCK_FILE       "/run/xtables.lock"
#define LOCK_TIMEOUT_MS 5000
#define COMMIT_TRIES    10

static const char *const table_names[] = { "filter", "nat" };

/* One table and what a network wants of it. */
struct table {
	const char *name;
	struct xtc_handle *handle;
	const struct network *net;
	struct firewall_rule rules[FIREWALL_MAX_RULES];
	size_t n_rules;
	char comment[FIREWALL_COMMENT_SIZE];
	/* What inspect() found: rule i, and the jump to chain i of firewall_chains. */
	bool rule_right[FIREWALL_MAX_RULES];
	bool jump_right[FIREWALL_MAX_RULES];
	int surplus; /* rules with the network's comment that are not wanted */
};

static void table_close(struct table *table)
{
	if (table->handle)
		iptc_free(table->handle);
	table->handle = NULL;
}
#define autotable __attribute__((cleanup(table_close)))

static int table_fail(const struct table *table, const char *what, struct err *err)
{
	int code = errno;

	return err_set(err, code ? code : EIO, "firewall: table '%s': %s: %s", table->name, what,
		       iptc_strerror(code));
}

static int table_open(struct table *table, const char *name, const struct network *net,
		      struct err *err)
{
	*table = (struct table){ .name = name, .net = net };
	if (firewall_comment(net, table->comment, err) < 0)
		return -err->code;
	table->n_rules = firewall_rules(net, table->rules);
	table->handle = iptc_init(name);
	if (table->handle)
		return 0;
	if (errno == ENOPROTOOPT || errno == ENOENT)
		return err_set(
			err, errno,
			"firewall: this kernel has no legacy iptables table '%s'; load it with "
			"'modprobe iptable_%s', or use a kernel built with "
			"CONFIG_NETFILTER_XTABLES_LEGACY",
			name, name);
	return table_fail(table, "read", err);
}

static bool in_table(const struct table *table, const char *name)
{
	return str_eq(table->name, name);
}

/* ---- looking ---- */

static void inspect_rules(struct table *table, const char *chain)
{
	struct xtc_handle *h = table->handle;
	size_t next = 0;

	for (const struct ipt_entry *e = iptc_first_rule(chain, h); e; e = iptc_next_rule(e, h)) {
		if (!str_eq(fw_entry_comment(e), table->comment))
			continue;
		while (next < table->n_rules && (!in_table(table, table->rules[next].table) ||
						 !str_eq(table->rules[next].chain, chain)))
			next++;
		if (next == table->n_rules) {
			table->surplus++;
			continue;
		}
		table->rule_right[next] =
			fw_entry_is(e, iptc_get_target(e, h), &table->rules[next]);
		next++;
	}
}

/*
 * A jump is right when it is there once; in a chain of ours it also stands first. Where it stands in
 * FORWARD is the administrator's: a rule put above it later was put there on purpose.
 */
static bool jump_is_right(const struct table *table, const struct firewall_chain *chain)
{
	const struct firewall_rule jump = firewall_jump(chain);
	struct xtc_handle *h = table->handle;
	unsigned int found = 0;
	unsigned int at = 0;
	unsigned int n = 0;

	if (!iptc_is_chain(chain->name, h) || !iptc_is_chain(chain->parent, h))
		return false;
	for (const struct ipt_entry *e = iptc_first_rule(chain->parent, h); e;
	     e = iptc_next_rule(e, h), n++) {
		if (!fw_entry_is(e, iptc_get_target(e, h), &jump))
			continue;
		found++;
		at = n;
	}
	return found == 1 && (at == 0 || iptc_builtin(chain->parent, h));
}

/* Returns how many things are wrong. */
static int inspect(struct table *table)
{
	int wrong = 0;

	table->surplus = 0;
	memset(table->rule_right, 0, sizeof(table->rule_right));
	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_chain *chain = &firewall_chains[i];

		if (!in_table(table, chain->table))
			continue;
		table->jump_right[i] = jump_is_right(table, chain);
		wrong += !table->jump_right[i];
		if (iptc_is_chain(chain->name, table->handle))
			inspect_rules(table, chain->name);
	}
	for (size_t i = 0; i < table->n_rules; i++)
		wrong += in_table(table, table->rules[i].table) && !table->rule_right[i];
	return wrong + table->surplus;
}

static void report_rule(const struct report *report, const struct firewall_rule *rule,
			enum report_state state)
{
	autostrbuf struct strbuf text = { .text = NULL };

	firewall_rule_text(rule, &text);
	report_item(report, REPORT_RULE, state, "%s %s: %s", rule->table, rule->chain, text.text);
}

static void report_table(const struct table *table, const struct report *report,
			 enum report_state when_wrong)
{
	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_rule jump = firewall_jump(&firewall_chains[i]);

		if (in_table(table, jump.table))
			report_rule(report, &jump,
				    table->jump_right[i] ? REPORT_RIGHT : when_wrong);
	}
	for (size_t i = 0; i < table->n_rules; i++) {
		if (in_table(table, table->rules[i].table))
			report_rule(report, &table->rules[i],
				    table->rule_right[i] ? REPORT_RIGHT : when_wrong);
	}
	if (table->surplus > 0)
		report_item(report, REPORT_RULE, when_wrong,
			    "%s: %d rule(s) commented '%s' too many", table->name, table->surplus,
			    table->comment);
}

/* ---- changing the copy ---- */

/* Take away the rules of a chain that carry the comment (rule NULL), or that are the rule. */
static int delete_matching(struct table *table, const char *chain, const struct firewall_rule *rule,
			   struct err *err)
{
	struct xtc_handle *h = table->handle;
	const struct ipt_entry *e = iptc_first_rule(chain, h);
	unsigned int at = 0;
	int deleted = 0;

	while (e) {
		bool matches = rule ? fw_entry_is(e, iptc_get_target(e, h), rule)
				    : str_eq(fw_entry_comment(e), table->comment);

		if (!matches) {
			e = iptc_next_rule(e, h);
			at++;
			continue;
		}
		if (!iptc_delete_num_entry(chain, at, h))
			return table_fail(table, "delete a rule", err);
		deleted++;
		/* The entry is gone and the walk with it: start again where we were. */
		e = iptc_first_rule(chain, h);
		for (unsigned int i = 0; e && i < at; i++)
			e = iptc_next_rule(e, h);
	}
	return deleted;
}

static int add_rule(struct table *table, const struct firewall_rule *rule, bool first,
		    struct err *err)
{
	union fw_entry entry;
	xt_chainlabel chain = "";
	int added = 0;

	memcpy(chain, rule->chain, strlen(rule->chain) + 1);
	fw_entry_build(rule, &entry);
	added = first ? iptc_insert_entry(chain, &entry.head, 0, table->handle)
		      : iptc_append_entry(chain, &entry.head, table->handle);
	return added ? 0 : table_fail(table, rule->chain, err);
}

/* All of the network's rules of a chain, in order, when one of them is not right. */
static int repair_rules(struct table *table, const char *chain, struct err *err)
{
	if (delete_matching(table, chain, NULL, err) < 0)
		return -err->code;
	for (size_t i = 0; i < table->n_rules; i++) {
		const struct firewall_rule *rule = &table->rules[i];

		if (in_table(table, rule->table) && str_eq(rule->chain, chain) &&
		    add_rule(table, rule, false, err) < 0)
			return -err->code;
	}
	return 0;
}

static bool chain_is_right(const struct table *table, const char *chain)
{
	for (size_t i = 0; i < table->n_rules; i++) {
		if (in_table(table, table->rules[i].table) &&
		    str_eq(table->rules[i].chain, chain) && !table->rule_right[i])
			return false;
	}
	return table->surplus == 0;
}

static int repair(struct table *table, struct err *err)
{
	for (size_t i = 0; i < firewall_n_chains; i++) {
		const struct firewall_chain *chain = &firewall_chains[i];
		const struct firewall_rule jump = firewall_jump(chain);

		if (!in_table(table, chain->table))
			continue;
		if (!iptc_is_chain(chain->name, table->handle) &&
		    !iptc_create_chain(chain->name, table->handle))
			return table_fail(table, chain->name, err);
		if (!chain_is_right(table, chain->name) &&
		    repair_rules(table, chain->name, err) < 0)
			return -err->code;
		if (table->jump_right[i])
			continue;
		if (delete_matching(table, chain->parent, &jump, err) < 0 ||
		    add_rule(table, &jump, chain->jump_first, err) < 0)
			return -err->code;
	}
	return 0;
}

/* Remove a chain that has become empty and the jumps to it; what somebody else put in it stays. */
static int drop_chain(struct table *table, const struct firewall_chain *chain,
		      const struct report *report, struct err *err)
{
	const struct firewall_rule jump = firewall_jump(chain);
	unsigned int references = 0;

	if (!iptc_is_chain(chain->name, table->handle) ||
	    iptc_first_rule(chain->name, table->handle))
		return 0;
	if (delete_matching(table, chain->parent, &jump, err) < 0)
		return -err->code;
	if (!iptc_get_references(&references, chain->name, table->handle))
		return table_fail(table, chain->name, err);
	if (references > 0) {
		report_item(report, REPORT_RULE, REPORT_KEPT,
			    "%s: chain %s: another rule jumps to it", chain->table, chain->name);
		return 0;
	}
	if (!iptc_delete_chain(chain->name, table->handle))
		return table_fail(table, chain->name, err);
	report_item(report, REPORT_RULE, REPORT_CHANGED, "%s: chain %s and its jump", chain->table,
		    chain->name);
	return 1;
}

static int strip(struct table *table, const struct report *report, struct err *err)
{
	int changed = 0;

	for (size_t i = firewall_n_chains; i-- > 0;) {
		const struct firewall_chain *chain = &firewall_chains[i];
		int deleted = 0;
		int dropped = 0;

		if (!in_table(table, chain->table) || !iptc_is_chain(chain->name, table->handle))
			continue;
		deleted = delete_matching(table, chain->name, NULL, err);
		if (deleted < 0)
			return deleted;
		if (deleted > 0)
			report_item(report, REPORT_RULE, REPORT_CHANGED, "%s: %d rule(s) of %s",
				    chain->table, deleted, chain->name);
		dropped = drop_chain(table, chain, report, err);
		if (dropped < 0)
			return dropped;
		changed += deleted + dropped;
	}
	return changed;
}

/* ---- the back end ---- */

static int lock_tables(struct err *err)
{
	const char *path = getenv("XTABLES_LOCKFILE");
	int lock_fd = lock_open_at(AT_FDCWD, path && path[0] ? path : LOCK_FILE, LOCK_EXCLUSIVE,
				   LOCK_TIMEOUT_MS, err);

	return lock_fd < 0 ? err_ctx(err, "firewall") : lock_fd;
}

/* Returns what is wrong in both tables together. */
static int check(const struct network *net, const struct report *report, struct err *err)
{
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table_names); i++) {
		autotable struct table table = { .handle = NULL };

		if (table_open(&table, table_names[i], net, err) < 0)
			return -err->code;
		wrong += inspect(&table);
		report_table(&table, report, REPORT_WRONG);
	}
	return wrong;
}

/* One table, under the lock. Returns what was changed, or -EAGAIN when it has to be read again. */
static int write_table(const char *name, const struct network *net, const struct report *report,
		       bool wanted, struct err *err)
{
	autotable struct table table = { .handle = NULL };
	int changes = 0;

	if (table_open(&table, name, net, err) < 0)
		return -err->code;
	if (wanted) {
		changes = inspect(&table);
		if (changes > 0 && repair(&table, err) < 0)
			return -err->code;
	} else {
		changes = strip(&table, report, err);
	}
	if (changes > 0 && !iptc_commit(table.handle))
		return table_fail(&table, "commit", err);
	if (changes >= 0 && wanted)
		report_table(&table, report, REPORT_CHANGED);
	return changes;
}

static int write_tables(const struct network *net, const struct report *report, bool wanted,
			struct err *err)
{
	autoclose int lock_fd = lock_tables(err);
	int changes = 0;

	if (lock_fd < 0)
		return lock_fd;
	for (size_t i = 0; i < ARRAY_SIZE(table_names); i++) {
		int rc = -EAGAIN;

		for (int tries = 0; rc == -EAGAIN && tries < COMMIT_TRIES; tries++)
			rc = write_table(table_names[i], net, report, wanted, err);
		if (rc < 0)
			return rc;
		changes += rc;
	}
	return changes;
}

static int ensure(const struct network *net, const struct report *report, struct err *err)
{
	int wrong = check(net, NULL, err);

	if (wrong < 0)
		return wrong;
	if (wrong > 0)
		return write_tables(net, report, true, err);
	return report ? check(net, report, err) : 0;
}

static int anything_there(const struct network *net, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(table_names); i++) {
		autotable struct table table = { .handle = NULL };

		if (table_open(&table, table_names[i], net, err) < 0)
			return -err->code;
		for (size_t c = 0; c < firewall_n_chains; c++) {
			if (in_table(&table, firewall_chains[c].table) &&
			    iptc_is_chain(firewall_chains[c].name, table.handle))
				return 1;
		}
	}
	return 0;
}

static int take_away(const struct network *net, const struct report *report, struct err *err)
{
	int there = anything_there(net, err);

	return there > 0 ? write_tables(net, report, false, err) : there;
}

const struct firewall_backend firewall_iptables = {
	.name = "iptables",
	.ensure = ensure,
	.check = check,
	.remove = take_away,
};
