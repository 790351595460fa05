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
/* The same of a CNI runtime, which has other names: "servers", "searches", "options". */
json_decode_fn network_dns_decode_runtime;

/* What over has takes the place of what dns has, and is taken out of over. */
void network_dns_lay_over(struct network_dns *dns, struct network_dns *over);

/* A name or domain of a container: labels of letters, digits, '-' and '_', no address, not localhost. */
bool network_dns_is_name(const char *name);

#endif
