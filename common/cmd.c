/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/cmd_help.h"

/* What a command line is parsed into: globals and the command's own options, and the words left. */
struct parse {
	const struct cmd_program *program;
	const struct cmd *cmd; /* NULL while only globals may come */
	char *globals, *options;
	char **words;
	int n_words;
	bool options_end;
	const char *answer; /* the option that asks for the help or the version; NULL: none */
};

static int usage_error(const struct parse *parse, struct err *err, const char *why, const char *arg)
{
	const char *cmd = parse->cmd ? parse->cmd->name : "";

	return err_set(err, EINVAL, "%s '%s'; see '%s%s%s --help'", why, arg, parse->program->name,
		       *cmd ? " " : "", cmd);
}

static const struct cmd_option *find_in(const struct cmd_option *options, size_t n,
					const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		const struct cmd_option *o = &options[i];

		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
		if (len == 1 && o->short_name && o->short_name == name[0])
			return o;
	}
	return NULL;
}

/* The command's own options come first; *base is the struct that the option's offset speaks of. */
static const struct cmd_option *find_option(struct parse *parse, const char *name, size_t len,
					    char **base)
{
	const struct cmd_option *o = NULL;

	*base = parse->options;
	if (parse->cmd)
		o = find_in(parse->cmd->options, parse->cmd->n_options, name, len);
	if (o)
		return o;
	*base = parse->globals;
	return find_in(parse->program->globals, parse->program->n_globals, name, len);
}

static int set_flag(const struct cmd_option *option, const char *value, bool *out, struct err *err)
{
	*out = !value || str_eq(value, "true");
	if (!value || str_eq(value, "true") || str_eq(value, "false"))
		return 0;
	return err_set(err, EINVAL, "--%s: '%s' is neither true nor false", option->name, value);
}

static int set_value(const struct cmd_option *option, const char *value, char *base,
		     struct err *err)
{
	void *out = base + option->offset;
	bool any = option->min == 0 && option->max == 0;
	char what[64];

	switch (option->type) {
	case CMD_FLAG:
		return set_flag(option, value, out, err);
	case CMD_STRING:
		*(const char **)out = value;
		return 0;
	case CMD_LIST:
		strlist_add(out, value);
		return 0;
	case CMD_INT:
		(void)snprintf(what, sizeof(what), "--%s", option->name);
		return str_to_i64(value, what, any ? INT64_MIN : option->min,
				  any ? INT64_MAX : option->max, out, err);
	}
	return 0;
}

/* Help wins over everything else that stands on the line before the first word of a command. */
static bool is_help(const char *arg)
{
	return str_eq(arg, "--help") || str_eq(arg, "-h") || str_eq(arg, "-help");
}

static bool is_version(const char *arg)
{
	return str_eq(arg, "--version") || str_eq(arg, "-v");
}

/* argv[*i] is an option; *i moves onto its value when that is a word of its own. */
static int parse_option(struct parse *parse, int argc, char **argv, int *i, struct err *err)
{
	const char *arg = argv[*i];
	bool dashes = arg[1] == '-';
	const char *name = arg + (dashes ? 2 : 1);
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	char *base;
	const struct cmd_option *option = NULL;

	/* "--b" is no way to write -b, and "-bundle" is one only where Go's flags are spoken. */
	if (dashes ? len > 1 : len == 1 || parse->program->single_dash)
		option = find_option(parse, name, len, &base);
	if (!option && (is_help(arg) || is_version(arg))) {
		parse->answer = arg;
		return 0;
	}
	if (!option)
		return usage_error(parse, err, "unknown option", arg);
	if (option->type != CMD_FLAG && !value) {
		if (*i + 1 >= argc)
			return usage_error(parse, err, "flag needs an argument:", arg);
		value = argv[++*i];
	}
	return set_value(option, value, base, err);
}

/*
 * Called once, before the command runs or a wrong line is refused: the refusal belongs into the log
 * that the line names. What is wrong with the line is the better error of the two.
 */
static int prepare(const struct parse *parse, int rc, struct err *err)
{
	struct err other = ERR_INIT;

	if (!parse->program->prepare)
		return rc;
	if (rc >= 0)
		return parse->program->prepare(parse->globals, err);
	(void)parse->program->prepare(parse->globals, &other);
	return rc;
}

static const struct cmd *find_cmd(const struct cmd_program *program, const char *name)
{
	for (size_t i = 0; i < program->n_cmds; i++)
		if (str_eq(program->cmds[i].name, name))
			return &program->cmds[i];
	return NULL;
}

/* Words and options of argv[*i]… until a command's name (parse->cmd NULL) or the end. */
static int parse_words(struct parse *parse, int argc, char **argv, int *i, struct err *err)
{
	for (; *i < argc; ++*i) {
		char *arg = argv[*i];
		int rc = 0;

		if (!parse->options_end && str_eq(arg, "--")) {
			parse->options_end = true;
		} else if (!parse->options_end && arg[0] == '-' && arg[1]) {
			rc = parse_option(parse, argc, argv, i, err);
		} else {
			if (!parse->cmd)
				return 0;
			parse->words[parse->n_words++] = arg;
			if (parse->cmd->max_args < 0)
				parse->options_end = true;
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void free_lists(const struct cmd_option *options, size_t n, char *base)
{
	for (size_t i = 0; base && i < n; i++)
		if (options[i].type == CMD_LIST)
			strlist_free((struct strlist *)(void *)(base + options[i].offset));
}

static void parse_free(struct parse *parse)
{
	free_lists(parse->program->globals, parse->program->n_globals, parse->globals);
	if (parse->cmd)
		free_lists(parse->cmd->options, parse->cmd->n_options, parse->options);
	free(parse->globals);
	free(parse->options);
	free(parse->words);
}

static int check_words(const struct parse *parse, struct err *err)
{
	const struct cmd *cmd = parse->cmd;
	const char *space = *cmd->name ? " " : "";

	if (parse->n_words < cmd->min_args)
		return err_set(err, EINVAL,
			       "%s%s%s: too few arguments, wants %s; see '%s%s%s --help'",
			       parse->program->name, space, cmd->name, cmd->args,
			       parse->program->name, space, cmd->name);
	if (cmd->max_args >= 0 && parse->n_words > cmd->max_args)
		return usage_error(parse, err, "unexpected argument", parse->words[cmd->max_args]);
	return 0;
}

/* The help is the command's own, or the program's when there is none or only the fallback. */
static int give_answer(const struct parse *parse)
{
	const struct cmd_program *program = parse->program;

	if (is_version(parse->answer))
		(void)fputs(program->version, stdout);
	else
		cmd_help(program, parse->cmd == program->fallback ? NULL : parse->cmd, stdout);
	return 0;
}

/* No command word: the fallback has the whole line to itself, its own options included. */
static int run_cmd(struct parse *parse, int argc, char **argv, int i, struct err *err)
{
	parse->options = xcalloc(1, parse->cmd->options_size);
	int rc = parse_words(parse, argc, argv, &i, err);

	if (rc >= 0 && parse->answer)
		return give_answer(parse);
	if (rc >= 0)
		rc = check_words(parse, err);
	rc = prepare(parse, rc, err);
	if (rc >= 0)
		rc = parse->cmd->run(parse->globals, parse->options, parse->words, parse->n_words,
				     err);
	return rc;
}

/* The index of the word that is the command: globals may stand before it. argc: there is none. */
static int skip_globals(struct parse *parse, int argc, char **argv, struct err *err)
{
	struct parse look = { .program = parse->program, .cmd = NULL, .globals = parse->globals };
	int i = 1;
	int rc = parse_words(&look, argc, argv, &i, err);

	parse->answer = look.answer;
	return rc < 0 ? rc : i;
}

static int run_named(struct parse *parse, int argc, char **argv, int at, struct err *err)
{
	const struct cmd_program *program = parse->program;
	const char *name = argv[at];

	if (str_eq(name, "__complete")) {
		cmd_complete(program, at + 1 < argc ? argv[at + 1] : NULL, stdout);
		return 0;
	}
	if (str_eq(name, "help")) {
		cmd_help(program, at + 1 < argc ? find_cmd(program, argv[at + 1]) : NULL, stdout);
		return 0;
	}
	parse->cmd = find_cmd(program, name);
	if (!parse->cmd)
		return prepare(parse, usage_error(parse, err, "unknown command", name), err);
	if (program->failure_status && parse->cmd->failure_status)
		*program->failure_status = parse->cmd->failure_status;
	/* Where the options end at the first word, what follows is that word's to read. */
	for (int i = at + 1; i < argc && parse->cmd->max_args >= 0 && !str_eq(argv[i], "--"); i++) {
		if (!is_help(argv[i]))
			continue;
		cmd_help(program, parse->cmd, stdout);
		return 0;
	}
	return run_cmd(parse, argc, argv, at + 1, err);
}

static int run_line(struct parse *parse, int argc, char **argv, struct err *err)
{
	const struct cmd_program *program = parse->program;

	for (int i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!is_help(argv[i]) && !is_version(argv[i]))
			continue;
		parse->answer = argv[i];
		return give_answer(parse);
	}
	/* A fallback's options stand where globals do, so they are parsed as its own. */
	parse->cmd = program->fallback;
	if (program->fallback) {
		struct err tried = ERR_INIT;
		int at = skip_globals(parse, argc, argv, &tried);

		if (parse->answer)
			return give_answer(parse);
		if (at >= 0 && at < argc)
			return run_named(parse, argc, argv, at, err);
		/* The whole line is read once more: what was looked at must not count twice. */
		free_lists(program->globals, program->n_globals, parse->globals);
		memset(parse->globals, 0, program->globals_size);
		return run_cmd(parse, argc, argv, 1, err);
	}
	int at = skip_globals(parse, argc, argv, err);

	if (at < 0)
		return prepare(parse, at, err);
	if (parse->answer)
		return give_answer(parse);
	if (at < argc)
		return run_named(parse, argc, argv, at, err);
	cmd_help(program, NULL, stderr);
	return 1;
}

int cmd_main(const struct cmd_program *program, int argc, char **argv, struct err *err)
{
	struct parse parse = {
		.program = program,
		.globals = xcalloc(1, program->globals_size),
		.words = xcalloc((size_t)argc + 1, sizeof(char *)),
	};
	int rc = run_line(&parse, argc, argv, err);

	parse_free(&parse);
	return rc;
}
