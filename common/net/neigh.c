/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/log.h"

static struct nl_msg *neigh_msg(int type, int flags, int link_index, const struct ip_addr *addr,
				uint16_t state)
{
	const struct ndmsg head = {
		.ndm_family = (unsigned char)addr->family,
		.ndm_ifindex = link_index,
		.ndm_state = state,
	};
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST | flags, &head, sizeof(head));

	netlink_put(msg, NDA_DST, addr->bytes, ip_bytes(addr->family));
	return msg;
}

static int set(struct netlink *nl, struct nl_msg *msg, int link_index, const struct ip_addr *addr,
	       const struct link_mac *mac, struct err *err)
{
	int rc = 0;

	netlink_put(msg, NDA_LLADDR, mac->bytes, LINK_MAC_BYTES);
	rc = netlink_talk(nl, msg);
	return rc < 0 ? netlink_fail(nl, rc, err, "neighbour %s on interface number %d",
				     ip_addr_text(addr).text, link_index)
		      : 0;
}

int neigh_replace(struct netlink *nl, int link_index, const struct ip_addr *addr,
		  const struct link_mac *mac, struct err *err)
{
	int rc = set(nl,
		     neigh_msg(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link_index, addr,
			       NUD_STALE),
		     link_index, addr, mac, err);

	/* Only a new entry can be one too many. */
	if (rc == -ENOBUFS) {
		log_debug("%s; ignoring, the kernel's table is full", err->msg);
		err_clear(err);
		rc = 0;
	}
	return rc;
}

int neigh_pin(struct netlink *nl, int link_index, const struct ip_addr *addr,
	      const struct link_mac *mac, struct err *err)
{
	return set(nl,
		   neigh_msg(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link_index, addr,
			     NUD_PERMANENT),
		   link_index, addr, mac, err);
}

int neigh_delete(struct netlink *nl, int link_index, const struct ip_addr *addr, struct err *err)
{
	int rc = netlink_talk(nl, neigh_msg(RTM_DELNEIGH, 0, link_index, addr, 0));

	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		return 0;
	return rc < 0 ? netlink_fail(nl, rc, err, "removing neighbour %s on interface number %d",
				     ip_addr_text(addr).text, link_index)
		      : 1;
}

struct answer {
	struct link_mac *mac;
	bool found;
};

static void take_neigh(const struct nlmsghdr *answer, void *ctx)
{
	struct answer *out = ctx;
	struct nlattr *attrs[NDA_MAX + 1] = { NULL };

	if (answer->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(struct ndmsg), attrs, NDA_MAX,
			NULL) < 0 ||
	    !attrs[NDA_LLADDR] || nla_len(attrs[NDA_LLADDR]) != LINK_MAC_BYTES)
		return;
	memcpy(out->mac->bytes, nla_data(attrs[NDA_LLADDR]), LINK_MAC_BYTES);
	out->found = true;
}

int neigh_find(struct netlink *nl, int link_index, const struct ip_addr *addr, struct link_mac *mac,
	       struct err *err)
{
	struct answer answer = { .mac = mac };
	int rc = netlink_ask(nl, neigh_msg(RTM_GETNEIGH, 0, link_index, addr, 0), take_neigh,
			     &answer);

	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		return 0;
	return rc < 0 ? netlink_fail(nl, rc, err, "neighbour %s on interface number %d",
				     ip_addr_text(addr).text, link_index)
		      : answer.found;
}
