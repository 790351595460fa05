/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/net/network_dns.h"
#include "common/str.h"
#include "netns-hook/resolv.h"

static char *joined(const struct strlist *list)
{
	struct strbuf text = { .text = NULL };

	for (size_t i = 0; i < list->n; i++)
		strbuf_printf(&text, "%s%s", i > 0 ? " " : "", list->items[i]);
	return strbuf_take(&text);
}

static void a_hosts_file_is_read_as_resolvers_do(void **state)
{
	static const struct {
		const char *text, *servers, *domain, *search, *options;
		size_t n_left_out;
		bool stub;
	} cases[] = {
		{ "", "", NULL, "", "", 0, false },
		{ "nameserver 192.0.2.1", "192.0.2.1", NULL, "", "", 0, false },
		{ "nameserver\t192.0.2.1 # why\r\n\n  nameserver 2001:db8::1\n",
		  "192.0.2.1 2001:db8::1", NULL, "", "", 0, false },
		{ "#nameserver 192.0.2.1\n;nameserver 192.0.2.2\n", "", NULL, "", "", 0, false },
		{ "nameserver 127.0.0.1\nnameserver 127.8.8.8\nnameserver ::1\nnameserver 0.0.0.0\n"
		  "nameserver ::\n",
		  "", NULL, "", "", 5, false },
		{ "nameserver 127.0.0.53\n", "", NULL, "", "", 1, true },
		{ "nameserver fe80::1%eth0\nnameserver x\nnameserver\n", "", NULL, "", "", 2,
		  false },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.1\n", "192.0.2.1", NULL, "", "", 0,
		  false },
		{ "search a b\ndomain c\n", "", "c", "", "", 0, false },
		{ "domain c\nsearch a b\n", "", NULL, "a b", "", 0, false },
		{ "options a b\noptions c\nnonsense x\n", "", NULL, "", "a b c", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct resolv resolv;

		resolv_parse(cases[i].text, &resolv);
		autofree char *servers = joined(&resolv.servers);
		autofree char *search = joined(&resolv.search);
		autofree char *options = joined(&resolv.options);

		assert_string_equal(servers, cases[i].servers);
		assert_string_equal(search, cases[i].search);
		assert_string_equal(options, cases[i].options);
		assert_true(str_eq(resolv.domain, cases[i].domain));
		assert_int_equal(resolv.n_left_out, cases[i].n_left_out);
		assert_int_equal(resolv.stub, cases[i].stub);
		resolv_free(&resolv);
	}
}

static void names_are_labels_and_no_address(void **state)
{
	static const char *const good[] = { "a",      "web-1.example.org", "A_b", "1a",
					    "c0ffee", "1.2.3.four" };
	static const char *const bad[] = {
		"",          ".",         "a.",           ".a",  "a..b",    "-a",  "a b",
		"a/b",       "a\n",       "a#",           "1",   "1.2.3.4", "a.1", "0x7f.0x1",
		"localhost", "LOCALHOST", "ip6-allnodes", "::1", "\xc3\xa4"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!network_dns_is_name(good[i]))
			fail_msg("'%s' is a name", good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (network_dns_is_name(bad[i]))
			fail_msg("'%s' is no name", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hosts_file_is_read_as_resolvers_do),
		cmocka_unit_test(names_are_labels_and_no_address),
	};

	return cmocka_run_group_tests_name("resolv", tests, NULL, NULL);
}
