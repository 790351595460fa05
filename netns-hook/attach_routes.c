/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes inside that lead nowhere. The others go with the interface; these would stay in a namespace
 * that lives on, and keep the next attachment from having a route there.
 */
#include <errno.h>

#include "common/cleanup.h"
#include "common/net/netns.h"
#include "common/net/record_route.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/detach.h"
#include "netns-hook/netns_find.h"

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

int attach_resume_dead_ends(struct attach *a, const struct attachment *old, struct err *err)
{
	struct detach undo = attach_undo(a);

	undo.netns_fd = a->request->netns_fd;
	return record_dead_ends_equal(&old->dead_ends, &a->att->dead_ends)
		       ? 0
		       : detach_dead_ends(&undo, old, err);
}

int attach_undo_inside(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct detach undo = attach_undo(a);

	undo.netns_fd = a->request->netns_fd;
	return a->was_attached ? 0 : detach_dead_ends(&undo, a->att, err);
}
