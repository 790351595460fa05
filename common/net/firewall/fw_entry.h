/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_ENTRY_H
#define CT_NET_FW_ENTRY_H

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <stdbool.h>

#include "common/net/firewall/firewall_rule.h"

/*
 * A rule in the kernel's form: struct ipt_entry or struct ip6t_entry, its matches, its target, each
 * XT_ALIGNed.
 */
union fw_entry {
	struct ipt_entry ipv4;
	struct ip6t_entry ipv6;
	unsigned char bytes[1024];
};

void fw_entry_build(const struct firewall_rule *rule, union fw_entry *entry);

/*
 * Is the table's entry (of the rule's family), whose target libiptc calls `target`, exactly this
 * rule? Names are compared as strings: the kernel leaves its own bytes behind them.
 */
bool fw_entry_is(const void *entry, const char *target, const struct firewall_rule *rule);

/* The text of its comment match; NULL: none. */
const char *fw_entry_comment(int family, const void *entry);

#endif
