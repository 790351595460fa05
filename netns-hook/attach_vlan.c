/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Step of attach: the VLANs of the host end, as a port of the bridge. They go when it leaves that. */
#include "common/cleanup.h"
#include "common/net/vlan.h"
#include "netns-hook/attach_steps.h"

int attach_run_vlan(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct link_info host;
	struct vlan_bridge bridge;
	struct vlan_state wanted;

	if (!vlan_port_is_used(&a->att->vlan) && !a->had_vlans)
		return 0;
	if (link_get(&a->nl, a->att->veth, &host, err) < 0 ||
	    vlan_bridge_read(&a->nl, a->bridge.link.index, &bridge, err) < 0)
		return -err->code;
	wanted = vlan_port_wanted(&a->att->vlan, bridge.default_pvid);
	return vlan_state_set(&a->nl, host.index, &wanted, !a->may_exist, err);
}

void attach_plan_vlan(const void *ctx, FILE *out)
{
	const struct attachment *att = ((const struct attach *)ctx)->att;
	const struct vlan_state wanted = vlan_port_wanted(&att->vlan, 0);
	autostrbuf struct strbuf text = { .text = NULL };

	if (!vlan_port_is_used(&att->vlan))
		return;
	vlan_state_text(&wanted, &text);
	(void)fprintf(out, "RTM_SETLINK %s bridge vlan %s%s\n", att->veth, text.text,
		      att->vlan.drop_default ? ", and no other" : ", and the bridge's default one");
}
