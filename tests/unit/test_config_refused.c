/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "runtime/config/config.h"
#include "tests/unit/config_refused.h"

#define UNSUPPORTED ": is not supported"
#define LINUX_NS    "'namespaces': [{'type': 'mount'}], "
#define PROGRAM     "'args': ['sh'], 'cwd': '/', "

static void test_top(void **state)
{
	static const struct refused docs[] = {
		{ DOC_TOP, DOC_ROOT_DIR, "ociVersion: is required" },
		{ DOC_TOP, "'ociVersion': null, " DOC_ROOT_DIR, "ociVersion: is required" },
		{ DOC_TOP, "'ociVersion': 1.0, " DOC_ROOT_DIR, "ociVersion: must be a string" },
		{ DOC_TOP, "'ociVersion': '', " DOC_ROOT_DIR, "ociVersion: '' is not a version" },
		{ DOC_TOP, "'ociVersion': '1.0', " DOC_ROOT_DIR,
		  "ociVersion: '1.0' is not a version" },
		{ DOC_TOP, "'ociVersion': 'v1.0.0', " DOC_ROOT_DIR, "ociVersion: 'v1.0.0' is not" },
		{ DOC_TOP, "'ociVersion': '1.0.00', " DOC_ROOT_DIR, "ociVersion: '1.0.00' is not" },
		{ DOC_TOP, "'ociVersion': '1.0.0-01', " DOC_ROOT_DIR, "ociVersion: '1.0.0-01' is" },
		{ DOC_TOP, "'ociVersion': '1.0.0+', " DOC_ROOT_DIR, "ociVersion: '1.0.0+' is not" },
		{ DOC_TOP, "'ociVersion': '1.0.0 ', " DOC_ROOT_DIR, "ociVersion: '1.0.0 ' is not" },
		{ DOC_TOP, "'ociVersion': '0.9.0', " DOC_ROOT_DIR,
		  "ociVersion: '0.9.0' is not supported; 1.0.0 to" },
		{ DOC_TOP, "'ociVersion': '2.0.0', " DOC_ROOT_DIR,
		  "ociVersion: '2.0.0' is not supported" },
		{ DOC_TOP, "'ociVersion': '10.0.0', " DOC_ROOT_DIR,
		  "ociVersion: '10.0.0' is not supported" },
		{ DOC_TOP, DOC_VERSION, "root: is required" },
		{ DOC_TOP, DOC_VERSION ", 'root': 'rootfs'", "root: must be an object" },
		{ DOC_ROOT, "", "root.path: is required" },
		{ DOC_ROOT, "'path': ''", "root.path: must not be empty" },
		{ DOC_ROOT, "'path': 3", "root.path: must be a string" },
		{ DOC_ROOT, "'path': 'a', 'readonly': 'yes'", "root.readonly: must be true or" },
		{ DOC_ROOT, "'path': 'a', 'readonly': 1", "root.readonly: must be true or" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'hostname': ['a']",
		  "hostname: must be a string" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'hostname': "
			      "'0123456789012345678901234567890123456789012345678901234567890123x'",
		  "hostname: is 65 bytes long; the kernel takes 64" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'domainname': "
			      "'0123456789012345678901234567890123456789012345678901234567890123x'",
		  "domainname: is 65 bytes long" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'domainname': 1",
		  "domainname: must be a string" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'annotations': []",
		  "annotations: must be an object" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'annotations': {'a': 1}",
		  "annotations.a: must be a string" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'annotations': {'': 'a'}",
		  "annotations: has an empty key" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'process': []",
		  "process: must be an object" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'mounts': {}",
		  "mounts: must be an array" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'hooks': []",
		  "hooks: must be an object" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR ", 'linux': []",
		  "linux: must be an object" },
		{ DOC_TOP, DOC_VERSION ", " DOC_ROOT_DIR, "linux.namespaces: has no 'mount'" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_process(void **state)
{
	static const struct refused docs[] = {
		{ DOC_PROCESS, "'cwd': '/'", "process.args: is required" },
		{ DOC_PROCESS, "'cwd': '/', 'args': []", "process.args: must name a program" },
		{ DOC_PROCESS, "'cwd': '/', 'args': 'sh'", "process.args: must be an array" },
		{ DOC_PROCESS, "'cwd': '/', 'args': ['a', 1]", "process.args[1]: must be a str" },
		{ DOC_PROCESS, "'cwd': '/', 'args': ['']", "process.args[0]: must not be empty" },
		{ DOC_PROCESS, "'args': ['a']", "process.cwd: is required" },
		{ DOC_PROCESS, "'args': ['a'], 'cwd': ''", "process.cwd: '' is not an absolute" },
		{ DOC_PROCESS, "'args': ['a'], 'cwd': 'tmp'", "process.cwd: 'tmp' is not an abs" },
		{ DOC_PROCESS, "'args': ['a'], 'cwd': false", "process.cwd: must be a string" },
		{ DOC_PROCESS, PROGRAM "'env': {}", "process.env: must be an array of strings" },
		{ DOC_PROCESS, PROGRAM "'env': ['A=1', 'B']", "process.env[1]: 'B' is not of" },
		{ DOC_PROCESS, PROGRAM "'env': ['=1']", "process.env[0]: '=1' is not of" },
		{ DOC_PROCESS, PROGRAM "'env': ['']", "process.env[0]: '' is not of" },
		{ DOC_PROCESS, PROGRAM "'env': [null]", "process.env[0]: must be a string" },
		{ DOC_PROCESS, PROGRAM "'user': 0", "process.user: must be an object" },
		{ DOC_USER, "'uid': -1", "process.user.uid: must be an integer 0..4294967294" },
		{ DOC_USER, "'uid': 4294967295", "process.user.uid: must be an integer" },
		{ DOC_USER, "'uid': '0'", "process.user.uid: must be an integer" },
		{ DOC_USER, "'gid': 0.5", "process.user.gid: must be an integer" },
		{ DOC_USER, "'gid': 1e300", "process.user.gid: must be an integer" },
		{ DOC_USER, "'umask': 512", "process.user.umask: must be an integer 0..511" },
		{ DOC_USER, "'umask': '022'", "process.user.umask: must be an integer" },
		{ DOC_USER, "'additionalGids': 5", "process.user.additionalGids: must be an" },
		{ DOC_USER, "'additionalGids': [5, -5]", "process.user.additionalGids[1]: must" },
		{ DOC_USER, "'additionalGids': [4294967295]", "process.user.additionalGids[0]: " },
		{ DOC_PROCESS, PROGRAM "'noNewPrivileges': 'true'",
		  "process.noNewPrivileges: must be true or false" },
		{ DOC_PROCESS, PROGRAM "'oomScoreAdj': 1001",
		  "process.oomScoreAdj: must be an integer -1000..1000" },
		{ DOC_PROCESS, PROGRAM "'oomScoreAdj': '0'", "process.oomScoreAdj: must be" },
		{ DOC_CAPABILITIES, "'bounding': 'CAP_KILL'",
		  "process.capabilities.bounding: must be an array" },
		{ DOC_CAPABILITIES, "'effective': ['CAP_KILL', 5]",
		  "process.capabilities.effective[1]: must be a string" },
		{ DOC_CAPABILITIES, "'inheritable': {}", "process.capabilities.inheritable: " },
		{ DOC_CAPABILITIES, "'permitted': 1", "process.capabilities.permitted: must" },
		{ DOC_CAPABILITIES, "'ambient': true", "process.capabilities.ambient: must" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_rlimits(void **state)
{
	static const struct refused docs[] = {
		{ DOC_PROCESS, PROGRAM "'rlimits': {}", "process.rlimits: must be an array" },
		{ DOC_PROCESS, PROGRAM "'rlimits': ['x']", "process.rlimits[0]: must be an" },
		{ DOC_RLIMIT, "'soft': 1, 'hard': 1", "process.rlimits[0].type: is required" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'hard': 1",
		  "process.rlimits[0].soft: is required" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 1",
		  "process.rlimits[0].hard: is required" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_NONE', 'soft': 1, 'hard': 1",
		  "process.rlimits[0].type: 'RLIMIT_NONE' is none of RLIMIT_AS, " },
		{ DOC_RLIMIT, "'type': 7, 'soft': 1, 'hard': 1",
		  "process.rlimits[0].type: must be one of" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 2, 'hard': 1",
		  "process.rlimits[0]: soft limit 2 is above hard limit 1" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 18446744073709551615, 'hard': 1",
		  "process.rlimits[0]: soft limit" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': -1, 'hard': 1",
		  "process.rlimits[0].soft: must be an integer 0..9007199254740992" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 0.25, 'hard': 1",
		  "process.rlimits[0].soft: 0.25 is not an integer" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 9223372036854775807",
		  "process.rlimits[0].hard: 9.2233720368547758e+18 is not an integer" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1e999",
		  "process.rlimits[0].hard: inf is not an integer" },
		{ DOC_RLIMIT, "'type': 'RLIMIT_CPU', 'soft': '1', 'hard': 1",
		  "process.rlimits[0].soft: must be an integer" },
		{ DOC_RLIMIT,
		  "'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1}, {'type': 'RLIMIT_AS', 'soft': 1, "
		  "'hard': 1}, {'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1",
		  "process.rlimits[2]: RLIMIT_CPU is there twice" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_mounts(void **state)
{
	static const struct refused docs[] = {
		{ DOC_MOUNT, "'type': 'tmpfs'", "mounts[0].destination: is required" },
		{ DOC_MOUNT, "'destination': '', 'type': 'tmpfs'",
		  "mounts[0].destination: must not be empty" },
		{ DOC_MOUNT, "'destination': 1", "mounts[0].destination: must be a string" },
		{ DOC_MOUNT, "'destination': '/a'", "mounts[0].type: is required" },
		{ DOC_MOUNT, "'destination': '/a', 'type': ''", "mounts[0].type: is required" },
		{ DOC_MOUNT, "'destination': '/a', 'type': ['x']", "mounts[0].type: must be a" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'bind', 'source': '/b'",
		  "mounts[0].type: 'bind' makes no bind mount" },
		{ DOC_MOUNT, "'destination': '/a', 'options': ['bind']",
		  "mounts[0].source: is required" },
		{ DOC_MOUNT, "'destination': '/a', 'source': '', 'options': ['rbind']",
		  "mounts[0].source: is required" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'tmpfs', 'source': 1",
		  "mounts[0].source: must be a string" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'tmpfs', 'options': 'ro'",
		  "mounts[0].options: must be an array" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'tmpfs', 'options': ['ro', 1]",
		  "mounts[0].options[1]: must be a string" },
		{ DOC_MOUNT,
		  "'destination': '/a', 'type': 'tmpfs'}, {'destination': '/b', 'source': '/c', "
		  "'options': ['bind', 'size=1m']",
		  "mounts[1]: a bind mount takes no option 'size=1m'" },
		{ DOC_MOUNT, "'destination': '/a', 'type': 'tmpfs', 'options': ['idmap']",
		  "mounts[0]: only a bind mount can be idmapped" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_hooks(void **state)
{
	static const char *const kinds[] = { "prestart",       "createRuntime", "createContainer",
					     "startContainer", "poststart",     "poststop" };
	static const struct refused docs[] = {
		{ DOC_HOOK, "", "hooks.prestart[0].path: is required" },
		{ DOC_HOOK, "'path': ''", "hooks.prestart[0].path: '' is not an absolute path" },
		{ DOC_HOOK, "'path': 'ct-netns'", "hooks.prestart[0].path: 'ct-netns' is not" },
		{ DOC_HOOK, "'path': 3", "hooks.prestart[0].path: must be a string" },
		{ DOC_HOOK, "'path': '/a', 'args': '-x'", "hooks.prestart[0].args: must be" },
		{ DOC_HOOK, "'path': '/a', 'args': [3]", "hooks.prestart[0].args[0]: must be" },
		{ DOC_HOOK, "'path': '/a', 'env': ['A']", "hooks.prestart[0].env[0]: 'A' is not" },
		{ DOC_HOOK, "'path': '/a', 'env': 'A=1'", "hooks.prestart[0].env: must be an" },
		{ DOC_HOOK, "'path': '/a', 'timeout': 0",
		  "hooks.prestart[0].timeout: must be an "
		  "integer 1..2147483" },
		{ DOC_HOOK, "'path': '/a', 'timeout': -1", "hooks.prestart[0].timeout: must be" },
		{ DOC_HOOK, "'path': '/a', 'timeout': 0.5", "hooks.prestart[0].timeout: must be" },
		{ DOC_HOOK, "'path': '/a', 'timeout': '5'", "hooks.prestart[0].timeout: must be" },
		{ DOC_HOOK, "'path': '/a'}, {'path': 'b'", "hooks.prestart[1].path: 'b' is not" },
	};

	(void)state;
	REFUSE_ALL(docs);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		autofree char *members = xasprintf(DOC_VERSION ", " DOC_ROOT_DIR ", " DOC_NAMESPACES
							       ", 'hooks': {'%s': [{'path': 'x'}]}",
						   kinds[i]);
		autofree char *error = xasprintf("hooks.%s[0].path: 'x' is not an abs", kinds[i]);

		refuse(&(const struct refused){ DOC_TOP, members, error });
	}
}

static void test_namespaces(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, "'namespaces': {}", "linux.namespaces: must be an array" },
		{ DOC_LINUX, "'namespaces': ['pid']", "linux.namespaces[0]: must be an object" },
		{ DOC_LINUX, "'namespaces': [{}]", "linux.namespaces[0].type: is required" },
		{ DOC_LINUX, "'namespaces': [{'type': 'net'}]",
		  "linux.namespaces[0].type: 'net' is none of user, cgroup, ipc, uts, network" },
		{ DOC_LINUX, "'namespaces': [{'type': 'pid'}, {'type': 'mount'}, {'type': 'pid'}]",
		  "linux.namespaces[2]: type 'pid' is there twice" },
		{ DOC_LINUX, "'namespaces': [{'type': 'pid', 'path': 'ns/pid'}]",
		  "linux.namespaces[0].path: 'ns/pid' is not an absolute path" },
		{ DOC_LINUX, "'namespaces': [{'type': 'pid', 'path': 1}]",
		  "linux.namespaces[0].path: must be a string" },
		{ DOC_LINUX, "'namespaces': [{'type': 'pid'}]",
		  "linux.namespaces: has no 'mount'" },
		{ DOC_LINUX, "'namespaces': []", "linux.namespaces: has no 'mount'" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'hostname': 'a', 'linux': {'namespaces': "
			      "[{'type': 'mount'}]}",
		  "hostname: would be set on the host; add 'uts'" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'domainname': 'a', 'linux': {'namespaces': "
			      "[{'type': 'mount'}]}",
		  "domainname: would be set on the host; add 'uts'" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'mounts': [{'destination': '/a'}], 'linux': "
			      "{'namespaces': [{'type': 'mount', 'path': '/x'}]}",
		  "mounts: cannot be applied in a mount namespace joined by path" },
		{ DOC_TOP,
		  DOC_VERSION ", 'root': {'path': '/', 'readonly': true}, 'linux': "
			      "{'namespaces': [{'type': 'mount', 'path': '/x'}]}",
		  "root.readonly: cannot be applied" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount', 'path': '/x'}], 'maskedPaths': ['/a']",
		  "linux.maskedPaths: cannot be applied" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount', 'path': '/x'}], 'readonlyPaths': ['/a']",
		  "linux.readonlyPaths: cannot be applied" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount', 'path': '/x'}], 'rootfsPropagation': 'slave'",
		  "linux.rootfsPropagation: cannot be applied" },
		{ DOC_LINUX, LINUX_NS "'maskedPaths': ['/a', 'b']",
		  "linux.maskedPaths[1]: 'b' is not an absolute path" },
		{ DOC_LINUX, LINUX_NS "'maskedPaths': '/a'",
		  "linux.maskedPaths: must be an array" },
		{ DOC_LINUX, LINUX_NS "'readonlyPaths': ['']",
		  "linux.readonlyPaths[0]: '' is not an absolute path" },
		{ DOC_LINUX, LINUX_NS "'readonlyPaths': [{}]", "linux.readonlyPaths[0]: must be" },
		{ DOC_LINUX, LINUX_NS "'rootfsPropagation': 'public'",
		  "linux.rootfsPropagation: 'public' is none of private, rprivate, shared" },
		{ DOC_LINUX, LINUX_NS "'rootfsPropagation': 1",
		  "linux.rootfsPropagation: must be" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

#define MAP(container, host, size)                                                                 \
	"{'containerID': " #container ", 'hostID': " #host ", 'size': " #size "}"
#define MAP_ROOT MAP(0, 100000, 65536)

static void test_id_maps(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'uidMappings': [" MAP_ROOT "]",
		  "linux.uidMappings: needs 'user' in linux.namespaces" },
		{ DOC_LINUX, LINUX_NS "'gidMappings': [" MAP_ROOT "]",
		  "linux.gidMappings: needs 'user' in linux.namespaces" },
		{ DOC_LINUX,
		  "'namespaces': [{'type': 'mount'}, {'type': 'user', 'path': '/x'}], "
		  "'gidMappings': [" MAP_ROOT "]",
		  "linux.gidMappings: cannot change a user namespace joined by path" },
		{ DOC_USERNS, "'gidMappings': [" MAP_ROOT "]", "linux.uidMappings: is required" },
		{ DOC_USERNS, "'uidMappings': [" MAP_ROOT "]", "linux.gidMappings: is required" },
		{ DOC_USERNS, "'uidMappings': 1", "linux.uidMappings: must be an array" },
		{ DOC_USERNS, "'uidMappings': [{'hostID': 0, 'size': 1}]",
		  "linux.uidMappings[0].containerID: is required" },
		{ DOC_USERNS, "'uidMappings': [{'containerID': 0, 'size': 1}]",
		  "linux.uidMappings[0].hostID: is required" },
		{ DOC_USERNS, "'uidMappings': [{'containerID': 0, 'hostID': 0}]",
		  "linux.uidMappings[0].size: is required" },
		{ DOC_USERNS, "'uidMappings': [" MAP(0, 0, 0) "]",
		  "linux.uidMappings[0].size: must be an integer 1..4294967295" },
		{ DOC_USERNS, "'uidMappings': [" MAP(-1, 0, 1) "]",
		  "linux.uidMappings[0].containerID: must be an integer 0..4294967295" },
		{ DOC_USERNS, "'uidMappings': [" MAP(0, 4294967296, 1) "]",
		  "linux.uidMappings[0].hostID: must be an integer" },
		{ DOC_USERNS, "'uidMappings': [" MAP(1, 0, 4294967295) "]",
		  "linux.uidMappings[0]: containerID 1 and size 4294967295 reach beyond" },
		{ DOC_USERNS, "'uidMappings': [" MAP(0, 4294967295, 1) "]",
		  "linux.uidMappings[0]: hostID 4294967295 and size 1 reach beyond" },
		{ DOC_USERNS,
		  "'gidMappings': [" MAP_ROOT "], 'uidMappings': [" MAP_ROOT
		  ", " MAP(65535, 300000, 1) "]",
		  "linux.uidMappings[1]: container ids overlap those of entry 0" },
		{ DOC_USERNS,
		  "'uidMappings': [" MAP_ROOT "], 'gidMappings': [" MAP_ROOT
		  ", " MAP(65536, 99999, 2) "]",
		  "linux.gidMappings[1]: host ids overlap those of entry 0" },
		{ DOC_USERNS,
		  "'gidMappings': [" MAP_ROOT "], 'uidMappings': [" MAP(1, 100000, 65536) "]",
		  "process.user.uid: 0 is not mapped by linux.uidMappings" },
		{ DOC_USERNS,
		  "'uidMappings': [" MAP_ROOT "], 'gidMappings': [" MAP(1, 100000, 65536) "]",
		  "process.user.gid: 0 is not mapped by linux.gidMappings" },
		{ DOC_TOP,
		  DOC_VERSION ", " DOC_ROOT_DIR ", 'process': {" PROGRAM
			      "'user': {'additionalGids': [7, 65536]}}, 'linux': {'namespaces': "
			      "[{'type': 'mount'}, {'type': 'user'}], 'uidMappings': [" MAP_ROOT
			      "], 'gidMappings': [" MAP_ROOT "]}",
		  "process.user.additionalGids[1]: 65536 is not mapped by linux.gidMappings" },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_many_id_maps(void **state)
{
	autostrbuf struct strbuf many = { 0 };

	(void)state;
	strbuf_puts(&many, "'gidMappings': [" MAP_ROOT "], 'uidMappings': [" MAP(0, 0, 1));
	for (int i = 1; i <= 340; i++)
		strbuf_printf(&many, ", {'containerID': %d, 'hostID': %d, 'size': 1}", i, i);
	strbuf_puts(&many, "]");
	refuse(&(const struct refused){ DOC_USERNS, many.text,
					"linux.uidMappings: has 341 entries; the kernel takes" });
}

static void test_unsupported(void **state)
{
	static const struct refused docs[] = {
		{ DOC_LINUX, LINUX_NS "'netDevices': {'eth0': {}}",
		  "linux.netDevices: is not supported: this runtime leaves networks to hooks; call "
		  "ct-netns" },
		{ DOC_LINUX, LINUX_NS "'cgroupsPath': 1", "linux.cgroupsPath: must be a string" },
		{ DOC_LINUX, LINUX_NS "'intelRdt': []", "linux.intelRdt: must be" },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'closID': 'a/b'}", "linux.intelRdt.closID: " },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'closID': '..'}", "linux.intelRdt.closID: " },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'closID': ''}", "linux.intelRdt.closID: " },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'closID': 'info'}", "linux.intelRdt.closID: " },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'memBwSchema': 'L3:0=f'}",
		  "linux.intelRdt.memBwSchema: 'L3:0=f' must start with 'MB:'" },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'memBwSchema': 'MB:0=1\\nL3:0=f'}",
		  "linux.intelRdt.memBwSchema: must be one line" },
		{ DOC_LINUX, LINUX_NS "'intelRdt': {'schemata': ['MB:0=1', 'a\\nb']}",
		  "linux.intelRdt.schemata[1]: must be one line" },
		{ DOC_LINUX, LINUX_NS "'personality': {'domain': 'LINUX', 'flags': ['x']}",
		  "linux.personality.flags" UNSUPPORTED },
	};

	(void)state;
	REFUSE_ALL(docs);
}

static void test_size(void **state)
{
	autofree char *text = xmalloc(10u << 20);
	struct config *config = NULL;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, ' ', 10u << 20);
	assert_true(config_parse(text, 10u << 20, &config, &err) < 0);
	assert_int_equal(err.code, EFBIG);
	assert_string_equal(err.msg, "config.json: is larger than 4 MiB");
	memset(text, '[', 100000);
	assert_true(config_parse(text, 100000, &config, &err) < 0);
	assert_true(str_starts(err.msg, "config.json: line 1, column "));
	memset(text, '{', 4u << 20);
	assert_true(config_parse(text, 4u << 20, &config, &err) < 0);
	assert_null(config);
}

#define TEST(name, function)                                                                       \
	{                                                                                          \
		name, function, NULL, NULL, NULL                                                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("config: refuses wrong values at the top by key path", test_top),
		TEST("config: refuses wrong values of process by key path", test_process),
		TEST("config: refuses rlimits that are unknown, doubled or upside down",
		     test_rlimits),
		TEST("config: refuses wrong mounts by index", test_mounts),
		TEST("config: refuses wrong hooks by kind and index", test_hooks),
		TEST("config: refuses namespaces that would change the host", test_namespaces),
		TEST("config: refuses id maps that the kernel would not take", test_id_maps),
		TEST("config: refuses more id maps than the kernel takes", test_many_id_maps),
		TEST("config: refuses every property that is known and not applied",
		     test_unsupported),
		TEST("config: refuses what is too large or too deep", test_size),
	};

	return cmocka_run_group_tests_name("config_refused", tests, NULL, NULL);
}
