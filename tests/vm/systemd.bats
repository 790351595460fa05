#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --systemd-cgroup: the container in a scope that systemd makes.
# vm-init: systemd

load ../lib/common

GROUPS_AT=/sys/fs/cgroup
SCOPE=ct-c1.scope

setup_file() {
	make_rootfs "$BATS_FILE_TMPDIR/rootfs"
}

setup() {
	common_setup
	mkdir b
	jq '.root.path = $r' --arg r "$BATS_FILE_TMPDIR/rootfs" "$TOP/tests/lib/config.json" >b/config.json
}
teardown() { common_teardown; }

sd() {
	runtime --systemd-cgroup "$@"
}

# A create that must fail: into a file, since the process of one that does not would keep a pipe open.
create_refused() {
	status=0
	sd create --bundle b c1 >"$TEST_DIR/out" 2>&1 3>&- || status=$?
	output=$(<"$TEST_DIR/out")
	assert_failure
}

start_one() {
	set_args b sleep 100
	sd create --bundle b c1 >"$TEST_DIR/out" 2>&1 3>&-
	runtime start c1
}

property() {
	systemctl show -P "$1" "${2:-$SCOPE}"
}

@test "systemd: the container is alone in a delegated scope of system.slice, and delete stops it" {
	start_one
	local pid
	pid=$(container_pid c1)
	assert_equal "$(cat "/proc/$pid/cgroup")" "0::/system.slice/$SCOPE"
	assert_equal "$(cat "$GROUPS_AT/system.slice/$SCOPE/cgroup.procs")" "$pid"
	assert_equal "$(property ActiveState)" active
	assert_equal "$(property Delegate)" yes
	assert_equal "$(property CollectMode)" inactive-or-failed
	runtime delete --force c1
	assert_equal "$(property LoadState)" not-found
	assert_missing "$GROUPS_AT/system.slice/$SCOPE"
}

@test "systemd: slice:prefix:name, with slices that are not there yet" {
	edit_config b '.linux.cgroupsPath = "a-b.slice:pre:name"'
	start_one
	assert_equal "$(cat "/proc/$(container_pid c1)/cgroup")" "0::/a.slice/a-b.slice/pre-name.scope"
	runtime delete --force c1
	assert_equal "$(property LoadState pre-name.scope)" not-found
}

@test "systemd: a path that is none of systemd's is refused" {
	edit_config b '.linux.cgroupsPath = "/a/b"'
	create_refused
	assert_output_has "slice:prefix:name"
}

@test "systemd: limits are properties and files, and a reload of systemd keeps them" {
	edit_config b '.linux.resources = {
		memory: {limit: 67108864, swap: 100663296, reservation: 33554432},
		cpu: {shares: 2048, quota: 50000, period: 100000, cpus: "0"},
		pids: {limit: 33}, unified: {"memory.high": "50331648"}}'
	start_one
	local round folder=$GROUPS_AT/system.slice/$SCOPE
	assert_equal "$(property MemoryMax)" 67108864
	assert_equal "$(property MemoryHigh)" 50331648
	assert_equal "$(property CPUWeight)" 174
	assert_equal "$(property CPUQuotaPerSecUSec)" 500ms
	assert_equal "$(property TasksMax)" 33
	assert_equal "$(property AllowedCPUs)" 0
	for round in before after; do
		assert_equal "$(cat "$folder/memory.max")" 67108864 "$round"
		assert_equal "$(cat "$folder/memory.swap.max")" 33554432 "$round"
		assert_equal "$(cat "$folder/memory.low")" 33554432 "$round"
		assert_equal "$(cat "$folder/memory.high")" 50331648 "$round"
		assert_equal "$(cat "$folder/cpu.max")" "50000 100000" "$round"
		assert_equal "$(cat "$folder/cpu.weight")" 174 "$round"
		assert_equal "$(cat "$folder/pids.max")" 33 "$round"
		assert_equal "$(cat "$folder/cpuset.cpus")" 0 "$round"
		[ "$round" = after ] || systemctl daemon-reload
	done
}

@test "systemd: annotations set properties of the scope" {
	edit_config b '.annotations = {"org.systemd.property.Description": "'"'my container'"'",
		"org.systemd.property.TimeoutStopSec": "uint64 7",
		"org.systemd.property.RuntimeMaxUSec": "uint64 90000000"}'
	start_one
	assert_equal "$(property Description)" "my container"
	assert_equal "$(property TimeoutStopUSec)" 7s
	assert_equal "$(property RuntimeMaxUSec)" 1min\ 30s
}

@test "systemd: annotations that are no properties are refused, and nothing is made" {
	local row
	for row in 'PIDs=uint32 1' "Slice='x.slice'" 'TimeoutStopUSec=uint64 x' "Description='open" 'A/B=5'; do
		edit_config b '.annotations = {("org.systemd.property." + $n): $v}' \
			--arg n "${row%%=*}" --arg v "${row#*=}"
		create_refused
		assert_output_has "org.systemd.property.${row%%=*}"
		assert_equal "$(property LoadState)" not-found
	done
	edit_config b '.annotations = {"org.systemd.property.NoSuchProperty": "5"}'
	create_refused
	assert_output_has "NoSuchProperty"
	assert_equal "$(property LoadState)" not-found
}

@test "systemd: a name that is taken is refused, a failed unit of the name is reset" {
	systemd-run --quiet --scope --unit ct-c1 sleep 100 >/dev/null 2>&1 3>&- &
	TEST_PIDS+=($!)
	wait_for 20 systemctl is-active --quiet $SCOPE
	create_refused
	assert_output_has "has a unit '$SCOPE' already"
	assert_equal "$(property ActiveState)" active
	systemctl stop $SCOPE
}

@test "systemd: restart gets a new scope, with the limits" {
	edit_config b '.linux.resources = {pids: {limit: 21}}'
	start_one
	local pid
	pid=$(container_pid c1)
	kill -KILL "$pid"
	wait_exit "$pid"
	runtime restart c1 >/dev/null 2>&1 3>&-
	assert_equal "$(cat "/proc/$(container_pid c1)/cgroup")" "0::/system.slice/$SCOPE"
	assert_equal "$(cat "$GROUPS_AT/system.slice/$SCOPE/pids.max")" 21
}

@test "systemd: a container that ends by itself leaves no scope, and run its status" {
	set_args b sh -c 'exit 7'
	run sd run --bundle b c1
	assert_status 7
	assert_equal "$(property LoadState)" not-found
}

@test "systemd: without a bus daemon the manager's own socket is used" {
	mount -t tmpfs none /run/dbus
	run sd run --bundle b c1
	umount /run/dbus
	assert_success
}

@test "systemd: SIGKILL of create at any step leaves no scope after delete --force" {
	local step
	for step in create.cgroup create.cgroup.done create.process.done create.resources.done; do
		CT_FAULT=$step:kill run "$FAULT_BIN/ct-runtime" --systemd-cgroup --root "$RUNTIME_ROOT" \
			create --bundle b c1
		run runtime delete --force c1
		assert_success
		assert_equal "$(property LoadState)" not-found
	done
}
