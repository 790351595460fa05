/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_VLAN_PORT_H
#define CT_NET_VLAN_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/json.h"
#include "common/str.h"

/* IEEE 802.1Q: 0 is "none", 4095 is reserved. */
#define VLAN_ID_MIN 1
#define VLAN_ID_MAX 4094

struct vlan_set {
	uint64_t bits[(VLAN_ID_MAX + 2) / 64];
};

bool vlan_set_has(const struct vlan_set *set, unsigned int id);
void vlan_set_add(struct vlan_set *set, unsigned int first, unsigned int last);
void vlan_set_remove(struct vlan_set *set, unsigned int id);
bool vlan_set_is_empty(const struct vlan_set *set);
/* The first run of neighbours at or behind `from`: false when there is none. */
bool vlan_set_run(const struct vlan_set *set, unsigned int from, unsigned int *first,
		  unsigned int *last);

/*
 * CNI's "vlanTrunk" into a struct vlan_set: an array of {"id"} and {"minID", "maxID"}; and such an
 * array for one, singles as "id".
 */
json_decode_fn vlan_decode_trunk;
void vlan_put_trunk(json_node *root, const char *key, const struct vlan_set *trunk);

/* What is asked of a container's port of the bridge; all zero: nothing. */
struct vlan_port {
	unsigned int access;   /* CNI's "vlan": what comes untagged is of this one; 0: none */
	struct vlan_set trunk; /* tagged ones */
	bool drop_default;     /* out of the bridge's default VLAN */
};
bool vlan_port_is_used(const struct vlan_port *port);

/* What a port is in, as the kernel has it. */
struct vlan_state {
	struct vlan_set member;
	struct vlan_set untagged; /* of those: tags are taken off what is sent out of the port */
	unsigned int pvid; /* that of what comes in without a tag; 0: such frames are dropped */
};

/* What the kernel ought to have. default_pvid: the bridge's, 0 for none. */
struct vlan_state vlan_port_wanted(const struct vlan_port *port, unsigned int default_pvid);
bool vlan_state_equal(const struct vlan_state *a, const struct vlan_state *b);
/* The first run of VLANs at or behind `from` that have the same flags; the PVID stands alone. */
bool vlan_state_run(const struct vlan_state *state, unsigned int from, unsigned int *first,
		    unsigned int *last);
/* "1 untagged, 10 PVID untagged, 20-30"; "none". */
void vlan_state_text(const struct vlan_state *state, struct strbuf *text);

#endif
