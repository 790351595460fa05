/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/str.h"
#include "netns-hook/publish.h"

static void what_is_read_is_printed(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "8080:80", "8080:80/tcp" },
		{ "53:5353/udp", "53:5353/udp" },
		{ "1:65535/sctp", "1:65535/sctp" },
		{ "192.0.2.1:80:8080", "192.0.2.1:80:8080/tcp" },
		{ "0.0.0.0:80:80", "0.0.0.0:80:80/tcp" },
		{ "[2001:db8::1]:80:80/tcp", "[2001:db8::1]:80:80/tcp" },
		{ "[::]:80:80", "[::]:80:80/tcp" },
		{ "8000-8009:80-89", "8000-8009:80-89/tcp" },
		{ "127.0.0.1:8000-8000:80", "127.0.0.1:8000:80/tcp" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autopublish struct publish_list list = { .items = NULL };
		struct err err = ERR_INIT;

		if (publish_parse(cases[i].text, "--publish", &list, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(list.n, 1);
		assert_string_equal(publish_text(&list.items[0]).text, cases[i].printed);
	}
}

static void what_is_no_port_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"80",
		":80",
		"80:",
		"80:80:80",
		"0:80",
		"80:0",
		"65536:80",
		"80:65536",
		"80:80/xyz",
		"[::1]:80:80",
		"224.0.0.1:80:80",
		"80:80/",
		"80-81:80",
		"81-80:80-81",
		"80-81:80-82",
		"a:80:80",
		"1.2.3:80:80",
		"::1:80:80",
		"[::1:80:80",
		"[::1]80:80",
		"[1.2.3.4:80:80",
		"80 :80",
		"+80:80",
		"-80:80",
		"80:-80",
		"80:80/TCP",
		"fd00::1:80:80",
		"[fd00::1%eth0]:80:80",
		"65530-65540:1-11",
		"1-2-3:1-2-3",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autopublish struct publish_list list = { .items = NULL };
		struct err err = ERR_INIT;

		if (publish_parse(texts[i], "--publish", &list, &err) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
		assert_non_null(strstr(err.msg, "--publish: '"));
	}
}

static void two_that_meet_are_refused(void **state)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} cases[] = {
		{ "80:80", "80:81", true },
		{ "80:80", "80:80/udp", false },
		{ "80-90:80-90", "90:1", true },
		{ "80-90:80-90", "91:1", false },
		{ "192.0.2.1:80:80", "192.0.2.2:80:80", false },
		{ "192.0.2.1:80:80", "80:80", true },
		{ "192.0.2.1:80:80", "0.0.0.0:80:80", true },
		{ "[::]:80:80", "0.0.0.0:80:80", false },
		{ "[2001:db8::1]:80:80", "[::]:80:80", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autopublish struct publish_list list = { .items = NULL };
		struct err err = ERR_INIT;
		int rc;

		assert_int_equal(publish_parse(cases[i].a, "p", &list, &err), 0);
		rc = publish_parse(cases[i].b, "p", &list, &err);
		if ((rc < 0) != cases[i].meet)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_printed),
		cmocka_unit_test(what_is_no_port_is_refused),
		cmocka_unit_test(two_that_meet_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
