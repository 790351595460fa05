/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETWORK_ROUTED_H
#define CT_NET_NETWORK_ROUTED_H

#include <net/if.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"

/*
 * A routed network: no bridge, so no limit of 1,023 ports. Its gateways are on the host's lo, what is
 * sent to an address that no container has is refused there (an unreachable route to the subnet), and
 * each container has a host route to its host end. The host ends' names begin with the network's
 * .bridge and '-', which is what the rules go by.
 */
#define NETWORK_ROUTED_NAME_MAX 6 /* and '-' and eight digits: an interface's name */

/* Is anything asked for that only a bridge could do? EINVAL, naming the key; fine for others. */
int network_check_routed(const struct network *net, struct err *err);

/* The interface that containers are behind, or, true: how the names of their host ends begin. */
bool network_ports(const struct network *net, char name[IFNAMSIZ]);

#endif
