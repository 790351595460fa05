#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# config.json as a user meets it: what is wrong in it is named by its key path and leaves nothing
# behind; what is right in it is what the process finds.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common

setup() {
	common_setup
	B=$TEST_DIR/b
	make_bundle "$B"
}

teardown() {
	common_teardown
}

# refused TEXT: create fails, says so, and leaves no container.
refused() {
	run runtime create --bundle "$B" c1
	assert_failure
	assert_output_has "$1"
	assert_missing "$RUNTIME_ROOT/c1"
}

# refused_with FILTER TEXT: the same after an edit, which is taken back.
refused_with() {
	cp "$B/config.json" "$TEST_DIR/good.json"
	edit_config "$B" "$1"
	refused "$2"
	mv "$TEST_DIR/good.json" "$B/config.json"
}

# refused_text TEXT: config.json is stdin, byte by byte.
refused_text() {
	cat >"$B/config.json"
	refused "$1"
}

# in_container SCRIPT: run it, keep the output.
in_container() {
	set_args "$B" /bin/sh -c "$1"
	run runtime run --bundle "$B" c1
}

@test "config: a bundle without config.json is refused by name" {
	rm "$B/config.json"
	refused config.json
}

@test "config: text that is no JSON is refused with line and column" {
	printf '{\n\t"ociVersion": "1.0.2",\n\t"root" {}\n}\n' | refused_text 'config.json: line 3, column 9'
	printf '{"ociVersion": "1.0.2", "ro' | refused_text 'config.json: line 1, column '
	: | refused_text 'config.json: '
	echo '[]' | refused_text 'config.json: '
}

@test "config: hostile text is refused" {
	head -c 100000 /dev/zero | tr '\0' '[' | refused_text 'config.json: line 1, column '
	printf '{"ociVersion": "1.0.2", "root": {"path": "a\\u0000b"}}' | refused_text 'config.json: line 1'
	printf '{"ociVersion": "1.0.2", "root": {"path": "\xff"}}' | refused_text 'config.json: line 1'
	printf '{"ociVersion": "1.0.2", "ociVersion": "1.0.2"}' | refused_text ociVersion
	jq -c . "$TOP/tests/lib/config.json" | tr -d '\n' >"$B/half"
	cat "$B/half" "$B/half" | refused_text 'config.json: line 1'
}

@test "config: more than 4 MiB is refused by size" {
	{
		cat "$B/config.json"
		head -c 10000000 /dev/zero | tr '\0' ' '
	} >"$B/large"
	refused_text config.json <"$B/large"
	assert_output_has 'larger than'
}

@test "config: 2,000 mounts are made" {
	mkdir "$B/source"
	edit_config "$B" '.mounts += [range(2000) | {destination: "/tmp/m\(.)", type: "bind",
		source: "source", options: ["rbind", "ro"]}]'
	in_container 'grep -c " /tmp/m" /proc/self/mountinfo'
	assert_success
	assert_equal "$output" 2000
}

@test "config: a wrong value is refused by its key path" {
	refused_with 'del(.ociVersion)' 'config.json: ociVersion: is required'
	refused_with '.ociVersion = "2.0.0"' "config.json: ociVersion: '2.0.0'"
	refused_with '.ociVersion = "latest"' "config.json: ociVersion: 'latest'"
	refused_with 'del(.root)' 'config.json: root: is required'
	refused_with '.root.path = ""' 'config.json: root.path: '
	refused_with '.root.readonly = "yes"' 'config.json: root.readonly: must be true or false, not "yes"'
	refused_with '.process.args = []' 'config.json: process.args: '
	refused_with 'del(.process.cwd)' 'config.json: process.cwd: is required'
	refused_with '.process.cwd = "tmp"' "config.json: process.cwd: 'tmp' is not an absolute path"
	refused_with '.process.env += ["BROKEN"]' "config.json: process.env[3]: 'BROKEN'"
	refused_with '.process.user.uid = -1' 'config.json: process.user.uid: must be an integer 0..4294967294, not -1'
	refused_with '.process.user.gid = "0"' 'config.json: process.user.gid: must be an integer 0..4294967294, not "0"'
	refused_with '.process.oomScoreAdj = 2000' 'config.json: process.oomScoreAdj: must be an integer -1000..1000'
	refused_with '.annotations = {"a": 1}' 'config.json: annotations.a: must be a string, not 1'
	refused_with '.mounts[1].options += [1]' 'config.json: mounts[1].options[4]: must be a string'
	refused_with '.mounts[3].options += ["idmap"]' "config.json: mounts[3]: only a bind mount can be idmapped"
	refused_with '.linux.maskedPaths = ["proc"]' "config.json: linux.maskedPaths[0]: 'proc'"
	refused_with '.linux.rootfsPropagation = "public"' "config.json: linux.rootfsPropagation: 'public'"
}

@test "config: rlimits that are unknown, doubled or upside down are refused" {
	refused_with '.process.rlimits = [{type: "RLIMIT_X", soft: 1, hard: 1}]' \
		"config.json: process.rlimits[0].type: 'RLIMIT_X'"
	refused_with '.process.rlimits = [{type: "RLIMIT_CPU", soft: 2, hard: 1}]' \
		'config.json: process.rlimits[0]: soft limit 2 is above hard limit 1'
	refused_with '.process.rlimits = [range(2) | {type: "RLIMIT_CPU", soft: 1, hard: 1}]' \
		'config.json: process.rlimits[1]: RLIMIT_CPU is there twice'
}

@test "config: a hook without an absolute path or with a timeout of 0 is refused" {
	refused_with '.hooks.poststop = [{path: "true"}]' "config.json: hooks.poststop[0].path: 'true'"
	refused_with '.hooks.createRuntime = [{path: "/bin/true"}, {args: ["x"]}]' \
		'config.json: hooks.createRuntime[1].path: is required'
	refused_with '.hooks.prestart = [{path: "/bin/true", timeout: 0}]' \
		'config.json: hooks.prestart[0].timeout: must be an integer 1..'
	refused_with '.hooks.startContainer = [{path: "/bin/true", env: ["A"]}]' \
		"config.json: hooks.startContainer[0].env[0]: 'A'"
}

@test "config: what would change the host is refused, and the host is as before" {
	local before
	before=$(hostname; cat /proc/self/mountinfo)
	refused_with '.linux.namespaces |= map(select(.type != "uts"))' 'config.json: hostname: would be set on the host'
	refused_with 'del(.hostname) | .domainname = "d" | .linux.namespaces |= map(select(.type != "uts"))' \
		'config.json: domainname: would be set on the host'
	refused_with '.linux.namespaces |= map(select(.type != "mount"))' "config.json: linux.namespaces: has no 'mount'"
	refused_with 'del(.linux)' 'config.json: '
	assert_equal "$(hostname; cat /proc/self/mountinfo)" "$before" host
}

@test "config: namespaces that are unknown, doubled or relative are refused" {
	refused_with '.linux.namespaces += [{type: "net"}]' "config.json: linux.namespaces[5].type: 'net' is none of"
	refused_with '.linux.namespaces += [{type: "pid"}]' "config.json: linux.namespaces[5]: type 'pid' is there twice"
	refused_with '.linux.namespaces[1].path = "run/x"' "config.json: linux.namespaces[1].path: 'run/x'"
}

@test "config: id maps are refused without a user namespace, and a user namespace without them" {
	local map='[{containerID: 0, hostID: 100000, size: 65536}]'
	refused_with ".linux.uidMappings = $map" "config.json: linux.uidMappings: needs 'user'"
	refused_with '.linux.namespaces += [{type: "user"}]' 'config.json: linux.uidMappings: is required'
	refused_with ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $map" \
		'config.json: linux.gidMappings: is required'
	refused_with ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $map + $map | .linux.gidMappings = $map" \
		'config.json: linux.uidMappings[1]: container ids overlap'
	refused_with ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $map | .linux.gidMappings = $map
		| .process.user.uid = 70000" 'config.json: process.user.uid: 70000 is not mapped'
}

@test "config: what is known and not applied is refused by name" {
	refused_with '.linux.intelRdt = {closID: 3}' 'config.json: linux.intelRdt.closID: '
}

@test "config: netDevices is refused with a word on who does networks" {
	refused_with '.linux.netDevices = {eth0: {}}' 'config.json: linux.netDevices: '
	edit_config "$B" '.linux.netDevices = {eth0: {}}'
	refused ct-netns
}

@test "config: values that ask for nothing pass, whatever they belong to" {
	edit_config "$B" '.process += {terminal: false, apparmorProfile: "", selinuxLabel: ""}
		| .linux += {cgroupsPath: "", seccomp: null, sysctl: {}, devices: [], netDevices: {},
			personality: {domain: "LINUX"},
			resources: {memory: {limit: -1}, pids: {limit: -1}, cpu: {shares: 0}, devices: []}}
		| .windows = {layerFolders: ["x"]} | .vm = {kernel: {path: "/k"}} | .freebsd = {jail: {}}'
	in_container 'echo ran'
	assert_success
	assert_equal "$output" ran
}

@test "config: unknown keys are ignored, and --debug tells of them" {
	edit_config "$B" '.process.colour = "blue" | .extra = {a: [1]}'
	in_container 'echo ran'
	assert_success
	assert_equal "$output" ran
	run runtime --debug run --bundle "$B" c2
	assert_success
	assert_output_has process.colour
	assert_output_has extra
}

@test "config: a capability that nobody knows is a warning" {
	edit_config "$B" '.process.capabilities.bounding += ["CAP_OF_TOMORROW"]'
	in_container 'grep CapBnd /proc/self/status'
	assert_success
	assert_output_has "config.json: process.capabilities.bounding[3]: unknown capability 'CAP_OF_TOMORROW', ignoring it"
	assert_equal "$(grep -c CAP_OF_TOMORROW <<<"$output")" 1 "told once"
	assert_output_has "$(printf 'CapBnd:\t%016x' $((1 << 5 | 1 << 10 | 1 << 13)))"
}

@test "config: a container may be created without a process; it cannot be started" {
	edit_config "$B" 'del(.process)'
	runtime create --bundle "$B" c1
	assert_equal "$(container_status c1)" created
	run runtime start c1
	assert_failure
	assert_output_has process
	runtime delete --force c1
	assert_missing "$RUNTIME_ROOT/c1"
}

@test "config: the process has its user, groups, umask, folder, environment and host name" {
	edit_config "$B" '.process.user = {uid: 1000, gid: 1001, umask: 63, additionalGids: [5, 7]}
		| .process.cwd = "/home" | .process.env += ["LEFT=a=b", "EMPTY="]
		| .hostname = "name-of-host" | .domainname = "name-of-domain"'
	in_container 'id -u; id -g; id -G; umask; pwd; echo "$LEFT,${EMPTY-unset}"; hostname; cat /proc/sys/kernel/domainname'
	assert_success
	assert_equal "$output" "$(printf '%s\n' 1000 1001 '1001 5 7' 0077 /home a=b, name-of-host name-of-domain)"
}

@test "config: the process has its limits, privileges and oom score" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
			{type: "RLIMIT_CORE", soft: 0, hard: 18446744073709551615}]
		| .process.oomScoreAdj = 321'
	in_container 'ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc
		cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status'
	assert_success
	assert_equal "$output" "$(printf '%s\n' 100 200 0 unlimited 321 $'NoNewPrivs:\t1')"
}

@test "config: argv reaches the process as it is written" {
	cat >"$B/rootfs/bin/show" <<'SCRIPT'
#!/bin/sh
for arg; do echo "<$arg>"; done
SCRIPT
	chmod 755 "$B/rootfs/bin/show"
	set_args "$B" show '' 'a b' '$HOME' '"' $'two\nlines' 'ü'
	run runtime run --bundle "$B" c1
	assert_success
	assert_equal "$output" "$(printf '<%s>\n' '' 'a b' '$HOME' '"' $'two\nlines' 'ü')"
}
