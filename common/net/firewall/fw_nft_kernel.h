/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_NFT_KERNEL_H
#define CT_NET_FW_NFT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/firewall/fw_nft_rule.h"

/* nf_tables as the kernel has it: read by netlink, written through libnftables in one transaction. */

struct fw_nft_found {
	char chain[64];
	char comment[FW_NFT_COMMENT_SIZE]; /* "": none */
	uint64_t handle;
	bool drops_all; /* nothing but a counter and DROP or REJECT */
};

struct fw_nft_found_list {
	struct fw_nft_found *items;
	size_t n;
};
#define autonftfound __attribute__((cleanup(fw_nft_found_free)))
void fw_nft_found_free(struct fw_nft_found_list *list);

/* Rules of a table in their order; family is NFPROTO_*. None when the table is not there. */
int fw_nft_read(int family, const char *table, struct fw_nft_found_list *list, struct err *err);

/* Chains with a hook on the forward path, of every table. */
struct fw_nft_forward {
	int family; /* NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 */
	char table[64];
	char chain[64];
	bool policy_drop;
	bool owned; /* the table is a program's, and changed by that one alone */
};
struct fw_nft_forward_list {
	struct fw_nft_forward *items;
	size_t n;
};
#define autonftforward __attribute__((cleanup(fw_nft_forward_free)))
void fw_nft_forward_free(struct fw_nft_forward_list *list);
int fw_nft_forward_chains(struct fw_nft_forward_list *list, struct err *err);

/* "ip", "ip6", "inet" */
const char *fw_nft_family_name(int family);

/*
 * A number that changes with every change of nf_tables in this network namespace; one question, no
 * listing. 0: the kernel has no nf_tables.
 */
int fw_nft_generation(uint32_t *generation, struct err *err);

/* Commands of nft(8), all or nothing. libnftables is loaded here, and only then. */
int fw_nft_run(const char *commands, struct err *err);

#endif
