/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/config/config.h"
#include "tests/unit/config_doc.h"
#include "tests/unit/folder.h"

#define CORPUS "tests/unit/corpus/config"

static struct config *parse(const char *text)
{
	struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse(text, strlen(text), &config, &err) < 0)
		fail_msg("%s\n%s", err.msg, text);
	return config;
}

static struct config *parse_at(enum doc_place place, const char *members)
{
	autofree char *text = doc_make(place, members);

	return parse(text);
}

static void assert_list(const struct strlist *list, size_t n, const char *const *expected)
{
	assert_int_equal(list->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(list->items[i], expected[i]);
}

static void test_minimal(void **state)
{
	autoconfig struct config *config = parse_at(DOC_LINUX, "'namespaces': [{'type': 'mount'}]");

	(void)state;
	assert_string_equal(config->oci_version, "1.0.2");
	assert_string_equal(config->root.path, "rootfs");
	assert_false(config->root.readonly);
	assert_false(config->has_process);
	assert_null(config->hostname);
	assert_int_equal(config->mounts.n, 0);
	assert_true(config->namespaces[NS_MOUNT].present);
	assert_false(config->namespaces[NS_NET].present);
	assert_int_equal(config->rootfs_propagation, 0);
}

static void test_process(void **state)
{
	autoconfig struct config *config = parse_at(
		DOC_PROCESS,
		"'args': ['ls', '-l', ''], 'cwd': '/tmp', 'env': ['A=', 'B=1=2'],"
		"'user': {'uid': 1000, 'gid': 4294967294, 'umask': 63, 'additionalGids': [5, 0]},"
		"'noNewPrivileges': true, 'oomScoreAdj': -1000, 'terminal': false,"
		"'consoleSize': {'height': 25, 'width': 80},"
		"'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 1024, 'hard': 9007199254740992},"
		"            {'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 18446744073709551615}]");
	const struct config_process *process = &config->process;

	(void)state;
	assert_true(config->has_process);
	assert_true(process->present);
	assert_list(&process->args, 3, (const char *const[]){ "ls", "-l", "" });
	assert_list(&process->env, 2, (const char *const[]){ "A=", "B=1=2" });
	assert_string_equal(process->cwd, "/tmp");
	assert_int_equal(process->user.uid, 1000);
	assert_int_equal(process->user.gid, 4294967294);
	assert_true(process->user.has_umask);
	assert_int_equal(process->user.umask, 077);
	assert_int_equal(process->user.additional_gids.n, 2);
	assert_int_equal(process->user.additional_gids.items[0], 5);
	assert_int_equal(process->user.additional_gids.items[1], 0);
	assert_true(process->no_new_privileges);
	assert_true(process->has_oom_score_adj);
	assert_int_equal(process->oom_score_adj, -1000);
	assert_false(process->capabilities.present);
	assert_int_equal(process->rlimits.n, 2);
	assert_int_equal(process->rlimits.items[0].resource, RLIMIT_NOFILE);
	assert_int_equal(process->rlimits.items[0].limit.rlim_cur, 1024);
	assert_int_equal(process->rlimits.items[0].limit.rlim_max, INT64_C(1) << 53);
	assert_int_equal(process->rlimits.items[1].limit.rlim_cur, 0);
	assert_true(process->rlimits.items[1].limit.rlim_max == RLIM_INFINITY);
}

static void test_no_user_is_root(void **state)
{
	autoconfig struct config *config = parse_at(DOC_PROCESS, "'args': ['sh'], 'cwd': '/'");

	(void)state;
	assert_int_equal(config->process.user.uid, 0);
	assert_int_equal(config->process.user.gid, 0);
	assert_false(config->process.user.has_umask);
	assert_false(config->process.has_oom_score_adj);
}

static void test_capabilities(void **state)
{
	autoconfig struct config *config =
		parse_at(DOC_CAPABILITIES,
			 "'bounding': ['CAP_KILL', 'CAP_NOBODY_KNOWS', 'CAP_CHOWN', 'CAP_KILL'],"
			 "'effective': ['KILL', 'cap_kill', '5', 'CAP_5'], 'permitted': [],"
			 "'inheritable': ['CAP_CHECKPOINT_RESTORE'], 'ambient': null");
	const struct config_capabilities *caps = &config->process.capabilities;

	(void)state;
	assert_true(caps->present);
	assert_list(&caps->bounding, 2, (const char *const[]){ "CAP_KILL", "CAP_CHOWN" });
	assert_int_equal(caps->effective.n, 0);
	assert_int_equal(caps->permitted.n, 0);
	assert_list(&caps->inheritable, 1, (const char *const[]){ "CAP_CHECKPOINT_RESTORE" });
	assert_int_equal(caps->ambient.n, 0);
}

static void test_mounts(void **state)
{
	autoconfig struct config *config = parse_at(
		DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", " DOC_NAMESPACES ","
				     "'mounts': [{'destination': '/proc', 'type': 'proc'},"
				     "{'destination': 'data', 'type': 'none', 'source': 'src dir',"
				     " 'options': ['rbind', 'ro'], 'uidMappings': []},"
				     "{'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs',"
				     " 'options': ['size=1m', 'nosuid']},"
				     "{'destination': '/tmp', 'options': ['remount', 'ro']}]");
	const struct config_mount *mounts = config->mounts.items;

	(void)state;
	assert_int_equal(config->mounts.n, 4);
	assert_string_equal(mounts[0].destination, "/proc");
	assert_null(mounts[0].source);
	assert_string_equal(mounts[1].destination, "data");
	assert_string_equal(mounts[1].source, "src dir");
	assert_list(&mounts[1].options, 2, (const char *const[]){ "rbind", "ro" });
	assert_string_equal(mounts[2].type, "tmpfs");
	assert_null(mounts[3].type);
}

static void test_hooks(void **state)
{
	autoconfig struct config *config =
		parse_at(DOC_TOP, DOC_VERSION
			 ", " DOC_ROOT_DIR ", " DOC_NAMESPACES ","
			 "'hooks': {'prestart': [{'path': '/a'}], 'createRuntime': [{'path': '/b',"
			 " 'args': ['x', 'y'], 'env': [], 'timeout': 7}, {'path': '/c', 'env':"
			 " ['K=V']}], 'createContainer': [{'path': '/d'}], 'startContainer': [],"
			 " 'poststart': [{'path': '/e', 'timeout': 2147483}],"
			 " 'poststop': [{'path': '/f'}, {'path': '/g'}]}");
	static const size_t counts[HOOK_COUNT] = { 1, 2, 1, 0, 1, 2 };
	const struct config_hook *hook = &config->hooks[HOOK_CREATE_RUNTIME].items[0];

	(void)state;
	for (int i = 0; i < HOOK_COUNT; i++)
		assert_int_equal(config->hooks[i].n, counts[i]);
	assert_string_equal(hook->path, "/b");
	assert_list(&hook->args, 2, (const char *const[]){ "x", "y" });
	assert_true(hook->has_env);
	assert_int_equal(hook->env.n, 0);
	assert_true(hook->has_timeout);
	assert_int_equal(hook->timeout_s, 7);
	hook++;
	assert_true(hook->has_env);
	assert_list(&hook->env, 1, (const char *const[]){ "K=V" });
	assert_false(hook->has_timeout);
	assert_false(config->hooks[HOOK_PRESTART].items[0].has_env);
	assert_string_equal(config->hooks[HOOK_POSTSTOP].items[1].path, "/g");
}

static void test_linux(void **state)
{
	autoconfig struct config *config =
		parse_at(DOC_LINUX,
			 "'namespaces': [{'type': 'mount'}, {'type': 'network', 'path': '/run/n'},"
			 "{'type': 'pid', 'path': ''}, {'type': 'ipc'}, {'type': 'uts'},"
			 "{'type': 'user'}, {'type': 'cgroup'}, {'type': 'time'}],"
			 "'uidMappings': [{'containerID': 0, 'hostID': 100000, 'size': 65536},"
			 "{'containerID': 65536, 'hostID': 4294967294, 'size': 1}],"
			 "'gidMappings': [{'containerID': 0, 'hostID': 0, 'size': 4294967295}],"
			 "'maskedPaths': ['/proc/kcore'], 'readonlyPaths': ['/proc/sys', '/sys'],"
			 "'rootfsPropagation': 'rshared'");

	(void)state;
	for (int i = 0; i < NS_COUNT; i++)
		assert_true(config->namespaces[i].present);
	assert_string_equal(config->namespaces[NS_NET].path, "/run/n");
	assert_null(config->namespaces[NS_PID].path);
	assert_int_equal(config->uid_maps.n, 2);
	assert_int_equal(config->uid_maps.items[0].host_id, 100000);
	assert_int_equal(config->uid_maps.items[1].container_id, 65536);
	assert_int_equal(config->gid_maps.items[0].size, 4294967295);
	assert_list(&config->masked_paths, 1, (const char *const[]){ "/proc/kcore" });
	assert_int_equal(config->readonly_paths.n, 2);
	assert_int_equal(config->rootfs_propagation, MS_SHARED | MS_REC);
}

static void test_top(void **state)
{
	autoconfig struct config *config = parse_at(
		DOC_TOP, "'ociVersion': '1.9.77-rc.1+build.007', 'root': {'path': '/', 'readonly':"
			 " true}, 'hostname': 'h', 'domainname': 'd.e', 'annotations': {'a': '',"
			 " 'b.c/d': 'e', 'line': '1\\n2'}, " DOC_NAMESPACES);

	(void)state;
	assert_string_equal(config->oci_version, "1.9.77-rc.1+build.007");
	assert_true(config->root.readonly);
	assert_string_equal(config->hostname, "h");
	assert_string_equal(config->domainname, "d.e");
	assert_int_equal(config->annotations.n, 3);
	assert_string_equal(strmap_get(&config->annotations, "b.c/d"), "e");
	assert_string_equal(strmap_get(&config->annotations, "line"), "1\n2");
}

/* What is known and not applied passes with a value that asks for nothing. */
static void test_neutral_values(void **state)
{
	static const struct {
		enum doc_place place;
		const char *members;
	} docs[] = {
		{ DOC_PROCESS,
		  "'args': ['sh'], 'cwd': '/', 'terminal': false, 'apparmorProfile': '',"
		  "'selinuxLabel': '', 'scheduler': null, 'ioPriority': null, 'execCPUAffinity':"
		  " {'initial': '', 'final': ''}, 'consoleSize': {'height': 0, 'width': 0}, 'commandLine': 'x'" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'tmpfs', 'uidMappings': [], "
			     "'gidMappings': null" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount'}], 'timeOffsets': {'monotonic': {'secs': 0,"
		  " 'nanosecs': 0}}, 'devices': [], 'netDevices': {}, 'cgroupsPath': '', 'resources':"
		  " {}, 'intelRdt': null, 'memoryPolicy': null, 'sysctl': {}, 'seccomp': null,"
		  "'mountLabel': '', 'personality': {'domain': 'LINUX', 'flags': []},"
		  "'rootfsPropagation': '', 'uidMappings': [], 'gidMappings': []" },
		{ DOC_RESOURCES,
		  "'devices': null, 'memory': {'limit': 0, 'reservation': -1, 'swap': -1, 'kernel':"
		  " -1, 'kernelTCP': 0, 'swappiness': null, 'disableOOMKiller': false}, 'cpu':"
		  " {'shares': 0, 'quota': -1, 'period': 0, 'cpus': '', 'mems': '', 'idle': 0},"
		  "'pids': {'limit': -1}, 'blockIO': {'weight': 0, 'weightDevice': []},"
		  "'hugepageLimits': [], 'network': {'classID': 0, 'priorities': []}, 'rdma': {},"
		  "'unified': {}" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", " DOC_NAMESPACES ", 'vm': {'kernel': 1},"
			      "'windows': {'a': 1}, 'solaris': [2], 'zos': 3, 'freebsd': {},"
			      "'hostname': '', 'domainname': null, 'hooks': {}, 'x': {'y': 1}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(docs); i++) {
		struct config *config = parse_at(docs[i].place, docs[i].members);

		config_free(&config);
		assert_null(config);
	}
}

static void test_versions(void **state)
{
	static const char *const versions[] = {
		"1.0.0", "1.0.0-rc5", "1.0.2-dev", "1.3.0", "1.10.20", "1.0.0-0.a-b.10+001.z",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		autofree char *members = xasprintf(
			"'ociVersion': '%s', " DOC_ROOT_DIR ", " DOC_NAMESPACES, versions[i]);
		autoconfig struct config *config = parse_at(DOC_TOP, members);

		assert_string_equal(config->oci_version, versions[i]);
	}
}

static void test_joined_mount_namespace(void **state)
{
	autoconfig struct config *config =
		parse_at(DOC_LINUX, "'namespaces': [{'type': 'mount', 'path': '/proc/1/ns/mnt'}]");

	(void)state;
	assert_string_equal(config->namespaces[NS_MOUNT].path, "/proc/1/ns/mnt");
}

static void test_many_mounts(void **state)
{
	autostrbuf struct strbuf sb = { 0 };

	(void)state;
	strbuf_puts(&sb, DOC_HEAD "\"mounts\": [{\"destination\": \"/m\", \"type\": \"tmpfs\"}");
	for (int i = 0; i < 2000; i++)
		strbuf_printf(&sb,
			      ", {\"destination\": \"/m/%d\", \"source\": \"/src/%d\", \"type\": "
			      "\"bind\", \"options\": [\"rbind\", \"ro\", \"nosuid\"]}",
			      i, i);
	strbuf_puts(&sb, "]" DOC_TAIL);

	autoconfig struct config *config = parse(sb.text);

	assert_int_equal(config->mounts.n, 2001);
	assert_string_equal(config->mounts.items[2000].destination, "/m/1999");
}

static void test_load(void **state)
{
	struct folder folder;
	autofree char *doc = doc_make(DOC_LINUX, "'namespaces': [{'type': 'mount'}]");
	autofree char *text = NULL;
	autoconfig struct config *config = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	assert_int_equal(folder_make(&folder), 0);
	assert_true(config_load_at(folder.fd, "config.json", &config, NULL, NULL, &err) < 0);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.msg, "config.json"));
	assert_int_equal(
		file_write_atomic_at(folder.fd, "config.json", doc, strlen(doc), 0600, &err), 0);
	assert_true(config_load_at(folder.fd, "config.json", &config, &text, &len, &err) >= 0);
	assert_int_equal(len, strlen(doc));
	assert_string_equal(text, doc);
	assert_string_equal(config->root.path, "rootfs");
	assert_true(folder_remove(&folder) >= 0);
}

static void for_each_file(const char *dir,
			  void (*check)(const char *name, const char *text, size_t len))
{
	autodir DIR *d = opendir(dir);
	size_t n = 0;

	if (!d)
		fail_msg("%s: not there; run from the top of the tree", dir);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		autofree char *text = NULL;
		struct err err = ERR_INIT;
		size_t len = 0;

		if (entry->d_name[0] == '.')
			continue;
		assert_true(file_read_at(dirfd(d), entry->d_name, 16u << 20, &text, &len, &err) >=
			    0);
		check(entry->d_name, text, len);
		n++;
	}
	assert_true(n > 0);
}

static void accept_file(const char *name, const char *text, size_t len)
{
	autoconfig struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse(text, len, &config, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
}

static void refuse_file(const char *name, const char *text, size_t len)
{
	autoconfig struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse(text, len, &config, &err) >= 0)
		fail_msg("%s: was accepted", name);
	assert_null(config);
	assert_true(err.code > 0);
	if (strncmp(err.msg, "config.json: ", 13) != 0 || strlen(err.msg) < 20)
		fail_msg("%s: '%s'", name, err.msg);
}

static void test_good_corpus(void **state)
{
	(void)state;
	for_each_file(CORPUS "/good", accept_file);
}

static void test_bad_corpus(void **state)
{
	(void)state;
	for_each_file(CORPUS "/bad", refuse_file);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(config_namespace_name(NS_USER), "user");
	assert_string_equal(config_namespace_name(NS_NET), "network");
	assert_string_equal(config_namespace_name(NS_TIME), "time");
	assert_string_equal(config_hook_name(HOOK_PRESTART), "prestart");
	assert_string_equal(config_hook_name(HOOK_START_CONTAINER), "startContainer");
	assert_string_equal(config_hook_name(HOOK_POSTSTOP), "poststop");
}

#define TEST(name, function)                                                                       \
	{                                                                                          \
		name, function, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("config: needs no more than version, root and a mount namespace",
		     test_minimal),
		TEST("config: decodes process", test_process),
		TEST("config: a process without user is root", test_no_user_is_root),
		TEST("config: drops capabilities nobody knows", test_capabilities),
		TEST("config: decodes mounts in order", test_mounts),
		TEST("config: decodes hooks of all six kinds", test_hooks),
		TEST("config: decodes linux", test_linux),
		TEST("config: decodes what stands at the top", test_top),
		TEST("config: accepts what it does not apply when it asks for nothing",
		     test_neutral_values),
		TEST("config: accepts every 1.x.y version", test_versions),
		TEST("config: joins a mount namespace when nothing is to be mounted",
		     test_joined_mount_namespace),
		TEST("config: takes 2,000 mounts", test_many_mounts),
		TEST("config: loads a file and hands out its text", test_load),
		TEST("config: accepts the good corpus", test_good_corpus),
		TEST("config: refuses the bad corpus with the file's name", test_bad_corpus),
		TEST("config: knows the names of namespaces and hooks", test_names),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
