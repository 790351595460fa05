/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/cgroup/cgroup_systemd.h"

/* "Name:t=5 Other:s=text" */
static char *describe(const struct systemd_properties *properties)
{
	struct strbuf text = { 0 };

	for (size_t i = 0; i < properties->n; i++) {
		const struct systemd_property *p = &properties->items[i];

		strbuf_printf(&text, "%s%s:%c=", i ? " " : "", p->name, (char)p->type);
		if (p->type == SYSTEMD_STRING)
			strbuf_puts(&text, p->text.text ? p->text.text : "");
		else if (p->type == SYSTEMD_STRINGS)
			for (size_t j = 0; j < p->list.n; j++)
				strbuf_printf(&text, "%s%s", j ? "," : "", p->list.items[j]);
		else if (p->type == SYSTEMD_BYTES)
			for (size_t j = 0; j < p->text.len; j++)
				strbuf_printf(&text, "%02x", (unsigned char)p->text.text[j]);
		else
			strbuf_printf(&text, "%lld", (long long)p->number);
	}
	return strbuf_take(&text);
}

/* NULL: refused. */
static char *annotation(const char *name, const char *value)
{
	char *key = xasprintf("org.systemd.property.%s", name);
	char *copy = xstrdup(value);
	struct strmap_entry entry = { .key = key, .value = copy };
	const struct strmap map = { .items = &entry, .n = 1 };
	autoproperties struct systemd_properties properties = { 0 };
	struct err err = ERR_INIT;
	int rc = systemd_properties_of_annotations(&map, &properties, &err);

	if (rc < 0 && !strstr(err.msg, key))
		fail_msg("the error does not name '%s': %s", key, err.msg);
	free(key);
	free(copy);
	return rc < 0 ? NULL : describe(&properties);
}

static void systemd_takes_annotations(void **state)
{
	static const struct {
		const char *name, *value, *expected;
	} rows[] = {
		{ "Description", "'a text'", "Description:s=a text" },
		{ "Description", "\"it's \\\"so\\\"\"", "Description:s=it's \"so\"" },
		{ "Description", "''", "Description:s=" },
		{ "SendSIGHUP", "true", "SendSIGHUP:b=1" },
		{ "SendSIGHUP", "false", "SendSIGHUP:b=0" },
		{ "Nice", "-5", "Nice:i=-5" },
		{ "MemoryMax", "uint64 18446744073709551615", "MemoryMax:t=-1" },
		{ "X", "byte 255", "X:y=255" },
		{ "X", "int64 -9", "X:x=-9" },
		{ "TimeoutStopSec", "5", "TimeoutStopUSec:t=5000000" },
		{ "TimeoutStopUSec", "uint64 5", "TimeoutStopUSec:t=5" },
		{ "After", "['a.service', 'b.service']", "After:A=a.service,b.service" },
		{ "After", "[]", "After:A=" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = annotation(rows[i].name, rows[i].value);

		assert_non_null(text);
		assert_string_equal(text, rows[i].expected);
		free(text);
	}
}

static void systemd_refuses_annotations(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "Description", "" },
		{ "Description", "text" },
		{ "Description", "'open" },
		{ "Description", "'a' b" },
		{ "Description", "'" },
		{ "Description", "'\\" },
		{ "X", "5 6" },
		{ "X", "byte 256" },
		{ "X", "uint64 -1" },
		{ "X", "uint128 1" },
		{ "X", "2147483648" },
		{ "X", "[" },
		{ "X", "['a'" },
		{ "X", "['a' 'b']" },
		{ "X", "[5]" },
		{ "TimeoutStopSec", "'5'" },
		{ "TimeoutStopSec", "-1" },
		{ "TimeoutStopSec", "uint64 18446744073709551615" },
		{ "", "5" },
		{ "A.B", "5" },
		{ "A B", "5" },
		{ "PIDs", "uint32 1" },
		{ "Slice", "'system.slice'" },
		{ "Delegate", "false" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_null(annotation(rows[i].name, rows[i].value));
}

static void systemd_takes_limits(void **state)
{
	static const struct {
		const char *file, *value, *expected;
	} rows[] = {
		{ "memory.max", "1000", "MemoryMax:t=1000" },
		{ "memory.max", "max", "MemoryMax:t=-1" },
		{ "memory.high", "5", "MemoryHigh:t=5" },
		{ "memory.high", "5M", "" },
		{ "memory.swap.max", "0", "MemorySwapMax:t=0" },
		{ "cpu.weight", "174", "CPUWeight:t=174" },
		{ "cpu.idle", "1", "CPUWeight:t=0" },
		{ "cpu.idle", "0", "" },
		{ "cpu.max", "50000 100000",
		  "CPUQuotaPeriodUSec:t=100000 CPUQuotaPerSecUSec:t=500000" },
		{ "cpu.max", "max 200000", "CPUQuotaPeriodUSec:t=200000 CPUQuotaPerSecUSec:t=-1" },
		{ "cpu.max", "1001", "CPUQuotaPerSecUSec:t=20000" },
		{ "cpu.max", "nonsense", "" },
		{ "cpu.max", "5 0", "" },
		{ "pids.max", "33", "TasksMax:t=33" },
		{ "pids.max", "0", "" },
		{ "io.weight", "default 50", "IOWeight:t=50" },
		{ "io.weight", "8:0 50", "" },
		{ "cpuset.cpus", "0-1,9", "AllowedCPUs:Y=0302" },
		{ "cpuset.cpus", "99999", "" },
		{ "cpuset.cpus", "3-1", "" },
		{ "cpuset.cpus", "", "" },
		{ "cpuset.mems", "0", "AllowedMemoryNodes:Y=01" },
		{ "pids.events", "1", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup_write write = { .key = "" };
		const struct cgroup_writes writes = { .items = &write, .n = 1 };
		autoproperties struct systemd_properties properties = { 0 };

		(void)snprintf(write.file, sizeof(write.file), "%s", rows[i].file);
		write.value = xstrdup(rows[i].value);
		systemd_properties_of_limits(&writes, &properties);
		char *text = describe(&properties);

		assert_string_equal(text, rows[i].expected);
		free(text);
		free(write.value);
	}
}

static void systemd_knows_the_place_of_a_slice(void **state)
{
	static const struct {
		const char *slice, *path;
	} rows[] = {
		{ "system.slice", "/system.slice" },
		{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
		{ "-.slice", "" },
		{ "-a.slice", NULL },
		{ "a-.slice", NULL },
		{ "a--b.slice", NULL },
		{ "a/b.slice", NULL },
		{ ".slice", NULL },
		{ "a.scope", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = NULL;
		struct err err = ERR_INIT;
		int rc = systemd_slice_path(rows[i].slice, &path, &err);

		assert_int_equal(rc < 0, !rows[i].path);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(systemd_takes_annotations),
		cmocka_unit_test(systemd_refuses_annotations),
		cmocka_unit_test(systemd_takes_limits),
		cmocka_unit_test(systemd_knows_the_place_of_a_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
