/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_RECORD_ROUTE_H
#define CT_NET_RECORD_ROUTE_H

#include "common/json.h"
#include "common/net/route.h"

/*
 * Routes inside that lead nowhere (blackhole and the like). They have no interface that would take
 * them along, so the record keeps them for the detach. The key is "deadEnds"; no key without any.
 */
json_decode_fn record_decode_dead_ends; /* struct route_list */
void record_put_dead_ends(json_node *root, const struct route_list *list);

/* Those among routes, in a list of its own. */
struct route_list record_dead_ends(const struct route *routes, size_t n);
bool record_dead_ends_equal(const struct route_list *a, const struct route_list *b);

#endif
