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

#include "common/cleanup.h"
#include "common/oci_state.h"

static int parse(const char *text, struct oci_state *s, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return oci_state_parse(text, strlen(text), s, err);
}

/* The state as its engine hands it to a hook. */
static const struct {
	const char *text;
	enum oci_status status;
	pid_t pid;
} dialects[] = {
	/* runc 1.1 */
	{ "{\"ociVersion\":\"1.0.2-dev\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":4711,"
	  "\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}",
	  OCI_STATUS_CREATING, 4711 },
	/* crun: pretty, `starting` at poststart, pid 0 at poststop, keys of its own */
	{ "{\n  \"ociVersion\": \"1.0.2\",\n  \"id\": \"c1\",\n  \"pid\": 4711,\n"
	  "  \"root\": \"/r\",\n  \"bundle\": \"/b\",\n  \"status\": \"starting\",\n"
	  "  \"annotations\": {\n    \"k\": \"v\"\n  }\n}\n",
	  OCI_STATUS_CREATED, 4711 },
	{ "{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"pid\":0,\"bundle\":\"/b\","
	  "\"status\":\"stopped\",\"annotations\":{\"k\":\"v\"},\"owner\":\"root\",\"extra\":[{}]}",
	  OCI_STATUS_STOPPED, 0 },
	/* youki: no pid once it stopped, null for what is not there */
	{ "{\"ociVersion\":\"v1.0.2\",\"id\":\"c1\",\"status\":\"stopped\",\"pid\":null,"
	  "\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"},\"created\":null,\"useSystemd\":false}",
	  OCI_STATUS_STOPPED, 0 },
	{ "{\"ociVersion\":\"v1.0.2\",\"id\":\"c1\",\"status\":\"running\",\"pid\":4194304,"
	  "\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"},\"creator\":0}",
	  OCI_STATUS_RUNNING, 4194304 },
	{ "{\"id\":\"c1\",\"status\":\"paused\",\"pid\":1,\"bundle\":\"/b\","
	  "\"annotations\":{\"k\":\"v\"},\"ociVersion\":\"1\"}",
	  OCI_STATUS_PAUSED, 1 },
};

static void every_dialect_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++) {
		struct oci_state s;
		struct err err;

		if (parse(dialects[i].text, &s, &err) < 0)
			fail_msg("%s: %s", dialects[i].text, err.msg);
		assert_string_equal(s.id, "c1");
		assert_string_equal(s.bundle, "/b");
		assert_int_equal(s.status, dialects[i].status);
		assert_int_equal(s.pid, dialects[i].pid);
		assert_string_equal(strmap_get(&s.annotations, "k"), "v");
		assert_null(strmap_get(&s.annotations, "other"));
		oci_state_free(&s);
	}
}

static void optional_keys_may_be_missing(void **state)
{
	struct oci_state s;
	struct err err;

	(void)state;
	assert_int_equal(
		parse("{\"id\":\"c\",\"status\":\"created\",\"annotations\":null}", &s, &err), 0);
	assert_null(s.bundle);
	assert_null(s.oci_version);
	assert_int_equal(s.pid, 0);
	assert_int_equal(s.annotations.n, 0);
	oci_state_free(&s);
}

static void assert_refused(const char *text, const char *part)
{
	struct oci_state s;
	struct err err;

	if (parse(text, &s, &err) >= 0)
		fail_msg("accepted: %s", text);
	assert_int_not_equal(err.code, 0);
	if (!strstr(err.msg, "state JSON") || !strstr(err.msg, part))
		fail_msg("'%s' lacks '%s'", err.msg, part);
	assert_null(strpbrk(err.msg, "\r\n"));
	assert_null(s.id); /* nothing is left that had to be freed */
	assert_null(s.annotations.items);
}

static void an_id_that_is_no_name_is_refused(void **state)
{
	static const char *const ids[] = {
		"\"\"",
		"\".\"",
		"\"..\"",
		"\"../c\"",
		"\"a/b\"",
		"\"/etc\"",
		"\"-rf\"",
		"\".hidden\"",
		"\"a b\"",
		"\"a\\nb\"",
		"\"a\\u0000b\"",
		"\"a\\u001b[2J\"",
		"\"\\u00e4\"",
		"\"a;b\"",
		"\"$(id)\"",
		"\"%s%n\"",
		"7",
		"true",
		"[]",
		"{}",
		"null",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		autofree char *text = xasprintf("{\"annotations\":{\"k\":\"v\"},\"status\":"
						"\"created\",\"id\":%s}",
						ids[i]);

		assert_refused(text, "");
	}
	assert_refused("{\"status\":\"created\"}", "id");
	assert_refused("{\"ID\":\"c\",\"status\":\"created\"}", "id");
}

static void an_id_has_at_most_255_characters(void **state)
{
	char id[257] = "";
	struct oci_state s;
	struct err err;

	(void)state;
	memset(id, 'x', 255);
	autofree char *longest = xasprintf("{\"id\":\"%s\",\"status\":\"created\"}", id);

	assert_int_equal(parse(longest, &s, &err), 0);
	oci_state_free(&s);
	id[255] = 'x';
	autofree char *longer = xasprintf("{\"id\":\"%s\",\"status\":\"created\"}", id);

	assert_refused(longer, "255");
}

static void a_pid_that_is_none_is_refused(void **state)
{
	static const char *const pids[] = {
		"-1",
		"1.5",
		"0.1",
		"4194305",
		"2147483648",
		"4294967297",
		"18446744073709551617",
		"1e300",
		"-0.5",
		"\"1\"",
		"\"\"",
		"true",
		"[1]",
		"{}",
		"9007199254740993",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		autofree char *text = xasprintf("{\"id\":\"c\",\"bundle\":\"/b\",\"status\":"
						"\"running\",\"pid\":%s}",
						pids[i]);

		assert_refused(text, "pid");
	}
}

static void a_hostile_document_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "null", "" },
		{ "[]", "" },
		{ "\"c1\"", "" },
		{ "{\"id\":\"c\",\"status\":\"created\"", "" },
		{ "{\"id\":\"c\",\"status\":\"created\"}{}", "" },
		{ "{\"id\":\"c\",\"id\":\"d\",\"status\":\"created\"}", "\"id\" stands twice" },
		{ "{\"id\":\"c\",\"status\":\"created\",\"pid\":1,\"pid\":2}",
		  "\"pid\" stands twice" },
		{ "{\"id\":\"c\",\"status\":\"created\",\"annotations\":{\"a\":\"\",\"a\":\"\"}}",
		  "\"a\" stands twice" },
		{ "{\"id\":\"c\",\"status\":\"created\",\"annotations\":{\"k\":1}}",
		  "annotations.k" },
		{ "{\"id\":\"c\",\"status\":\"created\",\"annotations\":[]}", "annotations" },
		{ "{\"id\":\"c\",\"status\":\"created\",\"bundle\":7}", "bundle" },
		{ "{\"id\":\"c\",\"status\":\"dead\"}", "status" },
		{ "{\"id\":\"c\",\"status\":\"Running\"}", "status" },
		{ "{\"id\":\"c\",\"status\":2}", "status" },
		{ "{\"id\":\"c\"}", "status" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i][0], cases[i][1]);
}

static void what_is_written_reads_back_the_same(void **state)
{
	struct oci_state s, again;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1.0.2\",\"id\":\"c\",\"status\":\"running\","
			       "\"pid\":12,\"bundle\":\"/b \\\"q\\\"\",\"annotations\":{\"k\":"
			       "\"\\u00e4\\n\"},\"namespaces\":{\"network\":\"/run/n\"}}",
			       &s, &err),
			 0);
	autojson json_node *node = oci_state_json(&s);
	autofree char *text = json_print(node, false);

	assert_int_equal(parse(text, &again, &err), 0);
	assert_string_equal(again.oci_version, "1.0.2");
	assert_string_equal(again.id, "c");
	assert_int_equal(again.status, OCI_STATUS_RUNNING);
	assert_int_equal(again.pid, 12);
	assert_string_equal(again.bundle, "/b \"q\"");
	assert_string_equal(strmap_get(&again.annotations, "k"), "\xc3\xa4\n");
	assert_string_equal(strmap_get(&again.namespaces, "network"), "/run/n");
	oci_state_free(&again);
	oci_state_free(&s);
}

static void pid_0_is_left_out(void **state)
{
	struct oci_state s;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"id\":\"c\",\"status\":\"stopped\",\"pid\":0}", &s, &err), 0);
	autojson json_node *node = oci_state_json(&s);

	assert_null(json_get(node, "pid"));
	assert_null(json_get(node, "bundle"));
	assert_string_equal(json_string(json_get(node, "status")), "stopped");
	oci_state_free(&s);
}

static void a_status_has_one_name_and_crun_s_word_is_read(void **state)
{
	static const enum oci_status all[] = { OCI_STATUS_CREATING, OCI_STATUS_CREATED,
					       OCI_STATUS_RUNNING, OCI_STATUS_STOPPED,
					       OCI_STATUS_PAUSED };
	enum oci_status status;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_true(oci_status_parse(oci_status_name(all[i]), &status));
		assert_int_equal(status, all[i]);
	}
	assert_string_equal(oci_status_name(OCI_STATUS_CREATED), "created");
	assert_true(oci_status_parse("starting", &status));
	assert_int_equal(status, OCI_STATUS_CREATED);
	assert_false(oci_status_parse("", &status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dialect_is_read),
		cmocka_unit_test(optional_keys_may_be_missing),
		cmocka_unit_test(an_id_that_is_no_name_is_refused),
		cmocka_unit_test(an_id_has_at_most_255_characters),
		cmocka_unit_test(a_pid_that_is_none_is_refused),
		cmocka_unit_test(a_hostile_document_is_refused),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(pid_0_is_left_out),
		cmocka_unit_test(a_status_has_one_name_and_crun_s_word_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
