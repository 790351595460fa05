/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_ROUTES_H
#define CT_NETNS_ROUTES_H

#include "common/net/network.h"
#include "common/net/record.h"
#include "common/net/route.h"

/*
 * The routes that an attachment has inside, in the order in which they are added: the default ones, if
 * its record says that it has them, and those of the network's definition. A route through the network goes through the gateway of the
 * attachment's own address, for a pool may have several. The caller frees the list.
 */
struct route_list routes_of(const struct network *net, const struct attachment *att,
			    int link_index);

#endif
