/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CNI_CONF_H
#define CT_NETNS_CNI_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/json.h"
#include "common/net/network.h"
#include "netns-hook/cni_env.h"
#include "netns-hook/publish.h"

/* Versions of the specification that are spoken, the oldest first. */
enum cni_version {
	CNI_0_1_0,
	CNI_0_2_0,
	CNI_0_3_0,
	CNI_0_3_1,
	CNI_0_4_0,
	CNI_1_0_0,
	CNI_1_1_0,
};
#define CNI_N_VERSIONS (CNI_1_1_0 + 1)
const char *cni_version_text(enum cni_version version);

/*
 * What stands on standard input: a network's definition (network.h), and beside it what the runtime
 * wants for this container: runtimeConfig, args, prevResult, the attachments that GC leaves alone.
 * Name servers and bandwidth of runtimeConfig are laid over those of `net`.
 */
struct cni_conf {
	json_node *root;
	enum cni_version version;
	char *name;
	struct network net;
	struct publish_list ports;
	struct strlist ips;     /* addresses asked for, with or without a length */
	char *mac, *own_mac;    /* the runtime's wish; the definition's, which counts least */
	struct strlist aliases; /* unchecked */
	json_node *prev;        /* prevResult; NULL: none */
};
#define autocniconf __attribute__((cleanup(cni_conf_free)))
void cni_conf_free(struct cni_conf *conf);

/*
 * Read standard input, as far as every verb needs it: version and name. *code is CNI's code of a
 * failure. A DEL must succeed with a definition that has changed, or is wrong by now.
 */
int cni_conf_read(struct cni_conf *conf, enum cni_verb verb, int *code, struct err *err);

/* All the rest of it. */
int cni_conf_decode(struct cni_conf *conf, struct err *err);

/* Is it one of those that GC is told to keep? Negative: the list is missing or wrong. */
int cni_conf_check_valid(const struct cni_conf *conf, struct err *err);
bool cni_conf_is_valid(const struct cni_conf *conf, const char *container, const char *ifname);

#endif
