/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/net/vlan_port.h"

static void expect_text(const struct vlan_state *state, const char *wanted)
{
	autostrbuf struct strbuf text = { .text = NULL };

	vlan_state_text(state, &text);
	assert_string_equal(text.text, wanted);
}

static void sets_have_room_for_the_first_and_the_last(void **state)
{
	struct vlan_set set = { 0 };
	unsigned int first = 0, last = 0;

	(void)state;
	assert_true(vlan_set_is_empty(&set));
	vlan_set_add(&set, 1, 1);
	vlan_set_add(&set, 63, 64);
	vlan_set_add(&set, 4094, 9999);
	assert_false(vlan_set_has(&set, 0));
	assert_false(vlan_set_has(&set, 4095));
	assert_false(vlan_set_has(&set, 100000));
	assert_true(vlan_set_run(&set, 2, &first, &last));
	assert_int_equal(first, 63);
	assert_int_equal(last, 64);
	assert_true(vlan_set_run(&set, 65, &first, &last));
	assert_int_equal(first, 4094);
	assert_int_equal(last, 4094);
	assert_false(vlan_set_run(&set, 4095, &first, &last));
	vlan_set_remove(&set, 1);
	vlan_set_remove(&set, 70000);
	assert_false(vlan_set_has(&set, 1));
}

static void a_port_is_where_it_was_born_and_where_it_is_put(void **state)
{
	struct vlan_port port = { .access = 10 };
	struct vlan_state wanted = vlan_port_wanted(&port, 1);
	struct vlan_state other;

	(void)state;
	expect_text(&wanted, "1 untagged, 10 PVID untagged");
	other = vlan_port_wanted(&port, 0);
	expect_text(&other, "10 PVID untagged");
	assert_false(vlan_state_equal(&wanted, &other));
	port.drop_default = true;
	wanted = vlan_port_wanted(&port, 1);
	assert_true(vlan_state_equal(&wanted, &other));
	port.access = 1;
	port.drop_default = false;
	wanted = vlan_port_wanted(&port, 1);
	expect_text(&wanted, "1 PVID untagged");
}

static void a_trunk_is_tagged_even_in_the_default_vlan(void **state)
{
	struct vlan_port port = { .access = 0 };
	struct vlan_state wanted;

	(void)state;
	assert_false(vlan_port_is_used(&port));
	wanted = vlan_port_wanted(&port, 1);
	expect_text(&wanted, "1 PVID untagged");
	wanted = vlan_port_wanted(&port, 0);
	expect_text(&wanted, "none");
	vlan_set_add(&port.trunk, 2, 4);
	vlan_set_add(&port.trunk, 7, 7);
	assert_true(vlan_port_is_used(&port));
	wanted = vlan_port_wanted(&port, 1);
	expect_text(&wanted, "1 PVID untagged, 2-4, 7");
	wanted = vlan_port_wanted(&port, 3);
	expect_text(&wanted, "2-4, 7");
}

/* The kernel takes no range with the PVID in it. */
static void the_pvid_stands_alone_in_a_run(void **state)
{
	struct vlan_state have = { .pvid = 11 };

	(void)state;
	vlan_set_add(&have.member, 9, 14);
	vlan_set_add(&have.untagged, 9, 12);
	expect_text(&have, "9-10 untagged, 11 PVID untagged, 12 untagged, 13-14");
}

static void a_trunk_is_written_as_it_is_read(void **state)
{
	static const char text[] = "{\"vlanTrunk\":[{\"id\":3},{\"minID\":5,\"maxID\":9}]}";
	const struct json_field field = { .key = "vlanTrunk" };
	const struct json_path path = { .key = "vlanTrunk" };
	autojson json_node *root = NULL;
	autojson json_node *again = json_object();
	autofree char *printed = NULL;
	struct vlan_set set = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), "test", &root, &err), 0);
	assert_int_equal(vlan_decode_trunk(json_get(root, "vlanTrunk"), &field, &set, &path, &err),
			 0);
	vlan_put_trunk(again, "vlanTrunk", &set);
	printed = json_print(again, false);
	assert_string_equal(printed, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_have_room_for_the_first_and_the_last),
		cmocka_unit_test(a_port_is_where_it_was_born_and_where_it_is_put),
		cmocka_unit_test(a_trunk_is_tagged_even_in_the_default_vlan),
		cmocka_unit_test(the_pvid_stands_alone_in_a_run),
		cmocka_unit_test(a_trunk_is_written_as_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
