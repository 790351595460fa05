/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_PORTS_H
#define CT_NETNS_PORTS_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/record.h"
#include "netns-hook/ipam.h"

/*
 * Who publishes which port of the host: one file per run of ports, <state>/ports/<proto>,<first>,
 * <count>,<host or "any">, that names its holder as a lease does. Changed under the lock of
 * network_lock_host(). The folder is there while a port is published.
 */

/*
 * Take the ports of an attachment, all or none. Those that it has already are taken again. EADDRINUSE
 * names the container, or says that a process of the host listens there.
 */
int ports_claim(int state_fd, const struct attachment *att, const struct ipam_alive *alive,
		struct err *err);

/* Give them back, those that are his. */
int ports_release(int state_fd, const struct attachment *att, struct err *err);

/* Take the rules of its ports away, whichever firewall they are in when the record does not say. */
int ports_unpublish(const struct attachment *att, struct err *err);

/* 1: the claim on that port, one of the attachment's, is his; 0: it is not. */
int ports_holds(int state_fd, const struct attachment *att, const struct record_port *port,
		struct err *err);

/* Are any of them on the host's 127.0.0.1? Then the bridge has to let such packets out and in. */
bool ports_use_loopback(const struct attachment *att);

/* Whose record is lost: what it claims, into its list, which is empty. Returns their number. */
int ports_find(int state_fd, struct attachment *att, struct err *err);

/* As ipam_collect(): those whose holder is gone. .removed gets "ports" for the network. */
int ports_collect(int state_fd, const struct ipam_gc *gc, struct err *err);

#endif
