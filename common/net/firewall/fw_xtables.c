/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_xtables.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <string.h>
#include <sys/socket.h>

/*
 * One wrapper for each function and library: what the two differ in is the type of an entry, and a
 * call through a pointer of another type is none that C defines. Chain names go through a buffer of
 * the size that the libraries read.
 */
static void label(xt_chainlabel out, const char *chain)
{
	memset(out, 0, sizeof(xt_chainlabel));
	memcpy(out, chain, strnlen(chain, sizeof(xt_chainlabel) - 1));
}

#define XTABLES(p, entry_type, af, command_name, module_name)                                      \
	static bool p##_is_chain_(const char *chain, struct xtc_handle *h)                         \
	{                                                                                          \
		return p##_is_chain(chain, h);                                                     \
	}                                                                                          \
	static bool p##_is_builtin_(const char *chain, struct xtc_handle *h)                       \
	{                                                                                          \
		return p##_builtin(chain, h);                                                      \
	}                                                                                          \
	static int p##_create_chain_(const char *chain, struct xtc_handle *h)                      \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_create_chain(name, h);                                                  \
	}                                                                                          \
	static int p##_delete_chain_(const char *chain, struct xtc_handle *h)                      \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_delete_chain(name, h);                                                  \
	}                                                                                          \
	static int p##_references_(unsigned int *n, const char *chain, struct xtc_handle *h)       \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_get_references(n, name, h);                                             \
	}                                                                                          \
	static const void *p##_first_(const char *chain, struct xtc_handle *h)                     \
	{                                                                                          \
		return p##_first_rule(chain, h);                                                   \
	}                                                                                          \
	static const void *p##_next_(const void *entry, struct xtc_handle *h)                      \
	{                                                                                          \
		return p##_next_rule((const struct entry_type *)entry, h);                         \
	}                                                                                          \
	static const char *p##_target_(const void *entry, struct xtc_handle *h)                    \
	{                                                                                          \
		return p##_get_target((const struct entry_type *)entry, h);                        \
	}                                                                                          \
	static int p##_insert_(const char *chain, const void *entry, unsigned int at,              \
			       struct xtc_handle *h)                                               \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_insert_entry(name, (const struct entry_type *)entry, at, h);            \
	}                                                                                          \
	static int p##_append_(const char *chain, const void *entry, struct xtc_handle *h)         \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_append_entry(name, (const struct entry_type *)entry, h);                \
	}                                                                                          \
	static int p##_delete_at_(const char *chain, unsigned int at, struct xtc_handle *h)        \
	{                                                                                          \
		xt_chainlabel name;                                                                \
                                                                                                   \
		label(name, chain);                                                                \
		return p##_delete_num_entry(name, at, h);                                          \
	}                                                                                          \
	static const char *p##_policy_(const char *chain, struct xtc_handle *h)                    \
	{                                                                                          \
		struct xt_counters counters;                                                       \
                                                                                                   \
		return p##_get_policy(chain, &counters, h);                                        \
	}                                                                                          \
	const struct fw_xtables fw_##command_name = {                                              \
		.family = (af),                                                                    \
		.command = #command_name,                                                          \
		.module = (module_name),                                                           \
		.init = p##_init,                                                                  \
		.free = p##_free,                                                                  \
		.commit = p##_commit,                                                              \
		.strerror = p##_strerror,                                                          \
		.is_chain = p##_is_chain_,                                                         \
		.is_builtin = p##_is_builtin_,                                                     \
		.create_chain = p##_create_chain_,                                                 \
		.delete_chain = p##_delete_chain_,                                                 \
		.get_references = p##_references_,                                                 \
		.first_rule = p##_first_,                                                          \
		.next_rule = p##_next_,                                                            \
		.get_target = p##_target_,                                                         \
		.insert = p##_insert_,                                                             \
		.append = p##_append_,                                                             \
		.delete_at = p##_delete_at_,                                                       \
		.get_policy = p##_policy_,                                                         \
	}

XTABLES(iptc, ipt_entry, AF_INET, ip4tables, "iptable_");
XTABLES(ip6tc, ip6t_entry, AF_INET6, ip6tables, "ip6table_");

const struct fw_xtables *fw_xtables_of(int family)
{
	return family == AF_INET6 ? &fw_ip6tables : &fw_ip4tables;
}
