/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/link.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/vlan.h"
#include "common/str.h"

int link_check_name(const char *name, const char *what, struct err *err)
{
	size_t len = strlen(name);

	/* "all" and "default" are folders of /proc/sys/net/ipv4/conf. */
	if (len == 0 || str_eq(name, ".") || str_eq(name, "..") || str_eq(name, "all") ||
	    str_eq(name, "default"))
		return err_set(err, EINVAL, "%s: '%s' is not an interface name", what, name);
	if (len >= IFNAMSIZ)
		return err_set(err, ENAMETOOLONG, "%s: '%s' is longer than %d characters", what,
			       name, IFNAMSIZ - 1);
	for (const char *p = name; *p; p++) {
		/* '%' would make the kernel choose a number ("veth%d"). */
		if (*p == '/' || *p == ':' || *p == '%' || !isgraph((unsigned char)*p))
			return err_set(
				err, EINVAL,
				"%s: '%s' is not an interface name: no blanks, '/', ':', '%%'",
				what, name);
	}
	return 0;
}

/* ---- reading ---- */

struct found {
	struct link_info *info;
	bool any;
};

static void copy_name(char name[IFNAMSIZ], const struct nlattr *attr)
{
	if (attr)
		(void)snprintf(name, IFNAMSIZ, "%.*s", nla_len(attr), (const char *)nla_data(attr));
}

static bool read_flag(const struct nlattr *data, int type)
{
	const struct nlattr *flag = nla_find(nla_data(data), nla_len(data), type);

	return flag && nla_len(flag) >= 1 && nla_get_u8(flag) != 0;
}

static void read_port(const struct nlattr *linkinfo, struct link_port *port)
{
	const struct nlattr *data =
		nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_SLAVE_DATA);
	char kind[IFNAMSIZ] = "";

	copy_name(kind, nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_SLAVE_KIND));
	if (!data || !str_eq(kind, "bridge"))
		return;
	port->isolated = read_flag(data, IFLA_BRPORT_ISOLATED);
	port->hairpin = read_flag(data, IFLA_BRPORT_MODE);
}

static void read_link(const struct nlmsghdr *answer, struct link_info *info)
{
	const struct ifinfomsg *head = nlmsg_data(answer);
	struct nlattr *attrs[IFLA_MAX + 1] = { NULL };
	const struct nlattr *linkinfo = NULL;

	*info = (struct link_info){ .index = head->ifi_index,
				    .up = head->ifi_flags & IFF_UP,
				    .promisc = head->ifi_flags & IFF_PROMISC };
	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(*head), attrs, IFLA_MAX,
			NULL) < 0)
		return;
	copy_name(info->name, attrs[IFLA_IFNAME]);
	if (attrs[IFLA_MTU])
		info->mtu = nla_get_u32(attrs[IFLA_MTU]);
	if (attrs[IFLA_MASTER])
		info->master = (int)nla_get_u32(attrs[IFLA_MASTER]);
	if (attrs[IFLA_LINK])
		info->peer = (int)nla_get_u32(attrs[IFLA_LINK]);
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == LINK_MAC_BYTES)
		memcpy(info->mac.bytes, nla_data(attrs[IFLA_ADDRESS]), LINK_MAC_BYTES);
	link_conf_read(attrs[IFLA_AF_SPEC], &info->conf);
	linkinfo = attrs[IFLA_LINKINFO];
	if (!linkinfo)
		return;
	copy_name(info->kind, nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_KIND));
	read_port(linkinfo, &info->port);
}

static void take_link(const struct nlmsghdr *answer, void *ctx)
{
	struct found *found = ctx;

	if (answer->nlmsg_type != RTM_NEWLINK)
		return;
	read_link(answer, found->info);
	found->any = true;
}

static int find(struct netlink *nl, const char *name, int index, struct link_info *info)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct found found = { .info = info };
	struct nl_msg *msg = netlink_msg(RTM_GETLINK, NLM_F_REQUEST, &head, sizeof(head));
	int rc = 0;

	if (name)
		netlink_put_string(msg, IFLA_IFNAME, name);
	netlink_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	rc = netlink_ask(nl, msg, take_link, &found);
	if (rc == -ENODEV)
		return 0;
	return rc < 0 ? rc : found.any;
}

int link_find(struct netlink *nl, const char *name, struct link_info *info, struct err *err)
{
	int rc = find(nl, name, 0, info);

	return rc < 0 ? netlink_fail(nl, rc, err, "interface '%s'", name) : rc;
}

int link_find_index(struct netlink *nl, int index, struct link_info *info, struct err *err)
{
	int rc = find(nl, NULL, index, info);

	return rc < 0 ? netlink_fail(nl, rc, err, "interface number %d", index) : rc;
}

int link_get(struct netlink *nl, const char *name, struct link_info *info, struct err *err)
{
	int found = link_find(nl, name, info, err);

	if (found < 0)
		return found;
	return found ? 0 : err_set(err, ENODEV, "interface '%s' is missing", name);
}

/* ---- making ---- */

int link_add_bridge(struct netlink *nl, const char *name, const struct link_mac *mac,
		    bool vlan_filtering, struct err *err)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = netlink_msg(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
					 &head, sizeof(head));
	const uint8_t on = 1;
	struct nlattr *info = NULL;
	struct nlattr *data = NULL;
	int rc = 0;

	netlink_put_string(msg, IFLA_IFNAME, name);
	netlink_put(msg, IFLA_ADDRESS, mac->bytes, LINK_MAC_BYTES);
	info = netlink_nest(msg, IFLA_LINKINFO);
	netlink_put_string(msg, IFLA_INFO_KIND, "bridge");
	if (vlan_filtering) {
		data = netlink_nest(msg, IFLA_INFO_DATA);
		netlink_put(msg, IFLA_BR_VLAN_FILTERING, &on, sizeof(on));
		netlink_nest_end(msg, data);
	}
	netlink_nest_end(msg, info);
	rc = netlink_talk(nl, msg);
	if (rc == -EEXIST)
		return 0;
	if (rc == -EOPNOTSUPP && vlan_filtering)
		return vlan_unsupported(err);
	if (rc < 0)
		return netlink_fail(nl, rc, err, "bridge '%s': create", name);
	return 1;
}

static void put_veth_peer(struct nl_msg *msg, const struct link_veth *veth)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct nlattr *info = netlink_nest(msg, IFLA_LINKINFO);
	struct nlattr *data = NULL;
	struct nlattr *peer = NULL;

	netlink_put_string(msg, IFLA_INFO_KIND, "veth");
	data = netlink_nest(msg, IFLA_INFO_DATA);
	peer = netlink_nest(msg, VETH_INFO_PEER);
	if (nlmsg_append(msg, (void *)(uintptr_t)&head, sizeof(head), NLMSG_ALIGNTO) < 0)
		abort(); /* as netlink_put() */
	netlink_put_string(msg, IFLA_IFNAME, veth->peer_name);
	netlink_put_u32(msg, IFLA_MTU, veth->mtu);
	netlink_put(msg, IFLA_ADDRESS, veth->peer_mac.bytes, LINK_MAC_BYTES);
	netlink_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns_fd);
	netlink_nest_end(msg, peer);
	netlink_nest_end(msg, data);
	netlink_nest_end(msg, info);
}

int link_add_veth(struct netlink *nl, const struct link_veth *veth, struct err *err)
{
	const struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct nl_msg *msg = netlink_msg(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
					 &head, sizeof(head));
	const struct link_mac any = { .bytes = { 0 } };
	int rc = 0;

	netlink_put_string(msg, IFLA_IFNAME, veth->host_name);
	netlink_put_u32(msg, IFLA_MTU, veth->mtu);
	if (veth->master > 0)
		netlink_put_u32(msg, IFLA_MASTER, (uint32_t)veth->master);
	if (memcmp(&veth->host_mac, &any, sizeof(any)) != 0)
		netlink_put(msg, IFLA_ADDRESS, veth->host_mac.bytes, LINK_MAC_BYTES);
	put_veth_peer(msg, veth);
	rc = netlink_talk(nl, msg);
	if (rc == -EXFULL)
		return err_set(err, EXFULL,
			       "veth '%s': the bridge has no port left (the kernel allows 1023)",
			       veth->host_name);
	if (rc < 0)
		return netlink_fail(nl, rc, err, "veth '%s' with '%s' inside: create",
				    veth->host_name, veth->peer_name);
	return 0;
}

int link_add_ifb(struct netlink *nl, const char *name, unsigned int mtu, struct err *err)
{
	const struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct nl_msg *msg = netlink_msg(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
					 &head, sizeof(head));
	struct nlattr *info = NULL;
	int rc = 0;

	netlink_put_string(msg, IFLA_IFNAME, name);
	netlink_put_u32(msg, IFLA_MTU, mtu);
	info = netlink_nest(msg, IFLA_LINKINFO);
	netlink_put_string(msg, IFLA_INFO_KIND, "ifb");
	netlink_nest_end(msg, info);
	rc = netlink_talk(nl, msg);
	if (rc == -EEXIST)
		return 0;
	if (rc == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "IFB '%s': this kernel has no CONFIG_IFB", name);
	return rc < 0 ? netlink_fail(nl, rc, err, "IFB '%s': create", name) : 1;
}

/* ---- changing ---- */

static struct nl_msg *change_msg(int type, int index, unsigned int flags, unsigned int change)
{
	const struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = flags,
		.ifi_change = change,
	};

	return netlink_msg(type, NLM_F_REQUEST, &head, sizeof(head));
}

static int change(struct netlink *nl, struct nl_msg *msg, int index, const char *what,
		  struct err *err)
{
	int rc = netlink_talk(nl, msg);

	return rc < 0 ? netlink_fail(nl, rc, err, "interface number %d: %s", index, what) : 0;
}

int link_set_up(struct netlink *nl, int index, struct err *err)
{
	return change(nl, change_msg(RTM_NEWLINK, index, IFF_UP, IFF_UP), index, "set up", err);
}

int link_set_down(struct netlink *nl, int index, struct err *err)
{
	return change(nl, change_msg(RTM_NEWLINK, index, 0, IFF_UP), index, "set down", err);
}

int link_set_mtu(struct netlink *nl, int index, unsigned int mtu, struct err *err)
{
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, 0, 0);

	netlink_put_u32(msg, IFLA_MTU, mtu);
	return change(nl, msg, index, "set MTU", err);
}

int link_move(struct netlink *nl, int index, int netns_fd, const char *name, struct err *err)
{
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, 0, IFF_UP);

	netlink_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	netlink_put_string(msg, IFLA_IFNAME, name);
	return change(nl, msg, index, "move to another namespace", err);
}

int link_rename(struct netlink *nl, int index, const char *name, struct err *err)
{
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, 0, 0);

	netlink_put_string(msg, IFLA_IFNAME, name);
	return change(nl, msg, index, "rename", err);
}

int link_set_promisc(struct netlink *nl, int index, bool on, struct err *err)
{
	return change(
		nl, change_msg(RTM_NEWLINK, index, on ? (unsigned int)IFF_PROMISC : 0, IFF_PROMISC),
		index, on ? "set promiscuous" : "set not promiscuous", err);
}

int link_tune(struct netlink *nl, int index, const struct link_tuning *tuning, struct err *err)
{
	const unsigned int flags = (tuning->promisc ? (unsigned int)IFF_PROMISC : 0) |
				   (tuning->allmulti ? (unsigned int)IFF_ALLMULTI : 0);
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, flags, IFF_PROMISC | IFF_ALLMULTI);

	if (tuning->txqueuelen >= 0)
		netlink_put_u32(msg, IFLA_TXQLEN, (uint32_t)tuning->txqueuelen);
	return change(nl, msg, index, "tune", err);
}

int link_set_port(struct netlink *nl, int index, const struct link_port *port, struct err *err)
{
	const struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	const uint8_t isolated = port->isolated, hairpin = port->hairpin;
	struct nl_msg *msg = netlink_msg(RTM_SETLINK, NLM_F_REQUEST, &head, sizeof(head));
	struct nlattr *info = netlink_nest(msg, IFLA_PROTINFO | NLA_F_NESTED);

	netlink_put(msg, IFLA_BRPORT_ISOLATED, &isolated, sizeof(isolated));
	netlink_put(msg, IFLA_BRPORT_MODE, &hairpin, sizeof(hairpin));
	netlink_nest_end(msg, info);
	return change(nl, msg, index, "set the options of a bridge's port", err);
}

int link_set_nomaster(struct netlink *nl, int index, struct err *err)
{
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, 0, 0);

	netlink_put_u32(msg, IFLA_MASTER, 0);
	return change(nl, msg, index, "take off its bridge", err);
}

static int fine_when_gone(int rc, struct err *err)
{
	if (rc >= 0 || err->code != ENODEV)
		return rc;
	err_clear(err);
	return 0;
}

int link_detach(struct netlink *nl, int index, struct err *err)
{
	struct nl_msg *msg = change_msg(RTM_NEWLINK, index, 0, IFF_UP);

	netlink_put_u32(msg, IFLA_MASTER, 0);
	return fine_when_gone(change(nl, msg, index, "set down and take off its bridge", err), err);
}

int link_delete(struct netlink *nl, int index, struct err *err)
{
	return fine_when_gone(
		change(nl, change_msg(RTM_DELLINK, index, 0, 0), index, "delete", err), err);
}

/* ---- hardware addresses ---- */

struct link_mac link_mac_of(const struct ip_addr *addr)
{
	struct link_mac mac = { .bytes = { 0x02, 0x63 } };

	memcpy(mac.bytes + 2, addr->bytes + ip_bytes(addr->family) - 4, 4);
	return mac;
}

struct link_mac link_mac_of_bridge(const char *name)
{
	const uint64_t hash = str_hash(STR_HASH, name);

	return (struct link_mac){ .bytes = { 0x02, 0x64, (uint8_t)(hash >> 24),
					     (uint8_t)(hash >> 16), (uint8_t)(hash >> 8),
					     (uint8_t)hash } };
}

bool link_mac_is_ours(const struct link_mac *mac)
{
	const struct link_mac ours = link_mac_of(&(const struct ip_addr){ .family = AF_INET });

	return memcmp(mac->bytes, ours.bytes, 2) == 0;
}

void link_mac_text(const struct link_mac *mac, char text[LINK_MAC_TEXT_SIZE])
{
	const uint8_t *b = mac->bytes;

	(void)snprintf(text, LINK_MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
		       b[3], b[4], b[5]);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

	return found ? (int)(found - digits) : -1;
}

int link_mac_parse(const char *text, const char *what, struct link_mac *mac, struct err *err)
{
	bool right = strlen(text) == LINK_MAC_TEXT_SIZE - 1;

	for (size_t i = 0; right && i < LINK_MAC_BYTES; i++) {
		int high = hex_digit(text[i * 3]);
		int low = hex_digit(text[i * 3 + 1]);

		right = high >= 0 && low >= 0 &&
			(i == LINK_MAC_BYTES - 1 || text[i * 3 + 2] == ':');
		mac->bytes[i] = right ? (uint8_t)(high * 16 + low) : 0;
	}
	if (!right)
		return err_set(err, EINVAL,
			       "%s: '%s' is not a MAC address such as 02:63:ac:13:00:02", what,
			       text);
	if (mac->bytes[0] & 1)
		return err_set(err, EINVAL, "%s: '%s' is a multicast MAC address", what, text);
	return 0;
}

/* ---- ports of a bridge ---- */

static void take_port(const struct nlmsghdr *answer, void *ctx)
{
	struct link_list *ports = ctx;

	if (answer->nlmsg_type != RTM_NEWLINK)
		return;
	ports->items = xreallocarray(ports->items, ports->n + 1, sizeof(*ports->items));
	read_link(answer, &ports->items[ports->n]);
	ports->n++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct link_info *)a)->name, ((const struct link_info *)b)->name);
}

int link_ports(struct netlink *nl, int bridge_index, struct link_list *ports, struct err *err)
{
	int rc = -EINTR;

	for (int tries = 0; rc == -EINTR && tries < 5; tries++) {
		struct nl_msg *msg = change_msg(RTM_GETLINK, 0, 0, 0);

		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_DUMP;
		netlink_put_u32(msg, IFLA_MASTER, (uint32_t)bridge_index);
		link_list_free(ports);
		rc = netlink_ask(nl, msg, take_port, ports);
	}
	if (rc < 0)
		return netlink_fail(nl, rc, err, "ports of bridge number %d", bridge_index);
	if (ports->n > 1)
		qsort(ports->items, ports->n, sizeof(*ports->items), by_name);
	return 0;
}

void link_list_free(struct link_list *list)
{
	free(list->items);
	*list = (struct link_list){ .items = NULL };
}
