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

#include "common/str.h"

static void numbers_are_whole_decimal_and_within_their_range(void **state)
{
	static const char *const bad[] = { "",
					   " 1",
					   "1 ",
					   "+1",
					   "-1",
					   "-0",
					   "0x10",
					   "1e3",
					   "1.0",
					   "9",
					   "101",
					   "1k",
					   "\t10",
					   "10\n",
					   "--10",
					   "18446744073709551616",
					   "99999999999999999999999" };
	struct err err = ERR_INIT;
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(str_to_u64(bad[i], "mtu", 10, 100, &v, &err) < 0);
		assert_int_equal(v, 77);
	}
	assert_true(str_to_u64("70000", "mtu", 68, 65535, &v, &err) < 0);
	assert_string_equal(err.msg, "mtu: '70000' is not a number 68..65535");
	assert_int_equal(str_to_u64("10", "mtu", 10, 100, &v, &err), 0);
	assert_int_equal(v, 10);
	assert_int_equal(str_to_u64("0100", "mtu", 10, 100, &v, &err), 0);
	assert_int_equal(v, 100);
	assert_int_equal(str_to_u64("18446744073709551615", "n", 0, UINT64_MAX, &v, &err), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_to_u64("18446744073709551616", "n", 0, UINT64_MAX, &v, &err), -ERANGE);
}

static void signed_numbers_have_a_minus_and_nothing_else(void **state)
{
	static const char *const bad[] = { "", "-", "--1", "+1", "- 1", " -1", "-1x", "-11", "11" };
	struct err err = ERR_INIT;
	int64_t v = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(str_to_i64(bad[i], "nice", -10, 10, &v, &err) < 0);
		assert_int_equal(v, 77);
	}
	assert_string_equal(err.msg, "nice: '11' is not a number -10..10");
	assert_int_equal(str_to_i64("-10", "nice", -10, 10, &v, &err), 0);
	assert_int_equal(v, -10);
	assert_int_equal(str_to_i64("-9223372036854775808", "n", INT64_MIN, 0, &v, &err), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(str_to_i64("-9223372036854775809", "n", INT64_MIN, 0, &v, &err), -ERANGE);
}

static void a_name_is_a_safe_path_component(void **state)
{
	static const char *const good[] = { "a", "0", "web-1", "A.b_c+d", "a..b", "x-" };
	static const char *const bad[] = { "",    ".",   "..", "-a",  "_a",   "+a",
					   ".a",  "a/b", "/",  "a b", "a\n",  "\xc3\xa4",
					   "a\\", "a:b", "a*", "a%",  "a\x7f" };
	char longest[257];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(str_check_name(good[i], "container id", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(str_check_name(bad[i], "container id", &err) < 0);
		assert_true(str_starts(err.msg, "container id"));
		assert_null(strchr(err.msg, '\n'));
	}
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(str_check_name(longest, "id", &err), -ENAMETOOLONG);
	longest[255] = '\0';
	assert_int_equal(str_check_name(longest, "id", &err), 0);
}

static void format_refuses_what_it_would_have_to_cut(void **state)
{
	struct err err = ERR_INIT;
	char buf[8] = "old";

	(void)state;
	assert_int_equal(str_format(buf, sizeof(buf), "interface name", &err, "%s%d", "veth", 123),
			 0);
	assert_string_equal(buf, "veth123");
	assert_int_equal(str_format(buf, sizeof(buf), "interface name", &err, "%s%d", "veth", 1234),
			 -ENAMETOOLONG);
	assert_string_equal(buf, "");
	assert_string_equal(err.msg, "interface name is longer than 7 characters");
}

static void null_equals_null_alone(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("", NULL));
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "A"));
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("ab", "abc"));
}

static void a_buffer_grows_and_may_be_taken(void **state)
{
	struct strbuf sb = { 0 };
	char *text = strbuf_take(&sb);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&sb, "%03d", i);
	strbuf_puts(&sb, "");
	strbuf_add(&sb, "end and more", 3);
	assert_int_equal(sb.len, 3003);
	assert_int_equal(strlen(sb.text), 3003);
	assert_string_equal(sb.text + 2997, "999end");
	text = strbuf_take(&sb);
	assert_null(sb.text);
	assert_int_equal(sb.len, 0);
	free(text);
	strbuf_printf(&sb, "%s", "");
	text = strbuf_take(&sb);
	assert_string_equal(text, "");
	free(text);
}

static void a_list_ends_with_null(void **state)
{
	struct strlist list = { 0 };
	char name[] = "one";

	(void)state;
	assert_false(strlist_has(&list, "one"));
	strlist_add(&list, name);
	name[0] = 'X'; /* it has a copy */
	strlist_take(&list, xstrdup("two"));
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0], "one");
	assert_string_equal(list.items[1], "two");
	assert_null(list.items[2]);
	assert_true(strlist_has(&list, "two"));
	assert_false(strlist_has(&list, "tw"));
	strlist_free(&list);
	assert_null(list.items);
	assert_int_equal(list.n, 0);
}

static void allocations_of_nothing_are_something(void **state)
{
	void *p[] = { xmalloc(0), xcalloc(0, 8), xrealloc(NULL, 0), xreallocarray(NULL, 0, 8) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		assert_non_null(p[i]);
		free(p[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_whole_decimal_and_within_their_range),
		cmocka_unit_test(signed_numbers_have_a_minus_and_nothing_else),
		cmocka_unit_test(a_name_is_a_safe_path_component),
		cmocka_unit_test(format_refuses_what_it_would_have_to_cut),
		cmocka_unit_test(null_equals_null_alone),
		cmocka_unit_test(a_buffer_grows_and_may_be_taken),
		cmocka_unit_test(a_list_ends_with_null),
		cmocka_unit_test(allocations_of_nothing_are_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
