/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_nft_kernel.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/netlink.h"

#define UDATA_COMMENT 0 /* NFTNL_UDATA_RULE_COMMENT, of libnftnl */
#define DUMP_TRIES    5

const char *fw_nft_family_name(int family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static struct nl_msg *nft_msg(int type, int family, int flags)
{
	const struct nfgenmsg head = { .nfgen_family = (unsigned char)family,
				       .version = NFNETLINK_V0 };

	return netlink_msg(NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_REQUEST | flags, &head,
			   sizeof(head));
}

/* libnl has no const, but changes nothing. */
static bool parse(struct nlattr **attrs, int max, const struct nlattr *nest)
{
	return nest && nla_parse_nested(attrs, max, (struct nlattr *)(uintptr_t)nest, NULL) >= 0;
}

static void copy_string(char *out, size_t size, const struct nlattr *attr)
{
	if (attr)
		(void)snprintf(out, size, "%.*s", nla_len(attr), (const char *)nla_data(attr));
}

/* ---- rules ---- */

void fw_nft_found_free(struct fw_nft_found_list *list)
{
	free(list->items);
	*list = (struct fw_nft_found_list){ .items = NULL };
}

/* type, length, value: each byte is checked against what is left. */
static void read_comment(const struct nlattr *attr, char comment[FW_NFT_COMMENT_SIZE])
{
	const unsigned char *data = attr ? nla_data(attr) : NULL;
	size_t left = attr ? (size_t)nla_len(attr) : 0;

	while (left >= 2 && left - 2 >= data[1]) {
		if (data[0] == UDATA_COMMENT && data[1] < FW_NFT_COMMENT_SIZE) {
			(void)snprintf(comment, FW_NFT_COMMENT_SIZE, "%.*s", (int)data[1],
				       (const char *)data + 2);
			return;
		}
		left -= 2u + data[1];
		data += 2 + data[1];
	}
}

/* An immediate that loads the verdict DROP. */
static bool is_drop(const struct nlattr *data)
{
	struct nlattr *attrs[NFTA_IMMEDIATE_MAX + 1] = { NULL };
	struct nlattr *value[NFTA_DATA_MAX + 1] = { NULL };
	struct nlattr *verdict[NFTA_VERDICT_MAX + 1] = { NULL };

	if (!parse(attrs, NFTA_IMMEDIATE_MAX, data) ||
	    !parse(value, NFTA_DATA_MAX, attrs[NFTA_IMMEDIATE_DATA]) ||
	    !parse(verdict, NFTA_VERDICT_MAX, value[NFTA_DATA_VERDICT]) ||
	    !verdict[NFTA_VERDICT_CODE])
		return false;
	return ntohl(nla_get_u32(verdict[NFTA_VERDICT_CODE])) == NF_DROP;
}

/* iptables-nft's REJECT is an x_tables target. */
static bool is_reject_target(const struct nlattr *data)
{
	struct nlattr *attrs[NFTA_TARGET_MAX + 1] = { NULL };
	char name[32] = "";

	if (!parse(attrs, NFTA_TARGET_MAX, data))
		return false;
	copy_string(name, sizeof(name), attrs[NFTA_TARGET_NAME]);
	return str_eq(name, "REJECT");
}

static bool drops_all(const struct nlattr *expressions)
{
	const struct nlattr *item = NULL;
	bool drops = false;
	int left = 0;

	if (!expressions)
		return false;
	nla_for_each_nested(item, expressions, left)
	{
		struct nlattr *attrs[NFTA_EXPR_MAX + 1] = { NULL };
		char name[32] = "";

		if (!parse(attrs, NFTA_EXPR_MAX, item))
			return false;
		copy_string(name, sizeof(name), attrs[NFTA_EXPR_NAME]);
		if (str_eq(name, "counter"))
			continue;
		drops = str_eq(name, "reject") ||
			(str_eq(name, "immediate") && is_drop(attrs[NFTA_EXPR_DATA])) ||
			(str_eq(name, "target") && is_reject_target(attrs[NFTA_EXPR_DATA]));
		if (!drops)
			return false;
	}
	return drops;
}

static void take_rule(const struct nlmsghdr *answer, void *ctx)
{
	struct fw_nft_found_list *list = ctx;
	struct nlattr *attrs[NFTA_RULE_MAX + 1] = { NULL };
	struct fw_nft_found found = { .handle = 0 };

	if (answer->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(struct nfgenmsg), attrs,
			NFTA_RULE_MAX, NULL) < 0)
		return;
	copy_string(found.chain, sizeof(found.chain), attrs[NFTA_RULE_CHAIN]);
	if (attrs[NFTA_RULE_HANDLE])
		found.handle = be64toh(nla_get_u64(attrs[NFTA_RULE_HANDLE]));
	read_comment(attrs[NFTA_RULE_USERDATA], found.comment);
	found.drops_all = drops_all(attrs[NFTA_RULE_EXPRESSIONS]);
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = found;
}

int fw_nft_read(int family, const char *table, struct fw_nft_found_list *list, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	int rc = netlink_open_netfilter(&nl, err);

	if (rc < 0)
		return rc;
	rc = -EINTR;
	for (int tries = 0; rc == -EINTR && tries < DUMP_TRIES; tries++) {
		struct nl_msg *msg = nft_msg(NFT_MSG_GETRULE, family, NLM_F_DUMP);

		netlink_put_string(msg, NFTA_RULE_TABLE, table);
		fw_nft_found_free(list);
		rc = netlink_ask(&nl, msg, take_rule, list);
	}
	if (rc < 0 && rc != -ENOENT)
		return netlink_fail(&nl, rc, err, "firewall: reading nftables table '%s'", table);
	return 0;
}

/* ---- chains ---- */

void fw_nft_forward_free(struct fw_nft_forward_list *list)
{
	free(list->items);
	*list = (struct fw_nft_forward_list){ .items = NULL };
}

static bool is_forward_filter(struct nlattr *const *attrs)
{
	struct nlattr *hook[NFTA_HOOK_MAX + 1] = { NULL };
	char type[32] = "";

	copy_string(type, sizeof(type), attrs[NFTA_CHAIN_TYPE]);
	return str_eq(type, "filter") && parse(hook, NFTA_HOOK_MAX, attrs[NFTA_CHAIN_HOOK]) &&
	       hook[NFTA_HOOK_HOOKNUM] &&
	       ntohl(nla_get_u32(hook[NFTA_HOOK_HOOKNUM])) == NF_INET_FORWARD;
}

static void take_chain(const struct nlmsghdr *answer, void *ctx)
{
	struct fw_nft_forward_list *list = ctx;
	const struct nfgenmsg *head = nlmsg_data(answer);
	struct nlattr *attrs[NFTA_CHAIN_MAX + 1] = { NULL };
	struct fw_nft_forward found = { .family = head->nfgen_family };

	if (answer->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) ||
	    (found.family != NFPROTO_INET && found.family != NFPROTO_IPV4 &&
	     found.family != NFPROTO_IPV6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(*head), attrs, NFTA_CHAIN_MAX,
			NULL) < 0 ||
	    !is_forward_filter(attrs))
		return;
	copy_string(found.table, sizeof(found.table), attrs[NFTA_CHAIN_TABLE]);
	copy_string(found.chain, sizeof(found.chain), attrs[NFTA_CHAIN_NAME]);
	if (attrs[NFTA_CHAIN_POLICY])
		found.policy_drop = ntohl(nla_get_u32(attrs[NFTA_CHAIN_POLICY])) == NF_DROP;
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = found;
}

static void mark_owned(const struct nlmsghdr *answer, void *ctx)
{
	struct fw_nft_forward_list *list = ctx;
	const struct nfgenmsg *head = nlmsg_data(answer);
	struct nlattr *attrs[NFTA_TABLE_MAX + 1] = { NULL };
	char name[sizeof(list->items->table)] = "";

	if (answer->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(*head), attrs, NFTA_TABLE_MAX,
			NULL) < 0 ||
	    !attrs[NFTA_TABLE_FLAGS] ||
	    !(ntohl(nla_get_u32(attrs[NFTA_TABLE_FLAGS])) & NFT_TABLE_F_OWNER))
		return;
	copy_string(name, sizeof(name), attrs[NFTA_TABLE_NAME]);
	for (size_t i = 0; i < list->n; i++) {
		struct fw_nft_forward *chain = &list->items[i];

		if (chain->family == head->nfgen_family && str_eq(chain->table, name))
			chain->owned = true;
	}
}

int fw_nft_forward_chains(struct fw_nft_forward_list *list, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	int rc = netlink_open_netfilter(&nl, err);

	if (rc < 0)
		return rc;
	rc = -EINTR;
	for (int tries = 0; rc == -EINTR && tries < DUMP_TRIES; tries++) {
		fw_nft_forward_free(list);
		rc = netlink_ask(&nl, nft_msg(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP),
				 take_chain, list);
		if (rc >= 0 && list->n > 0)
			rc = netlink_ask(&nl, nft_msg(NFT_MSG_GETTABLE, NFPROTO_UNSPEC, NLM_F_DUMP),
					 mark_owned, list);
	}
	if (rc < 0)
		return netlink_fail(&nl, rc, err, "firewall: reading the chains of nftables");
	return 0;
}

static void take_generation(const struct nlmsghdr *answer, void *ctx)
{
	const struct nlattr *id = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)answer,
						  sizeof(struct nfgenmsg), NFTA_GEN_ID);

	if (id)
		*(uint32_t *)ctx = ntohl(nla_get_u32(id));
}

int fw_nft_generation(uint32_t *generation, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	int rc = netlink_open_netfilter(&nl, err);

	*generation = 0;
	if (rc < 0)
		return rc;
	rc = netlink_ask(&nl, nft_msg(NFT_MSG_GETGEN, NFPROTO_UNSPEC, NLM_F_ACK), take_generation,
			 generation);
	if (rc < 0 && rc != -EOPNOTSUPP && rc != -EINVAL)
		return netlink_fail(&nl, rc, err, "firewall: reading the generation of nftables");
	return 0;
}

/* ---- writing ---- */

struct library {
	void *handle;
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	void (*ctx_free)(struct nft_ctx *ctx);
	int (*buffer_output)(struct nft_ctx *ctx);
	int (*buffer_error)(struct nft_ctx *ctx);
	const char *(*get_error)(struct nft_ctx *ctx);
	int (*run)(struct nft_ctx *ctx, const char *commands);
};

/* POSIX gives dlsym's result the meaning of a function's address, C does not. */
static bool find(void *handle, const char *name, void *function)
{
	void *symbol = dlsym(handle, name);

	memcpy(function, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static int library_load(struct library *lib, struct err *err)
{
	lib->handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return err_set(err, ENOENT,
			       "firewall: libnftables cannot be loaded (%s); install the package "
			       "libnftables1, or choose \"firewall\": \"iptables\"",
			       dlerror());
	if (!find(lib->handle, "nft_ctx_new", &lib->ctx_new) ||
	    !find(lib->handle, "nft_ctx_free", &lib->ctx_free) ||
	    !find(lib->handle, "nft_ctx_buffer_output", &lib->buffer_output) ||
	    !find(lib->handle, "nft_ctx_buffer_error", &lib->buffer_error) ||
	    !find(lib->handle, "nft_ctx_get_error_buffer", &lib->get_error) ||
	    !find(lib->handle, "nft_run_cmd_from_buffer", &lib->run))
		return err_set(err, ENOSYS, "firewall: libnftables: %s", dlerror());
	return 0;
}

int fw_nft_run(const char *commands, struct err *err)
{
	static struct library lib; /* once loaded it stays */

	if (!lib.run)
		(void)library_load(&lib, err);
	if (!lib.run)
		return -err->code;
	struct nft_ctx *ctx = lib.ctx_new(NFT_CTX_DEFAULT);
	int rc = 0;

	if (!ctx || lib.buffer_output(ctx) || lib.buffer_error(ctx))
		rc = err_set(err, ENOMEM, "firewall: libnftables gives no context");
	else if (lib.run(ctx, commands) != 0)
		rc = err_set(err, EIO, "firewall: nftables: %.300s", lib.get_error(ctx));
	if (ctx)
		lib.ctx_free(ctx);
	return rc;
}
