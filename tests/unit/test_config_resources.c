/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "runtime/cgroup/cgroup_backend.h"
#include "runtime/resources.h"

/* The document with double quotes for its single ones. */
static int parse(const char *members, struct resources *resources, struct err *err)
{
	autofree char *text = xasprintf("{%s}", members);

	for (char *p = text; (p = strchr(p, '\''));)
		*p = '"';
	return resources_parse(text, strlen(text), "r", resources, err);
}

static const struct {
	const char *members, *error;
} refused[] = {
	{ "'memory': []", "r: memory: must be an object" },
	{ "'memory': {'limit': '0'}", "r: memory.limit: must be an integer" },
	{ "'memory': {'limit': 1.5}", "r: memory.limit: must be an integer" },
	{ "'memory': {'limit': -2}", "r: memory.limit: -2 is not within -1.." },
	{ "'memory': {'reservation': -2}", "r: memory.reservation: -2 is not" },
	{ "'memory': {'swap': true}", "r: memory.swap: must be an integer" },
	{ "'memory': {'limit': 5, 'swap': 4}", "r: memory.swap: 4 is memory and swap" },
	{ "'memory': {'limit': -1, 'swap': 4}", "r: memory.swap: 4 is memory and swap" },
	{ "'memory': {'kernel': -5}", "r: memory.kernel: -5 is not within" },
	{ "'memory': {'kernelTCP': []}", "r: memory.kernelTCP: must be an integer" },
	{ "'memory': {'swappiness': 101}", "r: memory.swappiness: 101 is not within 0" },
	{ "'memory': {'swappiness': -1}", "r: memory.swappiness: -1 is not within 0" },
	{ "'memory': {'disableOOMKiller': 1}", "r: memory.disableOOMKiller: must be true" },
	{ "'memory': {'useHierarchy': 'x'}", "r: memory.useHierarchy: must be true" },
	{ "'memory': {'checkBeforeUpdate': 0}", "r: memory.checkBeforeUpdate: must be" },
	{ "'cpu': {'shares': 1}", "r: cpu.shares: 1 is not within 2..262144" },
	{ "'cpu': {'shares': 262145}", "r: cpu.shares: 262145 is not within 2..262144" },
	{ "'cpu': {'quota': 999}", "r: cpu.quota: 999 is less than 1000 us" },
	{ "'cpu': {'quota': -2}", "r: cpu.quota: -2 is not within" },
	{ "'cpu': {'period': 999}", "r: cpu.period: 999 is not within 1000..1000000" },
	{ "'cpu': {'period': 1000001}", "r: cpu.period: 1000001 is not within" },
	{ "'cpu': {'burst': -1}", "r: cpu.burst: -1 is not within 0.." },
	{ "'cpu': {'quota': 1000, 'burst': 1001}", "r: cpu.burst: 1001 must not be more" },
	{ "'cpu': {'realtimeRuntime': 'x'}", "r: cpu.realtimeRuntime: must be an integer" },
	{ "'cpu': {'realtimePeriod': -1}", "r: cpu.realtimePeriod: -1 is not within" },
	{ "'cpu': {'realtimeRuntime': 9, 'realtimePeriod': 8}",
	  "r: cpu.realtimeRuntime: 9 must not be more than realtimePeriod" },
	{ "'cpu': {'cpus': 0}", "r: cpu.cpus: must be a string" },
	{ "'cpu': {'cpus': '0-'}", "r: cpu.cpus: '0-' is no list" },
	{ "'cpu': {'cpus': '0,'}", "r: cpu.cpus: '0,' is no list" },
	{ "'cpu': {'cpus': ',0'}", "r: cpu.cpus: ',0' is no list" },
	{ "'cpu': {'cpus': '0 1'}", "r: cpu.cpus: '0 1' is no list" },
	{ "'cpu': {'mems': 'all'}", "r: cpu.mems: 'all' is no list" },
	{ "'cpu': {'idle': 2}", "r: cpu.idle: 2 is not within 0..1" },
	{ "'pids': {'limit': -2}", "r: pids.limit: -2 is not within -1.." },
	{ "'pids': {'limit': 'x'}", "r: pids.limit: must be an integer" },
	{ "'blockIO': {'weight': 9}", "r: blockIO.weight: 9 is not within 10..1000" },
	{ "'blockIO': {'weight': 1001}", "r: blockIO.weight: 1001 is not within 10" },
	{ "'blockIO': {'leafWeight': 9}", "r: blockIO.leafWeight: 9 is not within" },
	{ "'blockIO': {'weightDevice': {}}", "r: blockIO.weightDevice: must be an array" },
	{ "'blockIO': {'weightDevice': [{'major': 8, 'minor': 0}]}",
	  "r: blockIO.weightDevice[0]: has neither weight nor leafWeight" },
	{ "'blockIO': {'weightDevice': [{'minor': 0, 'weight': 10}]}",
	  "r: blockIO.weightDevice[0].major: is required" },
	{ "'blockIO': {'weightDevice': [{'major': 8, 'minor': 0, 'weight': 1001}]}",
	  "r: blockIO.weightDevice[0].weight: 1001 is not within" },
	{ "'blockIO': {'throttleReadBpsDevice': [{'major': 8, 'minor': 0}]}",
	  "r: blockIO.throttleReadBpsDevice[0].rate: is required" },
	{ "'blockIO': {'throttleWriteBpsDevice': [{'major': -1, 'minor': 0, 'rate': 1}]}",
	  "r: blockIO.throttleWriteBpsDevice[0].major: must be an integer 0..4095" },
	{ "'blockIO': {'throttleReadIOPSDevice': [{'major': 1, 'minor': 1048576, 'rate': 1}]}",
	  "r: blockIO.throttleReadIOPSDevice[0].minor: must be an integer" },
	{ "'blockIO': {'throttleWriteIOPSDevice': [{'major': 1, 'minor': 1, 'rate': -1}]}",
	  "r: blockIO.throttleWriteIOPSDevice[0].rate: -1 is not within" },
	{ "'hugepageLimits': [{}]", "r: hugepageLimits[0].pageSize: is required" },
	{ "'hugepageLimits': [{'pageSize': '2MB'}]", "r: hugepageLimits[0].limit: is required" },
	{ "'hugepageLimits': [{'pageSize': '2MB', 'limit': -1}]",
	  "r: hugepageLimits[0].limit: -1 is not within 0.." },
	{ "'hugepageLimits': [{'pageSize': '../../memory.x', 'limit': 1}]",
	  "r: hugepageLimits[0].pageSize: '../../memory.x' is no size" },
	{ "'hugepageLimits': [{'pageSize': '2MB/../x', 'limit': 1}]",
	  "r: hugepageLimits[0].pageSize: '2MB/../x' is no size" },
	{ "'hugepageLimits': [{'pageSize': '2', 'limit': 1}]",
	  "r: hugepageLimits[0].pageSize: '2' is no size" },
	{ "'hugepageLimits': [{'pageSize': 'MB', 'limit': 1}]",
	  "r: hugepageLimits[0].pageSize: 'MB' is no size" },
	{ "'network': {'classID': -1}", "r: network.classID: -1 is not within 0.." },
	{ "'network': {'classID': 4294967296}", "r: network.classID: 4294967296 is not" },
	{ "'network': {'priorities': [{'name': 'eth0'}]}",
	  "r: network.priorities[0].priority: is required" },
	{ "'network': {'priorities': [{'name': 'a b', 'priority': 1}]}",
	  "r: network.priorities[0].name: 'a b' is no name of an interface" },
	{ "'network': {'priorities': [{'name': 'abcdefghijklmnop', 'priority': 1}]}",
	  "r: network.priorities[0].name: 'abcdefghijklmnop' is no name" },
	{ "'rdma': []", "r: rdma: must be an object" },
	{ "'rdma': {'mlx5_1': {}}", "r: rdma.mlx5_1: has neither hcaHandles nor" },
	{ "'rdma': {'mlx5_1': {'hcaHandles': -1}}", "r: rdma.mlx5_1.hcaHandles: -1 is not" },
	{ "'rdma': {'a/b': {'hcaHandles': 1}}", "r: rdma.a/b: is no name of a device" },
	{ "'unified': {'memory.high': 1}", "r: unified.memory.high: must be a string" },
	{ "'unified': {'../x': '1'}", "r: unified.../x: is no name of a file" },
	{ "'unified': {'..': '1'}", "r: unified...: is no name of a file" },
	{ "'unified': {'': '1'}", "r: unified.: is no name of a file" },
	{ "'unified': {'cgroup.procs': '1'}", "r: unified.cgroup.procs: moves or kills" },
	{ "'devices': {}", "r: devices: must be an array" },
	{ "'devices': [{}]", "r: devices[0].allow: is required" },
	{ "'devices': [{'allow': 1}]", "r: devices[0].allow: must be true or false" },
	{ "'devices': [{'allow': true, 'type': 'p'}]", "r: devices[0].type: 'p' is none of" },
	{ "'devices': [{'allow': true, 'access': 'rx'}]",
	  "r: devices[0].access: 'rx' has more than r, w and m" },
	{ "'devices': [{'allow': true, 'major': 4096}]",
	  "r: devices[0].major: 4096 is not within -1..4095" },
	{ "'devices': [{'allow': true, 'minor': -2}]",
	  "r: devices[0].minor: -2 is not within -1.." },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct resources r;
		struct err err = ERR_INIT;

		if (parse(refused[i].members, &r, &err) >= 0)
			fail_msg("accepted: %s", refused[i].members);
		if (!str_starts(err.msg, refused[i].error))
			fail_msg("expected '%s'\n     got '%s'", refused[i].error, err.msg);
	}
}

static void test_decoded(void **state)
{
	struct resources r;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(parse("'devices': [{'allow': false}, {'allow': true, 'type': 'c', 'major': 1,"
			  "'minor': -1, 'access': 'rm'}], 'memory': {'limit': 4096, 'swap': -1,"
			  "'swappiness': 0, 'disableOOMKiller': true}, 'cpu': {'shares': 2, 'cpus':"
			  "'0-1,3', 'quota': -1, 'burst': 0}, 'pids': {'limit': 0}, 'blockIO':"
			  "{'throttleReadBpsDevice': [{'major': 8, 'minor': 1, 'rate': 7}]},"
			  "'hugepageLimits': [{'pageSize': '2MB', 'limit': 18446744073709551615}],"
			  "'network': {'classID': 4294967295, 'priorities': [{'name': 'eth0',"
			  "'priority': 3}]}, 'rdma': {'a': {'hcaObjects': 0}}, 'unified':"
			  "{'memory.high': 'max'}, 'other': 1",
			  &r, &err) >= 0);
	assert_int_equal(r.devices.n, 2);
	assert_int_equal(r.devices.items[0].type, 'a');
	assert_true(r.devices.items[0].read && r.devices.items[0].mknod);
	assert_true(r.devices.items[1].major.set && !r.devices.items[1].minor.set);
	assert_true(r.devices.items[1].mknod && !r.devices.items[1].write);
	assert_int_equal(r.memory.limit.value, 4096);
	assert_true(r.memory.swap.set && r.memory.swap.value == -1);
	assert_true(r.memory.swappiness.set && !r.memory.reservation.set);
	assert_true(r.memory.disable_oom_killer.value);
	assert_string_equal(r.cpu.cpus, "0-1,3");
	assert_true(r.cpu.burst.set && r.pids_limit.set);
	assert_int_equal(r.block_io.read_bps.items[0].rate.value, 7);
	assert_int_equal(r.hugepages.items[0].limit, -1);
	assert_int_equal(r.class_id.value, UINT32_MAX);
	assert_string_equal(r.priorities.items[0].interface_name, "eth0");
	assert_true(r.rdma.items[0].hca_objects.set);
	assert_string_equal(strmap_get(&r.unified, "memory.high"), "max");
	assert_int_equal(cgroup_wanted(&r), CGROUP_DEVICES | CGROUP_MEMORY | CGROUP_CPU |
						    CGROUP_CPUSET | CGROUP_PIDS | CGROUP_BLKIO |
						    CGROUP_NET_CLS | CGROUP_NET_PRIO | CGROUP_RDMA |
						    CGROUP_UNIFIED);
	resources_free(&r);
}

static void test_nothing_wanted(void **state)
{
	struct resources r;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(
		parse("'memory': {'limit': 0, 'reservation': -1, 'swap': -1,"
		      "'disableOOMKiller': false}, 'cpu': {'shares': 0, 'quota': -1, 'period': 0,"
		      "'cpus': '', 'idle': 0}, 'pids': {'limit': -1}, 'blockIO': {'weight': 0},"
		      "'hugepageLimits': [], 'devices': null",
		      &r, &err) >= 0);
	assert_int_equal(cgroup_wanted(&r), 0);
	resources_free(&r);
}

/* Behind each rule that denies all, and nowhere else. */
static void test_device_rules(void **state)
{
	struct resources r;
	struct resource_devices rules;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(parse("'devices': [{'allow': false}, {'allow': false, 'type': 'c', 'major': 1,"
			  "'minor': 3}]",
			  &r, &err) >= 0);
	cgroup_device_rules(&r.devices, &rules);
	assert_int_equal(rules.n, 13);
	assert_int_equal(rules.items[0].type, 'a');
	assert_true(rules.items[1].allow && rules.items[1].mknod && !rules.items[1].read);
	assert_false(rules.items[12].allow);
	free(rules.items);
	resources_free(&r);
	assert_true(parse("'devices': [{'allow': false, 'access': 'm'}]", &r, &err) >= 0);
	cgroup_device_rules(&r.devices, &rules);
	assert_int_equal(rules.n, 1);
	free(rules.items);
	resources_free(&r);
}

#define TEST(name, function)                                                                       \
	{                                                                                          \
		name, function, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("resources: refuses wrong values by key path", test_refused),
		TEST("resources: every property in its units", test_decoded),
		TEST("resources: values that limit nothing need no controller",
		     test_nothing_wanted),
		TEST("resources: usual devices stay allowed where all are denied",
		     test_device_rules),
	};

	return cmocka_run_group_tests_name("config_resources", tests, NULL, NULL);
}
