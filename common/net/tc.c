/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <string.h>

/* How long a packet may wait in front of the bucket before it is dropped, as CNI has it. */
#define LATENCY_MS 25

#define ROOT_HANDLE    TC_H_MAKE(1U << 16, 0)
#define INGRESS_HANDLE TC_H_MAKE(TC_H_INGRESS, 0)
/* "800::800", the first of its table: by name, so that a second request replaces it. */
#define FILTER_HANDLE 0x80000800U
#define FILTER_PRIO   1U

static struct nl_msg *tc_msg(int type, int flags, const struct tcmsg *head, const char *kind)
{
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST | flags, head, sizeof(*head));

	netlink_put_string(msg, TCA_KIND, kind);
	return msg;
}

/* The modules load by themselves; ENOENT means that there is none. */
static int fail(struct netlink *nl, int rc, int link_index, const char *what, const char *option,
		struct err *err)
{
	if (rc == -ENOENT)
		return err_set(err, EOPNOTSUPP, "interface number %d: %s: this kernel has no %s",
			       link_index, what, option);
	return netlink_fail(nl, rc, err, "interface number %d: %s", link_index, what);
}

/* ---- the bucket ---- */

static bool is_wide(const struct tc_rate *rate)
{
	return rate->bytes_per_second > UINT32_MAX;
}

static struct tc_tbf_qopt options_of(const struct tc_rate *rate)
{
	const uint64_t limit = rate->bytes_per_second * LATENCY_MS / 1000 + rate->burst_bytes;

	return (struct tc_tbf_qopt){
		.rate = {
			.linklayer = TC_LINKLAYER_ETHERNET,
			.rate = is_wide(rate) ? UINT32_MAX : (uint32_t)rate->bytes_per_second,
		},
		.limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit,
	};
}

int tc_set_bucket(struct netlink *nl, int link_index, const struct tc_rate *rate, struct err *err)
{
	const struct tcmsg head = {
		.tcm_ifindex = link_index,
		.tcm_handle = ROOT_HANDLE,
		.tcm_parent = TC_H_ROOT,
	};
	const struct tc_tbf_qopt options = options_of(rate);
	struct nl_msg *msg = tc_msg(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, "tbf");
	struct nlattr *nest = netlink_nest(msg, TCA_OPTIONS);
	int rc = 0;

	netlink_put(msg, TCA_TBF_PARMS, &options, sizeof(options));
	netlink_put_u32(msg, TCA_TBF_BURST, rate->burst_bytes);
	if (is_wide(rate))
		netlink_put(msg, TCA_TBF_RATE64, &rate->bytes_per_second,
			    sizeof(rate->bytes_per_second));
	netlink_nest_end(msg, nest);
	rc = netlink_talk(nl, msg);
	return rc < 0 ? fail(nl, rc, link_index, "limit the rate", "CONFIG_NET_SCH_TBF", err) : 0;
}

struct bucket_look {
	const struct tc_rate *rate;
	bool found;
};

/* The kernel does not give the burst back, but it is a part of the limit. */
static void look_at_bucket(const struct nlmsghdr *answer, void *ctx)
{
	struct bucket_look *look = ctx;
	const struct tc_tbf_qopt want = options_of(look->rate);
	struct nlattr *attrs[TCA_MAX + 1] = { NULL };
	struct nlattr *options[TCA_TBF_MAX + 1] = { NULL };
	struct tc_tbf_qopt have = { .limit = 0 };
	uint64_t wide = 0;

	if (answer->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(struct tcmsg), attrs, TCA_MAX,
			NULL) < 0 ||
	    !attrs[TCA_KIND] || nla_strcmp(attrs[TCA_KIND], "tbf") != 0 || !attrs[TCA_OPTIONS] ||
	    nla_parse_nested(options, TCA_TBF_MAX, attrs[TCA_OPTIONS], NULL) < 0 ||
	    !options[TCA_TBF_PARMS])
		return;
	(void)nla_memcpy(&have, options[TCA_TBF_PARMS], sizeof(have));
	if (options[TCA_TBF_RATE64])
		(void)nla_memcpy(&wide, options[TCA_TBF_RATE64], sizeof(wide));
	look->found = have.rate.rate == want.rate.rate && have.limit == want.limit &&
		      (!is_wide(look->rate) || wide == look->rate->bytes_per_second);
}

int tc_has_bucket(struct netlink *nl, int link_index, const struct tc_rate *rate, struct err *err)
{
	const struct tcmsg head = {
		.tcm_ifindex = link_index,
		.tcm_parent = TC_H_ROOT,
	};
	struct bucket_look look = { rate, false };
	/* Without NLM_F_ECHO older kernels answer to all but the one who asks. */
	int rc = netlink_ask(
		nl, netlink_msg(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_ECHO, &head, sizeof(head)),
		look_at_bucket, &look);

	/* ENOENT: not even the kernel's own. */
	if (rc < 0 && rc != -ENOENT)
		return netlink_fail(nl, rc, err, "interface number %d: look at its queue",
				    link_index);
	return look.found;
}

static int remove_qdisc(struct netlink *nl, const struct tcmsg *head, const char *kind,
			struct err *err)
{
	int rc = netlink_talk(nl, tc_msg(RTM_DELQDISC, 0, head, kind));

	/* ENOENT, EINVAL: there is another one, or none; ENODEV: not even the link. */
	if (rc >= 0 || rc == -ENOENT || rc == -EINVAL || rc == -ENODEV)
		return 0;
	return netlink_fail(nl, rc, err, "interface number %d: remove '%s'", head->tcm_ifindex,
			    kind);
}

int tc_remove_bucket(struct netlink *nl, int link_index, struct err *err)
{
	const struct tcmsg head = {
		.tcm_ifindex = link_index,
		.tcm_handle = ROOT_HANDLE,
		.tcm_parent = TC_H_ROOT,
	};

	return remove_qdisc(nl, &head, "tbf", err);
}

/* ---- the redirection ---- */

static void put_mirred(struct nl_msg *msg, int to_index)
{
	const struct tc_mirred options = {
		.action = TC_ACT_STOLEN,
		.eaction = TCA_EGRESS_REDIR,
		.ifindex = (uint32_t)to_index,
	};
	struct nlattr *list = netlink_nest(msg, TCA_U32_ACT);
	struct nlattr *first = netlink_nest(msg, 1);
	struct nlattr *nest = NULL;

	netlink_put_string(msg, TCA_ACT_KIND, "mirred");
	nest = netlink_nest(msg, TCA_ACT_OPTIONS);
	netlink_put(msg, TCA_MIRRED_PARMS, &options, sizeof(options));
	netlink_nest_end(msg, nest);
	netlink_nest_end(msg, first);
	netlink_nest_end(msg, list);
}

/* Every packet: a key without a bit. */
static int put_filter(struct netlink *nl, int link_index, int to_index)
{
	const struct tcmsg head = {
		.tcm_ifindex = link_index,
		.tcm_handle = FILTER_HANDLE,
		.tcm_parent = INGRESS_HANDLE,
		.tcm_info = TC_H_MAKE(FILTER_PRIO << 16, htons(ETH_P_ALL)),
	};
	/* A selector and its one key, which matches everything. */
	unsigned char selector[sizeof(struct tc_u32_sel) + sizeof(struct tc_u32_key)] = { 0 };
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };

	memcpy(selector, &sel, sizeof(sel));
	struct nl_msg *msg = tc_msg(RTM_NEWTFILTER, NLM_F_CREATE, &head, "u32");
	struct nlattr *nest = netlink_nest(msg, TCA_OPTIONS);

	netlink_put(msg, TCA_U32_SEL, selector, sizeof(selector));
	put_mirred(msg, to_index);
	netlink_nest_end(msg, nest);
	return netlink_talk(nl, msg);
}

static struct tcmsg ingress_head(int link_index)
{
	return (struct tcmsg){
		.tcm_ifindex = link_index,
		.tcm_handle = INGRESS_HANDLE,
		.tcm_parent = TC_H_INGRESS,
	};
}

int tc_redirect(struct netlink *nl, int link_index, int to_index, struct err *err)
{
	const struct tcmsg head = ingress_head(link_index);
	int rc =
		netlink_talk(nl, tc_msg(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &head, "ingress"));

	if (rc < 0 && rc != -EEXIST)
		return fail(nl, rc, link_index, "redirect", "CONFIG_NET_SCH_INGRESS", err);
	rc = put_filter(nl, link_index, to_index);
	return rc < 0 ? fail(nl, rc, link_index, "redirect",
			     "CONFIG_NET_CLS_U32 or CONFIG_NET_ACT_MIRRED", err)
		      : 0;
}

struct redirect_look {
	int to_index;
	bool found;
};

static bool leads_to(struct nlattr *actions, int to_index)
{
	struct nlattr *first = nla_find(nla_data(actions), nla_len(actions), 1);
	struct nlattr *action[TCA_ACT_MAX + 1] = { NULL };
	struct nlattr *mirred[TCA_MIRRED_MAX + 1] = { NULL };
	struct tc_mirred options = { .ifindex = 0 };

	if (!first || nla_parse_nested(action, TCA_ACT_MAX, first, NULL) < 0 ||
	    !action[TCA_ACT_KIND] || nla_strcmp(action[TCA_ACT_KIND], "mirred") != 0 ||
	    !action[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(mirred, TCA_MIRRED_MAX, action[TCA_ACT_OPTIONS], NULL) < 0 ||
	    !mirred[TCA_MIRRED_PARMS])
		return false;
	(void)nla_memcpy(&options, mirred[TCA_MIRRED_PARMS], sizeof(options));
	return options.eaction == TCA_EGRESS_REDIR && options.ifindex == (uint32_t)to_index;
}

static void look_at_filter(const struct nlmsghdr *answer, void *ctx)
{
	struct redirect_look *look = ctx;
	struct nlattr *attrs[TCA_MAX + 1] = { NULL };
	struct nlattr *u32[TCA_U32_MAX + 1] = { NULL };

	if (answer->nlmsg_type != RTM_NEWTFILTER ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(struct tcmsg), attrs, TCA_MAX,
			NULL) < 0 ||
	    !attrs[TCA_KIND] || nla_strcmp(attrs[TCA_KIND], "u32") != 0 || !attrs[TCA_OPTIONS] ||
	    nla_parse_nested(u32, TCA_U32_MAX, attrs[TCA_OPTIONS], NULL) < 0 || !u32[TCA_U32_ACT])
		return;
	look->found = look->found || leads_to(u32[TCA_U32_ACT], look->to_index);
}

int tc_is_redirected(struct netlink *nl, int link_index, int to_index, struct err *err)
{
	const struct tcmsg head = {
		.tcm_ifindex = link_index,
		.tcm_parent = INGRESS_HANDLE,
	};
	struct redirect_look look = { to_index, false };
	int rc = netlink_ask(
		nl, netlink_msg(RTM_GETTFILTER, NLM_F_REQUEST | NLM_F_DUMP, &head, sizeof(head)),
		look_at_filter, &look);

	return rc < 0 ? netlink_fail(nl, rc, err, "interface number %d: look at its filters",
				     link_index)
		      : look.found;
}

int tc_remove_redirect(struct netlink *nl, int link_index, struct err *err)
{
	const struct tcmsg head = ingress_head(link_index);

	return remove_qdisc(nl, &head, "ingress", err);
}
