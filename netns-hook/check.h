/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CHECK_H
#define CT_NETNS_CHECK_H

#include "common/err.h"
#include "common/net/netlink.h"
#include "common/net/network.h"
#include "common/net/record.h"

/* The kernel against the record. Nothing is changed. Not for hot paths: it dumps what it compares. */
struct check {
	int state_fd;
	struct netlink *nl; /* of the host */
	int netns_fd;       /* of the container */
	const struct network
		*net; /* NULL: its definition is not at hand; its routes are not looked at */
	void (*differs)(void *ctx, const char *text);
	void *ctx;
	int n; /* differences so far */
};

/*
 * The interface on both sides, its addresses and routes, the neighbour entry, published ports and
 * the lease of one attachment. What differs is told and counted.
 */
int check_attachment(struct check *check, const struct attachment *att, struct err *err);

/* The network itself: bridge, addresses, sysctls, rules. */
int check_network(struct check *check, struct err *err);

/*
 * Its names in the network's hosts file, and what is laid ready for its /etc/hosts and
 * /etc/resolv.conf; check_attachment() looks at these too.
 */
int check_names(struct check *check, const struct attachment *att, struct err *err);

void check_differs(struct check *check, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
