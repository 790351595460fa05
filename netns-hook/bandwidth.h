/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_BANDWIDTH_H
#define CT_NETNS_BANDWIDTH_H

#include "common/err.h"
#include "common/net/network_shape.h"
#include "common/net/tc.h"

/*
 * The bucket of a limit that is wanted, of an interface with that MTU. key: "ingress" or "egress",
 * for errors. A burst that nobody asked for suits the rate.
 */
int bandwidth_rate(const struct network_rate *wanted, const char *key, unsigned int mtu,
		   struct tc_rate *rate, struct err *err);

#endif
