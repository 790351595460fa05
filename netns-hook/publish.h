/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_PUBLISH_H
#define CT_NETNS_PUBLISH_H

#include <stddef.h>

#include "common/err.h"
#include "common/net/record.h"

/* Ports as they are asked for: flags, annotations, CNI's portMappings. */
struct publish_list {
	struct record_port *items;
	size_t n;
};
#define autopublish __attribute__((cleanup(publish_free)))
void publish_free(struct publish_list *list);

/*
 * "[hostIP:]hostPort[-end]:containerPort[-end][/tcp|udp|sctp]", an IPv6 address in brackets. Both runs
 * must be of one length; "8000-8009:80-89" is one item. `what` names the text in errors.
 */
int publish_parse(const char *text, const char *what, struct publish_list *list, struct err *err);

/*
 * One that is there already: ports must be 1..65535, a clash with the list's others is refused. One that
 * goes on where the last one ends makes it longer. At most PUBLISH_MAX: each is a rule, and a claim.
 */
#define PUBLISH_MAX 1024
int publish_add(const struct record_port *port, const char *what, struct publish_list *list,
		struct err *err);

/* Would both take a port of the host for themselves? */
bool publish_overlap(const struct record_port *a, const struct record_port *b);

struct publish_text {
	char text[96];
};
/* "192.0.2.1:8000-8009:80-89/tcp" */
struct publish_text publish_text(const struct record_port *port);

#endif
