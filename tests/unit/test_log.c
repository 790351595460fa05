/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
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
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"

static char path[] = "/tmp/ct-unit-XXXXXX";
static int saved_fd = -1;

/* stderr goes to a file of its own in every test, and the log file is emptied. */
static int capture(void **state)
{
	FILE *out = tmpfile();

	if (!out || truncate(path, 0) < 0)
		return -1;
	saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	(void)dup2(fileno(out), STDERR_FILENO);
	*state = out;
	return 0;
}

static int release(void **state)
{
	if (dup2(saved_fd, STDERR_FILENO) < 0)
		return -1;
	(void)close(saved_fd);
	(void)fclose(*state);
	return 0;
}

/* What came on stderr since the last call; the caller frees. */
static char *stderr_text(FILE *out)
{
	char *text = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(lseek(fileno(out), 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fileno(out), "stderr", 65536, &text, NULL, &err), 0);
	assert_int_equal(ftruncate(fileno(out), 0), 0);
	(void)lseek(fileno(out), 0, SEEK_SET);
	return text;
}

static char *log_text(void)
{
	char *text = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text, NULL, &err), 0);
	return text;
}

static void open_log(const char *file, enum log_format format, enum log_level level)
{
	const struct log_options options = {
		.program = "prog", .path = file, .format = format, .level = level
	};
	struct err err = ERR_INIT;

	assert_int_equal(log_open(&options, &err), 0);
}

static void unopened_it_writes_warnings_and_errors_to_stderr(void **state)
{
	log_error("an %s", "error");
	log_warning("a warning");
	log_info("no info");
	log_debug("no debug");
	autofree char *text = stderr_text(*state);

	assert_string_equal(text, "error: an error\nwarning: a warning\n");
	assert_false(log_debug_enabled());
}

static void text_on_stderr_names_the_program(void **state)
{
	open_log(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	assert_true(log_debug_enabled());
	log_warning("w");
	log_debug("d");
	autofree char *text = stderr_text(*state);

	assert_string_equal(text, "prog: warning: w\nprog: debug: d\n");
	open_log(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	log_warning("dropped");
	autofree char *nothing = stderr_text(*state);

	assert_string_equal(nothing, "");
}

static void the_last_word_on_stderr_is_said_once(void **state)
{
	struct err err = ERR_INIT;

	open_log(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	(void)err_set(&err, EIO, "it broke");
	log_fatal(&err);
	autofree char *text = stderr_text(*state);

	assert_string_equal(text, "prog: error: it broke\n");
}

static void json_lines_are_what_engines_parse(void **state)
{
	struct err err = ERR_INIT;

	open_log(NULL, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_error("a \"quoted\"\nline \\ %s", "\x01");
	autofree char *text = stderr_text(*state);
	autojson json_node *line = NULL;

	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_int_equal(json_parse(text, strlen(text), "line", &line, &err), 0);
	assert_string_equal(json_string(json_get(line, "level")), "error");
	assert_string_equal(json_string(json_get(line, "msg")), "a \"quoted\"\nline \\ \x01");
	const char *when = json_string(json_get(line, "time"));

	assert_int_equal(strlen(when), strlen("2006-01-02T15:04:05Z"));
	assert_int_equal(when[10], 'T');
}

static void a_log_file_that_cannot_be_made_is_an_error(void **state)
{
	const struct log_options options = { .program = "prog", .path = "/nonexistent/log" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(log_open(&options, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/log"));
}

/* From here on the log is a file: a program sets it once. */
static void a_text_line_in_a_file_stays_one_line(void **state)
{
	open_log(path, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	log_warning("id 'a\" level=error msg=\"b\nc\\'");
	autofree char *text = log_text();
	autofree char *nothing = stderr_text(*state);

	assert_true(str_starts(text, "time=\""));
	assert_string_equal(strstr(text, " level="),
			    " level=warning msg=\"id 'a\\\" level=error msg=\\\"b c\\\\'\"\n");
	assert_string_equal(nothing, "");
}

static void a_file_is_appended_to(void **state)
{
	(void)state;
	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_error("first");
	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_error("second");
	autofree char *text = log_text();

	assert_non_null(strstr(text, "\"first\""));
	assert_non_null(strstr(text, "\"second\""));
}

static void a_json_file_gets_warnings_when_all_went_well(void **state)
{
	(void)state;
	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_warning("held back");
	autofree char *before = log_text();

	assert_null(strstr(before, "held back"));
	log_flush();
	log_flush();
	autofree char *text = log_text();
	const char *first = strstr(text, "held back");

	assert_non_null(first);
	assert_null(strstr(first + 1, "held back"));
}

static void a_json_file_gets_no_warning_beside_the_error(void **state)
{
	struct err err = ERR_INIT;

	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_warning("not in the file");
	(void)err_set(&err, EIO, "it broke too");
	log_fatal(&err);
	log_flush();
	autofree char *text = log_text();
	autofree char *seen = stderr_text(*state);

	assert_null(strstr(text, "not in the file"));
	assert_non_null(strstr(text, "it broke too"));
	assert_non_null(strstr(seen, "not in the file"));
}

static void a_json_file_of_a_debug_log_has_all_at_once(void **state)
{
	(void)state;
	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
	log_warning("at once");
	autofree char *text = log_text();

	assert_non_null(strstr(text, "at once"));
}

static void the_last_word_goes_to_the_file_and_to_stderr(void **state)
{
	struct err err = ERR_INIT;

	open_log(path, LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	(void)err_set(&err, EIO, "it broke");
	log_fatal(&err);
	autofree char *text = log_text();
	autofree char *seen = stderr_text(*state);

	assert_non_null(strstr(text, "\"msg\":\"it broke\""));
	assert_string_equal(seen, "prog: error: it broke\n");
	(void)close(STDERR_FILENO);
	log_fatal(&err); /* and lives on */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unopened_it_writes_warnings_and_errors_to_stderr,
						capture, release),
		cmocka_unit_test_setup_teardown(text_on_stderr_names_the_program, capture, release),
		cmocka_unit_test_setup_teardown(the_last_word_on_stderr_is_said_once, capture,
						release),
		cmocka_unit_test_setup_teardown(json_lines_are_what_engines_parse, capture,
						release),
		cmocka_unit_test_setup_teardown(a_log_file_that_cannot_be_made_is_an_error, capture,
						release),
		cmocka_unit_test_setup_teardown(a_text_line_in_a_file_stays_one_line, capture,
						release),
		cmocka_unit_test_setup_teardown(a_file_is_appended_to, capture, release),
		cmocka_unit_test_setup_teardown(a_json_file_gets_warnings_when_all_went_well,
						capture, release),
		cmocka_unit_test_setup_teardown(a_json_file_gets_no_warning_beside_the_error,
						capture, release),
		cmocka_unit_test_setup_teardown(a_json_file_of_a_debug_log_has_all_at_once, capture,
						release),
		cmocka_unit_test_setup_teardown(the_last_word_goes_to_the_file_and_to_stderr,
						capture, release),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	(void)close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	(void)unlink(path);
	return failed;
}
