/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CMD_HELP_H
#define CT_CMD_HELP_H

#include <stdio.h>

#include "common/cmd.h"

/* The program's page (cmd NULL) or one command's. */
void cmd_help(const struct cmd_program *program, const struct cmd *cmd, FILE *out);

#endif
