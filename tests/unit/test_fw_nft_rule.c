/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/firewall/fw_nft_rule.h"
#include "common/str.h"

static void a_network_in_the_words_of_nft(void **state)
{
	static const char *const wanted[] = {
		"ingress meta nfproto ipv4 iifname \"netns0\" oifname \"netns0\" accept",
		"ingress meta nfproto ipv4 oifname \"netns0\" ct state established,related accept",
		"ingress meta nfproto ipv4 oifname \"netns0\" ct status dnat accept",
		"ingress meta nfproto ipv4 oifname \"netns0\" drop",
		"egress meta nfproto ipv4 iifname \"netns0\" ct state invalid drop",
		"egress meta nfproto ipv4 iifname \"netns0\" oifname != \"netns0\" accept",
		"guard ip daddr 127.0.0.0/8 iifname \"netns0\" ct state new,invalid drop",
		"translate ip saddr 127.0.0.0/8 oifname \"netns0\" ct status dnat masquerade",
		"translate ip saddr 172.19.0.0/16 oifname \"netns0\" ct status dnat masquerade",
		("translate ip saddr 172.19.0.0/16 ip daddr != 224.0.0.0/4 oifname != \"netns0\" "
		 "masquerade"),
	};
	autonetwork struct network net = { .name = NULL };
	autonftrules struct fw_nft_rules rules = { .items = NULL };

	(void)state;
	network_default(&net);
	fw_nft_rules_of(&net, &rules);
	assert_int_equal(rules.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < rules.n; i++) {
		autostrbuf struct strbuf text = { .text = NULL };

		strbuf_printf(&text, "%s %s", rules.items[i].chain, rules.items[i].text);
		assert_string_equal(text.text, wanted[i]);
		assert_true(str_starts(rules.items[i].comment, "ct-netns: default "));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(rules.items[i].comment, rules.items[other].comment);
	}
}

static void ports_and_their_runs(void **state)
{
	static const char *const wanted[] = {
		"meta nfproto ipv4 tcp dport 8080 dnat ip to 172.19.0.2:80",
		("ip daddr 192.0.2.1/32 udp dport 7000-7002 dnat ip to 172.19.0.2 : udp dport map "
		 "{ 7000 : 9000, 7001 : 9001, 7002 : 9002 }"),
		"meta nfproto ipv4 tcp dport 90-99 dnat ip to 172.19.0.2",
		"meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd00::2]:80",
		"meta nfproto ipv6 tcp dport 90-99 dnat ip6 to fd00::2",
	};
	struct record_port ports[] = {
		{ .proto = 6, .host_port = 8080, .container_port = 80, .count = 1 },
		{ .proto = 17, .host_port = 7000, .container_port = 9000, .count = 3 },
		{ .proto = 6, .host_port = 90, .container_port = 90, .count = 10 },
	};
	char box[] = "box";
	struct attachment att = {
		.container = box, .veth = "ct0123", .ports = ports, .n_ports = 3, .n_addresses = 2
	};
	autonftrules struct fw_nft_rules rules = { .items = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ip_parse_addr("192.0.2.1", "t", &ports[1].host, &err), 0);
	assert_int_equal(ip_parse_prefix("172.19.0.2/16", "t", &att.addresses[0].prefix, &err), 0);
	assert_int_equal(ip_parse_prefix("fd00::2/64", "t", &att.addresses[1].prefix, &err), 0);
	fw_nft_port_rules(&att, &rules);
	assert_int_equal(rules.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < rules.n; i++) {
		assert_string_equal(rules.items[i].text, wanted[i]);
		assert_true(str_starts(rules.items[i].comment, "ct-netns port: ct0123 "));
	}
}

static void a_long_name_is_told_by_its_digest(void **state)
{
	char name[256];
	char a[FW_NFT_COMMENT_SIZE], b[FW_NFT_COMMENT_SIZE];
	struct network net = { .name = name };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fw_nft_network_prefix(&net, a);
	name[200] = 'y';
	fw_nft_network_prefix(&net, b);
	assert_string_not_equal(a, b);
	assert_true(strlen(a) + 16 < FW_NFT_COMMENT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_in_the_words_of_nft),
		cmocka_unit_test(ports_and_their_runs),
		cmocka_unit_test(a_long_name_is_told_by_its_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
