/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_folder.h"
#include "runtime/cgroup/cgroup_host.h"
#include "runtime/cgroup/cgroup_path.h"

static void test_folders(void **state)
{
	static const struct {
		const char *path, *folder;
	} good[] = {
		{ NULL, "/ct-id" },     { "", "/ct-id" },
		{ "/a", "/a" },         { "a", "/a" },
		{ "a/b", "/a/b" },      { "//a//b//", "/a/b" },
		{ "/./a/./b", "/a/b" }, { "/a..b/...", "/a..b/..." },
		{ "/a:b:c", "/a:b:c" }, { "/k.slice/c:d", "/k.slice/c:d" },
	};
	static const struct {
		const char *path, *error;
	} bad[] = {
		{ "..", "linux.cgroupsPath: '..' has '..' in it" },
		{ "/a/../../b", "linux.cgroupsPath: '/a/../../b' has '..' in it" },
		{ "/", "linux.cgroupsPath: '/' is the root" },
		{ "./.", "linux.cgroupsPath: './.' is the root" },
		{ "a.slice:b:c", "linux.cgroupsPath: 'a.slice:b:c' has the form of systemd" },
		{ "/a\nb", "linux.cgroupsPath: has a control character" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autofree char *folder = NULL;
		struct err err = ERR_INIT;

		assert_true(cgroup_path_folder(good[i].path, "id", &folder, &err) >= 0);
		assert_string_equal(folder, good[i].folder);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *folder = NULL;
		struct err err = ERR_INIT;

		assert_true(cgroup_path_folder(bad[i].path, "id", &folder, &err) < 0);
		if (!str_starts(err.msg, bad[i].error))
			fail_msg("expected '%s'\n     got '%s'", bad[i].error, err.msg);
	}
}

static void test_long_folders(void **state)
{
	char name[400];
	autofree char *folder = NULL;
	struct err err = ERR_INIT;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_true(cgroup_path_folder(name, "id", &folder, &err) < 0);
	assert_true(str_starts(err.msg, "linux.cgroupsPath: "));
	name[255] = '\0';
	assert_true(cgroup_path_folder(name, "id", &folder, &err) >= 0);
}

static void test_units(void **state)
{
	static const struct {
		const char *path, *slice, *unit;
	} good[] = {
		{ NULL, "system.slice", "ct-id.scope" },
		{ "a.slice:p:n", "a.slice", "p-n.scope" },
		{ ":p:n", "system.slice", "p-n.scope" },
		{ "a.slice::n", "a.slice", "n.scope" },
		{ "a.slice:p:n.slice", "a.slice", "n.slice" },
		{ "-.slice:p:n", "-.slice", "p-n.scope" },
	};
	static const char *const bad[] = { "a",
					   "/a/b",
					   "a:b",
					   "a.slice:b:",
					   "a:b:c",
					   "a.slice:b:c:d",
					   "a.slice:b/../x:c",
					   "a.slice:b:c d",
					   ".slice:b:c" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autofree char *slice = NULL, *unit = NULL;
		struct err err = ERR_INIT;

		if (cgroup_path_unit(good[i].path, "id", "system.slice", &slice, &unit, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(slice, good[i].slice);
		assert_string_equal(unit, good[i].unit);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *slice = NULL, *unit = NULL;
		struct err err = ERR_INIT;

		if (cgroup_path_unit(bad[i], "id", "system.slice", &slice, &unit, &err) >= 0)
			fail_msg("accepted '%s'", bad[i]);
		assert_true(str_starts(err.msg, "linux.cgroupsPath: "));
	}
}

/* v1 controllers with a v2 tree beside them, as systemd's hybrid mode has it. */
static void test_hybrid_host(void **state)
{
	static const char mountinfo[] =
		"22 1 8:1 / / rw shared:1 - ext4 /dev/sda rw\n"
		"31 22 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 master:3 - cgroup cgroup rw,cpu,cpuacct\n"
		"33 31 0:35 /docker /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"40 31 0:37 / /sys/fs/cgroup/sys\\040temd rw - cgroup cgroup rw,xattr,name=systemd\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
		"42 22 0:35 / /var/rootfs/memory rw - cgroup cgroup rw,memory\n"
		"43 22 0:99 / /mnt/x rw - cgroupfs-mount x rw\n"
		"bad line - cgroup\n";
	static const char own[] = "9:cpu,cpuacct:/user\n4:memory:/docker/a\n"
				  "1:name=systemd:/s\n0::/u\nnonsense\n";
	autocgrouphost struct cgroup_host host;

	(void)state;
	cgroup_host_parse(mountinfo, own, &host);
	assert_int_equal(host.n, 4);
	assert_int_equal(host.v1_controllers, CGROUP_CPU | CGROUP_CPUACCT | CGROUP_MEMORY);
	assert_string_equal(host.mounts[0].label, "cpu,cpuacct");
	assert_string_equal(host.mounts[0].own, "/user");
	assert_string_equal(cgroup_host_v1(&host, CGROUP_MEMORY)->point, "/sys/fs/cgroup/memory");
	assert_string_equal(cgroup_host_v1(&host, CGROUP_MEMORY)->own, "/a");
	assert_string_equal(host.mounts[2].point, "/sys/fs/cgroup/sys temd");
	assert_string_equal(host.mounts[2].own, "/s");
	assert_string_equal(cgroup_host_v2(&host)->point, "/sys/fs/cgroup/unified");
	assert_string_equal(cgroup_host_v2(&host)->own, "/u");
	assert_null(cgroup_host_v1(&host, CGROUP_PIDS));
}

static void test_bare_host(void **state)
{
	autocgrouphost struct cgroup_host host;

	(void)state;
	cgroup_host_parse("", "", &host);
	assert_int_equal(host.n, 0);
	assert_null(cgroup_host_v2(&host));
}

static void test_values(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(cgroup_number("42\n"), 42);
	assert_true(cgroup_number("max\n") == INT64_MAX);
	assert_true(cgroup_number("-1") == INT64_MAX);
	assert_true(cgroup_number("9223372036854771712") == INT64_MAX);
	assert_true(cgroup_keyed("oom 1\noom_kill 7\n", "oom_kill", &value));
	assert_int_equal(value, 7);
	assert_false(cgroup_keyed("oom 1\noom_kill 7\n", "kill", &value));
	assert_false(cgroup_keyed("", "a", &value));
}

#define TEST(name, function)                                                                       \
	{                                                                                          \
		name, function, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("cgroup: a path is below the mount point, whatever its form", test_folders),
		TEST("cgroup: names longer than a file's are refused", test_long_folders),
		TEST("cgroup: slice:prefix:name is a scope of systemd", test_units),
		TEST("cgroup: v1 controllers with a v2 tree beside them", test_hybrid_host),
		TEST("cgroup: a host without any", test_bare_host),
		TEST("cgroup: numbers and keys of its files", test_values),
	};

	return cmocka_run_group_tests_name("cgroup_path", tests, NULL, NULL);
}
