/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/addr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

static struct nl_msg *addr_msg(int type, int flags, const struct addr_entry *entry, bool dad)
{
	const struct ip_prefix *prefix = &entry->prefix;
	const struct ifaddrmsg head = {
		.ifa_family = (unsigned char)prefix->addr.family,
		.ifa_prefixlen = (unsigned char)prefix->len,
		.ifa_flags = dad ? 0 : IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned int)entry->link_index,
	};
	const size_t len = ip_bytes(prefix->addr.family);
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST | flags, &head, sizeof(head));

	netlink_put(msg, IFA_LOCAL, prefix->addr.bytes, len);
	netlink_put(msg, IFA_ADDRESS, prefix->addr.bytes, len);
	return msg;
}

static int add(struct netlink *nl, const struct addr_entry *entry, bool dad, struct err *err)
{
	struct nl_msg *msg = addr_msg(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, entry, dad);
	const struct ip_prefix *prefix = &entry->prefix;
	const struct ip_addr broadcast = ip_broadcast(prefix);
	int rc = 0;

	/* /31 (RFC 3021) and /32 have none, nor has IPv6. */
	if (prefix->addr.family == AF_INET && prefix->len < 31)
		netlink_put(msg, IFA_BROADCAST, broadcast.bytes, ip_bytes(AF_INET));
	rc = netlink_talk(nl, msg);
	if (rc == -EEXIST)
		return 0;
	if (rc < 0)
		return netlink_fail(nl, rc, err, "address %s on interface number %d",
				    ip_prefix_text(prefix).text, entry->link_index);
	return 1;
}

int addr_add(struct netlink *nl, int link_index, const struct ip_prefix *prefix, struct err *err)
{
	return add(nl, &(struct addr_entry){ .link_index = link_index, .prefix = *prefix }, false,
		   err);
}

int addr_add_dad(struct netlink *nl, int link_index, const struct ip_prefix *prefix,
		 struct err *err)
{
	return add(nl, &(struct addr_entry){ .link_index = link_index, .prefix = *prefix }, true,
		   err);
}

int addr_delete(struct netlink *nl, int link_index, const struct ip_prefix *prefix, struct err *err)
{
	const struct addr_entry entry = { .link_index = link_index, .prefix = *prefix };
	int rc = netlink_talk(nl, addr_msg(RTM_DELADDR, 0, &entry, false));

	if (rc == -EADDRNOTAVAIL || rc == -ENODEV)
		return 0;
	if (rc < 0)
		return netlink_fail(nl, rc, err, "removing address %s from interface number %d",
				    ip_prefix_text(prefix).text, link_index);
	return 1;
}

struct wanted {
	int link_index;
	struct addr_list *list;
};

static void take_addr(const struct nlmsghdr *answer, void *ctx)
{
	const struct wanted *wanted = ctx;
	struct addr_list *list = wanted->list;
	const struct ifaddrmsg *head = nlmsg_data(answer);
	struct nlattr *attrs[IFA_MAX + 1] = { NULL };
	struct addr_entry entry = { .prefix = { .addr = { .family = head->ifa_family } } };
	const struct nlattr *local = NULL;

	if (answer->nlmsg_type != RTM_NEWADDR ||
	    (head->ifa_family != AF_INET && head->ifa_family != AF_INET6) ||
	    (head->ifa_family == AF_INET6 && head->ifa_scope == RT_SCOPE_LINK) ||
	    (wanted->link_index != 0 && (int)head->ifa_index != wanted->link_index) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(*head), attrs, IFA_MAX, NULL) <
		    0)
		return;
	local = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!local || nla_len(local) != (int)ip_bytes(head->ifa_family))
		return;
	entry.link_index = (int)head->ifa_index;
	entry.is_permanent = head->ifa_flags & IFA_F_PERMANENT;
	entry.is_global = head->ifa_scope == RT_SCOPE_UNIVERSE;
	entry.prefix.len = head->ifa_prefixlen;
	memcpy(entry.prefix.addr.bytes, nla_data(local), ip_bytes(head->ifa_family));
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = entry;
}

int addr_list(struct netlink *nl, int link_index, struct addr_list *list, struct err *err)
{
	const struct ifaddrmsg head = {
		.ifa_family = AF_UNSPEC,
		.ifa_index = (unsigned int)link_index,
	};
	struct wanted wanted = { .link_index = link_index, .list = list };
	int rc = -EINTR;

	for (int tries = 0; rc == -EINTR && tries < 5; tries++) {
		addr_list_free(list);
		rc = netlink_ask(nl,
				 netlink_msg(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &head,
					     sizeof(head)),
				 take_addr, &wanted);
	}
	return rc < 0 ? netlink_fail(nl, rc, err, "listing addresses") : 0;
}

void addr_list_free(struct addr_list *list)
{
	free(list->items);
	*list = (struct addr_list){ .items = NULL };
}
