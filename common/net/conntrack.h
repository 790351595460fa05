/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_CONNTRACK_H
#define CT_NET_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/ip.h"

/*
 * Forget the connections of an address (its own and those to it, also through published ports), in
 * the calling thread's namespace. Opens its own socket. Linux >= 6.12 does it in the kernel by a
 * filter; older ones need a listing filtered by the kernel and one delete per entry. It walks the
 * kernel's table either way: call it on detach, and on attach only for an address that had an owner
 * before. Returns 0 also when there was nothing, or when the kernel has no connection tracking.
 */
int conntrack_flush(const struct ip_addr *addr, struct err *err);

/* The same for connections that were opened to this port, whatever the address; both families. */
int conntrack_flush_port(int proto, uint16_t port, struct err *err);

/* The same for many ports: one listing for each family, whatever their number. */
struct conntrack_ports {
	bool (*wanted)(const void *ctx, uint16_t port);
	const void *ctx;
};
int conntrack_flush_ports(int proto, const struct conntrack_ports *ports, struct err *err);

#endif
