/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_XTABLES_H
#define CT_NET_FW_XTABLES_H

#include <libiptc/libxtc.h>
#include <stdbool.h>

/*
 * libip4tc and libip6tc behind one table: the same functions on the same handle, but for the type of
 * an entry (struct ipt_entry, struct ip6t_entry; void here). They return 0 on failure with an errno
 * that .strerror alone can explain.
 */
struct fw_xtables {
	int family;
	const char *command; /* what people list it with */
	const char *module;  /* "iptable_%s" */
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int code);
	bool (*is_chain)(const char *chain, struct xtc_handle *handle);
	bool (*is_builtin)(const char *chain, struct xtc_handle *handle);
	int (*create_chain)(const char *chain, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	int (*get_references)(unsigned int *n, const char *chain, struct xtc_handle *handle);
	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *entry, struct xtc_handle *handle);
	const char *(*get_target)(const void *entry, struct xtc_handle *handle);
	int (*insert)(const char *chain, const void *entry, unsigned int at,
		      struct xtc_handle *handle);
	int (*append)(const char *chain, const void *entry, struct xtc_handle *handle);
	int (*delete_at)(const char *chain, unsigned int at, struct xtc_handle *handle);
	const char *(*get_policy)(const char *chain, struct xtc_handle *handle);
};

extern const struct fw_xtables fw_ip4tables, fw_ip6tables;

const struct fw_xtables *fw_xtables_of(int family);

#endif
