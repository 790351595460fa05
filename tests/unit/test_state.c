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
#include "runtime/state.h"
#include "tests/unit/folder.h"

static void fill(struct state *s)
{
	*s = (struct state){
		.oci = { .oci_version = xstrdup("1.2.0"),
			 .id = xstrdup("c1"),
			 .status = OCI_STATUS_CREATED,
			 .pid = 4711,
			 .bundle = xstrdup("/b") },
		.start_ticks = 123456789,
		.boot_id = xstrdup("boot"),
		.created = xstrdup("2024-01-01T00:00:00Z"),
		.rootfs = xstrdup("/b/rootfs"),
		.owner = 4294967295,
		.persist = true,
	};
}

static int load_text(const char *text, struct err *err)
{
	struct state s;

	*err = (struct err)ERR_INIT;
	assert_int_equal(file_write_atomic_at(base.fd, "state.json", text, strlen(text), 0600, err),
			 0);
	int rc = state_load_at(base.fd, &s, err);

	if (rc < 0)
		assert_null(s.oci.id);
	state_free(&s);
	return rc;
}

static void what_is_saved_loads_the_same(void **state)
{
	struct err err = ERR_INIT;
	struct state s, again;
	struct stat st;

	(void)state;
	fill(&s);
	assert_int_equal(state_save_at(base.fd, &s, &err), 0);
	assert_int_equal(fstatat(base.fd, "state.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(state_load_at(base.fd, &again, &err), 0);
	assert_string_equal(again.oci.id, "c1");
	assert_int_equal(again.oci.status, OCI_STATUS_CREATED);
	assert_int_equal(again.oci.pid, 4711);
	assert_string_equal(again.oci.bundle, "/b");
	assert_int_equal(again.start_ticks, 123456789);
	assert_string_equal(again.boot_id, "boot");
	assert_string_equal(again.created, "2024-01-01T00:00:00Z");
	assert_string_equal(again.rootfs, "/b/rootfs");
	assert_true(again.owner == 4294967295);
	assert_true(again.persist);
	state_free(&again);
	state_free(&s);
}

static void a_missing_state_is_enoent(void **state)
{
	struct err err = ERR_INIT;
	struct state s;

	(void)state;
	(void)unlinkat(base.fd, "state.json", 0);
	assert_int_equal(state_load_at(base.fd, &s, &err), -ENOENT);
	state_free(&s);
}

static void what_another_program_wrote_is_refused(void **state)
{
	struct err err;

	(void)state;
	assert_true(load_text("", &err) < 0);
	assert_true(load_text("{\"id\":\"c1\",\"status\":\"crea", &err) < 0);
	assert_true(load_text("{\"id\":\"../c1\",\"status\":\"created\"}", &err) < 0);
	assert_int_equal(load_text("{\"id\":\"c1\",\"status\":\"created\"}", &err), -EPROTO);
	assert_string_equal(err.msg, "state.json was not written by this runtime");
	assert_int_equal(load_text("{\"id\":\"c1\",\"status\":\"created\",\"bootId\":\"b\","
				   "\"created\":\"t\",\"rootfs\":\"/r\",\"owner\":\"0\"}",
				   &err),
			 -EPROTO);
}

static void a_stopped_container_shows_no_pid_and_nothing_private(void **state)
{
	struct state s;

	(void)state;
	fill(&s);
	autojson json_node *stopped = state_json(&s, OCI_STATUS_STOPPED);
	autojson json_node *running = state_json(&s, OCI_STATUS_RUNNING);
	int64_t pid = 0;

	assert_null(json_get(stopped, "pid"));
	assert_string_equal(json_string(json_get(stopped, "status")), "stopped");
	assert_true(json_int(json_get(running, "pid"), &pid));
	assert_int_equal(pid, 4711);
	assert_string_equal(json_string(json_get(running, "rootfs")), "/b/rootfs");
	assert_null(json_get(running, "bootId"));
	assert_null(json_get(running, "startTime"));
	assert_int_equal(s.oci.pid, 4711); /* the state itself is as it was */
	state_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_loads_the_same),
		cmocka_unit_test(a_missing_state_is_enoent),
		cmocka_unit_test(what_another_program_wrote_is_refused),
		cmocka_unit_test(a_stopped_container_shows_no_pid_and_nothing_private),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
