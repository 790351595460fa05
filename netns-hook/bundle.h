/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_BUNDLE_H
#define CT_NETNS_BUNDLE_H

#include "common/err.h"

/* What a hook wants to know of the bundle's config.json. */
struct bundle {
	char *hostname; /* NULL: the container has the host's, or a name that is none */
	char *rootfs;   /* root.path, made absolute; NULL: there is none */
};
#define autobundle __attribute__((cleanup(bundle_free)))
void bundle_free(struct bundle *bundle);

int bundle_read(const char *path, struct bundle *bundle, struct err *err);

#endif
