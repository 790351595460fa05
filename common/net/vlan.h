/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_VLAN_H
#define CT_NET_VLAN_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/netlink.h"
#include "common/net/vlan_port.h"

/* VLANs of bridges and their ports, and the interfaces that stand on one. */

struct vlan_bridge {
	bool filters;
	unsigned int default_pvid; /* what ports are born in; 0: none */
};

/* EOPNOTSUPP, naming the kernel option that bridges need to know VLANs at all. */
int vlan_unsupported(struct err *err);

/* On a kernel without it: vlan_unsupported(). */
int vlan_bridge_read(struct netlink *nl, int bridge_index, struct vlan_bridge *bridge,
		     struct err *err);

/* VLANs of a port, or of a bridge as the port that it is to the host itself. */
int vlan_state_read(struct netlink *nl, int index, struct vlan_state *state, struct err *err);

/*
 * Give a port exactly these. fresh: it was made just now and is in the bridge's default VLAN at most,
 * which saves a look; else what is right already is left alone.
 */
int vlan_state_set(struct netlink *nl, int index, const struct vlan_state *state, bool fresh,
		   struct err *err);

/* The bridge itself into a VLAN, tagged, and out of it; fine when it is there, or not there. */
int vlan_self_add(struct netlink *nl, int bridge_index, unsigned int id, struct err *err);
int vlan_self_remove(struct netlink *nl, int bridge_index, unsigned int id, struct err *err);

/*
 * An interface of kind "vlan" on another, with the MAC and the MTU of that one, down. 1: made, 0: one of
 * that name is there; EOPNOTSUPP names the kernel option.
 */
int vlan_link_add(struct netlink *nl, const char *name, int parent_index, unsigned int id,
		  struct err *err);
/* The VLAN of such an interface; 0: it is none. */
int vlan_link_id(struct netlink *nl, int index, unsigned int *id, struct err *err);

#endif
