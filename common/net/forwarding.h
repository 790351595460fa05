/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FORWARDING_H
#define CT_NET_FORWARDING_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"

/*
 * net.ipv4.ip_forward belongs to the host and to all networks together. Who switches it on leaves
 * <state>/ip_forward.was_off behind; the last network that goes takes it back. flock on the state
 * directory itself, taken inside the network's lock and never the other way round.
 */

/* Is it on? 1, 0 or negative. */
int forwarding_is_on(struct err *err);

/* 1: switched on, 0: was on. */
int forwarding_enable(int state_fd, struct err *err);

/*
 * Off again, when we switched it on and no other network is up. 1: switched off, 0: stays (*why says
 * for whom: a constant text).
 */
int forwarding_release(int state_fd, const struct network *net, const char **why, struct err *err);

#endif
