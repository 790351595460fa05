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

#include "common/cleanup.h"
#include "common/file.h"
#include "common/net/network.h"
#include "common/str.h"
#include "netns-hook/ipam.h"
#include "tests/unit/folder.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

struct fixture {
	struct folder state;
	struct network net;
	struct strlist dead; /* containers that are gone */
};

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr addr;
	struct err err = ERR_INIT;

	assert_int_equal(ip_parse_addr(text, "test", &addr, &err), 0);
	return addr;
}

static void set_subnet(struct fixture *f, const char *gateway)
{
	struct ip_prefix prefix;
	struct err err = ERR_INIT;

	assert_int_equal(ip_parse_prefix(gateway, "test", &prefix, &err), 0);
	assert_true(network_set_gateway(&f->net, &prefix, &err) >= 0);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(folder_make(&f->state), 0);
	network_default(&f->net);
	set_subnet(f, "10.9.0.1/16");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_true(folder_remove(&f->state) >= 0);
	network_free(&f->net);
	strlist_free(&f->dead);
	free(f);
	return 0;
}

static bool is_alive(void *ctx, const char *container, const char *ifname)
{
	const struct fixture *f = ctx;

	(void)ifname;
	return !strlist_has(&f->dead, container);
}

static int lease_as(struct fixture *f, const char *id, const char *boot, const char *wanted,
		    struct ipam_lease *lease, struct err *err)
{
	struct ipam_request request = {
		.holder = { id, "eth0", boot },
		.alive = { is_alive, f },
		.must = wanted,
	};

	if (wanted)
		request.wanted = addr_of(wanted);
	return ipam_lease(f->state.fd, &f->net, &request, lease, err);
}

static void expect_lease(struct fixture *f, const char *id, const char *expected)
{
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	if (lease_as(f, id, BOOT, NULL, &lease, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(ip_addr_text(&lease.addr).text, expected);
}

static int release(struct fixture *f, const char *id, const char *addr)
{
	const struct ipam_holder holder = { id, "eth0", BOOT };
	const struct ip_addr a = addr_of(addr);
	struct err err = ERR_INIT;

	return ipam_release(f->state.fd, f->net.name, &a, &holder, &err);
}

static void test_first_is_two_then_three(void **state)
{
	expect_lease(*state, "a", "10.9.0.2");
	expect_lease(*state, "b", "10.9.0.3");
}

static void test_a_freed_address_rests(void **state)
{
	expect_lease(*state, "a", "10.9.0.2");
	assert_int_equal(release(*state, "a", "10.9.0.2"), 1);
	expect_lease(*state, "b", "10.9.0.3");
}

static void test_small_pool_goes_round_a_hundred_times(void **state)
{
	struct fixture *f = *state;

	set_subnet(f, "10.9.0.1/29"); /* .2 to .6 */
	for (int round = 0; round < 100; round++) {
		struct ipam_lease leases[5];
		struct err err = ERR_INIT;

		for (int i = 0; i < 5; i++) {
			char id[] = { (char)('a' + i), '\0' };

			assert_int_equal(lease_as(f, id, BOOT, NULL, &leases[i], &err), 0);
			for (int k = 0; k < i; k++)
				assert_false(ip_equal(&leases[i].addr, &leases[k].addr));
		}
		for (int i = 0; i < 5; i++) {
			char id[] = { (char)('a' + i), '\0' };

			assert_int_equal(release(f, id, ip_addr_text(&leases[i].addr).text), 1);
		}
	}
}

static void test_full_pool_names_the_network(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	set_subnet(f, "10.9.0.1/29");
	for (int c = 'a'; c < 'f'; c++) {
		char id[] = { (char)c, '\0' };

		assert_int_equal(lease_as(f, id, BOOT, NULL, &lease, &err), 0);
	}
	assert_int_equal(lease_as(f, "z", BOOT, NULL, &lease, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "network 'default': no free address in 10.9.0.0/29"));
	assert_non_null(strstr(err.msg, "ct-netns gc"));
}

static void test_a_gap_behind_a_long_run_is_found(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	set_subnet(f, "10.9.0.1/24");
	for (int i = 0; i < 253; i++) {
		autofree char *id = xasprintf("c%d", i);

		assert_int_equal(lease_as(f, id, BOOT, NULL, &lease, &err), 0);
	}
	assert_int_equal(release(f, "c97", "10.9.0.99"), 1);
	expect_lease(f, "late", "10.9.0.99");
	assert_int_equal(release(f, "c0", "10.9.0.2"), 1);
	expect_lease(f, "later", "10.9.0.2");
}

static void test_several_static_addresses_of_one_holder(void **state)
{
	static const char *const wanted[] = { "10.9.0.2", "10.9.0.9", "10.9.0.3" };
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(lease_as(f, "a", BOOT, wanted[i], &lease, &err), 0);
		assert_string_equal(ip_addr_text(&lease.addr).text, wanted[i]);
		assert_false(lease.reclaimed);
	}
	/* they do not move the cursor, and none of them is given to another */
	expect_lease(f, "b", "10.9.0.4");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(lease_as(f, "b", BOOT, wanted[i], &lease, &err), -EADDRINUSE);
		err_clear(&err);
	}
	/* each goes back alone; all of what is left goes when its holder is dead */
	assert_int_equal(release(f, "a", "10.9.0.9"), 1);
	assert_int_equal(lease_as(f, "b", BOOT, "10.9.0.9", &lease, &err), 0);
	strlist_add(&f->dead, "a");
	assert_int_equal(lease_as(f, "c", BOOT, "10.9.0.2", &lease, &err), 0);
	assert_true(lease.reclaimed);
	assert_int_equal(lease_as(f, "c", BOOT, "10.9.0.3", &lease, &err), 0);
	assert_true(lease.reclaimed);
}

static void test_static_address(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	assert_int_equal(lease_as(f, "a", BOOT, "10.9.0.7", &lease, &err), 0);
	assert_string_equal(ip_addr_text(&lease.addr).text, "10.9.0.7");
	/* again by the same holder: his */
	assert_int_equal(lease_as(f, "a", BOOT, "10.9.0.7", &lease, &err), 0);
	/* by another: refused, and the holder is named */
	assert_int_equal(lease_as(f, "b", BOOT, "10.9.0.7", &lease, &err), -EADDRINUSE);
	assert_non_null(strstr(err.msg, "container 'a'"));
	/* it does not move the cursor */
	expect_lease(f, "c", "10.9.0.2");
}

static void test_static_address_must_be_leasable(void **state)
{
	static const char *const bad[] = { "10.9.0.0", "10.9.0.1", "10.9.255.255", "10.10.0.2",
					   "127.0.0.1" };
	struct ipam_lease lease;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(lease_as(*state, "a", BOOT, bad[i], &lease, &err), -EINVAL);
		assert_non_null(strstr(err.msg, bad[i]));
	}
}

static void test_dead_holders_lose_their_lease_when_it_is_needed(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	set_subnet(f, "10.9.0.1/29");
	for (int c = 'a'; c < 'f'; c++) {
		char id[] = { (char)c, '\0' };

		assert_int_equal(lease_as(f, id, BOOT, NULL, &lease, &err), 0);
	}
	strlist_add(&f->dead, "c");
	assert_int_equal(lease_as(f, "z", BOOT, NULL, &lease, &err), 0);
	assert_string_equal(ip_addr_text(&lease.addr).text, "10.9.0.4");
	assert_true(lease.reclaimed);
	/* the old holder's detach, late, must not take it from the new one */
	assert_int_equal(release(f, "c", "10.9.0.4"), 0);
}

static void test_leases_of_another_boot_are_free(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	assert_int_equal(lease_as(f, "a", "old-boot", "10.9.0.7", &lease, &err), 0);
	assert_int_equal(lease_as(f, "b", BOOT, "10.9.0.7", &lease, &err), 0);
	assert_true(lease.reclaimed);
}

static void write_lease(struct fixture *f, const char *name, const char *text)
{
	autofree char *path = xasprintf("networks/default/%s", name);
	autoclose int fd = openat(f->state.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	assert_true(file_write_all(fd, text, strlen(text), path, &err) >= 0);
}

static void test_damaged_files_do_not_stop_it(void **state)
{
	struct fixture *f = *state;
	struct ipam_lease lease;
	struct err err = ERR_INIT;

	expect_lease(f, "a", "10.9.0.2");
	write_lease(f, "cursor", "no address at all");
	write_lease(f, "leases/10.9.0.3", "");
	write_lease(f, "leases/10.9.0.4", "{\"container\":");
	write_lease(f, "leases/readme", "hello");
	expect_lease(f, "b", "10.9.0.5");
	assert_int_equal(lease_as(f, "c", BOOT, "10.9.0.4", &lease, &err), 0);
	write_lease(f, "cursor", "10.200.0.9");
	expect_lease(f, "d", "10.9.0.6");
}

static void test_release_all_knows_no_address(void **state)
{
	const struct ipam_holder holder = { "a", "eth0", BOOT };
	struct err err = ERR_INIT;
	struct fixture *f = *state;

	expect_lease(f, "a", "10.9.0.2");
	expect_lease(f, "b", "10.9.0.3");
	expect_lease(f, "a", "10.9.0.4");
	assert_int_equal(ipam_release_all(f->state.fd, &holder, &err), 2);
	assert_int_equal(ipam_release_all(f->state.fd, &holder, &err), 0);
	assert_int_equal(release(f, "b", "10.9.0.3"), 1);
}

static void test_collect_frees_the_dead_only(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct ipam_lease lease;
	const struct ipam_gc gc = { .boot_id = BOOT, .alive = { is_alive, f } };

	expect_lease(f, "a", "10.9.0.2");
	expect_lease(f, "b", "10.9.0.3");
	assert_int_equal(lease_as(f, "old", "old-boot", NULL, &lease, &err), 0);
	strlist_add(&f->dead, "a");
	assert_int_equal(ipam_collect(f->state.fd, &gc, &err), 2);
	assert_int_equal(release(f, "a", "10.9.0.2"), 0);
	assert_int_equal(release(f, "b", "10.9.0.3"), 1);
}

static void test_holds(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	const struct ip_addr two = addr_of("10.9.0.2");
	const struct ipam_holder a = { "a", "eth0", BOOT }, b = { "b", "eth0", BOOT };

	assert_int_equal(ipam_holds(f->state.fd, "default", &two, &a, &err), 0);
	expect_lease(f, "a", "10.9.0.2");
	assert_int_equal(ipam_holds(f->state.fd, "default", &two, &a, &err), 1);
	assert_int_equal(ipam_holds(f->state.fd, "default", &two, &b, &err), 0);
}

static void test_reset_starts_anew_only_when_empty(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	expect_lease(f, "a", "10.9.0.2");
	assert_int_equal(ipam_reset(f->state.fd, "default", &err), 0);
	expect_lease(f, "b", "10.9.0.3");
	assert_int_equal(release(f, "a", "10.9.0.2"), 1);
	assert_int_equal(release(f, "b", "10.9.0.3"), 1);
	assert_int_equal(ipam_reset(f->state.fd, "default", &err), 0);
	expect_lease(f, "c", "10.9.0.2");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_is_two_then_three),
		TEST(test_a_freed_address_rests),
		TEST(test_small_pool_goes_round_a_hundred_times),
		TEST(test_full_pool_names_the_network),
		TEST(test_a_gap_behind_a_long_run_is_found),
		TEST(test_static_address),
		TEST(test_several_static_addresses_of_one_holder),
		TEST(test_static_address_must_be_leasable),
		TEST(test_dead_holders_lose_their_lease_when_it_is_needed),
		TEST(test_leases_of_another_boot_are_free),
		TEST(test_damaged_files_do_not_stop_it),
		TEST(test_release_all_knows_no_address),
		TEST(test_collect_frees_the_dead_only),
		TEST(test_holds),
		TEST(test_reset_starts_anew_only_when_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
