/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_TABLE_H
#define CT_NET_FW_TABLE_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/firewall/firewall_rule.h"
#include "common/net/firewall/fw_xtables.h"
#include "common/net/report.h"

/*
 * One legacy table, as a copy: read whole, changed, and put back whole, which is atomic. Private to
 * the iptables back end.
 */
struct fw_table_request {
	int family;
	const char *table;            /* "filter", "nat" */
	const struct network *net;    /* its rules, our chains and their jumps; or */
	const struct attachment *att; /* the rules of its ports */
};

struct fw_table {
	const char *name;
	const struct fw_xtables *x;
	struct xtc_handle *handle;
	bool owns_chains; /* of a network: chains and jumps are made and removed with the rules */
	bool read_only;   /* was only looked at: commit does nothing */
	struct firewall_rules rules; /* of this table alone */
	char comment[FIREWALL_COMMENT_SIZE];
	/* What inspect found. */
	bool *rule_right;
	bool jump_right[FIREWALL_MAX_JUMPS];
	int surplus; /* rules with the comment that are not wanted */
};
#define autofwtable __attribute__((cleanup(fw_table_close)))

/* Is there anything that the request wants of this table and family? */
bool fw_table_concerns(const struct fw_table_request *request);

int fw_table_open(struct fw_table *table, const struct fw_table_request *request, struct err *err);
void fw_table_close(struct fw_table *table);

/* Returns how many things are wrong. */
int fw_table_inspect(struct fw_table *table);
/* Right items are reported as such, the others as when_wrong. */
void fw_table_report(const struct fw_table *table, const struct report *report,
		     enum report_state when_wrong);
bool fw_table_has_chains(const struct fw_table *table);

/* After inspect: make right what was wrong. */
int fw_table_repair(struct fw_table *table, struct err *err);
/*
 * Take away the rules, and of a network the chains that are empty then with their jumps. Returns how
 * many things went.
 */
int fw_table_strip(struct fw_table *table, const struct report *report, struct err *err);

/* -EAGAIN: somebody else changed the table. */
int fw_table_commit(struct fw_table *table, struct err *err);

#endif
