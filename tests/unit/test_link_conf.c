/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/net/link_conf.h"

#define KNOWN 256

/* IFLA_AF_SPEC with an array of n 32-bit values for the family, each of them its index. */
static struct nl_msg *answer(int family, int type, size_t n)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *af_spec = nla_nest_start(msg, IFLA_AF_SPEC);
	struct nlattr *nest = nla_nest_start(msg, family);
	int32_t values[KNOWN];

	assert_in_range(n, 0, KNOWN);
	for (size_t i = 0; i < n; i++)
		values[i] = (int32_t)i;
	assert_int_equal(nla_put(msg, type, (int)(n * sizeof(*values)), values), 0);
	nla_nest_end(msg, nest);
	nla_nest_end(msg, af_spec);
	return msg;
}

static struct link_conf read_answer(struct nl_msg *msg)
{
	struct link_conf conf;
	const struct nlattr *af_spec = nlmsg_find_attr(nlmsg_hdr(msg), 0, IFLA_AF_SPEC);

	assert_non_null(af_spec);
	link_conf_read(af_spec, &conf);
	nlmsg_free(msg);
	return conf;
}

static void each_parameter_is_read_at_its_place(void **state)
{
	(void)state;
	const struct link_conf ipv4 = read_answer(answer(AF_INET, IFLA_INET_CONF, KNOWN));
	const struct link_conf ipv6 = read_answer(answer(AF_INET6, IFLA_INET6_CONF, KNOWN));

	assert_true(ipv4.has[LINK_RP_FILTER]);
	assert_int_equal(ipv4.values[LINK_RP_FILTER], IPV4_DEVCONF_RP_FILTER - 1);
	assert_false(ipv4.has[LINK_ACCEPT_RA]);
	assert_false(ipv6.has[LINK_RP_FILTER]);
	assert_true(ipv6.has[LINK_ACCEPT_RA]);
	assert_int_equal(ipv6.values[LINK_ACCEPT_RA], DEVCONF_ACCEPT_RA);
	assert_int_equal(ipv6.values[LINK_AUTOCONF], DEVCONF_AUTOCONF);
	assert_int_equal(ipv6.values[LINK_DISABLE_IPV6], DEVCONF_DISABLE_IPV6);
	assert_int_equal(ipv6.values[LINK_ACCEPT_DAD], DEVCONF_ACCEPT_DAD);
	assert_int_equal(ipv6.values[LINK_ENHANCED_DAD], DEVCONF_ENHANCED_DAD);
}

static void what_an_older_kernel_leaves_out_is_not_there(void **state)
{
	(void)state;
	const struct link_conf none = read_answer(answer(AF_INET6, IFLA_INET6_CONF, 0));
	const struct link_conf half =
		read_answer(answer(AF_INET6, IFLA_INET6_CONF, DEVCONF_ACCEPT_DAD));
	const struct link_conf other = read_answer(answer(AF_INET6, IFLA_INET6_FLAGS, KNOWN));

	assert_false(none.has[LINK_ACCEPT_RA]);
	assert_true(half.has[LINK_ACCEPT_RA]);
	assert_false(half.has[LINK_ACCEPT_DAD]);
	assert_false(other.has[LINK_ACCEPT_RA]);
}

static void what_is_not_there_is_right(void **state)
{
	(void)state;
	struct link_conf conf;
	const struct link_setting off = { LINK_ACCEPT_RA, 0 };

	link_conf_read(NULL, &conf);
	assert_true(link_conf_is(&conf, &off));
	conf.has[LINK_ACCEPT_RA] = true;
	assert_true(link_conf_is(&conf, &off));
	conf.values[LINK_ACCEPT_RA] = 1;
	assert_false(link_conf_is(&conf, &off));
}

static void a_setting_is_named_by_its_sysctl(void **state)
{
	(void)state;
	const struct link_setting ipv4 = { LINK_RP_FILTER, 2 };
	const struct link_setting ipv6 = { LINK_ACCEPT_DAD, 0 };
	autofree char *first = link_setting_text("br.1", &ipv4);
	autofree char *second = link_setting_text("eth0", &ipv6);

	assert_string_equal(first, "net/ipv4/conf/br.1/rp_filter = 2");
	assert_string_equal(second, "net/ipv6/conf/eth0/accept_dad = 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_parameter_is_read_at_its_place),
		cmocka_unit_test(what_an_older_kernel_leaves_out_is_not_there),
		cmocka_unit_test(what_is_not_there_is_right),
		cmocka_unit_test(a_setting_is_named_by_its_sysctl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
