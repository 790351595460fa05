/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cmd_help.h"

#include <string.h>

#define COLUMN 30

static void help_option(const struct cmd_option *option, FILE *out)
{
	int n = option->short_name ? fprintf(out, "  -%c, --%s", option->short_name, option->name)
				   : fprintf(out, "      --%s", option->name);

	if (option->value)
		n += fprintf(out, " %s", option->value);
	(void)fprintf(out, "%*s%s\n", n < COLUMN ? COLUMN - n : 1, "", option->help);
}

static void help_options(const char *title, const struct cmd_option *options, size_t n, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		if (options[i].hidden)
			continue;
		if (first)
			(void)fprintf(out, "\n%s:\n", title);
		first = false;
		help_option(&options[i], out);
	}
}

static void help_commands(const struct cmd_program *program, FILE *out)
{
	(void)fprintf(out, "\nCommands:\n");
	for (size_t i = 0; i < program->n_cmds; i++) {
		const struct cmd *cmd = &program->cmds[i];

		if (cmd->hidden)
			continue;
		int n = fprintf(out, "  %s %s", cmd->name, cmd->args);

		(void)fprintf(out, "%*s%s\n", n < COLUMN ? COLUMN - n : 1, "", cmd->help);
	}
}

void cmd_help(const struct cmd_program *program, const struct cmd *cmd, FILE *out)
{
	if (cmd) {
		(void)fprintf(out, "%s %s: %s\n\nUsage: %s [OPTION]... %s%s%s%s\n", program->name,
			      cmd->name, cmd->help, program->name, cmd->name,
			      cmd->n_options ? " [OPTION]..." : "", *cmd->args ? " " : "",
			      cmd->args);
		help_options("Options", cmd->options, cmd->n_options, out);
		help_options("Options of every command", program->globals, program->n_globals, out);
		return;
	}
	(void)fprintf(out, "%s: %s\n\nUsage: %s [OPTION]... %sCOMMAND%s [ARGUMENT]...\n",
		      program->name, program->summary, program->name, program->fallback ? "[" : "",
		      program->fallback ? "]" : "");
	if (program->n_cmds)
		help_commands(program, out);
	if (program->fallback) {
		(void)fprintf(out, "\nWithout a command: %s\n", program->fallback->help);
		help_options("Options without a command", program->fallback->options,
			     program->fallback->n_options, out);
	}
	help_options("Options", program->globals, program->n_globals, out);
	(void)fprintf(out, "\n  -h, --help and -v, --version work everywhere.\n");
}

static void complete_options(const struct cmd_option *options, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		if (!options[i].hidden)
			(void)fprintf(out, "--%s\t%s\n", options[i].name, options[i].help);
}

void cmd_complete(const struct cmd_program *program, const char *command, FILE *out)
{
	for (size_t i = 0; i < program->n_cmds; i++) {
		const struct cmd *cmd = &program->cmds[i];

		if (!command && !cmd->hidden)
			(void)fprintf(out, "%s\t%s\n", cmd->name, cmd->help);
		else if (command && strcmp(cmd->name, command) == 0)
			complete_options(cmd->options, cmd->n_options, out);
	}
	if (!command && program->fallback)
		complete_options(program->fallback->options, program->fallback->n_options, out);
	complete_options(program->globals, program->n_globals, out);
}
