/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_REPUBLISH_H
#define CT_NETNS_REPUBLISH_H

#include "common/net/netlink.h"
#include "common/net/record.h"

/*
 * Somebody flushed the tables, or took a routed network's gateway away: what other
 * attachments had there is made again (rules of their published ports and MAC checks, routes to them). Who is being attached or
 * detached at this moment sees to his own. Best effort; failures are logged. The caller has the lock of
 * his container's folder.
 */
void republish_others(int state_fd, struct netlink *nl, const struct record_folder *own,
		      const char *ifname);

#endif
