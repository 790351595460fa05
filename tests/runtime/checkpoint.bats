#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# checkpoint and restore as far as they need no CRIU that works on this kernel: a program of its name shows
# what it is asked for. With the real one: tests/vm/criu.bats.

# shellcheck disable=SC2016 # jq expands what is in single quotes

load ../lib/common

setup() {
	common_setup
	make_bundle b
	set_args b sleep 1000
	mkdir bin
	# It keeps its arguments, and ends as the test wants.
	cat >bin/criu <<-'END'
		#!/bin/sh
		here=${0%/*}
		printf '%s\n' "$@" >$here/args
		while [ $# -gt 0 ]; do
			[ "$1" != --work-dir ] || work=$2
			[ "$1" != --log-file ] || log=$2
			shift
		done
		[ -e $here/works ] && exit 0
		printf '%s\n' '(00.1) fine' '(00.2) Error (criu/x.c:1): no such luck' >$work/$log
		exit 1
	END
	chmod +x bin/criu
	ln bin/criu criu
}
teardown() { common_teardown; }

start_one() {
	runtime run --detach --bundle b c1 >"$TEST_DIR/out" 2>&1 </dev/null 3>&-
}

# ours ARG...: with the criu of this test.
ours() {
	PATH=$TEST_DIR/bin:$PATH runtime "$@" 3>&-
}

without() {
	PATH='' runtime "$@" 3>&-
}

# argument_after WORD
argument_after() {
	grep -A 1 -x -e "$1" bin/args | tail -n 1
}

make_image() {
	mkdir -p img
	: >img/inventory.img
	echo '["/dev/null","/dev/null","pipe:[5]"]' >img/descriptors.json
}

@test "checkpoint, restore: probes of engines get their answers" {
	run -0 runtime checkpoint --help
	run ! runtime restore --lsm-mount-context
	assert_output_has "flag needs an argument"
}

@test "checkpoint, restore: without CRIU in PATH one clear error, and nothing changes" {
	start_one
	run ! without checkpoint --image-path img c1
	assert_output_has "no program 'criu' in PATH"
	assert_output_has "install the package 'criu'"
	assert_equal "$(container_status c1)" running
	assert_missing img
	make_image
	run ! without restore --bundle b --image-path img c2
	assert_output_has "no program 'criu' in PATH"
	assert_missing "$RUNTIME_ROOT/c2"
	# Not one of the working directory either.
	PATH=.: run ! runtime checkpoint --image-path img c1
	assert_missing args
}

@test "checkpoint: CRIU gets the tree, the folders, the namespace, mounts and streams from outside" {
	: >"$TEST_DIR/one"
	edit_config b '.mounts += [{destination: "/etc/one", type: "bind", source: ($t + "/one"), options: ["bind"]}]
		| .linux.maskedPaths = ["/proc/version", "/proc/acpi"]' --arg t "$TEST_DIR"
	start_one
	: >bin/works
	run -0 ours checkpoint --image-path img --work-path work --leave-running --tcp-established \
		--ext-unix-sk --file-locks --shell-job --manage-cgroups-mode ignore --empty-ns network \
		--tcp-skip-in-flight --link-remap --auto-dedup --page-server 127.0.0.1:99 c1
	assert_equal "$(head -n 1 bin/args)" dump
	assert_equal "$(argument_after --tree)" "$(container_pid c1)"
	assert_equal "$(argument_after --images-dir)" "$TEST_DIR/img"
	assert_equal "$(argument_after --work-dir)" "$TEST_DIR/work"
	assert_equal "$(argument_after --root)" "$TEST_DIR/b/rootfs"
	assert_equal "$(argument_after --port)" 99
	local word
	for word in --leave-running --tcp-established --ext-unix-sk --file-locks --shell-job \
		--manage-cgroups=ignore --skip-in-flight --link-remap --auto-dedup --page-server \
		"mnt[/etc/one]:/etc/one" "mnt[/proc/version]:/proc/version" \
		"net[$(stat -L -c %i "/proc/$(container_pid c1)/ns/net")]:extRootNetNS"; do
		grep -qxF -e "$word" bin/args || fail "not there: $word in $(cat bin/args)"
	done
	assert_match "$(jq -r '.[0]' img/descriptors.json)" '^file\[[0-9a-f]+:[0-9a-f]+\] /dev/null$'
	grep -qxF -e "$(jq -r '.[0]' img/descriptors.json | cut -d' ' -f1)" bin/args
	run -0 ours checkpoint --image-path img2 --parent-path ../img --pre-dump c1
	assert_equal "$(head -n 1 bin/args)" pre-dump
	assert_equal "$(argument_after --prev-images-dir)" ../img
	assert_equal "$(container_status c1)" running
}

@test "checkpoint: when CRIU fails its error is in ours, and the container goes on" {
	start_one
	run ! ours checkpoint --image-path img c1
	assert_output_has "criu dump: exit status 1: Error (criu/x.c:1): no such luck; see $TEST_DIR/img/dump.log"
	assert_equal "$(container_status c1)" running
}

@test "checkpoint: refuses what is no running container, and values that are none" {
	run ! ours checkpoint nosuch
	assert_output_has "does not exist"
	start_one
	local option
	for option in "--manage-cgroups-mode=some" "--empty-ns=pid" "--parent-path=/abs" \
		"--page-server=nowhere" "--lazy-pages" "--status-fd=3"; do
		run ! ours checkpoint "$option" c1
		assert_output_has "${option%%=*}"
	done
	run -0 runtime kill c1 KILL
	wait_for 10 test "$(container_status c1)" = stopped
	run ! ours checkpoint c1
	assert_output_has "it is stopped"
}

@test "checkpoint, restore: refuse by its key what they cannot do" {
	make_image
	local filter text
	while IFS='|' read -r filter text; do
		cp b/config.json saved
		edit_config b "$filter"
		run ! ours restore --bundle b --image-path img c2
		assert_output_has "$text"
		assert_missing "$RUNTIME_ROOT/c2"
		mv saved b/config.json
	done <<-'END'
		.linux.namespaces += [{type: "user", path: "/proc/self/ns/user"}]|user namespace
		.linux.namespaces -= [{type: "pid"}]|must have 'pid'
		.linux.namespaces[0].path = "/proc/self/ns/pid"|a pid namespace joined by path
		.process.terminal = true|process.terminal
		.mounts += [{destination: "/c", type: "cgroup", source: "cgroup"}]|mounts[4]
	END
}

@test "restore: CRIU gets the folders, the root, the new sources, and streams of who calls" {
	make_image
	: >"$TEST_DIR/one"
	edit_config b '.mounts += [{destination: "/new/one", type: "bind", source: ($t + "/one"), options: ["bind"]}]
		| .linux.maskedPaths = ["/proc/version"]' --arg t "$TEST_DIR"
	run ! ours restore --detach --bundle b --image-path img --lsm-profile apparmor:x c2
	assert_output_has "no such luck; see $TEST_DIR/img/restore.log"
	assert_equal "$(head -n 1 bin/args)" restore
	assert_equal "$(argument_after --lsm-profile)" apparmor:x
	assert_equal "$(argument_after --root)" "$RUNTIME_ROOT/c2/criu-root"
	local word
	for word in --restore-detached --restore-sibling "mnt[/new/one]:$TEST_DIR/one" \
		"mnt[/proc/version]:/dev/null" "fd[2]:pipe:[5]"; do
		grep -qxF -e "$word" bin/args || fail "not there: $word in $(cat bin/args)"
	done
	grep -qx 'fd\[[0-9]*\]:extRootNetNS' bin/args
	assert_missing "$RUNTIME_ROOT/c2"
}

@test "restore: a failure runs poststop after the hooks, and leaves no difference" {
	make_image
	add_hook b createRuntime /bin/sh sh -c "cat >$TEST_DIR/made; stat -L -c %i /proc/\$(jq .pid $TEST_DIR/made)/ns/net >$TEST_DIR/net"
	add_hook b poststop /bin/sh sh -c "cat >$TEST_DIR/stopped"
	mkdir -m 700 "$RUNTIME_ROOT"
	snapshot_host
	run ! ours restore --detach --bundle b --image-path img c2
	assert_same_host
	assert_equal "$(jq -r .id made)" c2
	assert_equal "$(jq -r .id stopped)" c2
	run ! grep -qx "$(stat -L -c %i /proc/self/ns/net)" net
	assert_missing "$RUNTIME_ROOT/c2"
}

@test "restore: refuses a folder without an image, and a broken one" {
	run ! ours restore --bundle b --image-path nothing c2
	assert_output_has "no image of CRIU in '$TEST_DIR/nothing'"
	make_image
	local text
	for text in '' '{}' '["a"]' '[1,2,3]' 'x'; do
		echo "$text" >img/descriptors.json
		run ! ours restore --detach --bundle b --image-path img c2
		assert_output_has descriptors.json
		assert_missing "$RUNTIME_ROOT/c2"
	done
	make_image
	run ! ours restore --no-pivot --bundle b --image-path img c2
	assert_output_has "--no-pivot"
}
