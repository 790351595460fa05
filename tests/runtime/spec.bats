#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ct-runtime spec: a config.json that runs as it is.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load ../lib/common

setup() {
	common_setup
	B=$TEST_DIR/b
	mkdir "$B"
}

teardown() {
	common_teardown
}

@test "spec: writes a config.json that runs as it is" {
	make_rootfs "$B/rootfs"
	run "$CT_RUNTIME_BIN" spec --bundle "$B"
	assert_success
	assert_equal "$output" ""
	run runtime run --bundle "$B" c1 <<<'hostname; id -u; pwd; echo "$TERM"; ulimit -n; ls -d /proc/self /sys/kernel /dev/shm /dev/mqueue; touch /x'
	assert_output_has $'ct-runtime\n0\n/\nxterm\n1024\n'
	assert_output_has $'/dev/mqueue\n/dev/shm\n/proc/self\n/sys/kernel'
	assert_output_has 'Read-only file system'
}

@test "spec: the process has few capabilities and gets no new ones" {
	make_rootfs "$B/rootfs"
	"$CT_RUNTIME_BIN" spec -b "$B"
	run runtime run --bundle "$B" c1 <<<'grep -E "^(Cap|NoNew)" /proc/self/status'
	assert_success
	local caps
	caps=$(printf '%016x' $((1 << 29 | 1 << 5 | 1 << 10)))
	assert_output_has $'CapPrm:\t'"$caps"
	assert_output_has $'CapEff:\t'"$caps"
	assert_output_has $'CapBnd:\t'"$caps"
	assert_output_has $'CapInh:\t0000000000000000'
	assert_output_has $'NoNewPrivs:\t1'
}

@test "spec: writes into the working directory when no bundle is named" {
	cd "$B"
	"$CT_RUNTIME_BIN" spec
	assert_exists "$B/config.json"
	assert_equal "$(jq -r .root.path config.json)" rootfs
	assert_equal "$(stat -c %a config.json)" 644
}

@test "spec: does not overwrite a config.json" {
	echo mine >"$B/config.json"
	run "$CT_RUNTIME_BIN" spec --bundle "$B"
	assert_failure
	assert_output_has "$B/config.json"
	assert_equal "$(cat "$B/config.json")" mine
}

@test "spec: a bundle that is no folder is an error that names it" {
	run "$CT_RUNTIME_BIN" spec --bundle "$B/missing"
	assert_failure
	assert_output_has "$B/missing"
	: >"$B/file"
	run "$CT_RUNTIME_BIN" spec --bundle "$B/file"
	assert_failure
	assert_output_has "$B/file"
}

@test "spec: takes no arguments" {
	run "$CT_RUNTIME_BIN" spec --bundle "$B" extra
	assert_failure
	assert_missing "$B/config.json"
}

@test "spec: has no hooks of itself" {
	"$CT_RUNTIME_BIN" spec --bundle "$B"
	assert_equal "$(jq 'has("hooks")' "$B/config.json")" false
}

@test "spec: --net adds the ct-netns that lies beside the runtime, for attach and for detach" {
	mkdir "$TEST_DIR/bin"
	cp "$CT_RUNTIME_BIN" "$TEST_DIR/bin/ct-runtime"
	printf '#!/bin/sh\n' | make_script "$TEST_DIR/bin/ct-netns"
	"$TEST_DIR/bin/ct-runtime" spec --net --bundle "$B"
	assert_equal "$(jq -c .hooks "$B/config.json")" \
		"{\"createRuntime\":[{\"path\":\"$TEST_DIR/bin/ct-netns\",\"args\":[\"ct-netns\"]}],\"poststop\":[{\"path\":\"$TEST_DIR/bin/ct-netns\",\"args\":[\"ct-netns\"]}]}"
}

@test "spec: --net names the installed ct-netns when none lies beside the runtime" {
	mkdir "$TEST_DIR/bin"
	cp "$CT_RUNTIME_BIN" "$TEST_DIR/bin/ct-runtime"
	"$TEST_DIR/bin/ct-runtime" spec --net --bundle "$B"
	assert_equal "$(jq -r '.hooks.createRuntime[0].path' "$B/config.json")" /usr/local/bin/ct-netns
}

@test "spec: a container from spec --net has an address after create and none is leased after delete" {
	[ -x "$CT_NETNS_BIN" ] || fail "$CT_NETNS_BIN is not built"
	make_rootfs "$B/rootfs"
	"$CT_RUNTIME_BIN" spec --net --bundle "$B"
	run runtime run --bundle "$B" c1 <<<'ip -4 -o addr show dev eth0; ip route'
	assert_success
	assert_output_has 172.19.0.2/16
	assert_output_has 'default via 172.19.0.1'
	run "$CT_NETNS_BIN" ls
	refute_output_has c1
}

@test "spec: what it writes runs under runc and crun as well" {
	local engine
	make_rootfs "$B/rootfs"
	"$CT_RUNTIME_BIN" spec --bundle "$B"
	for engine in runc crun; do
		prepare_engine "$engine"
		run "$engine" --root "$TEST_DIR/$engine" run --bundle "$B" "c-$engine" <<<'echo ran'
		assert_success
		assert_output_has ran
	done
}
