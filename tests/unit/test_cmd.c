/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/cmd.h"
#include "common/cmd_help.h"

struct globals {
	const char *root;
	bool debug;
};

struct options {
	const char *bundle;
	bool force;
	int64_t fds, size;
	struct strlist names;
};

/* What the last command was run with, as text. */
static struct strbuf seen;
static int prepared;

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct globals *g = globals;
	const struct options *o = options;

	if (n_args > 0 && str_eq(args[0], "fail"))
		return err_set(err, EBUSY, "told to fail");
	strbuf_printf(&seen,
		      "root=%s debug=%d bundle=%s force=%d fds=%d names=", g->root ? g->root : "-",
		      g->debug, o->bundle ? o->bundle : "-", o->force, (int)o->fds);
	for (size_t i = 0; i < o->names.n; i++)
		strbuf_printf(&seen, "%s%s", i ? "," : "", o->names.items[i]);
	for (int i = 0; i < n_args; i++)
		strbuf_printf(&seen, " [%s]", args[i]);
	return 7;
}

static int run_bare(void *globals, void *options, char **args, int n_args, struct err *err)
{
	strbuf_puts(&seen, "bare ");
	return run(globals, options, args, n_args, err);
}

static int prepare(void *globals, struct err *err)
{
	const struct globals *g = globals;

	prepared++;
	return str_eq(g->root, "bad") ? err_set(err, ENOENT, "no such root") : 0;
}

static const struct cmd_option global_options[] = {
	{ "root", 0, CMD_STRING, offsetof(struct globals, root), "DIR", "state folder", 0, 0,
	  false },
	{ "debug", 'd', CMD_FLAG, offsetof(struct globals, debug), NULL, "say more", 0, 0, false },
};
static const struct cmd_option options[] = {
	{ "bundle", 'b', CMD_STRING, offsetof(struct options, bundle), "PATH", "the bundle", 0, 0,
	  false },
	{ "force", 'f', CMD_FLAG, offsetof(struct options, force), NULL, "by force", 0, 0, false },
	{ "fds", 0, CMD_INT, offsetof(struct options, fds), "N", "descriptors", 0, 9, false },
	{ "size", 0, CMD_INT, offsetof(struct options, size), "N", "any number", 0, 0, false },
	{ "name", 'n', CMD_LIST, offsetof(struct options, names), "NAME", "a name", 0, 0, false },
	{ "old-name", 0, CMD_LIST, offsetof(struct options, names), "NAME", "alias", 0, 0, true },
};
#define OPTIONS                                                                                    \
	.options = options, .n_options = ARRAY_SIZE(options), .options_size = sizeof(struct options)

static const struct cmd cmds[] = {
	{ .name = "make",
	  .args = "ID [MORE]",
	  .help = "make one",
	  OPTIONS,
	  .min_args = 1,
	  .max_args = 2,
	  .run = run },
	{ .name = "exec",
	  .args = "WORD...",
	  .help = "run words",
	  OPTIONS,
	  .max_args = -1,
	  .run = run },
	{ .name = "secret", .args = "", .help = "not told", OPTIONS, .run = run, .hidden = true },
};
static const struct cmd bare_cmd = { .name = "",
				     .args = "",
				     .help = "the bare program",
				     OPTIONS,
				     .max_args = 0,
				     .run = run_bare };

#define PROGRAM                                                                                    \
	.name = "prog", .summary = "a program", .version = "prog 1\n", .globals = global_options,  \
	.n_globals = ARRAY_SIZE(global_options), .globals_size = sizeof(struct globals),           \
	.cmds = cmds, .n_cmds = ARRAY_SIZE(cmds), .prepare = prepare

static const struct cmd_program program = { PROGRAM };
static const struct cmd_program hook = { PROGRAM, .fallback = &bare_cmd, .single_dash = true };

/* Words of line, split at blanks, as argv behind the program's name. */
static int run_line(const struct cmd_program *which, const char *line, struct err *err)
{
	autofree char *copy = xstrdup(line);
	char *argv[32] = { (char *)(uintptr_t)which->name };
	int argc = 1;

	*err = (struct err)ERR_INIT;
	strbuf_free(&seen);
	for (char *p = copy, *word; (word = strsep(&p, " "));)
		if (*word)
			argv[argc++] = word;
	return cmd_main(which, argc, argv, err);
}

static void assert_runs(const struct cmd_program *which, const char *line, const char *want)
{
	struct err err;
	int rc = run_line(which, line, &err);

	if (rc != 7)
		fail_msg("'%s' gave %d: %s", line, rc, err.msg);
	assert_string_equal(seen.text, want);
	strbuf_free(&seen);
}

static void assert_refused(const struct cmd_program *which, const char *line, const char *want)
{
	struct err err;

	prepared = 0;
	if (run_line(which, line, &err) != -EINVAL)
		fail_msg("'%s' was not refused", line);
	assert_string_equal(err.msg, want);
	assert_true(prepared <= 1); /* for the log of the refusal */
	assert_null(seen.text);
}

/* What a line prints on stdout; the caller frees. */
static char *output_of(const struct cmd_program *which, const char *line, int want)
{
	autofile FILE *out = tmpfile();
	char buf[4096];
	struct err err;

	assert_non_null(out);
	(void)fflush(stdout);
	autoclose int saved_fd = dup(STDOUT_FILENO);

	(void)dup2(fileno(out), STDOUT_FILENO);
	int rc = run_line(which, line, &err);

	(void)fflush(stdout);
	(void)dup2(saved_fd, STDOUT_FILENO);
	assert_int_equal(rc, want);
	rewind(out);
	size_t n = fread(buf, 1, sizeof(buf) - 1, out);

	return xstrndup(buf, n);
}

static void options_stand_before_and_among_and_behind_the_words(void **state)
{
	static const char *const lines[] = {
		"--root /r --debug make -b /b --fds 3 c1 c2",
		"make c1 --root /r -b /b c2 --debug --fds 3",
		"--debug make c1 c2 --bundle /b --root=/r --fds=3",
		"-d make --bundle=/b --fds=3 --root /r c1 c2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_runs(&program, lines[i],
			    "root=/r debug=1 bundle=/b force=0 fds=3 names= [c1] [c2]");
}

static void values_are_read_by_their_type(void **state)
{
	(void)state;
	assert_runs(&program, "make --force=true -f=false c",
		    "root=- debug=0 bundle=- force=0 fds=0 names= [c]");
	assert_runs(&program, "make -b one -b two -n x --name=y --old-name z c",
		    "root=- debug=0 bundle=two force=0 fds=0 names=x,y,z [c]");
	assert_runs(&program, "make --bundle= --fds 9 --size -9223372036854775808 c",
		    "root=- debug=0 bundle= force=0 fds=9 names= [c]");
	assert_runs(&program, "make --bundle=a=b c",
		    "root=- debug=0 bundle=a=b force=0 fds=0 names= [c]");
	assert_runs(&program, "make --bundle -f c",
		    "root=- debug=0 bundle=-f force=0 fds=0 names= [c]");
}

static void words_behind_two_dashes_are_no_options(void **state)
{
	(void)state;
	assert_runs(&program, "make -f -- --root --help",
		    "root=- debug=0 bundle=- force=1 fds=0 names= [--root] [--help]");
	assert_runs(&program, "make - --", "root=- debug=0 bundle=- force=0 fds=0 names= [-]");
	assert_runs(&program, "make -- a --",
		    "root=- debug=0 bundle=- force=0 fds=0 names= [a] [--]");
}

static void any_number_of_words_ends_the_options_at_the_first(void **state)
{
	(void)state;
	assert_runs(&program, "exec -f ls -b --root",
		    "root=- debug=0 bundle=- force=1 fds=0 names= [ls] [-b] [--root]");
	assert_runs(&program, "exec ls -h --help",
		    "root=- debug=0 bundle=- force=0 fds=0 names= [ls] [-h] [--help]");
	assert_runs(&program, "exec", "root=- debug=0 bundle=- force=0 fds=0 names=");
	assert_runs(&program, "exec a b c d",
		    "root=- debug=0 bundle=- force=0 fds=0 names= [a] [b] [c] [d]");
}

static void wrong_usage_is_one_line_that_names_the_help(void **state)
{
	static const char *const cases[][2] = {
		{ "nosuch", "unknown command 'nosuch'; see 'prog --help'" },
		{ "--nosuch make c", "unknown option '--nosuch'; see 'prog --help'" },
		{ "make --nosuch c", "unknown option '--nosuch'; see 'prog make --help'" },
		{ "make -x c", "unknown option '-x'; see 'prog make --help'" },
		{ "make --b /b c", "unknown option '--b'; see 'prog make --help'" },
		{ "make -bundle /b c", "unknown option '-bundle'; see 'prog make --help'" },
		{ "make c --bundle", "flag needs an argument: '--bundle'; see 'prog make --help'" },
		{ "--root", "flag needs an argument: '--root'; see 'prog --help'" },
		{ "--bundle /b make c", "unknown option '--bundle'; see 'prog --help'" },
		{ "make", "prog make: too few arguments, wants ID [MORE]; see 'prog make --help'" },
		{ "make a b c", "unexpected argument 'c'; see 'prog make --help'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(&program, cases[i][0], cases[i][1]);
	assert_refused(&hook, "--nosuch", "unknown option '--nosuch'; see 'prog --help'");
	struct cmd wanting = bare_cmd;
	const struct cmd_program wants_file = { PROGRAM, .fallback = &wanting };

	wanting.args = "FILE";
	wanting.min_args = 1;
	assert_refused(&wants_file, "", "prog: too few arguments, wants FILE; see 'prog --help'");
	assert_refused(&hook, "-f -- word", "unexpected argument 'word'; see 'prog --help'");
}

static void a_value_that_does_not_fit_is_refused_by_name(void **state)
{
	static const char *const cases[][2] = {
		{ "make --fds 10 c", "--fds" },
		{ "make --fds=-1 c", "--fds" },
		{ "make --fds=3x c", "'3x'" },
		{ "make --fds= c", "--fds" },
		{ "make --force=yes c", "--force" },
		{ "make --size 9223372036854775808 c", "--size" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(run_line(&program, cases[i][0], &err) < 0);
		assert_non_null(strstr(err.msg, cases[i][1]));
		assert_null(seen.text);
	}
}

static void without_a_command_the_fallback_has_the_line(void **state)
{
	struct err err;

	(void)state;
	assert_runs(&hook, "", "bare root=- debug=0 bundle=- force=0 fds=0 names=");
	assert_runs(&hook, "-bundle /b --root /r -debug -n x",
		    "bare root=/r debug=1 bundle=/b force=0 fds=0 names=x");
	assert_runs(&hook, "-root=/r make -fds=3 c",
		    "root=/r debug=0 bundle=- force=0 fds=3 names= [c]");
	assert_int_equal(run_line(&hook, "nosuch", &err), -EINVAL);
}

static void failures_of_prepare_and_of_the_command_come_back(void **state)
{
	struct err err;

	(void)state;
	prepared = 0;
	assert_int_equal(run_line(&program, "--root bad make c", &err), -ENOENT);
	assert_string_equal(err.msg, "no such root");
	assert_null(seen.text);
	assert_int_equal(run_line(&program, "make fail", &err), -EBUSY);
	assert_string_equal(err.msg, "told to fail");
	assert_int_equal(prepared, 2);
}

static void help_and_version_are_answered_on_stdout(void **state)
{
	static const char *const pages[] = { "--help", "-h", "help", "-d --help", "--root /r -h" };
	static const char *const cmd_pages[] = {
		"make --help",          "make -h", "help make", "make c -h", "make --nosuch --help",
		"--root /r make --help"
	};

	(void)state;
	prepared = 0;
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		autofree char *text = output_of(&program, pages[i], 0);

		assert_non_null(strstr(text, "Usage: prog [OPTION]... COMMAND [ARGUMENT]..."));
		assert_non_null(strstr(text, "  make ID [MORE]"));
		assert_null(strstr(text, "secret"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(cmd_pages); i++) {
		autofree char *text = output_of(&program, cmd_pages[i], 0);

		assert_non_null(strstr(text, "Usage: prog [OPTION]... make [OPTION]... ID [MORE]"));
		assert_non_null(strstr(text, "  -b, --bundle PATH"));
		assert_non_null(strstr(text, "      --root DIR"));
		assert_null(strstr(text, "old-name"));
	}
	autofree char *version = output_of(&program, "--version", 0);
	autofree char *version_v = output_of(&program, "--root /r -v", 0);
	autofree char *bare = output_of(&hook, "-bundle /b --help", 0);
	autofree char *exec = output_of(&program, "exec -b /b --help ls", 0);

	assert_string_equal(version, "prog 1\n");
	assert_string_equal(version_v, "prog 1\n");
	assert_non_null(strstr(exec, "Usage: prog [OPTION]... exec"));
	assert_non_null(strstr(bare, "Without a command: the bare program"));
	assert_int_equal(prepared, 0);
}

static void without_a_command_and_a_fallback_it_ends_with_1(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run_line(&program, "--debug", &err), 1);
}

static void completion_tells_what_the_help_tells(void **state)
{
	autofree char *words = output_of(&program, "__complete", 0);
	autofree char *make = output_of(&program, "__complete make", 0);
	autofree char *bare = output_of(&hook, "__complete", 0);
	autofree char *unknown = output_of(&program, "__complete nosuch", 0);

	(void)state;
	assert_string_equal(words, "make\tmake one\nexec\trun words\n"
				   "--root\tstate folder\n--debug\tsay more\n");
	assert_string_equal(make, "--bundle\tthe bundle\n--force\tby force\n--fds\tdescriptors\n"
				  "--size\tany number\n--name\ta name\n"
				  "--root\tstate folder\n--debug\tsay more\n");
	assert_non_null(strstr(bare, "--bundle\tthe bundle\n"));
	assert_string_equal(unknown, "--root\tstate folder\n--debug\tsay more\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_among_and_behind_the_words),
		cmocka_unit_test(values_are_read_by_their_type),
		cmocka_unit_test(words_behind_two_dashes_are_no_options),
		cmocka_unit_test(any_number_of_words_ends_the_options_at_the_first),
		cmocka_unit_test(wrong_usage_is_one_line_that_names_the_help),
		cmocka_unit_test(a_value_that_does_not_fit_is_refused_by_name),
		cmocka_unit_test(without_a_command_the_fallback_has_the_line),
		cmocka_unit_test(failures_of_prepare_and_of_the_command_come_back),
		cmocka_unit_test(help_and_version_are_answered_on_stdout),
		cmocka_unit_test(without_a_command_and_a_fallback_it_ends_with_1),
		cmocka_unit_test(completion_tells_what_the_help_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
