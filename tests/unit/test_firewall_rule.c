/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/firewall_rule.h"
#include "common/net/fw_entry.h"
#include "common/net/link.h"
#include "common/str.h"

static void check_rules(const struct network *net, const char *const *wanted, size_t n_wanted)
{
	struct firewall_rule rules[FIREWALL_MAX_RULES];
	size_t n = firewall_rules(net, rules);

	assert_int_equal(n, n_wanted);
	for (size_t i = 0; i < n; i++) {
		autostrbuf struct strbuf text = { .text = NULL };

		strbuf_printf(&text, "%s %s ", rules[i].table, rules[i].chain);
		firewall_rule_text(&rules[i], &text);
		assert_string_equal(text.text, wanted[i]);
		assert_string_equal(rules[i].comment, "ct-netns: default");
	}
}

static void established_lets_replies_in_and_all_out(void **state)
{
	static const char *const wanted[] = {
		"filter CT-INGRESS -i netns0 -o netns0 -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
		"filter CT-INGRESS -o netns0 -j DROP",
		"filter CT-FORWARD -i netns0 -m conntrack --ctstate INVALID -j DROP",
		"filter CT-FORWARD -i netns0 ! -o netns0 -j ACCEPT",
		"nat CT-POSTROUTING -s 172.19.0.0/16 ! -d 224.0.0.0/4 ! -o netns0 -j MASQUERADE",
	};
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	check_rules(&net, wanted, ARRAY_SIZE(wanted));
}

static void open_is_the_plain_pair(void **state)
{
	static const char *const wanted[] = {
		"filter CT-INGRESS -o netns0 -j ACCEPT",
		"filter CT-FORWARD -i netns0 -j ACCEPT",
	};
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	net.ingress = NETWORK_INGRESS_OPEN;
	net.ip_masq = false;
	check_rules(&net, wanted, ARRAY_SIZE(wanted));
}

static void an_entry_equals_its_own_rule_alone(void **state)
{
	struct firewall_rule rules[FIREWALL_MAX_RULES];
	autonetwork struct network net = { .name = NULL };
	size_t n = 0;

	(void)state;
	network_default(&net);
	n = firewall_rules(&net, rules);
	for (size_t i = 0; i < n; i++) {
		union fw_entry entry;

		fw_entry_build(&rules[i], &entry);
		assert_string_equal(fw_entry_comment(&entry.head), "ct-netns: default");
		for (size_t other = 0; other < n; other++)
			assert_int_equal(fw_entry_is(&entry.head, rules[i].target, &rules[other]),
					 other == i);
	}
}

static void the_longest_names_fit_into_an_entry(void **state)
{
	struct firewall_rule rule = {
		.chain = FIREWALL_CHAIN_FORWARD,
		.target = "MASQUERADE",
		.in = "123456789012345",
		.out = "123456789012345",
		.ct_state = FIREWALL_CT_ESTABLISHED | FIREWALL_CT_INVALID,
	};
	union fw_entry entry;

	(void)state;
	memset(rule.comment, 'x', sizeof(rule.comment) - 1);
	fw_entry_build(&rule, &entry);
	assert_true(fw_entry_is(&entry.head, "MASQUERADE", &rule));
	assert_int_equal(strlen(fw_entry_comment(&entry.head)), FIREWALL_COMMENT_SIZE - 1);
}

static void mac_addresses_follow_the_address(void **state)
{
	struct err err = ERR_INIT;
	struct ip_addr addr;
	struct link_mac mac, parsed;
	char text[LINK_MAC_TEXT_SIZE];

	(void)state;
	assert_int_equal(ip_parse_addr("172.19.0.2", "test", &addr, &err), 0);
	mac = link_mac_of(&addr);
	link_mac_text(&mac, text);
	assert_string_equal(text, "02:63:ac:13:00:02");
	assert_int_equal(link_mac_parse("02:63:AC:13:00:02", "mac", &parsed, &err), 0);
	assert_memory_equal(parsed.bytes, mac.bytes, LINK_MAC_BYTES);
	assert_true(link_mac_parse("02:63:ac:13:00", "mac", &parsed, &err) < 0);
	assert_true(link_mac_parse("02:63:ac:13:00:0g", "mac", &parsed, &err) < 0);
	assert_true(link_mac_parse("02-63-ac-13-00-02", "mac", &parsed, &err) < 0);
	assert_true(link_mac_parse("01:63:ac:13:00:02", "mac", &parsed, &err) < 0);
}

static void interface_names_are_what_linux_takes(void **state)
{
	static const char *const wrong[] = { "",    ".",   "..",     "a/b",
					     "a:b", "a b", "veth%d", "1234567890123456",
					     "a\n", "a\t" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(link_check_name("eth0.7", "name", &err), 0);
	assert_int_equal(link_check_name("123456789012345", "name", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(link_check_name(wrong[i], "name", &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_lets_replies_in_and_all_out),
		cmocka_unit_test(open_is_the_plain_pair),
		cmocka_unit_test(an_entry_equals_its_own_rule_alone),
		cmocka_unit_test(the_longest_names_fit_into_an_entry),
		cmocka_unit_test(mac_addresses_follow_the_address),
		cmocka_unit_test(interface_names_are_what_linux_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
