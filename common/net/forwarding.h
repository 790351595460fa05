/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FORWARDING_H
#define CT_NET_FORWARDING_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"

/*
 * net.ipv4.ip_forward and net.ipv6.conf.all.forwarding belong to the host and to all networks
 * together. Who switches one on leaves <state>/ip_forward.was_off (ipv6_forwarding.was_off) behind;
 * the last network that has addresses of the family takes it back. flock on the state
 * directory itself, taken inside the network's lock and never the other way round.
 */

/* "ipv4/ip_forward" */
const char *forwarding_sysctl(int family);

/* Is it on? 1, 0 or negative. */
int forwarding_is_on(int family, struct err *err);

/* 1: switched on, 0: was on. */
int forwarding_enable(int state_fd, int family, struct err *err);

/*
 * Off again, when we switched it on and no other network is up. 1: switched off, 0: stays (*why says
 * for whom: a constant text).
 */
int forwarding_release(int state_fd, const struct network *net, int family, const char **why,
		       struct err *err);

#endif
