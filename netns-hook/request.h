/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_REQUEST_H
#define CT_NETNS_REQUEST_H

#include <stddef.h>

#include "common/err.h"
#include "common/net/network.h"
#include "netns-hook/attach.h"
#include "netns-hook/options.h"
#include "netns-hook/publish.h"

/*
 * What the flags ask for: an attachment for each network that they name. The first has the interface
 * that --iface names, the default route, the published ports, the MAC and the address file; the others
 * are eth1, eth2 and so on unless their definition says otherwise. An address goes to the first
 * network with a subnet that has it.
 */
struct request_list {
	struct network *nets;
	struct attach_request *items;
	size_t n; /* at least one */
	struct publish_list publish;
	struct strlist aliases;
	struct record_devices devices;
};
#define autorequests __attribute__((cleanup(request_list_free)))
void request_list_free(struct request_list *list);

/* annotations: of the state, NULL: none; see wishes.h. */
int request_list_read(const struct options *options, const struct strmap *annotations,
		      struct request_list *list, struct err *err);

/* The subnets that float, as they would be chosen now; nothing is written down. */
int request_list_preview(struct request_list *list, struct err *err);

/* Whom it is for. */
struct request_target {
	const char *container;
	pid_t pid;
	int netns_fd;
	const char *netns_path;
	const char *hostname; /* NULL: unknown */
	const char *ipfile;
	bool ipfile_must;
};
void request_list_aim(struct request_list *list, const struct request_target *target);

/* All or none: when one fails, those that were made before it are undone. */
int request_list_attach(struct request_list *list, struct err *err);

#endif
