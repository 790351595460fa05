/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/config_refused.h"

#define LINUX_NS    "'namespaces': [{'type': 'mount'}], "
#define TIME_NS     "'namespaces': [{'type': 'mount'}, {'type': 'time'}], "
#define BIND        "'destination': '/a', 'source': '/b', 'options': ['bind'], "
#define ONE(id, to) "[{'containerID': " id ", 'hostID': " to ", 'size': 1}]"

static void test_idmapped_mounts(void **state)
{
	static const struct refused docs[] = {
		{ DOC_MOUNT, "'destination': '/a', 'source': '/b', 'options': ['bind', 'idmap']",
		  "mounts[0].uidMappings: is required by an idmapped mount without a user" },
		{ DOC_MOUNT,
		  "'destination': '/a', 'options': ['remount', 'bind'], 'uidMappings': " ONE(
			  "0", "1") ", 'gidMappings': " ONE("0", "1"),
		  "mounts[0]: only a bind mount can be idmapped" },
		{ DOC_MOUNT, BIND "'uidMappings': " ONE("0", "1"),
		  "mounts[0].gidMappings: is required beside uidMappings" },
		{ DOC_MOUNT, BIND "'gidMappings': " ONE("0", "1"),
		  "mounts[0].uidMappings: is required beside gidMappings" },
		{ DOC_MOUNT, BIND "'uidMappings': " ONE("0", "'0'"),
		  "mounts[0].uidMappings[0].hostID: must be an integer" },
		{ DOC_MOUNT, BIND "'uidMappings': " ONE("-1", "0"),
		  "mounts[0].uidMappings[0].containerID: must be an integer" },
		{ DOC_MOUNT, BIND "'gidMappings': [{'size': 1}]",
		  "mounts[0].gidMappings[0].containerID: is required" },
		{ DOC_MOUNT, BIND "'gidMappings': 1", "mounts[0].gidMappings: must be an array" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

#define DEVICE(type, path) "'type': '" type "', 'path': '" path "', 'major': 1, 'minor': 3"
#define DEVICES(members)   LINUX_NS "'devices': [{" members "}]"

static void test_devices(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'devices': {}", "linux.devices: must be an array" },
		{ DOC_LINUX, DEVICES("'type': 'c'"), "linux.devices[0].path: is required" },
		{ DOC_LINUX, DEVICES("'path': '/x'"), "linux.devices[0].type: is required" },
		{ DOC_LINUX, DEVICES(DEVICE("d", "/x")),
		  "linux.devices[0].type: 'd' is none of c, u, b, p" },
		{ DOC_LINUX, DEVICES(DEVICE("c", "dev/x")),
		  "linux.devices[0].path: 'dev/x' is not an absolute path" },
		{ DOC_LINUX, DEVICES("'type': 'c', 'path': '/dev/x', 'minor': 1"),
		  "linux.devices[0].major: is required by type 'c'" },
		{ DOC_LINUX, DEVICES("'type': 'b', 'path': '/dev/x', 'major': 1"),
		  "linux.devices[0].minor: is required by type 'b'" },
		{ DOC_LINUX, DEVICES("'type': 'b', 'path': '/x', 'major': 4096, 'minor': 0"),
		  "linux.devices[0].major: must be an integer 0..4095" },
		{ DOC_LINUX, DEVICES("'type': 'b', 'path': '/x', 'major': 1, 'minor': -1"),
		  "linux.devices[0].minor: must be an integer 0..1048575" },
		{ DOC_LINUX, DEVICES(DEVICE("c", "/dev/x") ", 'fileMode': '0666'"),
		  "linux.devices[0].fileMode: must be an integer" },
		{ DOC_LINUX, DEVICES(DEVICE("c", "/dev/x") ", 'fileMode': 25008"),
		  "linux.devices[0].fileMode: 25008 has the bits of another type" },
		{ DOC_LINUX, DEVICES(DEVICE("c", "/dev/x") ", 'uid': 4294967295"),
		  "linux.devices[0].uid: must be an integer 0..4294967294" },
		{ DOC_LINUX, DEVICES(DEVICE("c", "/dev/x") ", 'gid': 1.5"),
		  "linux.devices[0].gid: must be an integer" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_time_offsets(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'timeOffsets': {'monotonic': {'secs': -1}}",
		  "linux.timeOffsets: needs 'time' in linux.namespaces" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount'}, {'type': 'time', 'path': '/x'}], "
		  "'timeOffsets': {'boottime': {'nanosecs': 1}}",
		  "linux.timeOffsets: cannot change a time namespace joined by path" },
		{ DOC_LINUX, TIME_NS "'timeOffsets': {'monotonic': {'secs': '1'}}",
		  "linux.timeOffsets.monotonic.secs: must be an integer" },
		{ DOC_LINUX, TIME_NS "'timeOffsets': {'boottime': {'secs': 4611686019}}",
		  "linux.timeOffsets.boottime.secs: must be an integer" },
		{ DOC_LINUX, TIME_NS "'timeOffsets': {'boottime': {'nanosecs': 1000000000}}",
		  "linux.timeOffsets.boottime.nanosecs: must be an integer 0..999999999" },
		{ DOC_LINUX, TIME_NS "'timeOffsets': {'boottime': 1}",
		  "linux.timeOffsets.boottime: must be an object" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

#define SYSCTL(key, value) LINUX_NS "'sysctl': {'" key "': " value "}"
#define NO_NAMESPACE       ": belongs to no namespace"
#define NO_NAME            ": is no name of a kernel parameter"

static void test_sysctl(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'sysctl': ['a']", "linux.sysctl: must be an object" },
		{ DOC_LINUX, SYSCTL("net.a", "1"), "linux.sysctl.net.a: must be a string" },
		{ DOC_LINUX, SYSCTL("net.a", "''"), "linux.sysctl.net.a: is an empty string" },
		{ DOC_LINUX, SYSCTL("vm.swappiness", "'1'"),
		  "linux.sysctl.vm.swappiness" NO_NAMESPACE },
		{ DOC_LINUX, SYSCTL("kernel/core_pattern", "'x'"),
		  "linux.sysctl.kernel/core_pattern" NO_NAMESPACE },
		{ DOC_LINUX, SYSCTL("kernel.semx", "'1'"),
		  "linux.sysctl.kernel.semx" NO_NAMESPACE },
		{ DOC_LINUX, SYSCTL("net", "'1'"), "linux.sysctl.net" NO_NAMESPACE },
		{ DOC_LINUX, SYSCTL("kernel.hostname", "'x'"),
		  "linux.sysctl.kernel.hostname: is set by the property 'hostname'" },
		{ DOC_LINUX, SYSCTL("net.ipv4.ip_forward", "'1'"),
		  "linux.sysctl.net.ipv4.ip_forward: would be set on the host; add 'network'" },
		{ DOC_LINUX, SYSCTL("fs.mqueue.msg_max", "'1'"),
		  "linux.sysctl.fs.mqueue.msg_max: would be set on the host; add 'ipc'" },
		{ DOC_LINUX, SYSCTL("kernel/domainname", "'d'"),
		  "linux.sysctl.kernel/domainname: would be set on the host; add 'uts'" },
		{ DOC_LINUX, SYSCTL("net/../kernel/core_pattern", "'1'"),
		  "linux.sysctl.net/../kernel/core_pattern" NO_NAME },
		{ DOC_LINUX, SYSCTL("net.//.kernel.x", "'1'"),
		  "linux.sysctl.net.//.kernel.x" NO_NAME },
		{ DOC_LINUX, SYSCTL("/net/x", "'1'"), "linux.sysctl./net/x" NO_NAME },
		{ DOC_LINUX, SYSCTL("net/x/", "'1'"), "linux.sysctl.net/x/" NO_NAME },
		{ DOC_LINUX, SYSCTL("", "'1'"), "linux.sysctl." NO_NAME },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_mount_label(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'mountLabel': 1", "linux.mountLabel: must be a string" },
		{ DOC_LINUX, LINUX_NS "'mountLabel': 'a\\'b'", "linux.mountLabel: 'a\"b' has" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

#define TEST(name, function)                                                                       \
	{                                                                                          \
		name, function, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("config: refuses wrong idmapped mounts", test_idmapped_mounts),
		TEST("config: refuses wrong devices", test_devices),
		TEST("config: refuses wrong time offsets", test_time_offsets),
		TEST("config: refuses kernel parameters that would change the host", test_sysctl),
		TEST("config: refuses a mount label that cannot be quoted", test_mount_label),
	};

	return cmocka_run_group_tests_name("config_mounts", tests, NULL, NULL);
}
