/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_WISHES_H
#define CT_NETNS_WISHES_H

#include "common/err.h"
#include "common/json.h"
#include "common/str.h"
#include "netns-hook/options.h"

/*
 * What flags and annotations ask for, besides networks. Annotations are the wishes of whoever writes
 * them, often not the administrator: they count with --annotations alone, only these do, and a flag
 * wins over them. Lists have commas between their items.
 */
enum wish {
	WISH_PUBLISH, /* ct.netns.publish, --publish */
	WISH_IP,      /* ct.netns.ip, --static-ip */
	WISH_MAC,     /* ct.netns.mac, --mac */
	WISH_ALIASES, /* ct.netns.aliases, --alias */
	WISH_COUNT
};

struct wishes {
	struct {
		const char *what; /* the flag or the annotation, for errors */
		struct strlist items;
	} all[WISH_COUNT];
};
#define autowishes __attribute__((cleanup(wishes_free)))
void wishes_free(struct wishes *wishes);

/*
 * Collect them; what the items say is the caller's to check. annotations: NULL for none. An unknown
 * ct.netns.* that counts is an error.
 */
int wishes_read(const struct options *options, const struct strmap *annotations,
		struct wishes *wishes, struct err *err);

#endif
