/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/cgroup/cgroup_v2.h"

#define RESOURCES "linux.resources."

/* What a document becomes: "file=value;file=value", "?" before a file that may be missing, "|" behind
 * one that has an alternative; or its error. */
static char *convert(const char *json, const struct cgroup_v2_now *now)
{
	static const struct cgroup_v2_now fresh = { .memory_limit = INT64_MAX, .cpu_quota = "max" };
	autowrites struct cgroup_writes writes = { 0 };
	struct resources resources;
	struct err err = ERR_INIT;
	struct strbuf text = { 0 };

	if (resources_parse(json, strlen(json), "test", &resources, &err) < 0)
		fail_msg("%s: %s", json, err.msg);
	if (cgroup_v2_writes(&resources, now ? now : &fresh, &writes, &err) < 0)
		strbuf_printf(&text, "error: %s", err.msg);
	for (size_t i = 0; !err.code && i < writes.n; i++) {
		const struct cgroup_write *write = &writes.items[i];

		assert_true(str_starts(write->key, RESOURCES));
		strbuf_printf(&text, "%s%s%s%s=%s", i ? ";" : "", write->optional ? "?" : "",
			      write->file, write->alternative ? "|" : "", write->value);
	}
	resources_free(&resources);
	return strbuf_take(&text);
}

static void assert_writes(const char *json, const char *expected)
{
	char *text = convert(json, NULL);

	assert_string_equal(text, expected);
	free(text);
}

static void assert_refused(const char *json, const char *key)
{
	char *text = convert(json, NULL);
	char *expected = xasprintf("error: %s%s: ", RESOURCES, key);

	if (!str_starts(text, expected))
		fail_msg("%s: expected '%s', got '%s'", json, expected, text);
	free(expected);
	free(text);
}

static void v2_converts(void **state)
{
	static const struct {
		const char *json, *expected;
	} rows[] = {
		{ "{}", "" },
		{ "{\"memory\":{\"limit\":1000,\"swap\":1500,\"reservation\":500}}",
		  "memory.max=1000;memory.swap.max=500;memory.low=500" },
		{ "{\"memory\":{\"limit\":-1,\"swap\":-1}}",
		  "memory.max=max;?memory.swap.max=max" },
		{ "{\"memory\":{\"limit\":1000,\"swap\":1000}}",
		  "memory.max=1000;?memory.swap.max=0" },
		{ "{\"memory\":{\"kernel\":-1,\"kernelTCP\":-1,\"disableOOMKiller\":false,"
		  "\"useHierarchy\":true}}",
		  "" },
		{ "{\"cpu\":{\"shares\":1024,\"quota\":50000,\"period\":100000}}",
		  "cpu.weight=100;cpu.max=50000 100000" },
		{ "{\"cpu\":{\"quota\":-1,\"period\":100000}}", "cpu.max=max 100000" },
		{ "{\"cpu\":{\"quota\":50000}}", "cpu.max=50000" },
		{ "{\"cpu\":{\"period\":50000}}", "cpu.max=max 50000" },
		{ "{\"cpu\":{\"quota\":50000,\"burst\":20000}}",
		  "cpu.max.burst=0;cpu.max=50000;cpu.max.burst=20000" },
		{ "{\"cpu\":{\"burst\":20000}}", "cpu.max.burst=20000" },
		{ "{\"cpu\":{\"idle\":1,\"shares\":2}}", "cpu.weight=1;cpu.idle=1" },
		{ "{\"cpu\":{\"idle\":0,\"shares\":2}}", "cpu.idle=0;cpu.weight=1" },
		{ "{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}", "cpuset.cpus=0-1;cpuset.mems=0" },
		{ "{\"pids\":{\"limit\":0}}", "pids.max=0" },
		{ "{\"pids\":{\"limit\":-1}}", "pids.max=max" },
		{ "{\"blockIO\":{\"weight\":1000}}",
		  "io.bfq.weight|=default 1000;io.weight=default 10000" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}}",
		  "io.bfq.weight|=8:0 10;io.weight=8:0 1" },
		{ "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":9}],"
		  "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":0}]}}",
		  "io.max=8:0 rbps=9;io.max=8:16 wiops=max" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}",
		  "?hugetlb.2MB.rsvd.max=4194304;hugetlb.2MB.max=4194304" },
		{ "{\"rdma\":{\"mlx5_0\":{\"hcaHandles\":3,\"hcaObjects\":4}}}",
		  "rdma.max=mlx5_0 hca_handle=3 hca_object=4" },
		{ "{\"unified\":{\"memory.high\":\"max\",\"io.max\":\"8:0 rbps=1\\n8:16 rbps=2\"}}",
		  "memory.high=max;io.max=8:0 rbps=1;io.max=8:16 rbps=2" },
		{ "{\"unified\":{\"cgroup.type\":\"\"}}", "cgroup.type=" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_writes(rows[i].json, rows[i].expected);
}

static void v2_refuses_what_it_has_not(void **state)
{
	static const struct {
		const char *json, *key;
	} rows[] = {
		{ "{\"memory\":{\"kernel\":1000}}", "memory.kernel" },
		{ "{\"memory\":{\"kernelTCP\":1000}}", "memory.kernelTCP" },
		{ "{\"memory\":{\"swappiness\":60}}", "memory.swappiness" },
		{ "{\"memory\":{\"disableOOMKiller\":true}}", "memory.disableOOMKiller" },
		{ "{\"memory\":{\"useHierarchy\":false}}", "memory.useHierarchy" },
		{ "{\"memory\":{\"swap\":1000}}", "memory.swap" },
		{ "{\"cpu\":{\"realtimeRuntime\":1000}}", "cpu.realtimeRuntime" },
		{ "{\"cpu\":{\"realtimePeriod\":1000}}", "cpu.realtimePeriod" },
		{ "{\"blockIO\":{\"leafWeight\":100}}", "blockIO.leafWeight" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"leafWeight\":10}]}}",
		  "blockIO.weightDevice.leafWeight" },
		{ "{\"network\":{\"classID\":1}}", "network.classID" },
		{ "{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}}",
		  "network.priorities" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_refused(rows[i].json, rows[i].key);
}

static void v2_takes_the_other_half_from_the_group(void **state)
{
	const struct cgroup_v2_now now = { .memory_limit = 1000, .cpu_quota = "7000" };
	char *text = convert("{\"memory\":{\"swap\":1500},\"cpu\":{\"period\":9000}}", &now);

	(void)state;
	assert_string_equal(text, "memory.swap.max=500;cpu.max=7000 9000");
	free(text);
	text = convert("{\"memory\":{\"swap\":900}}", &now);
	assert_true(str_starts(text, "error: linux.resources.memory.swap: 900"));
	free(text);
}

static void v2_weights(void **state)
{
	(void)state;
	assert_int_equal(cgroup_v2_cpu_weight(2), 1);
	assert_int_equal(cgroup_v2_cpu_weight(1024), 100);
	assert_int_equal(cgroup_v2_cpu_weight(262144), 10000);
	assert_int_equal(cgroup_v2_cpu_weight(INT64_MAX), 10000);
	for (int64_t shares = 3; shares < 262144; shares += 97)
		assert_true(cgroup_v2_cpu_weight(shares) >= cgroup_v2_cpu_weight(shares - 1));
	assert_int_equal(cgroup_v2_io_weight(10), 1);
	assert_int_equal(cgroup_v2_io_weight(1000), 10000);
	assert_int_equal(cgroup_v2_io_weight(500), 4950);
}

static void v2_controllers_of_a_list(void **state)
{
	(void)state;
	assert_int_equal(cgroup_v2_bits(""), 0);
	assert_int_equal(cgroup_v2_bits("cpu io memory\n"),
			 CGROUP_CPU | CGROUP_BLKIO | CGROUP_MEMORY);
	assert_int_equal(cgroup_v2_bits("  nonsense \n pids"), CGROUP_PIDS);
}

static void v2_unified_needs_controllers(void **state)
{
	static const char json[] = "{\"unified\":{\"memory.high\":\"1\",\"io.max\":\"x\","
				   "\"cgroup.type\":\"\",\"strange.file\":\"\"},"
				   "\"devices\":[{\"allow\":false}],\"pids\":{\"limit\":1}}";
	struct resources resources;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(resources_parse(json, strlen(json), "test", &resources, &err) >= 0);
	assert_int_equal(cgroup_v2_needed(&resources), CGROUP_MEMORY | CGROUP_BLKIO | CGROUP_PIDS);
	resources_free(&resources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_converts),
		cmocka_unit_test(v2_refuses_what_it_has_not),
		cmocka_unit_test(v2_takes_the_other_half_from_the_group),
		cmocka_unit_test(v2_weights),
		cmocka_unit_test(v2_controllers_of_a_list),
		cmocka_unit_test(v2_unified_needs_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
