/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"

static int parse(const char *text, struct err *err)
{
	autojson json_node *root = NULL;

	*err = (struct err)ERR_INIT;
	return json_parse(text, strlen(text), "doc", &root, err);
}

static void assert_refused(const char *text, const char *part)
{
	struct err err;

	assert_true(parse(text, &err) < 0);
	assert_int_not_equal(err.code, 0);
	if (!strstr(err.msg, part))
		fail_msg("'%s' lacks '%s'", err.msg, part);
}

static void nesting_ends_at_the_cap(void **state)
{
	char text[2 * JSON_MAX_DEPTH + 3] = "";
	struct err err;

	(void)state;
	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(parse(text, &err), 0);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_refused(text, "doc");
}

static void traps_of_the_library_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"a\":{\"k\":1,\"b\":2,\"k\":3}}", "\"k\" stands twice");
	assert_refused("{\"a\":\"x\\u0000y\"}", "doc");
	assert_refused("{} {}", "line 1");
	assert_refused("{\n  \"a\": ,\n}", "line 2");
	assert_refused("", "doc");
	assert_refused("{\"a\":\"\xff\"}", "doc");
}

struct sample {
	char *name;
	int64_t id;
	bool has_id;
};

static const struct json_range id_range = { 0, 10 };
static const struct json_field fields[] = {
	{ "name", json_decode_string, offsetof(struct sample, name), JSON_REQUIRED, NULL, 0 },
	{ "id", json_decode_int, offsetof(struct sample, id), 0, &id_range,
	  offsetof(struct sample, has_id) },
};
static const struct json_table table = { .fields = fields, .n_fields = 2, .strict = true };

static int decode(const char *text, struct sample *out, struct err *err)
{
	autojson json_node *root = NULL;

	*err = (struct err)ERR_INIT;
	*out = (struct sample){ 0 };
	assert_int_equal(json_parse(text, strlen(text), "doc", &root, err), 0);
	return json_decode(root, "doc", &table, out, err);
}

static void a_table_fills_the_struct_and_its_has_flags(void **state)
{
	struct sample s;
	struct err err;

	(void)state;
	assert_int_equal(decode("{\"name\":\"n\",\"id\":10}", &s, &err), 0);
	assert_string_equal(s.name, "n");
	assert_int_equal(s.id, 10);
	assert_true(s.has_id);
	free(s.name);
	assert_int_equal(decode("{\"name\":\"n\",\"id\":null}", &s, &err), 0);
	assert_false(s.has_id);
	free(s.name);
}

static void a_table_refuses_and_names_the_path(void **state)
{
	static const char *const cases[][2] = {
		{ "{\"id\":1}", "name" },
		{ "{\"name\":\"n\",\"id\":11}", "id" },
		{ "{\"name\":\"n\",\"id\":1.5}", "id" },
		{ "{\"name\":7}", "name" },
		{ "{\"name\":\"n\",\"more\":1}", "more" },
	};
	struct sample s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(decode(cases[i][0], &s, &err) < 0);
		assert_non_null(strstr(err.msg, "doc"));
		assert_non_null(strstr(err.msg, cases[i][1]));
		free(s.name);
	}
}

static void whole_numbers_are_exact_to_64_bits(void **state)
{
	static const char text[] =
		"{\"no 12345678901234567890 \\\" -1\": \"98765432109876543210\", \"a\": [-7, 1.5,"
		" 18446744073709551615, 9007199254740993], \"b\": {\"c\": 18446744073709551614},"
		" \"d\": 18446744073709551616, \"e\": 1e3, \"f\": 100000000000000000000e-18,"
		" \"g\": 0}";
	autojson json_node *root = NULL;
	struct err err = ERR_INIT;
	uint64_t v = 0;

	(void)state;
	assert_int_equal(json_parse(text, sizeof(text) - 1, "doc", &root, &err), 0);
	const json_node *item = json_first(json_get(root, "a"));

	assert_false(json_u64(item, &v));
	item = json_next(item);
	assert_false(json_u64(item, &v));
	item = json_next(item);
	assert_true(json_u64(item, &v) && v == UINT64_MAX);
	item = json_next(item);
	assert_true(json_u64(item, &v) && v == UINT64_C(9007199254740993));
	assert_true(json_u64(json_get(json_get(root, "b"), "c"), &v) && v == UINT64_MAX - 1);
	assert_false(json_u64(json_get(root, "d"), &v));
	assert_true(json_u64(json_get(root, "e"), &v) && v == 1000);
	assert_true(json_u64(json_get(root, "f"), &v) && v == 100);
	assert_true(json_u64(json_get(root, "g"), &v) && v == 0);
	assert_false(json_u64(json_first(root), &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting_ends_at_the_cap),
		cmocka_unit_test(traps_of_the_library_are_refused),
		cmocka_unit_test(whole_numbers_are_exact_to_64_bits),
		cmocka_unit_test(a_table_fills_the_struct_and_its_has_flags),
		cmocka_unit_test(a_table_refuses_and_names_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
