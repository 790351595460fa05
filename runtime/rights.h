/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_RIGHTS_H
#define CT_RIGHTS_H

#include <stdbool.h>

#include "common/err.h"

/*
 * What the kernel lets this process do. Being uid 0 says little: root of a user namespace has all
 * capabilities, and none over the host. All false is a process that may do everything.
 */
struct rights {
	bool rootless;  /* not the machine's root: another user, or root of a user namespace. What
			* needs that root (cgroups, a lower oom score) is then not an error */
	bool no_mounts; /* none in our mount namespace: it is owned by who is above us. No pins */
	bool no_namespaces; /* no namespace but inside of a new user namespace: a normal user */
	bool no_maps;       /* only our own id can be mapped; more through newuidmap, newgidmap */
};

/* option: "true" and "false" say whether to take us for rootless, "auto" and NULL look. */
int rights_look(const char *option, struct rights *rights, struct err *err);

/* In a user namespace that is not the first one of the machine. */
bool rights_in_user_namespace(void);

#endif
