/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_DEFINITION_H
#define CT_NETNS_DEFINITION_H

#include "common/err.h"
#include "common/json.h"
#include "common/net/network.h"
#include "netns-hook/options.h"

/*
 * <state>/networks/<name>/definition.json: the definition of a network that came on standard input,
 * for those who come later without it (check, repair). It goes with the network.
 */

/* Written when it is not there or another. */
int definition_keep(int state_fd, const struct network *net, const json_node *root,
		    struct err *err);

/*
 * The definition of the network called name: that of the flags when they name it, its file in
 * /etc/ct-netns, or the one that was kept. 1: found, 0: there is none.
 */
int definition_find(const struct options *options, int state_fd, const char *name,
		    struct network *net, struct err *err);

#endif
