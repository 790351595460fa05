/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_DNS_H
#define CT_NETNS_DNS_H

#include "common/cmd.h"

/* Beside the container's records: its /etc/resolv.conf, and that as it was made. */
#define DNS_RESOLV_NAME  "resolv.conf"
#define DNS_RESOLV_MADE  "resolv.conf.made"
#define DNS_RESOLV_BYTES (64u << 10)

/*
 * A createContainer hook: it runs in the container's namespaces, with its mounts made and the root of
 * the host still there, and binds what attach laid ready over /etc/resolv.conf and /etc/hosts.
 */
extern const struct cmd dns_cmd;

#endif
