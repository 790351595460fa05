/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/intel_rdt.h"
#include "tests/unit/config_doc.h"
#include "tests/unit/folder.h"

/* An ordinary folder in resctrl's place: nobody has the CPU for another. */
struct fixture {
	struct folder resctrl;
	struct config *config;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(folder_make(&f->resctrl), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)folder_remove(&f->resctrl);
	config_free(&f->config);
	free(f);
	return 0;
}

static const struct config_intel_rdt *parse(struct fixture *f, const char *members)
{
	autofree char *all =
		xasprintf("'namespaces': [{'type': 'mount'}], 'intelRdt': {%s}", members);
	autofree char *text = doc_make(DOC_LINUX, all);

	config_free(&f->config);
	if (config_parse(text, strlen(text), &f->config, &f->err) < 0)
		fail_msg("%s", f->err.msg);
	assert_true(f->config->has_intel_rdt);
	return &f->config->intel_rdt;
}

static void put(const struct fixture *f, const char *path, const char *text)
{
	autoclose int fd =
		openat(f->resctrl.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void add_class(const struct fixture *f, const char *name, const char *schemata)
{
	autofree char *schemata_path = xasprintf("%s/schemata", name);
	autofree char *tasks_path = xasprintf("%s/tasks", name);
	autofree char *groups_path = xasprintf("%s/mon_groups", name);

	assert_true(mkdirat(f->resctrl.fd, name, 0700) == 0 || errno == EEXIST);
	assert_int_equal(mkdirat(f->resctrl.fd, groups_path, 0700), 0);
	put(f, schemata_path, schemata);
	put(f, tasks_path, "");
}

static bool there(const struct fixture *f, const char *path)
{
	return faccessat(f->resctrl.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(const struct fixture *f, const char *path, const char *expected)
{
	struct err err = ERR_INIT;
	autofree char *text = NULL;

	assert_true(file_read_at(f->resctrl.fd, path, 4096, &text, NULL, &err) >= 0);
	assert_string_equal(text, expected);
}

static void test_schemata(void **state)
{
	static const struct {
		const char *members, *text;
	} cases[] = {
		{ "", "" },
		{ "'l3CacheSchema': 'L3:0=f;1=f'", "L3:0=f;1=f\n" },
		{ "'schemata': ['L2:0=1'], 'memBwSchema': 'MB:0=20', 'l3CacheSchema': 'L3:0=f'",
		  "L3:0=f\nMB:0=20\nL2:0=1\n" },
		/* only the one of memBwSchema */
		{ "'memBwSchema': 'MB:0=20', 'l3CacheSchema': 'MB:0=70\\nL3:0=f\\n'",
		  "L3:0=f\nMB:0=20\n" },
		{ "'l3CacheSchema': 'MB:0=70\\nL3:0=f'", "MB:0=70\nL3:0=f\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = intel_rdt_schemata(parse(*state, cases[i].members));

		assert_string_equal(text, cases[i].text);
	}
}

static void test_own_class(void **state)
{
	struct fixture *f = *state;
	const struct config_intel_rdt *rdt = parse(f, "");

	assert_int_equal(intel_rdt_check_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_int_equal(intel_rdt_make_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_true(there(f, "id"));
	put(f, "id/tasks", "");
	assert_int_equal(intel_rdt_enter_at(f->resctrl.fd, rdt, "id", 42, &f->err), 0);
	assert_text(f, "id/tasks", "42");
	/* Another container would take it for its own. */
	assert_int_equal(intel_rdt_check_at(f->resctrl.fd, rdt, "id", &f->err), -EEXIST);
	assert_int_equal(unlinkat(f->resctrl.fd, "id/tasks", 0), 0);
	assert_int_equal(intel_rdt_remove_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_false(there(f, "id"));
	assert_int_equal(intel_rdt_remove_at(f->resctrl.fd, rdt, "id", &f->err), 0);
}

static void test_refused_schema(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->resctrl.fd, "info", 0700), 0);
	put(f, "info/last_cmd_status", "mask out of range\n");
	/* A new folder here has no schemata file, so writing it fails. */
	assert_true(intel_rdt_make_at(f->resctrl.fd, parse(f, "'l3CacheSchema': 'L3:0=f'"), "id",
				      &f->err) < 0);
	assert_non_null(strstr(f->err.msg, "linux.intelRdt: mask out of range: "));
	assert_false(there(f, "id"));
}

static void test_shared_class(void **state)
{
	static const struct {
		const char *schemata;
		bool met;
	} cases[] = {
		{ "'L3:0=f;1=3'", true },  { "'L3:1=3'", true },
		{ "'L3:0=00F'", true },    { "'MB:0=20'", true },
		{ "'L3:0=1'", false },     { "'L3:2=f'", false },
		{ "'L2:0=f'", false },     { "'L3:0=f', 'MB:0=21'", false },
		{ "'L3:0=f;1=f'", false },
	};
	struct fixture *f = *state;

	add_class(f, "gold", "    MB:0=20;1=100\n    L3:0=f;1=3\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *members =
			xasprintf("'closID': 'gold', 'schemata': [%s]", cases[i].schemata);
		int rc = intel_rdt_make_at(f->resctrl.fd, parse(f, members), "id", &f->err);

		if ((rc >= 0) != cases[i].met)
			fail_msg("%s: %d %s", cases[i].schemata, rc, f->err.msg);
	}
	const struct config_intel_rdt *rdt = parse(f, "'closID': 'gold'");

	assert_int_equal(intel_rdt_make_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_int_equal(intel_rdt_enter_at(f->resctrl.fd, rdt, "id", 7, &f->err), 0);
	assert_text(f, "gold/tasks", "7");
	assert_int_equal(intel_rdt_remove_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_true(there(f, "gold"));
}

static void test_missing_class(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(intel_rdt_make_at(f->resctrl.fd, parse(f, "'closID': 'gold'"), "id",
					   &f->err),
			 -ENOENT);
	assert_non_null(strstr(f->err.msg, "'gold'"));
	assert_false(there(f, "gold"));
}

static void test_default_class(void **state)
{
	struct fixture *f = *state;
	const struct config_intel_rdt *rdt = parse(f, "'closID': '/', 'enableMonitoring': true");

	add_class(f, ".", "L3:0=f\n");
	assert_int_equal(intel_rdt_make_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_true(there(f, "mon_groups/id"));
	put(f, "mon_groups/id/tasks", "");
	assert_int_equal(intel_rdt_enter_at(f->resctrl.fd, rdt, "id", 9, &f->err), 0);
	assert_text(f, "tasks", "9");
	assert_text(f, "mon_groups/id/tasks", "9");
	assert_int_equal(unlinkat(f->resctrl.fd, "mon_groups/id/tasks", 0), 0);
	assert_int_equal(intel_rdt_remove_at(f->resctrl.fd, rdt, "id", &f->err), 0);
	assert_false(there(f, "mon_groups/id"));
	assert_true(there(f, "mon_groups"));
}

static void test_monitoring(void **state)
{
	static const char *const names[] = { "enableMonitoring", "enableCMT", "enableMBM" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *members = xasprintf("'%s': true", names[i]);

		assert_true(parse(f, members)->monitoring);
	}
	add_class(f, "gold", "L3:0=f\n");
	const struct config_intel_rdt *rdt = parse(f, "'closID': 'gold', 'enableMonitoring': true");

	assert_int_equal(mkdirat(f->resctrl.fd, "gold/mon_groups/id", 0700), 0);
	assert_int_equal(intel_rdt_check_at(f->resctrl.fd, rdt, "id", &f->err), -EEXIST);
	assert_int_equal(intel_rdt_check_at(f->resctrl.fd, rdt, "other", &f->err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_schemata, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_class, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_schema, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared_class, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_class, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_class, setup, teardown),
		cmocka_unit_test_setup_teardown(test_monitoring, setup, teardown),
	};

	return cmocka_run_group_tests_name("intel_rdt", tests, NULL, NULL);
}
