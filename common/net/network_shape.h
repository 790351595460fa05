/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETWORK_SHAPE_H
#define CT_NET_NETWORK_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/json.h"

/*
 * What a network's definition asks of each container's interface, beside its addresses: how fast it
 * is, what kind of port its host end is, and how it is tuned inside.
 */

/* Bits per second, and how many may go at once; 0: without a limit, and as many as suit the rate. */
struct network_rate {
	int64_t bits;
	int64_t burst_bits;
};

struct network_bandwidth {
	struct network_rate ingress, egress; /* to the container; from it */
};

struct network_shape {
	struct network_bandwidth bandwidth;
	bool hairpin;           /* frames may go back where they came from */
	bool port_isolation;    /* no frames between the containers of the bridge */
	bool mac_check;         /* no frames with a source MAC that is not its own */
	bool bridge_promisc;    /* the bridge sees every frame */
	bool enable_dad;        /* IPv6 addresses wait for their duplicate */
	bool promisc, allmulti; /* of the interface inside */
	bool has_txqueuelen;
	int64_t txqueuelen;
	struct strmap sysctls; /* as the definition has them, checked: see network_sysctl_path() */
};

/* CNI's "bandwidth" object into a struct network_bandwidth, and its (tuning) "sysctl" into a strmap. */
json_decode_fn network_decode_bandwidth;
json_decode_fn network_decode_sysctls;
/* One key of such an object by itself, as CNI's bandwidth plugin has them in its definition. */
json_decode_fn network_decode_bandwidth_key;

/* "ingressBurst without ingressRate" and the like; NULL: there is nothing wrong. */
const char *network_bandwidth_fault(const struct network_bandwidth *bandwidth);

/* "KEY=VALUE" as in sysctl(8), into the map; the value of a key that is there is replaced. */
int network_add_sysctl(struct strmap *sysctls, const char *text, const char *what, struct err *err);

/*
 * The path below /proc/sys/net of "net.ipv4.conf.IFNAME.rp_filter" or "net/ipv4/conf/IFNAME/rp_filter"
 * with IFNAME, as a whole component, replaced by ifname. As sysctl(8) has it: the first separator is
 * the separator, and the other one of '.' and '/' stands for it within a name. The caller frees.
 * NULL with *err: it is none of net's.
 */
char *network_sysctl_path(const char *key, const char *ifname, struct err *err);

void network_shape_free(struct network_shape *shape);

#endif
