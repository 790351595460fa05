/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes inside that do not go with the interface: those that lead nowhere would stay in a namespace
 * that lives on, and keep the next attachment from having a route there. And the default route of an
 * interface that stays, when it is attached again and shall have none, or another.
 */
#include <errno.h>

#include "common/cleanup.h"
#include "common/net/netns.h"
#include "common/net/record_route.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/detach.h"
#include "netns-hook/netns_find.h"
#include "netns-hook/routes.h"

int detach_dead_ends(const struct detach *detach, const struct attachment *att, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int netns_fd = att->dead_ends.n > 0 ? netns_find_known(att, detach->netns_fd)
						      : -1;
	int rc = netns_fd >= 0 ? netlink_open_in(&nl, netns_fd, err) : 0;

	for (size_t i = 0; netns_fd >= 0 && rc >= 0 && i < att->dead_ends.n; i++)
		rc = route_delete(&nl, &att->dead_ends.items[i], err);
	return rc < 0 ? rc : 0;
}

static bool has_default(const struct route_list *list, const struct ip_addr *gateway)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].dst.len == 0 && ip_equal(&list->items[i].gateway, gateway))
			return true;
	}
	return false;
}

/* Through the gateway; the definition may have another one in its place by now. */
static int drop_defaults(struct attach *a, const struct attachment *old, struct err *err)
{
	const struct network bare = { .n_routes = 0 };
	struct attachment now = *old; /* a view: owns nothing */
	autonetlink struct netlink nl = NETLINK_INIT;
	struct link_info inside;
	int rc = netlink_open_in(&nl, a->request->netns_fd, err);

	if (rc >= 0)
		rc = link_find(&nl, old->ifname, &inside, err);
	if (rc <= 0)
		return rc;
	now.default_route = a->att->default_route;
	autoroutes struct route_list had = routes_of(&bare, old, inside.index);
	autoroutes struct route_list wanted = routes_of(a->request->net, &now, inside.index);

	for (size_t i = 0; rc >= 0 && i < had.n; i++) {
		if (had.items[i].dst.len == 0 && !has_default(&wanted, &had.items[i].gateway))
			rc = route_delete(&nl, &had.items[i], err);
	}
	return rc < 0 ? rc : 0;
}

int attach_resume_routes(struct attach *a, const struct attachment *old, struct err *err)
{
	struct detach undo = attach_undo(a);
	int rc = 0;

	undo.netns_fd = a->request->netns_fd;
	if (old->default_route)
		rc = drop_defaults(a, old, err);
	if (rc >= 0 && !record_dead_ends_equal(&old->dead_ends, &a->att->dead_ends))
		rc = detach_dead_ends(&undo, old, err);
	return rc;
}

int attach_undo_inside(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct detach undo = attach_undo(a);

	undo.netns_fd = a->request->netns_fd;
	return a->was_attached ? 0 : detach_dead_ends(&undo, a->att, err);
}
