/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/ip.h"
#include "common/str.h"

static struct ip_addr addr_of(const char *text)
{
	struct err err = ERR_INIT;
	struct ip_addr addr = { .family = AF_UNSPEC };

	assert_int_equal(ip_parse_addr(text, "test", &addr, &err), 0);
	return addr;
}

static struct ip_prefix prefix_of(const char *text)
{
	struct err err = ERR_INIT;
	struct ip_prefix prefix = { .len = 0 };

	assert_int_equal(ip_parse_prefix(text, "test", &prefix, &err), 0);
	return prefix;
}

static void addresses_are_read_and_printed(void **state)
{
	static const char *const texts[] = { "0.0.0.0",  "172.19.0.1",   "255.255.255.255",
					     "10.0.0.9", "::",           "::1",
					     "fd00::2",  "fe80::1:2:3:4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct ip_addr addr = addr_of(texts[i]);

		assert_string_equal(ip_addr_text(&addr).text, texts[i]);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",          " 1.2.3.4", "1.2.3.4 ",  "1.2.3",      "1.2.3.4.5",
		"1.2.3.256", "01.2.3.4", "1.2.3.04",  "+1.2.3.4",   "-1.2.3.4",
		"1..3.4",    "1.2.3.",   ".1.2.3",    "a.b.c.d",    "1.2.3.4/8",
		"0x1.2.3.4", "1,2,3,4",  "1.2.3.4\n", "1.2.3.0000", "1.2.3.1000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct err err = ERR_INIT;
		struct ip_addr addr;

		assert_int_equal(ip_parse_addr(texts[i], "gateway", &addr, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "gateway: '"));
	}
}

static void what_is_no_ipv6_address_is_refused(void **state)
{
	static const char *const texts[] = {
		":",
		":::",
		"fd00::1::2",
		"fd00::1%eth0",
		" fd00::1",
		"fd00::1 ",
		"fd00::g",
		"12345::1",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"::ffff:10.0.0.1",
		"::ffff:a00:1",
		"[fd00::1]",
		"0000000000000000000000000000000000000000000000000000000000000000000000::1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct err err = ERR_INIT;
		struct ip_addr addr;

		if (ip_parse_addr(texts[i], "gateway", &addr, &err) != -EINVAL)
			fail_msg("'%s' was taken", texts[i]);
	}
}

static void ipv6_prefixes_work_on_their_bits(void **state)
{
	const struct ip_prefix prefix = prefix_of("fd00:1:2:3:4:5:6:7/62");
	const struct ip_prefix network = ip_network(&prefix);
	const struct ip_addr last = ip_broadcast(&prefix);
	const struct ip_addr inside = addr_of("fd00:1:2:2::1"), outside = addr_of("fd00:1:2:4::");
	const struct ip_addr ipv4 = addr_of("1.2.3.4");
	const struct ip_prefix all = prefix_of("::/0"), all4 = prefix_of("0.0.0.0/0");

	(void)state;
	assert_string_equal(ip_prefix_text(&network).text, "fd00:1:2::/62");
	assert_string_equal(ip_addr_text(&last).text, "fd00:1:2:3:ffff:ffff:ffff:ffff");
	assert_true(ip_contains(&prefix, &inside));
	assert_false(ip_contains(&prefix, &outside));
	assert_false(ip_contains(&all, &ipv4));
	assert_false(ip_overlap(&all, &all4));
	assert_true(ip_order(&ipv4, &inside) < 0);
	assert_int_equal(prefix_of("fd00::1/128").len, 128);
}

static void counting_ipv6_addresses(void **state)
{
	const struct ip_addr first = addr_of("fd00::ffff:ffff");
	const struct ip_addr next = ip_next(&first), back = ip_previous(&next);
	const struct ip_addr zero = addr_of("::"), far = addr_of("fd01::");
	const struct ip_addr wrapped = ip_previous(&zero);

	(void)state;
	assert_string_equal(ip_addr_text(&next).text, "fd00::1:0:0");
	assert_true(ip_equal(&back, &first));
	assert_string_equal(ip_addr_text(&wrapped).text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_int_equal(ip_count(&first, &next), 2);
	assert_true(ip_count(&first, &far) == UINT64_MAX);
}

static void prefixes_are_read_and_printed(void **state)
{
	static const char *const wrong[] = { "1.2.3.4",     "1.2.3.4/",   "1.2.3.4/33",
					     "1.2.3.4/08",  "1.2.3.4/-1", "1.2.3.4/8 ",
					     "1.2.3.4/8/8", "/8",         "1.2.3.4/+8",
					     "1.2.3.4//8",  "1.2.3/8",    "1.2.3.4/123",
					     "fd00::/129",  "fd00::/0x8", "fd00::" };
	const struct ip_prefix prefix = prefix_of("172.19.0.1/16");

	(void)state;
	assert_string_equal(ip_prefix_text(&prefix).text, "172.19.0.1/16");
	assert_int_equal(prefix_of("0.0.0.0/0").len, 0);
	assert_int_equal(prefix_of("1.2.3.4/32").len, 32);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct err err = ERR_INIT;
		struct ip_prefix out;

		assert_int_equal(ip_parse_prefix(wrong[i], "ip", &out, &err), -EINVAL);
	}
}

static void network_and_broadcast_of_a_prefix(void **state)
{
	const struct ip_prefix prefix = prefix_of("172.19.3.4/20");
	const struct ip_prefix all = prefix_of("1.2.3.4/0");
	const struct ip_prefix one = prefix_of("1.2.3.4/32");
	const struct ip_prefix network = ip_network(&prefix);
	const struct ip_prefix everything = ip_network(&all);
	const struct ip_addr last = ip_broadcast(&prefix);
	const struct ip_addr last_of_all = ip_broadcast(&all);
	const struct ip_addr last_of_one = ip_broadcast(&one);

	(void)state;
	assert_string_equal(ip_prefix_text(&network).text, "172.19.0.0/20");
	assert_string_equal(ip_addr_text(&last).text, "172.19.15.255");
	assert_string_equal(ip_prefix_text(&everything).text, "0.0.0.0/0");
	assert_string_equal(ip_addr_text(&last_of_all).text, "255.255.255.255");
	assert_string_equal(ip_addr_text(&last_of_one).text, "1.2.3.4");
}

static void containment_and_overlap(void **state)
{
	const struct ip_prefix wide = prefix_of("172.16.0.0/12");
	const struct ip_prefix narrow = prefix_of("172.19.0.1/16");
	const struct ip_prefix other = prefix_of("172.32.0.0/16");
	const struct ip_prefix all = prefix_of("0.0.0.0/0");
	const struct ip_addr inside = addr_of("172.19.255.255");
	const struct ip_addr outside = addr_of("172.20.0.0");

	(void)state;
	assert_true(ip_contains(&narrow, &inside));
	assert_false(ip_contains(&narrow, &outside));
	assert_true(ip_overlap(&wide, &narrow));
	assert_true(ip_overlap(&narrow, &wide));
	assert_true(ip_overlap(&all, &other));
	assert_false(ip_overlap(&wide, &other));
	assert_false(ip_overlap(&narrow, &other));
}

static void counting_from_one_address_to_the_next(void **state)
{
	const struct ip_addr first = addr_of("10.0.0.255");
	const struct ip_addr next = ip_next(&first);
	const struct ip_addr end = addr_of("255.255.255.255");
	const struct ip_addr start = addr_of("0.0.0.0");
	const struct ip_addr wrapped = ip_next(&end);

	(void)state;
	assert_string_equal(ip_addr_text(&next).text, "10.0.1.0");
	assert_string_equal(ip_addr_text(&wrapped).text, "0.0.0.0");
	assert_true(ip_compare(&first, &next) < 0);
	assert_true(ip_compare(&next, &first) > 0);
	assert_int_equal(ip_count(&first, &next), 2);
	assert_true(ip_count(&start, &end) == 0x100000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_printed),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(what_is_no_ipv6_address_is_refused),
		cmocka_unit_test(ipv6_prefixes_work_on_their_bits),
		cmocka_unit_test(counting_ipv6_addresses),
		cmocka_unit_test(prefixes_are_read_and_printed),
		cmocka_unit_test(network_and_broadcast_of_a_prefix),
		cmocka_unit_test(containment_and_overlap),
		cmocka_unit_test(counting_from_one_address_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
