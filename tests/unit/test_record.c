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
#include "common/net/record.h"
#include "common/str.h"
#include "tests/unit/folder.h"

struct fixture {
	struct folder state;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(folder_make(&f->state), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_true(folder_remove(&f->state) >= 0);
	free(f);
	return 0;
}

static void sample(struct attachment *att, const char *id, const char *ifname)
{
	struct err err = ERR_INIT;

	*att = (struct attachment){
		.container = xstrdup(id),
		.state = RECORD_ATTACHED,
		.network = xstrdup("default"),
		.mtu = 1500,
		.ipfile = xstrdup("/bundle/.ip"),
		.owner = { .pid = 4711, .start_ticks = 12345678901, .netns = { 4, 4026532281 } },
	};
	(void)snprintf(att->ifname, sizeof(att->ifname), "%s", ifname);
	(void)snprintf(att->bridge, sizeof(att->bridge), "netns0");
	(void)snprintf(att->owner.boot_id, sizeof(att->owner.boot_id), "boot");
	record_veth_name(id, ifname, 0, att->veth);
	assert_true(ip_parse_prefix("172.19.0.2/16", "t", &att->addresses[0].prefix, &err) >= 0);
	assert_true(ip_parse_addr("172.19.0.1", "t", &att->addresses[0].gateway, &err) >= 0);
	assert_true(ip_parse_prefix("fd00::2/64", "t", &att->addresses[1].prefix, &err) >= 0);
	att->n_addresses = 2;
	att->mac = link_mac_of(&att->addresses[0].prefix.addr);
}

static void write_sample(struct fixture *f, const char *id, const char *ifname)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	autoattachment struct attachment att = { 0 };
	struct err err = ERR_INIT;

	sample(&att, id, ifname);
	assert_int_equal(record_folder_open(f->state.fd, id, true, -1, &folder, &err), 1);
	assert_true(record_write(&folder, &att, &err) >= 0);
}

static void test_what_is_written_is_read(void **state)
{
	struct fixture *f = *state;
	autoattachment struct attachment att = { 0 }, want = { 0 };
	struct err err = ERR_INIT;

	write_sample(f, "a", "eth0");
	sample(&want, "a", "eth0");
	assert_int_equal(record_load(f->state.fd, "a", "eth0", &att, &err), 1);
	assert_string_equal(att.container, "a");
	assert_string_equal(att.network, "default");
	assert_string_equal(att.ipfile, "/bundle/.ip");
	assert_string_equal(att.veth, want.veth);
	assert_int_equal(att.state, RECORD_ATTACHED);
	assert_int_equal(att.n_addresses, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(
			ip_equal(&att.addresses[i].prefix.addr, &want.addresses[i].prefix.addr));
		assert_true(ip_equal(&att.addresses[i].gateway, &want.addresses[i].gateway));
	}
	assert_int_equal(att.addresses[0].prefix.len, 16);
	assert_ptr_equal(attachment_address_of(&att, AF_INET6), &att.addresses[1]);
	assert_memory_equal(&att.mac, &want.mac, sizeof(att.mac));
	assert_int_equal(att.owner.pid, 4711);
	assert_true(att.owner.start_ticks == 12345678901);
	assert_true(netns_id_equal(&att.owner.netns, &want.owner.netns));
	assert_string_equal(att.owner.boot_id, "boot");
}

static void test_without_an_address(void **state)
{
	struct fixture *f = *state;
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	autoattachment struct attachment att = { 0 }, back = { 0 };
	struct err err = ERR_INIT;

	sample(&att, "a", "eth0");
	att.n_addresses = 0;
	att.state = RECORD_ADDING;
	assert_int_equal(record_folder_open(f->state.fd, "a", true, -1, &folder, &err), 1);
	assert_true(record_write(&folder, &att, &err) >= 0);
	assert_int_equal(record_read(&folder, "eth0", &back, &err), 1);
	assert_int_equal(back.n_addresses, 0);
	assert_int_equal(back.state, RECORD_ADDING);
}

/* Of two subnets in turn, as many as there is room for, and one more in the file. */
static void test_as_many_addresses_as_there_is_room_for(void **state)
{
	struct fixture *f = *state;
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	autoattachment struct attachment att = { 0 }, back = { 0 }, none = { 0 };
	struct err err = ERR_INIT;

	sample(&att, "a", "eth0");
	for (size_t i = 2; i < ATTACHMENT_MAX_ADDRESSES; i++) {
		att.addresses[i] = att.addresses[i % 2];
		att.addresses[i].prefix.addr.bytes[3] = (uint8_t)i;
	}
	att.n_addresses = ATTACHMENT_MAX_ADDRESSES;
	assert_int_equal(record_folder_open(f->state.fd, "a", true, -1, &folder, &err), 1);
	assert_true(record_write(&folder, &att, &err) >= 0);
	assert_int_equal(record_read(&folder, "eth0", &back, &err), 1);
	assert_int_equal(back.n_addresses, ATTACHMENT_MAX_ADDRESSES);
	for (size_t i = 0; i < back.n_addresses; i++) {
		assert_true(
			ip_equal(&back.addresses[i].prefix.addr, &att.addresses[i].prefix.addr));
		assert_int_equal(attachment_gateway_is_new(&back, i), i < 2);
	}

	autojson json_node *node = record_json(&att);
	json_node *list = NULL;

	json_remove(node, "addresses");
	list = json_put_array(node, "addresses");
	for (size_t i = 0; i <= ATTACHMENT_MAX_ADDRESSES; i++) {
		json_node *item = json_object();

		json_put_string(item, "address", "172.19.9.9/16");
		json_append(list, item);
	}

	autofree char *text = json_print(node, false);
	autoclose int fd = openat(folder.fd, "eth0.json", O_WRONLY | O_TRUNC);

	assert_true(file_write_all(fd, text, strlen(text), "record", &err) >= 0);
	assert_int_equal(record_read(&folder, "eth0", &none, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "addresses: has more than 16 addresses"));
}

static void put_file(struct fixture *f, const char *path, const char *text, size_t len)
{
	autoclose int fd = openat(f->state.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	assert_true(file_write_all(fd, text, len, path, &err) >= 0);
}

static void test_damaged_records_are_named_and_left_out(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"\x00\xff\xfe",
		"{\"container\":\"other\",\"ifname\":\"eth0\"}",
		"{\"container\":\"bad\",\"ifname\":\"../../x\"}",
		"{\"container\":\"bad\",\"ifname\":\"eth0\",\"state\":\"attached\",\"network\":\"../x\","
		"\"bridge\":\"b\",\"veth\":\"v\",\"mtu\":1500,\"bootId\":\"b\",\"owner\":{}}",
		"{\"container\":\"bad\",\"ifname\":\"eth0\",\"state\":\"attached\",\"network\":\"n\","
		"\"bridge\":\"b\",\"veth\":\"v\",\"mtu\":1500,\"bootId\":\"b\",\"owner\":{\"pid\":-1}}",
		"{\"container\":\"bad\",\"ifname\":\"eth0\",\"state\":\"attached\",\"network\":\"n\","
		"\"bridge\":\"b\",\"veth\":\"v\",\"mtu\":1500,\"owner\":{},\"bootId\":\""
		"0123456789012345678901234567890123456789\"}",
		"{\"container\":\"bad\",\"ifname\":\"eth0\",\"state\":\"attached\",\"network\":\"n\","
		"\"bridge\":\"b\",\"veth\":\"v\",\"mtu\":1500,\"owner\":{},\"bootId\":\"b\","
		"\"ipfile\":\"etc/passwd\"}",
		"{\"container\":\"bad\",\"ifname\":\"eth0\",\"state\":\"attached\",\"network\":\"n\","
		"\"bridge\":\"b\",\"veth\":\"v\",\"mtu\":1500,\"owner\":{},\"bootId\":\"b\","
		"\"addresses\":[{\"address\":\"172.19.0.2\"}]}",
	};
	struct fixture *f = *state;

	write_sample(f, "bad", "eth0");
	write_sample(f, "good", "eth0");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autoattachment struct attachment att = { 0 };
		autorecords struct record_list list = { 0 };
		struct err err = ERR_INIT;

		put_file(f, "containers/bad/eth0.json", bad[i], strlen(bad[i]));
		assert_int_equal(record_load(f->state.fd, "bad", "eth0", &att, &err), -EBADMSG);
		assert_non_null(strstr(err.msg, "record of container 'bad'"));
		assert_int_equal(record_list(f->state.fd, &list, &err), 0);
		assert_int_equal(list.n, 1);
		assert_string_equal(list.items[0].container, "good");
	}
}

static void test_a_bad_host_address_is_named_by_its_own_key(void **state)
{
	static const char text[] = "{\"container\":\"bad\",\"ifname\":\"eth0\",\"ports\":[{"
				   "\"hostIP\":\"nowhere\"}]}";
	struct fixture *f = *state;
	autoattachment struct attachment att = { 0 };
	struct err err = ERR_INIT;

	write_sample(f, "bad", "eth0");
	put_file(f, "containers/bad/eth0.json", text, strlen(text));
	assert_int_equal(record_load(f->state.fd, "bad", "eth0", &att, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "hostIP"));
	assert_non_null(strstr(err.msg, "'nowhere' is not an IP address"));
	assert_null(strstr(err.msg, "gateway"));
}

static void test_list_is_sorted_and_skips_strangers(void **state)
{
	struct fixture *f = *state;
	autorecords struct record_list list = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(record_list(f->state.fd, &list, &err), 0);
	assert_int_equal(list.n, 0);
	write_sample(f, "b", "eth1");
	write_sample(f, "b", "eth0");
	write_sample(f, "a", "eth0");
	put_file(f, "containers/b/.eth0.json.123", "half", 4);
	put_file(f, "containers/b/notes.txt", "text", 4);
	put_file(f, "containers/stray", "x", 1);
	assert_int_equal(mkdirat(f->state.fd, "containers/-odd", 0700), 0);
	assert_int_equal(record_list(f->state.fd, &list, &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.items[0].container, "a");
	assert_string_equal(list.items[1].ifname, "eth0");
	assert_string_equal(list.items[2].ifname, "eth1");
}

static void test_ids_that_are_paths_are_refused(void **state)
{
	static const char *const bad[] = { "../../etc", "..", ".", "", "a/b", ".hidden", "a b" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct record_folder folder;
		struct err err = ERR_INIT;

		assert_true(record_folder_open(f->state.fd, bad[i], true, 0, &folder, &err) < 0);
	}
}

static void test_the_folder_is_locked(void **state)
{
	struct fixture *f = *state;
	struct record_folder first, second;
	struct err err = ERR_INIT;

	assert_int_equal(record_folder_open(f->state.fd, "a", false, 0, &first, &err), 0);
	assert_int_equal(record_folder_open(f->state.fd, "a", true, 0, &first, &err), 1);
	assert_int_equal(record_folder_open(f->state.fd, "a", true, 0, &second, &err),
			 -EWOULDBLOCK);
	assert_true(record_folder_remove(&first, &err) >= 0);
	/* the locked one is gone; a new one is another folder */
	assert_int_equal(record_folder_open(f->state.fd, "a", true, 0, &second, &err), 1);
	record_folder_close(&first);
	record_folder_close(&second);
}

static void test_prune_keeps_records(void **state)
{
	struct fixture *f = *state;
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	struct err err = ERR_INIT;

	write_sample(f, "a", "eth0");
	assert_int_equal(record_folder_open(f->state.fd, "a", false, 0, &folder, &err), 1);
	assert_true(record_folder_prune(&folder, &err) >= 0);
	assert_int_equal(faccessat(f->state.fd, "containers/a/eth0.json", F_OK, 0), 0);
	assert_true(record_remove(&folder, "eth0", &err) >= 0);
	assert_true(record_remove(&folder, "eth0", &err) >= 0);
	assert_true(record_folder_prune(&folder, &err) >= 0);
	assert_int_equal(faccessat(f->state.fd, "containers/a", F_OK, 0), -1);
}

static void test_veth_names(void **state)
{
	char a[IFNAMSIZ], b[IFNAMSIZ];

	(void)state;
	record_veth_name("a", "eth0", 0, a);
	record_veth_name("a", "eth0", 0, b);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 14);
	record_veth_name("a", "eth1", 0, b);
	assert_string_not_equal(a, b);
	record_veth_name("a", "eth0", 1, b);
	assert_string_not_equal(a, b);
	record_veth_name("ae", "th0", 0, b);
	assert_string_not_equal(a, b);
}

static void test_routed_names(void **state)
{
	char veth[IFNAMSIZ], ifb[IFNAMSIZ];

	(void)state;
	record_routed_name("netns0", "a", "eth0", 0, veth);
	assert_int_equal(strlen(veth), IFNAMSIZ - 1);
	assert_true(record_is_routed_name(veth));
	record_ifb_name(veth, ifb);
	assert_int_equal(strncmp(ifb, "netns0~", 7), 0);
	assert_string_equal(ifb + 7, veth + 7);
	record_routed_name("netns0", "a", "eth0", 1, ifb);
	assert_string_not_equal(ifb, veth);
	assert_false(record_is_routed_name("-12345678"));
	assert_false(record_is_routed_name("longer0-12345678"));
	assert_false(record_is_routed_name("rt-1234567"));
	assert_false(record_is_routed_name("rt-1234567x"));
	assert_false(record_is_routed_name("rt0"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_is_read),
		TEST(test_without_an_address),
		TEST(test_as_many_addresses_as_there_is_room_for),
		TEST(test_damaged_records_are_named_and_left_out),
		TEST(test_a_bad_host_address_is_named_by_its_own_key),
		TEST(test_list_is_sorted_and_skips_strangers),
		TEST(test_ids_that_are_paths_are_refused),
		TEST(test_the_folder_is_locked),
		TEST(test_prune_keeps_records),
		TEST(test_veth_names),
		TEST(test_routed_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
