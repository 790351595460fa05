/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_RESOLV_H
#define CT_NETNS_RESOLV_H

#include <stddef.h>

#include "common/net/network_dns.h"
#include "common/str.h"

/*
 * A container's resolv.conf. Name servers are those of the flags (servers; may be NULL), else the network's, else
 * the host's; domain with search list, and options, are the network's where it has them, else the
 * host's. The host's are those of /etc/resolv.conf; where that names systemd-resolved's stub, the
 * servers that this one asks itself. Servers on the host's loopback are left out: inside, that is
 * another machine.
 */
char *resolv_compose(const struct network_dns *dns, const struct strlist *servers);

/* The same as it stands in a file of the host. */
struct resolv {
	struct strlist servers, search, options;
	char *domain;
	bool stub;
	size_t n_left_out;
};
void resolv_parse(const char *text, struct resolv *resolv);
void resolv_free(struct resolv *resolv);

#endif
