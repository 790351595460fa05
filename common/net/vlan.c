/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/vlan.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

/* Of VLANs in one message: each run is two attributes of 8 bytes, and a message has a page. */
#define RUNS_PER_MESSAGE 100
#define DUMP_TRIES       5

/* ---- what is there ---- */

struct linkinfo {
	bool is_vlan, filters_known;
	struct vlan_bridge bridge;
	unsigned int id;
};

static void take_linkinfo(const struct nlmsghdr *answer, void *ctx)
{
	struct linkinfo *found = ctx;
	struct nlattr *attrs[IFLA_MAX + 1] = { NULL };
	struct nlattr *info[IFLA_INFO_MAX + 1] = { NULL };
	struct nlattr *bridge[IFLA_BR_MAX + 1] = { NULL };
	const struct nlattr *data = NULL;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)answer, sizeof(struct ifinfomsg), attrs,
			IFLA_MAX, NULL) < 0 ||
	    !attrs[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, attrs[IFLA_LINKINFO], NULL) < 0 ||
	    !info[IFLA_INFO_KIND] || !info[IFLA_INFO_DATA])
		return;
	if (nla_strcmp(info[IFLA_INFO_KIND], "vlan") == 0) {
		data = nla_find(nla_data(info[IFLA_INFO_DATA]), nla_len(info[IFLA_INFO_DATA]),
				IFLA_VLAN_ID);
		found->is_vlan = data != NULL;
		found->id = data ? nla_get_u16(data) : 0;
	}
	if (nla_strcmp(info[IFLA_INFO_KIND], "bridge") != 0 ||
	    nla_parse_nested(bridge, IFLA_BR_MAX, info[IFLA_INFO_DATA], NULL) < 0)
		return;
	/* "vlan_filtering 0" is said by every kernel, the protocol by those that have VLANs. */
	found->filters_known = bridge[IFLA_BR_VLAN_PROTOCOL] != NULL;
	if (bridge[IFLA_BR_VLAN_FILTERING])
		found->bridge.filters = nla_get_u8(bridge[IFLA_BR_VLAN_FILTERING]) != 0;
	if (bridge[IFLA_BR_VLAN_DEFAULT_PVID])
		found->bridge.default_pvid = nla_get_u16(bridge[IFLA_BR_VLAN_DEFAULT_PVID]);
}

static int read_linkinfo(struct netlink *nl, int index, struct linkinfo *found, struct err *err)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nl_msg *msg = netlink_msg(RTM_GETLINK, NLM_F_REQUEST, &head, sizeof(head));
	int rc = 0;

	*found = (struct linkinfo){ .id = 0 };
	netlink_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	rc = netlink_ask(nl, msg, take_linkinfo, found);
	return rc < 0 ? netlink_fail(nl, rc, err, "interface number %d", index) : 0;
}

int vlan_unsupported(struct err *err)
{
	return err_set(err, EOPNOTSUPP,
		       "vlan: this kernel has no CONFIG_BRIDGE_VLAN_FILTERING, so its bridges know "
		       "no VLANs; leave vlan and vlanTrunk out and give each network a bridge");
}

int vlan_bridge_read(struct netlink *nl, int bridge_index, struct vlan_bridge *bridge,
		     struct err *err)
{
	struct linkinfo found;

	if (read_linkinfo(nl, bridge_index, &found, err) < 0)
		return -err->code;
	if (!found.filters_known)
		return vlan_unsupported(err);
	*bridge = found.bridge;
	return 0;
}

int vlan_link_id(struct netlink *nl, int index, unsigned int *id, struct err *err)
{
	struct linkinfo found;

	if (read_linkinfo(nl, index, &found, err) < 0)
		return -err->code;
	*id = found.is_vlan ? found.id : 0;
	return 0;
}

static void take_entry(struct nlattr *entry, struct vlan_state *state)
{
	struct nlattr *attrs[BRIDGE_VLANDB_ENTRY_MAX + 1] = { NULL };
	const struct nlattr *range = NULL;
	struct bridge_vlan_info info = { .vid = 0 };
	unsigned int last = 0;

	if (nla_parse_nested(attrs, BRIDGE_VLANDB_ENTRY_MAX, entry, NULL) < 0 ||
	    !attrs[BRIDGE_VLANDB_ENTRY_INFO] ||
	    nla_len(attrs[BRIDGE_VLANDB_ENTRY_INFO]) < (int)sizeof(info))
		return;
	memcpy(&info, nla_data(attrs[BRIDGE_VLANDB_ENTRY_INFO]), sizeof(info));
	range = attrs[BRIDGE_VLANDB_ENTRY_RANGE];
	last = range ? nla_get_u16(range) : info.vid;
	vlan_set_add(&state->member, info.vid, last);
	if (info.flags & BRIDGE_VLAN_INFO_UNTAGGED)
		vlan_set_add(&state->untagged, info.vid, last);
	if (info.flags & BRIDGE_VLAN_INFO_PVID)
		state->pvid = info.vid;
}

static void take_vlans(const struct nlmsghdr *answer, void *ctx)
{
	struct nlattr *attr = NULL;
	int left = 0;

	if (answer->nlmsg_type != RTM_NEWVLAN)
		return;
	nlmsg_for_each_attr(attr, (struct nlmsghdr *)(uintptr_t)answer, sizeof(struct br_vlan_msg),
			    left)
	{
		if (nla_type(attr) == BRIDGE_VLANDB_ENTRY)
			take_entry(attr, ctx);
	}
}

int vlan_state_read(struct netlink *nl, int index, struct vlan_state *state, struct err *err)
{
	const struct br_vlan_msg head = { .family = AF_BRIDGE, .ifindex = (uint32_t)index };
	int rc = -EINTR;

	for (int tries = 0; rc == -EINTR && tries < DUMP_TRIES; tries++) {
		*state = (struct vlan_state){ .pvid = 0 };
		rc = netlink_ask(nl,
				 netlink_msg(RTM_GETVLAN, NLM_F_REQUEST | NLM_F_DUMP, &head,
					     sizeof(head)),
				 take_vlans, state);
	}
	return rc < 0 ? netlink_fail(nl, rc, err, "VLANs of interface number %d", index) : 0;
}

/* ---- changes ---- */

static void put_run(struct nl_msg *msg, uint16_t flags, unsigned int first, unsigned int last)
{
	const bool range = last > first;
	struct bridge_vlan_info info = { .vid = (uint16_t)first, .flags = flags };

	if (range)
		info.flags |= BRIDGE_VLAN_INFO_RANGE_BEGIN;
	netlink_put(msg, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
	if (!range)
		return;
	info.vid = (uint16_t)last;
	info.flags = flags | BRIDGE_VLAN_INFO_RANGE_END;
	netlink_put(msg, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
}

/* AF_BRIDGE: of a port, or with `self` of the bridge. type: RTM_SETLINK adds, RTM_DELLINK removes. */
static struct nl_msg *vlan_msg(int type, int index, bool self, struct nlattr **spec)
{
	const struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	const uint16_t flags = BRIDGE_FLAGS_SELF;
	struct nl_msg *msg = netlink_msg(type, NLM_F_REQUEST, &head, sizeof(head));

	*spec = netlink_nest(msg, IFLA_AF_SPEC);
	if (self)
		netlink_put(msg, IFLA_BRIDGE_FLAGS, &flags, sizeof(flags));
	return msg;
}

static int send_vlans(struct netlink *nl, struct nl_msg *msg, struct nlattr *spec, int index,
		      struct err *err)
{
	int rc = 0;

	netlink_nest_end(msg, spec);
	rc = netlink_talk(nl, msg);
	return rc < 0 ? netlink_fail(nl, rc, err, "interface number %d: set VLANs", index) : 0;
}

/* The kernel skips those that the port is not in. */
static int leave_all(struct netlink *nl, int index, struct err *err)
{
	struct nlattr *spec = NULL;
	struct nl_msg *msg = vlan_msg(RTM_DELLINK, index, false, &spec);

	put_run(msg, 0, VLAN_ID_MIN, VLAN_ID_MAX);
	return send_vlans(nl, msg, spec, index, err);
}

static int join(struct netlink *nl, int index, const struct vlan_state *state, struct err *err)
{
	unsigned int at = VLAN_ID_MIN, first = 0, last = 0;
	bool more = vlan_state_run(state, at, &first, &last);

	while (more) {
		struct nlattr *spec = NULL;
		struct nl_msg *msg = vlan_msg(RTM_SETLINK, index, false, &spec);

		for (int n = 0; more && n < RUNS_PER_MESSAGE; n++) {
			uint16_t flags = 0;

			if (vlan_set_has(&state->untagged, first))
				flags |= BRIDGE_VLAN_INFO_UNTAGGED;
			if (first == state->pvid)
				flags |= BRIDGE_VLAN_INFO_PVID;
			put_run(msg, flags, first, last);
			at = last + 1;
			more = vlan_state_run(state, at, &first, &last);
		}
		if (send_vlans(nl, msg, spec, index, err) < 0)
			return -err->code;
	}
	return 0;
}

int vlan_state_set(struct netlink *nl, int index, const struct vlan_state *state, bool fresh,
		   struct err *err)
{
	struct vlan_state have;

	if (!fresh) {
		if (vlan_state_read(nl, index, &have, err) < 0)
			return -err->code;
		if (vlan_state_equal(&have, state))
			return 0;
	}
	return leave_all(nl, index, err) < 0 ? -err->code : join(nl, index, state, err);
}

static int change_self(struct netlink *nl, int type, int bridge_index, unsigned int id,
		       struct err *err)
{
	struct nlattr *spec = NULL;
	struct nl_msg *msg = vlan_msg(type, bridge_index, true, &spec);

	put_run(msg, 0, id, id);
	return send_vlans(nl, msg, spec, bridge_index, err);
}

int vlan_self_add(struct netlink *nl, int bridge_index, unsigned int id, struct err *err)
{
	return change_self(nl, RTM_SETLINK, bridge_index, id, err);
}

int vlan_self_remove(struct netlink *nl, int bridge_index, unsigned int id, struct err *err)
{
	return change_self(nl, RTM_DELLINK, bridge_index, id, err);
}

int vlan_link_add(struct netlink *nl, const char *name, int parent_index, unsigned int id,
		  struct err *err)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	const uint16_t vlan_id = (uint16_t)id;
	struct nl_msg *msg = netlink_msg(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
					 &head, sizeof(head));
	struct nlattr *info = NULL;
	struct nlattr *data = NULL;
	int rc = 0;

	netlink_put_string(msg, IFLA_IFNAME, name);
	netlink_put_u32(msg, IFLA_LINK, (uint32_t)parent_index);
	info = netlink_nest(msg, IFLA_LINKINFO);
	netlink_put_string(msg, IFLA_INFO_KIND, "vlan");
	data = netlink_nest(msg, IFLA_INFO_DATA);
	netlink_put(msg, IFLA_VLAN_ID, &vlan_id, sizeof(vlan_id));
	netlink_nest_end(msg, data);
	netlink_nest_end(msg, info);
	rc = netlink_talk(nl, msg);
	if (rc == -EEXIST)
		return 0;
	if (rc == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "vlan: this kernel has no CONFIG_VLAN_8021Q (module 8021q), and no "
			       "'%s' for the gateway of VLAN %u; without isGateway none is needed",
			       name, id);
	return rc < 0 ? netlink_fail(nl, rc, err, "VLAN interface '%s': create", name) : 1;
}
