/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_HOSTS_H
#define CT_NETNS_HOSTS_H

#include "common/err.h"
#include "common/net/network.h"
#include "common/net/record.h"

/*
 * <state>/networks/<network>/hosts: names of a network's containers, one line for each address. Its
 * containers have that very file as their /etc/hosts, so it is changed in place and is never made
 * anew. What readers see meanwhile is told in hosts.c.
 */
#define HOSTS_NAME "hosts"

/* Is it the beginning of the id that is a name of the container in any case? */
bool hosts_is_short_id(const char *id, const char *name);

/* One more name that somebody asks for, by `what`: refused when it is none, or one too many. */
int hosts_add_alias(struct strlist *aliases, const char *text, const char *what, struct err *err);

/* Write the attachment's lines, in place of those that it or its addresses had. */
int hosts_add(int state_fd, const struct network *net, const struct attachment *att,
	      struct err *err);

/* Tell what differs from the lines that the attachment is to have. Nothing is changed. */
struct hosts_report {
	void (*differs)(void *ctx, const char *text);
	void *ctx;
};
int hosts_check(int state_fd, const struct attachment *att, const struct hosts_report *report,
		struct err *err);

/*
 * Whose file has a container as its own? 1: that network's, 0: another one's, -ENOENT: nobody's any more, or
 * it has none.
 */
int hosts_is_linked(int state_fd, int folder_fd, const char *network, struct err *err);

/* Take them out of one network, or (network NULL) of all. Fine when there are none. */
int hosts_remove(int state_fd, const char *network, const char *container, const char *ifname,
		 struct err *err);

/* Take out every line whose attachment is not there any more. Returns how many. */
struct hosts_gc {
	bool (*alive)(void *ctx, const char *container, const char *ifname);
	void *ctx;
};
int hosts_collect(int state_fd, const struct hosts_gc *gc, struct err *err);

#endif
