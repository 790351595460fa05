#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host with some controllers on cgroup v1 and the others on a v2 tree beside them.

load ../lib/common

V1=(memory pids freezer devices)

setup_file() {
	local name
	umount /sys/fs/cgroup
	mount -t tmpfs -o mode=755 test /sys/fs/cgroup
	for name in "${V1[@]}"; do
		mkdir "/sys/fs/cgroup/$name"
		mount -t cgroup -o "$name" test "/sys/fs/cgroup/$name"
	done
	mkdir /sys/fs/cgroup/unified
	mount -t cgroup2 test /sys/fs/cgroup/unified
}

setup() {
	common_setup
	make_bundle b
	set_args b sleep 1000
	BEFORE=$(groups)
}

teardown() {
	common_teardown
	assert_equal "$(groups)" "$BEFORE" "cgroups after the test"
}

groups() {
	find /sys/fs/cgroup -mindepth 2 -type d | sort
}

@test "hybrid: huge pages and CPU are limited through v2, memory and pids through v1" {
	local v2=/sys/fs/cgroup/unified/ct/c1
	edit_config b '.linux.cgroupsPath = "/ct/c1" | .linux.resources = {
		memory: {limit: 50003968}, pids: {limit: 20}, cpu: {shares: 512, quota: 20000, period: 100000, cpus: "0"},
		hugepageLimits: [{pageSize: "2MB", limit: 4194304}], unified: {"hugetlb.2MB.rsvd.max": "2097152"},
		devices: [{allow: false, access: "rwm"}]}'
	runtime create --bundle b c1 >"$TEST_DIR/out" 2>&1 3>&-
	assert_equal "$(cat $v2/hugetlb.2MB.max)" 4194304
	assert_equal "$(cat $v2/hugetlb.2MB.rsvd.max)" 2097152
	assert_equal "$(cat $v2/cpu.max)" "20000 100000"
	assert_equal "$(cat $v2/cpuset.cpus)" 0
	assert_equal "$(cat $v2/cgroup.procs)" "$(container_pid c1)"
	assert_equal "$(cat /sys/fs/cgroup/memory/ct/c1/memory.limit_in_bytes)" 50003968
	assert_equal "$(cat /sys/fs/cgroup/pids/ct/c1/pids.max)" 20
	assert_equal "$(cat /sys/fs/cgroup/memory/ct/c1/cgroup.procs)" "$(container_pid c1)"
	run runtime events --stats c1
	assert_equal "$(jq '.data.hugetlb["2MB"].usage' <<<"$output")" 0
	runtime update --cpu-quota 30000 --pids-limit 30 c1
	assert_equal "$(cat $v2/cpu.max)" "30000 100000"
	assert_equal "$(cat /sys/fs/cgroup/pids/ct/c1/pids.max)" 30
	runtime start c1
	runtime delete --force c1
}

@test "hybrid: a file of unified whose controller is on v1 is refused" {
	edit_config b '.linux.resources = {unified: {"memory.high": "max"}}'
	run -1 runtime create --bundle b c1
	assert_output_has "config.json: linux.resources.unified: sets files of cgroup v2, and their controllers are on v1"
}
