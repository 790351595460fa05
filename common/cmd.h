/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CMD_H
#define CT_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/err.h"
#include "common/str.h"

/*
 * Command lines as tables. One record per command; help, completion and the man page's check read
 * the same record, so they cannot disagree.
 */
enum cmd_type {
	CMD_FLAG,   /* bool: set by --name, or --name=true|false */
	CMD_STRING, /* const char *, the last one wins */
	CMD_LIST,   /* struct strlist, every one is kept */
	CMD_INT,    /* int64_t within min..max */
};

struct cmd_option {
	const char *name; /* long name without dashes */
	char short_name;  /* 0: none */
	enum cmd_type type;
	size_t offset;     /* into the options struct */
	const char *value; /* what the help calls the value: "PATH"; NULL for flags */
	const char *help;  /* one line */
	int64_t min, max;  /* CMD_INT */
	bool hidden;       /* accepted, not in the help (aliases) */
};

struct cmd {
	const char *name;
	const char *args; /* "ID [SIGNAL]"; "" when none */
	const char *help; /* one line */
	const struct cmd_option *options;
	size_t n_options;
	int min_args, max_args; /* max_args -1: any number, and options end at the first of them */
	/* globals and options: the structs that the tables' offsets speak of. Returns the exit
	 * status (>= 0) or negative with *err filled. */
	int (*run)(void *globals, void *options, char **args, int n_args, struct err *err);
	size_t options_size;
	bool hidden;
	int failure_status; /* exit status when it fails, for program.failure_status; 0: the usual */
};

struct cmd_program {
	const char *name;
	const char *summary;              /* one line */
	const char *version;              /* what --version and -v print, with newline */
	const struct cmd_option *globals; /* accepted before the command and among its options */
	size_t n_globals;
	size_t globals_size;
	const struct cmd *cmds;
	size_t n_cmds;
	/* Called once globals are parsed and before the command runs, or its line is refused (log
	 * set-up); may be NULL. */
	int (*prepare)(void *globals, struct err *err);
	/* Command run when no command word is there (ct-netns as a hook); NULL: print usage, 1. */
	const struct cmd *fallback;
	int *failure_status; /* set to the command's own, where it has one; may be NULL */
	bool single_dash;    /* "-bridge x" means "--bridge x", as Go's flag package reads it */
};

/*
 * Parse argv, run the command. Returns its exit status, or negative with *err filled (wrong usage
 * is EINVAL and one line that ends in "see 'program command --help'"). -h/--help/help print to
 * stdout and return 0.
 */
int cmd_main(const struct cmd_program *program, int argc, char **argv, struct err *err);

/* Words for a shell: one "command<TAB>help" or "--option<TAB>help" a line (hidden command
 * "__complete [COMMAND]", which cmd_main answers for every program). */
void cmd_complete(const struct cmd_program *program, const char *command, FILE *out);

#endif
