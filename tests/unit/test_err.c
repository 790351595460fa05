/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/str.h"

#define CUT "\xe2\x80\xa6" /* … */

static void fill(char *text, size_t len)
{
	memset(text, 'x', len);
	text[len] = '\0';
}

static void every_function_returns_the_code_negative(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ENOSPC, "no address in %s", "net"), -ENOSPC);
	assert_int_equal(err.code, ENOSPC);
	assert_string_equal(err.msg, "no address in net");
	assert_int_equal(err_ctx(&err, "network '%s'", "n"), -ENOSPC);
	assert_string_equal(err.msg, "network 'n': no address in net");
	errno = EPERM;
	assert_int_equal(err_errno(&err, "mount '%s'", "/x"), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_string_equal(err.msg, "mount '/x': Operation not permitted");
	err_clear(&err);
	assert_int_equal(err.code, 0);
	assert_string_equal(err.msg, "");
}

static void a_filled_error_never_has_code_0(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_true(err_set(&err, 0, "x") < 0);
	assert_int_not_equal(err.code, 0);
	errno = 0;
	assert_true(err_errno(&err, "x") < 0);
	assert_int_not_equal(err.code, 0);
}

static void a_message_is_one_line(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, EINVAL, "a\nb\r\nc%s", "\n");
	assert_string_equal(err.msg, "a b  c ");
	(void)err_ctx(&err, "id '%s'", "x\ny");
	assert_string_equal(err.msg, "id 'x y': a b  c ");
}

static void what_does_not_fit_is_marked(void **state)
{
	char text[600];
	struct err err = ERR_INIT;

	(void)state;
	fill(text, 511);
	(void)err_set(&err, EINVAL, "%s", text);
	assert_string_equal(err.msg, text);
	fill(text, 512);
	(void)err_set(&err, EINVAL, "%s", text);
	assert_int_equal(strlen(err.msg), 511);
	assert_string_equal(err.msg + 507, "x" CUT);
	(void)err_ctx(&err, "outer");
	assert_true(str_starts(err.msg, "outer: xxx"));
	assert_string_equal(err.msg + 508, CUT);
}

/* Half a character would be no UTF-8, and a JSON log with it no JSON. */
static void a_cut_is_between_characters(void **state)
{
	static const char *const characters[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xa7" };
	char text[700];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(characters); i++) {
		size_t len = strlen(characters[i]);

		for (size_t shift = 0; shift < len; shift++) {
			fill(text, shift);
			for (size_t at = shift; at + len < sizeof(text); at += len)
				memcpy(text + at, characters[i], len + 1);
			(void)err_set(&err, EINVAL, "%s", text);
			size_t kept = strlen(err.msg) - strlen(CUT);

			assert_string_equal(err.msg + kept, CUT);
			assert_memory_equal(err.msg, text, kept);
			assert_int_equal((kept - shift) % len, 0);
			assert_true(kept > 500);
		}
	}
}

static void its_own_message_may_be_an_argument_of_context(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, EIO, "inner");
	assert_int_equal(err_ctx(&err, "%s again", err.msg), -EIO);
	assert_string_equal(err.msg, "inner again: inner");
	errno = ENOENT;
	(void)err_errno(&err, "%s", err.msg);
	assert_string_equal(err.msg, "inner again: inner: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_returns_the_code_negative),
		cmocka_unit_test(a_filled_error_never_has_code_0),
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(what_does_not_fit_is_marked),
		cmocka_unit_test(a_cut_is_between_characters),
		cmocka_unit_test(its_own_message_may_be_an_argument_of_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
