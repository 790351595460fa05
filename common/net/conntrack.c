/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdio.h>
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
 * for a listing alone: a deletion with it wants a whole tuple (EINVAL), a flush with it is EOPNOTSUPP,
 * so an unfiltered flush cannot happen.
 */
/* CTA_FILTER_F_CTA_…: not in the kernel's uapi headers */
#define FILTER_IP_SRC    (1u << 0)
#define FILTER_PROTO_NUM (1u << 3)
#define FILTER_DST_PORT  (1u << 5)

/* Entries whose tuple (.original: as it was opened) has this source address, or this port. */
struct filter {
	bool original;
	int family;
	const struct ip_addr *source; /* NULL: proto and port */
	uint8_t proto;
	uint16_t port;                       /* 0: any */
	const struct conntrack_ports *ports; /* of the listed ones only those; NULL: all */
};

static struct nl_msg *conntrack_msg(int type, int flags, int family)
{
	const struct nfgenmsg head = { .nfgen_family = (unsigned char)family,
				       .version = NFNETLINK_V0 };

	return netlink_msg(NFNL_SUBSYS_CTNETLINK << 8 | type, NLM_F_REQUEST | flags, &head,
			   sizeof(head));
}

static void put_source(struct nl_msg *msg, const struct ip_addr *addr)
{
	struct nlattr *nest = netlink_nest(msg, CTA_TUPLE_IP | NLA_F_NESTED);

	netlink_put(msg, addr->family == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, addr->bytes,
		    ip_bytes(addr->family));
	netlink_nest_end(msg, nest);
}

static void put_port(struct nl_msg *msg, const struct filter *filter)
{
	struct nlattr *nest = netlink_nest(msg, CTA_TUPLE_PROTO | NLA_F_NESTED);
	const uint16_t port = htons(filter->port);

	netlink_put(msg, CTA_PROTO_NUM, &filter->proto, sizeof(filter->proto));
	if (port > 0)
		netlink_put(msg, CTA_PROTO_DST_PORT, &port, sizeof(port));
	netlink_nest_end(msg, nest);
}

static struct nl_msg *filtered_msg(int type, int nl_flags, const struct filter *filter)
{
	struct nl_msg *msg = conntrack_msg(type, nl_flags, filter->family);
	uint32_t flags = 0;
	struct nlattr *nest = netlink_nest(
		msg, (filter->original ? CTA_TUPLE_ORIG : CTA_TUPLE_REPLY) | NLA_F_NESTED);

	if (filter->source)
		put_source(msg, filter->source);
	else
		put_port(msg, filter);
	netlink_nest_end(msg, nest);
	nest = netlink_nest(msg, CTA_FILTER | NLA_F_NESTED);
	flags = filter->port > 0 ? FILTER_PROTO_NUM | FILTER_DST_PORT : FILTER_PROTO_NUM;
	netlink_put_u32(msg, filter->original ? CTA_FILTER_ORIG_FLAGS : CTA_FILTER_REPLY_FLAGS,
			filter->source ? FILTER_IP_SRC : flags);
	netlink_nest_end(msg, nest);
	return msg;
}

/* ---- by a listing: several ports, and kernels that cannot flush by a filter ---- */

struct entry {
	void *tuple; /* the payload of CTA_TUPLE_ORIG: what names an entry */
	size_t len;
};

struct entries {
	struct entry *items;
	size_t n;
	const struct conntrack_ports *ports;
};

static void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->items[i].tuple);
	free(entries->items);
	*entries = (struct entries){ .items = NULL };
}

static bool has_port(const struct nlattr *tuple, const struct conntrack_ports *ports)
{
	struct nlattr *proto = nla_find(nla_data(tuple), nla_len(tuple), CTA_TUPLE_PROTO);
	struct nlattr *port = proto ? nla_find(nla_data(proto), nla_len(proto), CTA_PROTO_DST_PORT)
				    : NULL;

	return port && nla_len(port) == sizeof(uint16_t) &&
	       ports->wanted(ports->ctx, ntohs(nla_get_u16(port)));
}

static void take_entry(const struct nlmsghdr *answer, void *ctx)
{
	struct entries *entries = ctx;
	struct entry entry = { .tuple = NULL };
	const struct nlattr *tuple = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)answer,
						     sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);

	if (!tuple || (entries->ports && !has_port(tuple, entries->ports)))
		return;
	entry.len = (size_t)nla_len(tuple);
	entry.tuple = xmalloc(entry.len);
	memcpy(entry.tuple, nla_data(tuple), entry.len);
	entries->items = xreallocarray(entries->items, entries->n + 1, sizeof(*entries->items));
	entries->items[entries->n++] = entry;
}

static int delete_listed(struct netlink *nl, const struct filter *filter)
{
	__attribute__((cleanup(entries_free))) struct entries entries = { .ports = filter->ports };
	int rc = netlink_ask(nl, filtered_msg(IPCTNL_MSG_CT_GET, NLM_F_DUMP, filter), take_entry,
			     &entries);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < entries.n; i++) {
		struct nl_msg *msg = conntrack_msg(IPCTNL_MSG_CT_DELETE, 0, filter->family);

		netlink_put(msg, CTA_TUPLE_ORIG | NLA_F_NESTED, entries.items[i].tuple,
			    entries.items[i].len);
		rc = netlink_talk(nl, msg);
		if (rc < 0 && rc != -ENOENT) /* it may have ended meanwhile */
			return rc;
	}
	return 0;
}

/* ---- flushing ---- */

/* What is flushed is told in the error: an address, or a port. */
static int flush(const struct filter *filters, size_t n, const char *what, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;

	if (netlink_open_netfilter(&nl, err) < 0) {
		if (err->code != EPROTONOSUPPORT)
			return -err->code;
		err_clear(err); /* no netfilter, nothing to forget */
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		int rc = filters[i].ports ? -EOPNOTSUPP
					  : netlink_talk(&nl, filtered_msg(IPCTNL_MSG_CT_DELETE, 0,
									   &filters[i]));

		/* Before 6.12 the filter is not seen, and the tuple is no whole one. */
		if (rc == -EOPNOTSUPP || rc == -EINVAL)
			rc = delete_listed(&nl, &filters[i]);
		if (rc < 0)
			return netlink_fail(&nl, rc, err, "conntrack: forgetting connections of %s",
					    what);
	}
	return 0;
}

int conntrack_flush(const struct ip_addr *addr, struct err *err)
{
	const struct filter filters[] = {
		{ .original = true, .family = addr->family, .source = addr },
		{ .original = false, .family = addr->family, .source = addr },
	};
	const struct ip_text what = ip_addr_text(addr);

	return flush(filters, ARRAY_SIZE(filters), what.text, err);
}

int conntrack_flush_port(int proto, uint16_t port, struct err *err)
{
	const struct filter filters[] = {
		{ .original = true, .family = AF_INET, .proto = (uint8_t)proto, .port = port },
		{ .original = true, .family = AF_INET6, .proto = (uint8_t)proto, .port = port },
	};
	char what[32];

	(void)snprintf(what, sizeof(what), "port %u", port);
	return flush(filters, ARRAY_SIZE(filters), what, err);
}

int conntrack_flush_ports(int proto, const struct conntrack_ports *ports, struct err *err)
{
	const struct filter filters[] = {
		{ .original = true, .family = AF_INET, .proto = (uint8_t)proto, .ports = ports },
		{ .original = true, .family = AF_INET6, .proto = (uint8_t)proto, .ports = ports },
	};

	return flush(filters, ARRAY_SIZE(filters), "published ports", err);
}
