/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/firewall/firewall.h"
#include "common/net/firewall/firewall_rule.h"
#include "common/net/firewall/fw_lock.h"
#include "common/net/firewall/fw_table.h"
#include "common/str.h"

/*
 * The legacy tables (ip_tables, ip6_tables), through libiptc: what fw_table.c does to a copy of one
 * table, done to all that a network or an attachment needs.
 *
 * Two writers would lose each other's work, so writers hold /run/xtables.lock from reading to commit,
 * as iptables does. A writer without the lock can still come in between: when the number of rules
 * changed the kernel refuses the commit with EAGAIN and the table is read again. Reading takes no
 * lock.
 */
#define COMMIT_TRIES 10

static const int families[] = { AF_INET, AF_INET6 };
static const char *const table_names[] = { "filter", "nat" };

/* What is done to one table: returns what it changed (found wrong), or negative. */
typedef int table_fn(struct fw_table *table, const struct report *report, struct err *err);

/* One table, under the lock: changed and committed. -EAGAIN: it has to be read again. */
static int write_table(const struct fw_table_request *request, table_fn *fn,
		       const struct report *report, struct err *err)
{
	autofwtable struct fw_table table = { .handle = NULL };
	int changes = fw_table_open(&table, request, err);

	if (changes >= 0)
		changes = fn(&table, report, err);
	if (changes > 0 && fw_table_commit(&table, err) < 0)
		return -err->code;
	return changes;
}

/* Every table of every family that the request is about; under the lock when it is to be written. */
static int each_table(const struct fw_table_request *request, bool write, table_fn *fn,
		      const struct report *report, struct err *err)
{
	autoclose int lock_fd = write ? fw_lock(err) : -1;
	int total = 0;

	if (write && lock_fd < 0)
		return lock_fd;
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		for (size_t i = 0; i < ARRAY_SIZE(table_names); i++) {
			struct fw_table_request one = *request;
			int rc = -EAGAIN;

			one.family = families[f];
			one.table = table_names[i];
			if (!fw_table_concerns(&one))
				continue;
			for (int tries = 0; rc == -EAGAIN && tries < COMMIT_TRIES; tries++)
				rc = write_table(&one, fn, report, err);
			if (rc < 0)
				return rc;
			total += rc;
		}
	}
	return total;
}

/* ---- networks ---- */

/* Looks only: reports what is wrong as such, and counts it. Never leads to a commit. */
static int look(struct fw_table *table, const struct report *report, struct err *err)
{
	int wrong = fw_table_inspect(table);

	(void)err;
	fw_table_report(table, report, REPORT_WRONG);
	table->read_only = true;
	return wrong;
}

static int mend(struct fw_table *table, const struct report *report, struct err *err)
{
	int wrong = fw_table_inspect(table);

	if (wrong > 0 && fw_table_repair(table, err) < 0)
		return -err->code;
	fw_table_report(table, report, REPORT_CHANGED);
	return wrong;
}

static int is_there(struct fw_table *table, const struct report *report, struct err *err)
{
	(void)report;
	(void)err;
	table->read_only = true;
	return fw_table_has_chains(table);
}

static int check(const struct network *net, const struct report *report, struct err *err)
{
	const struct fw_table_request request = { .net = net };

	return each_table(&request, false, look, report, err);
}

static int ensure(const struct network *net, const struct report *report, struct err *err)
{
	const struct fw_table_request request = { .net = net };
	int wrong = each_table(&request, false, look, NULL, err);

	if (wrong < 0)
		return wrong;
	if (wrong > 0)
		return each_table(&request, true, mend, report, err);
	return report ? check(net, report, err) : 0;
}

static int take_away(const struct network *net, const struct report *report, struct err *err)
{
	const struct fw_table_request request = { .net = net };
	int there = each_table(&request, false, is_there, NULL, err);

	return there > 0 ? each_table(&request, true, fw_table_strip, report, err) : there;
}

/* ---- published ports ---- */

static int publish(const struct attachment *att, struct err *err)
{
	const struct fw_table_request request = { .att = att };
	int wrong = each_table(&request, false, look, NULL, err);

	return wrong > 0 ? each_table(&request, true, mend, NULL, err) : wrong;
}

static int check_ports(const struct attachment *att, const struct report *report, struct err *err)
{
	const struct fw_table_request request = { .att = att };

	return each_table(&request, false, look, report, err);
}

static int unpublish(const struct attachment *att, struct err *err)
{
	const struct fw_table_request request = { .att = att };
	int there = each_table(&request, false, is_there, NULL, err);

	return there > 0 ? each_table(&request, true, fw_table_strip, NULL, err) : there;
}

const struct firewall_backend firewall_iptables = {
	.name = "iptables",
	.ensure = ensure,
	.check = check,
	.remove = take_away,
	.publish = publish,
	.check_ports = check_ports,
	.unpublish = unpublish,
};
