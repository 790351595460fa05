/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_ATTACH_H
#define CT_NETNS_ATTACH_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/network.h"
#include "common/net/record.h"

/* What every front end asks for. */
struct attach_request {
	const char *state_dir;
	struct network *net;    /* its subnet is settled on the way when it floats */
	const char *container;  /* a checked name */
	pid_t pid;              /* the container's process; 0: unknown */
	int netns_fd;           /* of the container, held open all the while */
	const char *netns_path; /* the name it was opened by; NULL: the process's */
	bool cni;               /* for a CNI runtime */
	bool again;             /* of an attachment that is there: ENOENT when it is not */
	struct ip_addr static_ips[ATTACHMENT_MAX_ADDRESSES]; /* of any of the pools */
	size_t n_static_ips;             /* of a pool without one it gets any address */
	const struct record_port *ports; /* to publish; borrowed */
	size_t n_ports;
	const char *hostname; /* of the container; NULL: unknown. Like the aliases a checked name */
	const struct strlist *aliases; /* more names in the network; NULL: none */
	/* Name servers instead of the network's or the host's; NULL: none, and a resolv.conf that is
	 * there already stays. */
	const struct strlist *dns_servers;
	const struct record_devices *devices; /* of the host, to move inside; borrowed; NULL: none */
	struct link_mac mac; /* of the interface; all zero: the one of the first address */
	const char *ipfile;  /* absolute; NULL: none */
	bool ipfile_must;    /* a file that cannot be written fails the attach */
};

/*
 * Attach the container: the steps of attach.c. No fork, no exec, no sleep, no dump.
 * Asked again for the same container and interface, it gives the same address, verifies what is
 * there and makes what is missing. On failure all is as it was before: only the network itself
 * (bridge, rules), which is nobody's in particular, stays when it was just made, and what an attach
 * that was cut short had left is taken away.
 * Returns 1 when the container was attached already, 0 when it is now.
 */
int attach(const struct attach_request *request, struct attachment *att, struct err *err);

/* What the host end is to be as a port of the bridge. */
struct link_port attach_wanted_port(const struct network *net, const struct attachment *att);

/* A MAC to ask for: link_mac_parse(), but for the one that is all zero. */
int attach_parse_mac(const char *text, const char *what, struct link_mac *mac, struct err *err);

/* What attach would do, one line each. */
void attach_plan(const struct attach_request *request, FILE *out);

#endif
