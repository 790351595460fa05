/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CMDS_H
#define CT_NETNS_CMDS_H

#include "common/cmd.h"
#include "common/net/report.h"

/* Commands for people, with the netns tool's names. */
extern const struct cmd cmds_create;
extern const struct cmd cmds_ls;
extern const struct cmd cmds_version;
extern const struct cmd cmds_completion;

/* cmds_rm.c */
extern const struct cmd cmds_rm;
/* cmds_add.c */
extern const struct cmd cmds_add;
extern const struct cmd cmds_del;
/* inspect.c */
extern const struct cmd cmds_inspect;
/* cmds_check.c */
extern const struct cmd cmds_check;
extern const struct cmd cmds_repair;

/* Prints what was changed, or is wrong, or was kept, one line each. */
extern const struct report cmds_report;

#endif
