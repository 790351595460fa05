#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# config.json's process: who it is, what it may, where it starts.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# status_of NAME: of the process itself
status_of() {
	in_container "awk '/^$1:/ { print \$2, \$3, \$4, \$5 }' /proc/self/status"
	assert_success
}

@test "process: user and groups" {
	edit_config "$B" '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 77]}'
	in_container 'id -u; id -g; id -G'
	assert_success
	assert_equal "$output" $'1000\n1001\n1001 5 77'
}

@test "process: real, effective, saved and file system ids are the same" {
	edit_config "$B" '.process.user = {uid: 1000, gid: 1001}'
	status_of Uid
	assert_equal "$output" "1000 1000 1000 1000"
	status_of Gid
	assert_equal "$output" "1001 1001 1001 1001"
}

@test "process: without additionalGids there are none of the host's" {
	in_container 'grep ^Groups: /proc/self/status | tr -d "\t "'
	assert_success
	assert_match "$output" '^Groups:0?$'
}

@test "process: umask is 0022, or as given" {
	in_container umask
	assert_equal "$output" 0022
	edit_config "$B" '.process.user.umask = 63'
	in_container umask
	assert_equal "$output" 0077
}

@test "process: resource limits" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 99}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	in_container 'ulimit -Sn; ulimit -Hn; ulimit -c'
	assert_success
	assert_equal "$output" $'77\n99\n0'
}

@test "process: an unknown limit is refused, and one that is given twice" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
	in_container true
	assert_failure
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1}, {type: "RLIMIT_CORE", soft: 1, hard: 1}]'
	in_container true
	assert_failure
}

@test "process: noNewPrivileges on and off" {
	status_of NoNewPrivs
	assert_equal "${output%% *}" 1
	edit_config "$B" '.process.noNewPrivileges = false'
	status_of NoNewPrivs
	assert_equal "${output%% *}" 0
}

@test "process: oomScoreAdj" {
	edit_config "$B" '.process.oomScoreAdj = 321'
	in_container 'cat /proc/self/oom_score_adj'
	assert_success
	assert_equal "$output" 321
}

@test "process: capabilities are the given ones, in every set" {
	edit_config "$B" '.process.capabilities = (["CAP_KILL", "CAP_NET_RAW"] | {bounding: ., effective: ., permitted: .})'
	in_container 'awk "/^Cap(Inh|Prm|Eff|Bnd|Amb)/ { print \$1, \$2 }" /proc/self/status'
	assert_success
	assert_equal "$output" $'CapInh: 0000000000000000\nCapPrm: 0000000000002020\nCapEff: 0000000000002020\nCapBnd: 0000000000002020\nCapAmb: 0000000000000000'
}

@test "process: ambient capabilities reach a foreign uid" {
	edit_config "$B" '.process.user.uid = 1000
		| .process.capabilities = (["CAP_KILL"] | {bounding: ., effective: ., permitted: ., inheritable: ., ambient: .})'
	in_container 'awk "/^CapEff/ { print \$2 }" /proc/self/status'
	assert_success
	assert_equal "$output" 0000000000000020
}

@test "process: a foreign uid without ambient capabilities has none" {
	edit_config "$B" '.process.user.uid = 1000'
	in_container 'awk "/^CapEff/ { print \$2 }" /proc/self/status'
	assert_success
	assert_equal "$output" 0000000000000000
}

# all_caps [COMMAND...]: the five sets inside, of what `run` says; COMMAND is before the runtime.
all_caps() {
	set_args "$B" /bin/awk '/^Cap/ { printf "%s%s", sep, $2; sep = " " }' /proc/self/status
	"$@" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" 2>"$TEST_DIR/warnings" </dev/null
}

@test "process: five sets of capabilities, each as it is given" {
	edit_config "$B" '.process.user.uid = 1000 | .process.capabilities = {
		bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SETUID"],
		permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], effective: ["CAP_KILL"],
		inheritable: ["CAP_KILL", "CAP_NET_RAW", "CAP_SETUID"], ambient: ["CAP_KILL", "CAP_NET_RAW"]}'
	# Of permitted, execve leaves a foreign uid the ambient ones, and makes them effective.
	assert_equal "$(all_caps)" "00000000000020a0 0000000000002020 0000000000002020 00000000000020a1 0000000000002020"
	assert_equal "$(cat "$TEST_DIR/warnings")" ""
}

@test "process: without capabilities there are none, in no set" {
	edit_config "$B" 'del(.process.capabilities)'
	assert_equal "$(all_caps)" "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
}

@test "process: an ambient capability that is not inheritable is a warning" {
	edit_config "$B" '.process.capabilities = ({bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"],
		ambient: ["CAP_KILL"]})'
	assert_equal "$(all_caps)" "0000000000000000 0000000000000020 0000000000000020 0000000000000020 0000000000000000"
	run cat "$TEST_DIR/warnings"
	assert_output_has 'CAP_KILL cannot be ambient without being permitted and inheritable'
}

@test "process: a capability that the runtime has not got itself is a warning" {
	edit_config "$B" '.process.capabilities = (["CAP_KILL", "CAP_SYS_BOOT"] | {bounding: ., effective: ., permitted: .})'
	assert_equal "$(all_caps setpriv --bounding-set=-sys_boot)" \
		"0000000000000000 0000000000000020 0000000000000020 0000000000000020 0000000000000000"
	run cat "$TEST_DIR/warnings"
	assert_output_has 'CAP_SYS_BOOT cannot be granted'
}

@test "process: an effective capability that is not permitted is refused" {
	edit_config "$B" '.process.capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"]}'
	in_container true
	assert_failure
	assert_output_has 'config.json: process.capabilities'
}

@test "process: a label of a security module that the kernel has not got is refused, before anything is made" {
	add_hook "$B" createRuntime /bin/sh sh -c "touch $B/log/ran"
	if [ ! -e /sys/module/apparmor ]; then
		edit_config "$B" '.process.apparmorProfile = "nosuch-profile"'
		rt create --bundle "$B" "$C"
		assert_failure
		assert_output_has "config.json: process.apparmorProfile: 'nosuch-profile': AppArmor is not enabled"
	fi
	if ! grep -q selinuxfs /proc/filesystems; then
		edit_config "$B" 'del(.process.apparmorProfile) | .process.selinuxLabel = "u:r:t:s0"'
		rt create --bundle "$B" "$C"
		assert_failure
		assert_output_has "config.json: process.selinuxLabel: 'u:r:t:s0': SELinux is not enabled"
	fi
	assert_missing "$B/log/ran"
	edit_config "$B" '.process.selinuxLabel = "a\nb"'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has 'config.json: process.selinuxLabel: must be one line'
	edit_config "$B" '.process.selinuxLabel = 1'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has 'config.json: process.selinuxLabel: must be a string'
}

@test "process: unconfined is no profile where there is no AppArmor" {
	edit_config "$B" '.process.apparmorProfile = "unconfined"'
	in_container 'echo ran'
	assert_success
	assert_equal "$output" ran
}

@test "process: cwd is made when it is missing" {
	edit_config "$B" '.process.cwd = "/made/for/me"'
	in_container pwd
	assert_success
	assert_equal "$output" /made/for/me
}

@test "process: a relative cwd is refused" {
	edit_config "$B" '.process.cwd = "tmp"'
	in_container true
	assert_failure
	assert_output_has cwd
}

@test "process: HOME is of /etc/passwd when env has none" {
	edit_config "$B" '.process.env = ["PATH=/bin"] | .process.user.uid = 1000'
	in_container 'echo $HOME'
	assert_equal "$output" /home
	edit_config "$B" '.process.env = ["PATH=/bin", "HOME=/given"]'
	in_container 'echo $HOME'
	assert_equal "$output" /given
}

@test "process: env is the given one and nothing of the runtime's" {
	edit_config "$B" '.process.env = ["PATH=/bin", "HOME=/", "A=1", "B=x y"]'
	CT_LIFE=leak in_container 'cat /proc/self/environ | tr "\0" "\n" | sort | paste -sd "|" -'
	assert_success
	refute_output_has leak
	assert_output_has "A=1|B=x y|HOME=/|"
}

@test "process: args without a slash are looked for in its own PATH" {
	mkdir "$B/rootfs/opt"
	make_script "$B/rootfs/opt/mine" <<<$'#!/bin/sh\necho found'
	edit_config "$B" '.process.env = ["PATH=/bin:/opt"]'
	set_args "$B" mine
	rt run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" found
}

@test "process: no process: created, not started" {
	[ "$(runtime_name)" = ct ] || skip "the others want a process"
	edit_config "$B" 'del(.process)'
	create
	rt start "$C"
	assert_failure
	assert_output_has process
	delete
}

@test "process: is 1 of its pid namespace, leader of its session" {
	in_container 'echo $$; cut -d " " -f 6 /proc/self/stat'
	assert_success
	assert_equal "$output" $'1\n1'
}

@test "process: host name, and lo is up" {
	in_container 'hostname; ip addr show dev lo | grep -c 127.0.0.1'
	assert_success
	assert_equal "$output" $'container\n1'
}
