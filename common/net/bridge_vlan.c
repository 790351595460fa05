/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VLANs need of a bridge. A network's VLAN has its gateway on an interface of its own that stands on
 * the bridge ("br0.10"), and the bridge itself is a tagged member of that VLAN: else nothing would get
 * from the ports to the host. So many networks have room on one bridge. A network of trunks has its
 * gateway on the bridge itself.
 */
#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/net/bridge_steps.h"
#include "common/net/vlan.h"
#include "common/str.h"

bool bridge_filters(const struct bridge_work *work)
{
	return work->state.filters_vlans || vlan_port_is_used(&work->net->vlan);
}

int bridge_find_gateway(struct bridge_work *work, struct err *err)
{
	const struct network *net = work->net;
	int found = 0;

	work->gateway = (struct link_info){ .index = 0 };
	if (!work->found)
		return 0;
	if (!net->vlan_if[0]) {
		work->gateway = work->link;
		return 0;
	}
	found = link_find(work->nl, net->vlan_if, &work->gateway, err);
	if (found < 0)
		return found;
	if (!found) {
		work->gateway = (struct link_info){ .index = 0 };
		return 0;
	}
	if (!str_eq(work->gateway.kind, "vlan") || work->gateway.peer != work->link.index)
		return err_set(err, EEXIST,
			       "interface '%s' exists and is no VLAN of bridge '%s'; delete it, or "
			       "choose another bridge",
			       net->vlan_if, net->bridge);
	return 0;
}

static int check_filtering(const struct bridge_work *work, struct err *err)
{
	const char *name = work->net->bridge;
	struct vlan_bridge bridge;

	if (vlan_bridge_read(work->nl, work->link.index, &bridge, err) < 0)
		return -err->code;
	if (bridge.filters)
		return 0;
	return err_set(
		err, EBUSY,
		"vlan: bridge '%s' was here before and does not filter VLANs; switch that on "
		"yourself ('ip link set %s type bridge vlan_filtering 1'), or choose another "
		"bridge",
		name, name);
}

/* The bridge itself in the VLAN: tagged, or 'br0.10' would hear nothing. */
static int ensure_self(struct bridge_work *work, struct err *err)
{
	const unsigned int id = work->net->vlan.access;
	autofree char *text = xasprintf("bridge %s itself is in VLAN %u", work->net->bridge, id);
	struct vlan_state have;
	bool right = false;

	if (!work->found) {
		bridge_tell(work, REPORT_BRIDGE, false, text);
		return 0;
	}
	if (vlan_state_read(work->nl, work->link.index, &have, err) < 0)
		return -err->code;
	right = vlan_set_has(&have.member, id) && !vlan_set_has(&have.untagged, id);
	if (!bridge_is_ours(work) && vlan_set_has(&have.untagged, id))
		return err_set(err, EBUSY,
			       "vlan: bridge '%s' was here before, and VLAN %u is its own without "
			       "tags; choose another VLAN, or leave it out",
			       work->net->bridge, id);
	bridge_tell(work, REPORT_BRIDGE, right, text);
	if (right || work->check)
		return 0;
	if (!bridge_is_ours(work)) {
		work->state.added_vlan = true;
		if (bridge_state_save(work->net_fd, &work->state, err) < 0)
			return -err->code;
	}
	work->made_self = true;
	return vlan_self_add(work->nl, work->link.index, id, err);
}

static int refuse_other_id(const struct bridge_work *work, struct err *err)
{
	const struct network *net = work->net;
	unsigned int id = 0;

	if (work->gateway.index == 0)
		return 0;
	if (vlan_link_id(work->nl, work->gateway.index, &id, err) < 0)
		return -err->code;
	return id == net->vlan.access
		       ? 0
		       : err_set(err, EEXIST,
				 "interface '%s' exists and is of VLAN %u; delete it, or choose "
				 "another bridge",
				 net->vlan_if, id);
}

static int ensure_interface(struct bridge_work *work, struct err *err)
{
	const struct network *net = work->net;
	const unsigned int id = net->vlan.access;
	autofree char *text = xasprintf("interface %s, VLAN %u of bridge %s, MTU %u", net->vlan_if,
					id, net->bridge, net->mtu);
	bool right = false;

	if (bridge_find_gateway(work, err) < 0 || refuse_other_id(work, err) < 0)
		return -err->code;
	right = work->gateway.index != 0 && work->gateway.mtu == net->mtu;
	if (work->check) {
		bridge_tell(work, REPORT_BRIDGE, right && work->gateway.up, text);
		return 0;
	}
	if (work->gateway.index == 0) {
		int made = vlan_link_add(work->nl, net->vlan_if, work->link.index, id, err);

		if (made < 0 || bridge_find_gateway(work, err) < 0)
			return -err->code;
		work->made_vlan = made > 0;
	}
	if (work->gateway.index == 0)
		return err_set(err, ENODEV, "interface '%s' was deleted while it was set up",
			       net->vlan_if);
	bridge_tell(work, REPORT_BRIDGE, right && work->gateway.up, text);
	return work->gateway.mtu == net->mtu
		       ? 0
		       : link_set_mtu(work->nl, work->gateway.index, net->mtu, err);
}

int bridge_step_vlan(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const struct network *net = work->net;

	if (work->found && vlan_port_is_used(&net->vlan) && check_filtering(work, err) < 0)
		return -err->code;
	if (!net->vlan_if[0])
		return bridge_find_gateway(work, err);
	return ensure_self(work, err) < 0 ? -err->code : ensure_interface(work, err);
}

int bridge_undo_vlan(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const struct network *net = work->net;

	if (!work->found || !net->vlan_if[0])
		return 0;
	if (work->made_vlan && work->gateway.index != 0) {
		if (link_delete(work->nl, work->gateway.index, err) < 0)
			return -err->code;
		report_item(work->report, REPORT_BRIDGE, REPORT_CHANGED, "interface %s",
			    net->vlan_if);
	}
	return work->made_self ? vlan_self_remove(work->nl, work->link.index, net->vlan.access, err)
			       : 0;
}

int bridge_glance_vlan(const struct bridge_work *work, struct err *err)
{
	struct vlan_bridge bridge;

	if (!vlan_port_is_used(&work->net->vlan))
		return 1;
	if (vlan_bridge_read(work->nl, work->link.index, &bridge, err) < 0)
		return -err->code;
	if (!bridge.filters || work->gateway.mtu != work->net->mtu)
		return 0;
	/* As with addresses: it is there most of the time, and one that was lost is back now. */
	if (work->net->vlan_if[0] &&
	    vlan_self_add(work->nl, work->link.index, work->net->vlan.access, err) < 0)
		return -err->code;
	return 1;
}

/* ---- taking leave ---- */

static int is_same_bridge(const char *name, const struct bridge_state *state, void *ctx)
{
	(void)name;
	return str_eq(state->bridge, ctx);
}

int bridge_leave_shared(struct bridge_work *work, struct err *err)
{
	char bridge[IFNAMSIZ];
	int shared = 0;

	(void)snprintf(bridge, sizeof(bridge), "%s", work->net->bridge);
	shared = bridge_state_others(work->state_fd, work->net, is_same_bridge, bridge, err);
	if (shared <= 0)
		return shared;
	if (bridge_state_forget(work->net_fd, err) < 0)
		return -err->code;
	report_item(work->report, REPORT_BRIDGE, REPORT_KEPT,
		    "bridge %s (another network is on it)", bridge);
	return 1;
}

int bridge_owns_port(const struct bridge_work *work, const struct link_info *port, struct err *err)
{
	struct vlan_state state;
	struct vlan_bridge bridge;

	if (!bridge_filters(work))
		return 1;
	if (vlan_state_read(work->nl, port->index, &state, err) < 0 ||
	    vlan_bridge_read(work->nl, work->link.index, &bridge, err) < 0)
		return -err->code;
	if (work->net->vlan_if[0])
		return state.pvid == work->net->vlan.access;
	return state.pvid == 0 || state.pvid == bridge.default_pvid;
}
