/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETWORK_DNS_H
#define CT_NET_NETWORK_DNS_H

#include <stdbool.h>

#include "common/err.h"
#include "common/json.h"
#include "common/str.h"

/* CNI's "dns" object: what containers get to read in /etc/resolv.conf. Empty: the host's. */
struct network_dns {
	struct strlist nameservers; /* addresses */
	char *domain;               /* NULL: none */
	struct strlist search;
	struct strlist options;
};

void network_dns_free(struct network_dns *dns);

/* Decoder of the key: out is a struct network_dns. Every value is checked. */
json_decode_fn network_dns_decode;

/* A name or domain of a container: labels of letters, digits, '-' and '_', no address, not localhost. */
bool network_dns_is_name(const char *name);

#endif
