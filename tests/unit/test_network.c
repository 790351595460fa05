/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/net/network.h"
#include "common/net/subnet.h"
#include "common/str.h"

static int decode(const char *text, struct network *net, struct err *err)
{
	autojson json_node *root = NULL;

	if (json_parse(text, strlen(text), "net.json", &root, err) < 0)
		return -err->code;
	return network_decode(root, "net.json", net, err);
}

/* The document around what a test is about. */
static int decode_with(const char *top, const char *ipam, struct network *net, struct err *err)
{
	autofree char *text =
		xasprintf("{\"cniVersion\":\"1.0.0\",\"name\":\"blue\","
			  "\"type\":\"ct-netns\"%s,\"ipam\":{\"type\":\"host-local\"%s}}",
			  top, ipam);

	return decode(text, net, err);
}

static void the_default_is_the_netns_tools(void **state)
{
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	assert_string_equal(net.name, "default");
	assert_string_equal(net.bridge, "netns0");
	assert_string_equal(net.ifname, "eth0");
	assert_string_equal(ip_prefix_text(&net.ranges[0].gateway).text, "172.19.0.1/16");
	assert_string_equal(ip_prefix_text(&net.ranges[0].subnet).text, "172.19.0.0/16");
	assert_string_equal(ip_addr_text(&net.ranges[0].start).text, "172.19.0.1");
	assert_string_equal(ip_addr_text(&net.ranges[0].end).text, "172.19.255.254");
	assert_int_equal(net.mtu, 1500);
	assert_true(net.ip_masq);
	assert_true(net.default_route);
	assert_true(net.subnet_floats);
	assert_int_equal(net.ingress, NETWORK_INGRESS_ESTABLISHED);
}

static void a_definition_is_read_whole(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };
	int rc = decode_with(",\"bridge\":\"blue0\",\"mtu\":9000,\"isGateway\":true,"
			     "\"isDefaultGateway\":false,\"ipMasq\":false,\"ingress\":\"open\","
			     "\"ifname\":\"net1\",\"hairpinMode\":false,\"unheardOf\":1",
			     ",\"subnet\":\"10.40.0.0/24\",\"rangeStart\":\"10.40.0.10\","
			     "\"rangeEnd\":\"10.40.0.14\",\"gateway\":\"10.40.0.254\","
			     "\"routes\":[{\"dst\":\"10.0.0.0/8\"},"
			     "{\"dst\":\"192.0.2.0/24\",\"gw\":\"10.40.0.9\"}]",
			     &net, &err);

	(void)state;
	assert_int_equal(rc, 0);
	assert_string_equal(net.name, "blue");
	assert_string_equal(net.cni_version, "1.0.0");
	assert_string_equal(net.bridge, "blue0");
	assert_string_equal(net.ifname, "net1");
	assert_int_equal(net.mtu, 9000);
	assert_false(net.ip_masq);
	assert_false(net.default_route);
	assert_false(net.subnet_floats);
	assert_int_equal(net.ingress, NETWORK_INGRESS_OPEN);
	assert_string_equal(ip_prefix_text(&net.ranges[0].gateway).text, "10.40.0.254/24");
	assert_string_equal(ip_addr_text(&net.ranges[0].start).text, "10.40.0.10");
	assert_string_equal(ip_addr_text(&net.ranges[0].end).text, "10.40.0.14");
	assert_int_equal(net.n_routes, 2);
	assert_false(ip_is_set(&net.routes[0].gateway));
	assert_string_equal(ip_addr_text(&net.routes[1].gateway).text, "10.40.0.9");
}

static void ranges_are_the_long_form_of_a_range(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	assert_int_equal(decode_with("",
				     ",\"ranges\":[[{\"subnet\":\"10.40.0.0/24\","
				     "\"rangeStart\":\"10.40.0.20\"}]]",
				     &net, &err),
			 0);
	assert_string_equal(ip_prefix_text(&net.ranges[0].gateway).text, "10.40.0.1/24");
	assert_string_equal(ip_addr_text(&net.ranges[0].start).text, "10.40.0.20");
	assert_string_equal(ip_addr_text(&net.ranges[0].end).text, "10.40.0.254");
}

static void every_set_of_ranges_is_a_pool(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };
	struct ip_addr addr;

	(void)state;
	assert_int_equal(
		decode_with("",
			    ",\"subnet\":\"10.40.0.0/24\",\"ranges\":[[{\"subnet\":"
			    "\"10.41.0.0/24\"},{\"subnet\":\"10.42.0.0/24\"}],"
			    "[{\"subnet\":\"fd00:40::/64\",\"rangeStart\":\"fd00:40::10\"}]]",
			    &net, &err),
		0);
	assert_int_equal(net.n_ranges, 4);
	assert_int_equal(net.n_pools, 3);
	assert_int_equal(net.ranges[0].pool, 0);
	assert_int_equal(net.ranges[2].pool, 1);
	assert_string_equal(ip_prefix_text(&net.ranges[3].gateway).text, "fd00:40::1/64");
	assert_string_equal(ip_addr_text(&net.ranges[3].start).text, "fd00:40::10");
	assert_string_equal(ip_addr_text(&net.ranges[3].end).text, "fd00:40::ffff:ffff:ffff:ffff");
	assert_string_equal(ip_addr_text(network_gateway(&net, AF_INET6)).text, "fd00:40::1");
	assert_int_equal(ip_parse_addr("10.42.0.9", "test", &addr, &err), 0);
	assert_ptr_equal(network_range_of(&net, &addr), &net.ranges[2]);
	assert_int_equal(ip_parse_addr("fd00:40::ffff:ffff:ffff:ffff", "test", &addr, &err), 0);
	assert_true(network_may_lease(&net.ranges[3], &addr));
	assert_int_equal(ip_parse_addr("fd00:40::", "test", &addr, &err), 0);
	assert_false(network_may_lease(&net.ranges[3], &addr));
}

static void host_locals_default_route_asks_for_one(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	assert_int_equal(
		decode_with(",\"isDefaultGateway\":false",
			    ",\"subnet\":\"10.40.0.0/24\",\"routes\":[{\"dst\":\"0.0.0.0/0\"}]",
			    &net, &err),
		0);
	assert_true(net.default_route);
	assert_int_equal(net.n_routes, 0);
}

/* The error says where. */
static void assert_refused(const char *top, const char *ipam, const char *named)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	assert_true(decode_with(top, ipam, &net, &err) < 0);
	if (!strstr(err.msg, named))
		fail_msg("'%s' does not name %s", err.msg, named);
}

static void what_is_wrong_or_not_applied_is_named(void **state)
{
	static const struct {
		const char *top, *ipam, *named;
	} wrong[] = {
		{ "", "", "subnet" },
		{ "", ",\"subnet\":\"10.40.0.1/24\"", "host bits" },
		{ "", ",\"subnet\":\"10.40.0.0/31\"", "/31" },
		{ "", ",\"subnet\":\"10.40.0.0\"", "ipam.subnet" },
		{ "", ",\"subnet\":\"fd00::1/64\"", "host bits" },
		{ "", ",\"subnet\":\"fd00::/127\"", "/127" },
		{ "", ",\"subnet\":\"fe80::/64\"", "fe80::1/64" },
		{ "", ",\"subnet\":\"ff00::/64\"", "ff00::1/64" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"gateway\":\"fd00::1\"", "ipam.gateway" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"routes\":[{\"dst\":\"fd01::/64\"}]",
		  "ipam.routes[0].dst" },
		{ "", ",\"subnet\":\"127.0.0.0/8\"", "127.0.0.1/8" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"gateway\":\"10.41.0.1\"", "ipam.gateway" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"gateway\":\"10.40.0.255\"", "10.40.0.255" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"rangeStart\":\"10.41.0.1\"", "range" },
		{ "",
		  ",\"subnet\":\"10.40.0.0/24\",\"rangeStart\":\"10.40.0.9\",\"rangeEnd\":\"10.40.0.8\"",
		  "rangeStart 10.40.0.9 is after rangeEnd 10.40.0.8" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"dataDir\":\"/x\"", "ipam.dataDir" },
		{ "", ",\"subnet\":\"10.40.0.0/24\",\"routes\":[{\"dst\":\"1.0.0.0/8\",\"mtu\":9}]",
		  "ipam.routes[0].mtu" },
		{ "",
		  ",\"subnet\":\"10.40.0.0/24\",\"routes\":[{\"dst\":\"1.0.0.0/8\",\"gw\":\"9.9.9.9\"}]",
		  "ipam.routes[0].gw" },
		{ "",
		  ",\"ranges\":[[{\"subnet\":\"10.40.0.0/24\"}],[{\"subnet\":\"10.40.0.0/16\"}]]",
		  "10.40.0.0/16 overlaps 10.40.0.0/24" },
		{ "", ",\"ranges\":[[{\"subnet\":\"10.40.0.0/24\"},{\"subnet\":\"fd00::/64\"}]]",
		  "ipam.ranges[0][1].subnet" },
		{ "", ",\"ranges\":[[{\"subnet\":\"10.40.0.0/24\"}],[]]", "ipam.ranges[1]" },
		{ "", ",\"ranges\":[{\"subnet\":\"10.40.0.0/24\"}]", "ipam.ranges[0]" },
		{ ",\"forceAddress\":true", ",\"subnet\":\"10.40.0.0/24\"", "forceAddress" },
		{ ",\"vlan\":4095", ",\"subnet\":\"10.40.0.0/24\"", "vlan" },
		{ ",\"bridge\":\"longbridge0\",\"vlan\":4000", ",\"subnet\":\"10.40.0.0/24\"",
		  "vlan" },
		{ ",\"isGateway\":false", ",\"subnet\":\"10.40.0.0/24\"", "bridge" },
		{ ",\"runtimeConfig\":{\"mac\":\"x\"}", ",\"subnet\":\"10.40.0.0/24\"",
		  "runtimeConfig" },
		{ ",\"mtu\":67", ",\"subnet\":\"10.40.0.0/24\"", "mtu" },
		{ ",\"mtu\":1500.5", ",\"subnet\":\"10.40.0.0/24\"", "mtu" },
		{ ",\"bridge\":\"far-too-long-name\"", ",\"subnet\":\"10.40.0.0/24\"", "bridge" },
		{ ",\"ingress\":\"maybe\"", ",\"subnet\":\"10.40.0.0/24\"", "ingress" },
		{ ",\"ipMasq\":1", ",\"subnet\":\"10.40.0.0/24\"", "ipMasq" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_refused(wrong[i].top, wrong[i].ipam, wrong[i].named);
}

static void keys_of_the_other_plugins_mean_the_same(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	assert_int_equal(
		decode_with(",\"ingressPolicy\":\"isolated\",\"backend\":\"nftables\","
			    "\"ipMasqBackend\":\"nftables\",\"snat\":true,\"masqAll\":false,"
			    "\"markMasqBit\":13,\"conditionsV4\":[],\"firewalldZone\":\"dmz\","
			    "\"ingressRate\":8000,\"egressRate\":16000,\"egressBurst\":800000,"
			    "\"args\":{\"cni\":{\"labels\":[]}}",
			    ",\"subnet\":\"10.40.0.0/24\"", &net, &err),
		0);
	assert_int_equal(net.ingress, NETWORK_INGRESS_ISOLATED);
	assert_int_equal(net.firewall, FIREWALL_NFTABLES);
	assert_string_equal(net.firewalld_zone, "dmz");
	assert_false(ip_is_set(&net.snat));
	assert_int_equal(net.shape.bandwidth.ingress.bits, 8000);
	assert_int_equal(net.shape.bandwidth.ingress.burst_bits, 0);
	assert_int_equal(net.shape.bandwidth.egress.bits, 16000);
	assert_int_equal(net.shape.bandwidth.egress.burst_bits, 800000);
}

static void keys_of_the_other_plugins_are_refused_by_name(void **state)
{
	static const struct {
		const char *top, *named;
	} wrong[] = {
		{ ",\"ingressPolicy\":\"open\",\"ingress\":\"open\"", "ingressPolicy" },
		{ ",\"ingressPolicy\":\"closed\"", "ingressPolicy" },
		{ ",\"firewall\":\"nftables\",\"backend\":\"iptables\"", "backend" },
		{ ",\"backend\":\"firewalld\"", "backend" },
		{ ",\"egressRate\":7", "egressRate" },
		{ ",\"egressBurst\":80000", "egressBurst without egressRate" },
		{ ",\"bandwidth\":{},\"egressRate\":80", "bandwidth: stands beside" },
		{ ",\"bandwidth\":{\"shapedSubnets\":[\"10.0.0.0/8\"]}",
		  "bandwidth.shapedSubnets" },
		{ ",\"unshapedSubnets\":[\"10.0.0.0/8\"]", "unshapedSubnets" },
		{ ",\"snat\":false", "snat" },
		{ ",\"masqAll\":true", "masqAll" },
		{ ",\"conditionsV4\":[\"-s\"]", "conditionsV4" },
		{ ",\"iptablesAdminChainName\":\"X\"", "iptablesAdminChainName" },
		{ ",\"firewalldZone\":\"two words\"", "firewalldZone: 'two words'" },
		{ ",\"firewalldZone\":\"a-zone-of-a-name-that-is-too-long\"", "firewalldZone" },
		{ ",\"firewalldZone\":7", "firewalldZone" },
		{ ",\"bridge\":\"br0\",\"managed\":false,\"firewalldZone\":\"trusted\"",
		  "firewalldZone: an unmanaged network" },
		{ ",\"mac\":\"02:00:00:00:00:01\"", "mac" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_refused(wrong[i].top, ",\"subnet\":\"10.40.0.0/24\"", wrong[i].named);
}

static void a_name_that_is_no_name_is_refused(void **state)
{
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	assert_true(decode("{\"name\":\"../x\",\"type\":\"ct-netns\",\"ipam\":{\"type\":"
			   "\"host-local\",\"subnet\":\"10.40.0.0/24\"}}",
			   &net, &err) < 0);
	assert_true(decode("{\"name\":\"x\",\"type\":\"bridge\"}", &net, &err) < 0);
	assert_true(network_load("../etc", &net, &err) < 0);
}

static void only_what_can_be_leased_may_be(void **state)
{
	static const struct {
		const char *addr;
		bool may;
	} cases[] = {
		{ "172.19.0.0", false },    { "172.19.0.1", false },     { "172.19.0.2", true },
		{ "172.19.255.254", true }, { "172.19.255.255", false }, { "172.20.0.2", false },
	};
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_addr addr;

		assert_int_equal(ip_parse_addr(cases[i].addr, "test", &addr, &err), 0);
		assert_int_equal(network_may_lease(&net.ranges[0], &addr), cases[i].may);
	}
}

static void flags_lie_over_the_definition(void **state)
{
	const struct network_overrides flags = {
		.bridge = "br7", .ip = "10.7.0.1/24", .mtu = 1400, .ifname = "net7"
	};
	const struct network_overrides bad[] = {
		{ .bridge = "a/b" },
		{ .ip = "10.7.0.0/24" },
		{ .mtu = 1 },
		{ .ifname = "" },
	};
	struct err err = ERR_INIT;
	autonetwork struct network net = { .name = NULL };

	(void)state;
	network_default(&net);
	assert_int_equal(network_override(&net, &flags, &err), 0);
	assert_string_equal(net.bridge, "br7");
	assert_string_equal(net.ifname, "net7");
	assert_string_equal(ip_prefix_text(&net.ranges[0].subnet).text, "10.7.0.0/24");
	assert_string_equal(ip_addr_text(&net.ranges[0].end).text, "10.7.0.254");
	assert_int_equal(net.mtu, 1400);
	assert_false(net.subnet_floats);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(network_override(&net, &bad[i], &err) < 0);
}

static void the_first_free_subnet_of_the_list_is_picked(void **state)
{
	struct err err = ERR_INIT;
	autouses struct subnet_uses uses = { .items = NULL };
	struct ip_prefix gateway;
	struct subnet_use use = { .as = "route" };

	(void)state;
	assert_int_equal(subnet_pick(&uses, &gateway, &err), 0);
	assert_string_equal(ip_prefix_text(&gateway).text, "172.19.0.1/16");
	assert_int_equal(ip_parse_prefix("172.19.7.0/24", "test", &use.prefix, &err), 0);
	subnet_add_use(&uses, &use);
	assert_int_equal(subnet_pick(&uses, &gateway, &err), 0);
	assert_string_equal(ip_prefix_text(&gateway).text, "172.20.0.1/16");
	assert_int_equal(ip_parse_prefix("172.16.0.0/12", "test", &use.prefix, &err), 0);
	subnet_add_use(&uses, &use);
	assert_int_equal(subnet_pick(&uses, &gateway, &err), 0);
	assert_string_equal(ip_prefix_text(&gateway).text, "10.89.0.1/16");
	assert_int_equal(ip_parse_prefix("10.0.0.0/8", "test", &use.prefix, &err), 0);
	subnet_add_use(&uses, &use);
	assert_int_equal(subnet_pick(&uses, &gateway, &err), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_the_netns_tools),
		cmocka_unit_test(a_definition_is_read_whole),
		cmocka_unit_test(ranges_are_the_long_form_of_a_range),
		cmocka_unit_test(every_set_of_ranges_is_a_pool),
		cmocka_unit_test(host_locals_default_route_asks_for_one),
		cmocka_unit_test(what_is_wrong_or_not_applied_is_named),
		cmocka_unit_test(keys_of_the_other_plugins_mean_the_same),
		cmocka_unit_test(keys_of_the_other_plugins_are_refused_by_name),
		cmocka_unit_test(a_name_that_is_no_name_is_refused),
		cmocka_unit_test(only_what_can_be_leased_may_be),
		cmocka_unit_test(flags_lie_over_the_definition),
		cmocka_unit_test(the_first_free_subnet_of_the_list_is_picked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
