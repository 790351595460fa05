/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CMDS_H
#define CT_NETNS_CMDS_H

#include "common/cmd.h"

/* Commands for people, with the netns tool's names. */
extern const struct cmd cmds_create;
extern const struct cmd cmds_rm;
extern const struct cmd cmds_ls;
extern const struct cmd cmds_version;

#endif
