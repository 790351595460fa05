/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

static struct nl_msg *neigh_msg(int type, int flags, int link_index, const struct ip_addr *addr)
{
	const struct ndmsg head = {
		.ndm_family = (unsigned char)addr->family,
		.ndm_ifindex = link_index,
		.ndm_state = type == RTM_NEWNEIGH ? NUD_STALE : 0,
	};
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST | flags, &head, sizeof(head));

	netlink_put(msg, NDA_DST, addr->bytes, ip_bytes(addr->family));
	return msg;
}

int neigh_replace(struct netlink *nl, int link_index, const struct ip_addr *addr,
		  const struct link_mac *mac, struct err *err)
{
	struct nl_msg *msg =
		neigh_msg(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link_index, addr);
	int rc = 0;

	netlink_put(msg, NDA_LLADDR, mac->bytes, LINK_MAC_BYTES);
	rc = netlink_talk(nl, msg);
	return rc < 0 ? netlink_fail(nl, rc, err, "neighbour %s on interface number %d",
				     ip_addr_text(addr).text, link_index)
		      : 0;
}

int neigh_delete(struct netlink *nl, int link_index, const struct ip_addr *addr, struct err *err)
{
	int rc = netlink_talk(nl, neigh_msg(RTM_DELNEIGH, 0, link_index, addr));

	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		return 0;
	return rc < 0 ? netlink_fail(nl, rc, err, "removing neighbour %s on interface number %d",
				     ip_addr_text(addr).text, link_index)
		      : 1;
}
