/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MAC of the interface inside. Derived from the address it is as unique as that; one that
 * somebody asks for may be another's, and a bridge that learns it from two ports sends both
 * containers' frames to whoever spoke last.
 */
#include <errno.h>
#include <string.h>

#include "common/net/link.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/state.h"

static bool same_mac(const struct link_mac *a, const struct link_mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_zero(const struct link_mac *mac)
{
	return same_mac(mac, &(const struct link_mac){ .bytes = { 0 } });
}

int attach_parse_mac(const char *text, const char *what, struct link_mac *mac, struct err *err)
{
	int rc = link_mac_parse(text, what, mac, err);

	if (rc >= 0 && is_zero(mac))
		return err_set(err, EINVAL, "%s: '%s' is nobody's MAC address", what, text);
	return rc;
}

struct link_mac attach_mac(const struct attach_request *request, const struct ip_addr *first)
{
	return is_zero(&request->mac) ? link_mac_of(first) : request->mac;
}

static bool is_other_holder(struct attach *a, const struct attachment *other)
{
	struct state_alive alive = { a->state_fd, &a->nl, a->att->owner.boot_id };
	bool is_self = str_eq(other->container, a->att->container) &&
		       str_eq(other->ifname, a->att->ifname);

	return !is_self && str_eq(other->bridge, a->att->bridge) &&
	       same_mac(&other->mac, &a->request->mac) &&
	       str_eq(other->owner.boot_id, a->att->owner.boot_id) &&
	       state_is_alive(&alive, other->container, other->ifname);
}

/* All records are read, which those alone pay for who ask for a MAC that they have not yet. */
int attach_check_mac(struct attach *a, struct err *err)
{
	autorecords struct record_list list = { .items = NULL };
	char text[LINK_MAC_TEXT_SIZE];
	struct link_info bridge;
	int rc = 0;

	if (is_zero(&a->request->mac) ||
	    (a->was_attached && same_mac(&a->request->mac, &a->att->mac)))
		return 0;
	link_mac_text(&a->request->mac, text);
	rc = link_find(&a->nl, a->att->bridge, &bridge, err);
	if (rc == 0) /* the one that it is going to have */
		bridge.mac = link_mac_of(&a->request->net->ranges[0].gateway.addr);
	if (rc >= 0 && same_mac(&bridge.mac, &a->request->mac))
		return err_set(err, EADDRINUSE, "MAC %s is that of bridge '%s'", text,
			       a->att->bridge);
	if (rc >= 0)
		rc = record_list(a->state_fd, &list, err);
	for (size_t i = 0; rc >= 0 && i < list.n; i++) {
		if (is_other_holder(a, &list.items[i]))
			return err_set(err, EADDRINUSE,
				       "MAC %s: container '%s' (%s) has it already", text,
				       list.items[i].container, list.items[i].ifname);
	}
	return rc < 0 ? rc : 0;
}
