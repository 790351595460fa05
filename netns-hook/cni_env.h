/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CNI_ENV_H
#define CT_NETNS_CNI_ENV_H

#include <stdbool.h>

#include "common/err.h"
#include "common/str.h"

enum cni_verb {
	CNI_ADD,
	CNI_DEL,
	CNI_CHECK,
	CNI_GC,
	CNI_STATUS,
	CNI_VERSION,
};

/* What a CNI runtime says in the environment; the strings are the environment's. */
struct cni_env {
	enum cni_verb verb;
	const char *container; /* NULL: not given, and the verb needs none */
	const char *netns;
	const char *ifname;
	/* CNI_ARGS, "K=V;K=V". */
	struct strlist ips; /* IP: one or more, with commas between */
	char *mac;          /* MAC */
};
#define autocnienv __attribute__((cleanup(cni_env_free)))
void cni_env_free(struct cni_env *env);

/*
 * Read and check all of it. Whatever the verb needs and is missing is named in one error. CNI_PATH
 * is needed by none: no other plugin is run.
 */
int cni_env_read(struct cni_env *env, struct err *err);

/* CNI's rule for container ids and names of networks: [a-zA-Z0-9][a-zA-Z0-9_.-]*. */
int cni_check_name(const char *name, const char *what, struct err *err);

#endif
