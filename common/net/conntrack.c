/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/netlink.h"
#include "common/str.h"

/*
 * An entry has two tuples: the connection as it was opened, and as replies come back. A container's
 * own connections have its address as the source of the first; those to it, translated or not, as
 * the source of the second.
 *
 * CTA_FILTER (Linux 5.8) tells the kernel which fields of the given tuple count. Up to 6.11 it works
 * for a listing alone and a flush with it is EOPNOTSUPP, so an unfiltered flush cannot happen.
 */
#define FILTER_IP_SRC 1u /* CTA_FILTER_F_CTA_IP_SRC; not in the kernel's uapi headers */

struct direction {
	int tuple;
	int filter;
};

static const struct direction directions[] = {
	{ CTA_TUPLE_ORIG, CTA_FILTER_ORIG_FLAGS },
	{ CTA_TUPLE_REPLY, CTA_FILTER_REPLY_FLAGS },
};

static struct nl_msg *conntrack_msg(int type, int flags, int family)
{
	const struct nfgenmsg head = { .nfgen_family = (unsigned char)family,
				       .version = NFNETLINK_V0 };

	return netlink_msg(NFNL_SUBSYS_CTNETLINK << 8 | type, NLM_F_REQUEST | flags, &head,
			   sizeof(head));
}

static struct nl_msg *filtered_msg(int type, int flags, const struct direction *direction,
				   const struct ip_addr *addr)
{
	struct nl_msg *msg = conntrack_msg(type, flags, addr->family);
	struct nlattr *nest = netlink_nest(msg, direction->tuple | NLA_F_NESTED);
	struct nlattr *ip = netlink_nest(msg, CTA_TUPLE_IP | NLA_F_NESTED);

	netlink_put(msg, addr->family == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, addr->bytes,
		    ip_bytes(addr->family));
	netlink_nest_end(msg, ip);
	netlink_nest_end(msg, nest);
	nest = netlink_nest(msg, CTA_FILTER | NLA_F_NESTED);
	netlink_put_u32(msg, direction->filter, FILTER_IP_SRC);
	netlink_nest_end(msg, nest);
	return msg;
}

/* ---- kernels that cannot flush by a filter ---- */

struct entry {
	void *tuple; /* the payload of CTA_TUPLE_ORIG: what names an entry */
	size_t len;
};

struct entries {
	struct entry *items;
	size_t n;
};

static void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->items[i].tuple);
	free(entries->items);
	*entries = (struct entries){ .items = NULL };
}

static void take_entry(const struct nlmsghdr *answer, void *ctx)
{
	struct entries *entries = ctx;
	struct entry entry = { .tuple = NULL };
	const struct nlattr *tuple = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)answer,
						     sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);

	if (!tuple)
		return;
	entry.len = (size_t)nla_len(tuple);
	entry.tuple = xmalloc(entry.len);
	memcpy(entry.tuple, nla_data(tuple), entry.len);
	entries->items = xreallocarray(entries->items, entries->n + 1, sizeof(*entries->items));
	entries->items[entries->n++] = entry;
}

static int delete_listed(struct netlink *nl, const struct direction *direction,
			 const struct ip_addr *addr)
{
	__attribute__((cleanup(entries_free))) struct entries entries = { .items = NULL };
	int rc = netlink_ask(nl, filtered_msg(IPCTNL_MSG_CT_GET, NLM_F_DUMP, direction, addr),
			     take_entry, &entries);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < entries.n; i++) {
		struct nl_msg *msg = conntrack_msg(IPCTNL_MSG_CT_DELETE, 0, addr->family);

		netlink_put(msg, CTA_TUPLE_ORIG | NLA_F_NESTED, entries.items[i].tuple,
			    entries.items[i].len);
		rc = netlink_talk(nl, msg);
		if (rc < 0 && rc != -ENOENT) /* it may have ended meanwhile */
			return rc;
	}
	return 0;
}

int conntrack_flush(const struct ip_addr *addr, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;

	if (netlink_open_netfilter(&nl, err) < 0) {
		if (err->code != EPROTONOSUPPORT)
			return -err->code;
		err_clear(err); /* no netfilter, nothing to forget */
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		int rc = netlink_talk(&nl,
				      filtered_msg(IPCTNL_MSG_CT_DELETE, 0, &directions[i], addr));

		if (rc == -EOPNOTSUPP)
			rc = delete_listed(&nl, &directions[i], addr);
		if (rc < 0)
			return netlink_fail(&nl, rc, err, "conntrack: forgetting connections of %s",
					    ip_addr_text(addr).text);
	}
	return 0;
}
