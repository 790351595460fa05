/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/firewall/firewall_rule.h"
#include "common/net/firewall/fw_entry.h"
#include "common/net/link.h"
#include "common/str.h"

static void check_rules(const struct network *net, int family, const char *const *wanted,
			size_t n_wanted)
{
	autorules struct firewall_rules rules = { .items = NULL };

	firewall_rules_of(net, family, &rules);
	for (size_t i = 0; i < rules.n && i < n_wanted; i++) {
		const struct firewall_rule *rule = &rules.items[i];
		autostrbuf struct strbuf text = { .text = NULL };

		strbuf_printf(&text, "%s %s ", rule->table, rule->chain);
		firewall_rule_text(rule, &text);
		assert_string_equal(text.text, wanted[i]);
		assert_string_equal(rule->comment, "ct-netns: default");
		assert_int_equal(rule->family, family);
	}
	assert_int_equal(rules.n, n_wanted);
}

static void add_ipv6(struct network *net)
{
	struct err err = ERR_INIT;
	struct ip_prefix gateway;

	assert_int_equal(ip_parse_prefix("fd00::1/64", "test", &gateway, &err), 0);
	assert_int_equal(network_add_range(net, &gateway, true, &err), 0);
}

static void established_lets_replies_in_and_all_out(void **state)
{
	static const char *const wanted[] = {
		"filter CT-INGRESS -i netns0 -o netns0 -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate DNAT -j ACCEPT",
		"filter CT-INGRESS -o netns0 -j DROP",
		"filter CT-FORWARD -i netns0 -m conntrack --ctstate INVALID -j DROP",
		"filter CT-FORWARD -i netns0 ! -o netns0 -j ACCEPT",
		"filter CT-INPUT -d 127.0.0.0/8 -i netns0 -m conntrack --ctstate NEW,INVALID -j DROP",
		"nat CT-POSTROUTING -s 127.0.0.0/8 -o netns0 -m conntrack --ctstate DNAT -j MASQUERADE",
		"nat CT-POSTROUTING -s 172.19.0.0/16 -o netns0 -m conntrack --ctstate DNAT -j MASQUERADE",
		"nat CT-POSTROUTING -s 172.19.0.0/16 ! -d 224.0.0.0/4 ! -o netns0 -j MASQUERADE",
	};
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	check_rules(&net, AF_INET, wanted, ARRAY_SIZE(wanted));
	check_rules(&net, AF_INET6, NULL, 0);
}

static void ipv6_has_the_same_rules_without_a_loopback(void **state)
{
	static const char *const wanted[] = {
		"filter CT-INGRESS -i netns0 -o netns0 -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate DNAT -j ACCEPT",
		"filter CT-INGRESS -o netns0 -j DROP",
		"filter CT-FORWARD -i netns0 -m conntrack --ctstate INVALID -j DROP",
		"filter CT-FORWARD -i netns0 ! -o netns0 -j ACCEPT",
		"nat CT-POSTROUTING -s fd00::/64 -o netns0 -m conntrack --ctstate DNAT -j MASQUERADE",
		"nat CT-POSTROUTING -s fd00::/64 ! -d ff00::/8 ! -o netns0 -j MASQUERADE",
	};
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	add_ipv6(&net);
	check_rules(&net, AF_INET6, wanted, ARRAY_SIZE(wanted));
}

static void open_is_the_plain_pair(void **state)
{
	static const char *const wanted[] = {
		"filter CT-INGRESS -o netns0 -j ACCEPT",
		"filter CT-FORWARD -i netns0 -j ACCEPT",
		"filter CT-INPUT -d 127.0.0.0/8 -i netns0 -m conntrack --ctstate NEW,INVALID -j DROP",
		"nat CT-POSTROUTING -s 127.0.0.0/8 -o netns0 -m conntrack --ctstate DNAT -j MASQUERADE",
		"nat CT-POSTROUTING -s 172.19.0.0/16 -o netns0 -m conntrack --ctstate DNAT -j MASQUERADE",
	};
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	net.ingress = NETWORK_INGRESS_OPEN;
	net.ip_masq = false;
	check_rules(&net, AF_INET, wanted, ARRAY_SIZE(wanted));
}

static void isolated_and_internal_close_what_they_say(void **state)
{
	static const char *const isolated[] = {
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
		"filter CT-INGRESS -o netns0 -m conntrack --ctstate DNAT -j ACCEPT",
		"filter CT-INGRESS -o netns0 -j DROP",
		"filter CT-FORWARD -i netns0 -m conntrack --ctstate INVALID -j DROP",
		"filter CT-FORWARD -i netns0 ! -o netns0 -j ACCEPT",
	};
	static const char *const internal[] = {
		"filter CT-INGRESS -i netns0 -o netns0 -j ACCEPT",
		"filter CT-INGRESS -o netns0 -j DROP",
		"filter CT-FORWARD -i netns0 ! -o netns0 -j DROP",
		"filter CT-INPUT -d 127.0.0.0/8 -i netns0 -m conntrack --ctstate NEW,INVALID -j DROP",
	};
	autonetwork struct network net = { .name = NULL };
	autorules struct firewall_rules rules = { .items = NULL };

	(void)state;
	network_default(&net);
	net.ingress = NETWORK_INGRESS_ISOLATED;
	firewall_rules_of(&net, AF_INET, &rules);
	for (size_t i = 0; i < ARRAY_SIZE(isolated); i++) {
		autostrbuf struct strbuf text = { .text = NULL };

		strbuf_printf(&text, "%s %s ", rules.items[i].table, rules.items[i].chain);
		firewall_rule_text(&rules.items[i], &text);
		assert_string_equal(text.text, isolated[i]);
	}
	net.ingress = NETWORK_INGRESS_OPEN;
	net.internal = true;
	check_rules(&net, AF_INET, internal, ARRAY_SIZE(internal));
}

static void masquerading_has_its_exceptions(void **state)
{
	static const char *const wanted[] = {
		"nat CT-POSTROUTING -s 172.19.0.0/16 -d 10.42.0.0/16 -j RETURN",
		"nat CT-POSTROUTING -s 172.19.0.0/16 ! -d 224.0.0.0/4 ! -o netns0 -j SNAT --to-source "
		"192.0.2.7 --random-fully",
	};
	autonetwork struct network net = { .name = NULL };
	autorules struct firewall_rules rules = { .items = NULL };
	struct err err = ERR_INIT;

	(void)state;
	network_default(&net);
	net.masq_exclude = xcalloc(1, sizeof(*net.masq_exclude));
	net.n_masq_exclude = 1;
	net.masq_random_fully = true;
	assert_int_equal(ip_parse_prefix("10.42.0.9/16", "test", &net.masq_exclude[0], &err), 0);
	assert_int_equal(ip_parse_addr("192.0.2.7", "test", &net.snat, &err), 0);
	firewall_rules_of(&net, AF_INET, &rules);
	for (size_t i = 0; i < 2; i++) {
		autostrbuf struct strbuf text = { .text = NULL };

		strbuf_printf(&text, "%s %s ", rules.items[rules.n - 2 + i].table,
			      rules.items[rules.n - 2 + i].chain);
		firewall_rule_text(&rules.items[rules.n - 2 + i], &text);
		assert_string_equal(text.text, wanted[i]);
	}
}

static void a_published_port_is_one_rule_whatever_its_length(void **state)
{
	static const char *const wanted[] = {
		"-p tcp -m multiport --dports 8080 -j DNAT --to-destination 172.19.0.2:80",
		"-d 192.0.2.1/32 -p udp -m multiport --dports 7000:7009 -j DNAT --to-destination "
		"172.19.0.2:9000-9009/7000",
	};
	struct record_port ports[] = {
		{ .proto = 6, .host_port = 8080, .container_port = 80, .count = 1 },
		{ .proto = 17, .host_port = 7000, .container_port = 9000, .count = 10 },
		{ .proto = 6, .host_port = 9, .container_port = 9, .count = 1 },
	};
	char box[] = "box";
	struct attachment att = {
		.container = box, .veth = "ct0123", .ports = ports, .n_ports = 3, .n_addresses = 1
	};
	autorules struct firewall_rules rules = { .items = NULL };
	autorules struct firewall_rules none = { .items = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ip_parse_addr("192.0.2.1", "test", &ports[1].host, &err), 0);
	assert_int_equal(ip_parse_addr("fd00::9", "test", &ports[2].host, &err), 0);
	assert_int_equal(ip_parse_prefix("172.19.0.2/16", "test", &att.addresses[0].prefix, &err),
			 0);
	firewall_port_rules(&att, AF_INET, &rules);
	firewall_port_rules(&att, AF_INET6, &none);
	assert_int_equal(rules.n, 2);
	assert_int_equal(none.n, 0);
	for (size_t i = 0; i < rules.n; i++) {
		autostrbuf struct strbuf text = { .text = NULL };

		firewall_rule_text(&rules.items[i], &text);
		assert_string_equal(text.text, wanted[i]);
		assert_string_equal(rules.items[i].comment, "ct-netns port: ct0123 box");
	}
}

static void an_entry_equals_its_own_rule_alone(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	add_ipv6(&net);
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		autorules struct firewall_rules rules = { .items = NULL };

		firewall_rules_of(&net, families[f], &rules);
		for (size_t i = 0; i < rules.n; i++) {
			const struct firewall_rule *rule = &rules.items[i];
			union fw_entry entry;

			fw_entry_build(rule, &entry);
			assert_string_equal(fw_entry_comment(families[f], &entry),
					    "ct-netns: default");
			for (size_t other = 0; other < rules.n; other++)
				assert_int_equal(fw_entry_is(&entry, rule->target,
							     &rules.items[other]),
						 other == i);
		}
	}
}

static void the_longest_names_fit_into_an_entry(void **state)
{
	struct firewall_rule rule = {
		.family = AF_INET6,
		.chain = FIREWALL_CHAIN_FORWARD,
		.target = "DNAT",
		.in = "123456789012345",
		.out = "123456789012345",
		.ct_state = FIREWALL_CT_ESTABLISHED | FIREWALL_CT_INVALID,
		.dst_local = true,
		.proto = 6,
		.port = 1,
		.last_port = 9,
		.to = { .family = AF_INET6 },
		.to_port = 1,
	};
	union fw_entry entry;

	(void)state;
	memset(rule.comment, 'x', sizeof(rule.comment) - 1);
	fw_entry_build(&rule, &entry);
	assert_true(fw_entry_is(&entry, "DNAT", &rule));
	assert_int_equal(strlen(fw_entry_comment(AF_INET6, &entry)), FIREWALL_COMMENT_SIZE - 1);
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
		cmocka_unit_test(ipv6_has_the_same_rules_without_a_loopback),
		cmocka_unit_test(isolated_and_internal_close_what_they_say),
		cmocka_unit_test(masquerading_has_its_exceptions),
		cmocka_unit_test(a_published_port_is_one_rule_whatever_its_length),
		cmocka_unit_test(an_entry_equals_its_own_rule_alone),
		cmocka_unit_test(the_longest_names_fit_into_an_entry),
		cmocka_unit_test(mac_addresses_follow_the_address),
		cmocka_unit_test(interface_names_are_what_linux_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
