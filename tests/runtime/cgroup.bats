#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Control groups as this host has them: where a container is, what its limits do, what is left of it.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	[ -d /sys/fs/cgroup/memory ] || skip "this host has no cgroup v1 controllers"
	BEFORE=$(groups)
	G=/outer/$C
	edit_config "$B" '.linux.cgroupsPath = $g' --arg g "$G"
}

# Nothing of any test's groups is left, and none that was there is gone.
teardown() {
	life_teardown
	assert_equal "$(groups)" "$BEFORE" "cgroups after the test"
}

groups() {
	find /sys/fs/cgroup -mindepth 2 -type d | sort
}

resources() {
	edit_config "$B" ".linux.resources = $1"
}

# file CONTROLLER NAME: of the container's group.
file() {
	cat "/sys/fs/cgroup/$1$G/$2"
}

sleeping() {
	set_args "$B" sleep 1000
	create
}

# refused ERE: create fails with this, and made nothing.
refused() {
	rt create --bundle "$B" "$C"
	assert_failure
	assert_match "$output" "config\.json: $1"
	assert_equal "$(groups)" "$BEFORE" "cgroups after a refusal"
}

@test "cgroup: with cgroupsPath it is in every hierarchy, its namespace shows the root" {
	edit_config "$B" '.linux.namespaces += [{type: "cgroup"}]'
	set_args "$B" sh -c 'cat /proc/self/cgroup; exec sleep 1000'
	runtime create --bundle "$B" "$C" >"$TEST_DIR/out" 3>&-
	start
	wait_for 5 grep -q '^0::' "$TEST_DIR/out"
	run grep -v -e '^0::' -e ':/$' "$TEST_DIR/out"
	assert_equal "$output" "" "groups that are not the root in the container"
	local name path
	while IFS=: read -r _ name path; do
		[ -z "$name" ] || assert_equal "$path" "$G" "$name"
	done <"/proc/$(container_pid "$C")/cgroup"
	run nsenter --cgroup="$RUNTIME_ROOT/$C/ns/cgroup" grep ':pids:' "/proc/$(container_pid "$C")/cgroup"
	assert_match "$output" ':pids:/$' "the pinned namespace"
}

@test "cgroup: without cgroupsPath it is in the freezer and where its limits are" {
	edit_config "$B" 'del(.linux.cgroupsPath)'
	resources '{pids: {limit: 20}}'
	sleeping
	run find /sys/fs/cgroup -mindepth 2 -name "ct-$C" -printf '%h\n'
	assert_equal "$(sort <<<"$output" | xargs)" "/sys/fs/cgroup/freezer /sys/fs/cgroup/pids"
	delete
}

@test "cgroup: every limit is in its file" {
	resources '{memory: {limit: 64000000, swap: 96000000, reservation: 32768000, swappiness: 7,
			kernelTCP: 4096000, disableOOMKiller: true, checkBeforeUpdate: true},
		cpu: {shares: 512, quota: 20000, period: 50000, burst: 10000, cpus: "0", mems: "0"},
		pids: {limit: 33}, blockIO: {weight: 300,
			throttleReadBpsDevice: [{major: 254, minor: 0, rate: 1048576}],
			throttleWriteIOPSDevice: [{major: 254, minor: 0, rate: 77}]}}'
	local disk
	disk=$(cat /sys/block/*/dev | head -n 1)
	edit_config "$B" '.linux.resources.blockIO |= (.throttleReadBpsDevice[0] |= (.major = $a | .minor = $b)
		| .throttleWriteIOPSDevice[0] |= (.major = $a | .minor = $b))' \
		--argjson a "${disk%:*}" --argjson b "${disk#*:}"
	sleeping
	assert_equal "$(file memory memory.limit_in_bytes)" $((64000000 / 4096 * 4096))
	assert_equal "$(file memory memory.memsw.limit_in_bytes)" $((96000000 / 4096 * 4096))
	assert_equal "$(file memory memory.soft_limit_in_bytes)" 32768000
	assert_equal "$(file memory memory.swappiness)" 7
	assert_equal "$(file memory memory.kmem.tcp.limit_in_bytes)" 4096000
	assert_match "$(file memory memory.oom_control)" 'oom_kill_disable 1'
	assert_equal "$(file cpu cpu.shares)" 512
	assert_equal "$(file cpu cpu.cfs_quota_us)" 20000
	assert_equal "$(file cpu cpu.cfs_period_us)" 50000
	assert_equal "$(file cpu cpu.cfs_burst_us)" 10000
	assert_equal "$(file cpuset cpuset.cpus)" 0
	assert_equal "$(file cpuset cpuset.mems)" 0
	assert_equal "$(file pids pids.max)" 33
	assert_equal "$(file blkio blkio.bfq.weight)" 300
	assert_equal "$(file blkio blkio.throttle.read_bps_device)" "$disk 1048576"
	assert_equal "$(file blkio blkio.throttle.write_iops_device)" "$disk 77"
	delete
}

@test "cgroup: idle, limits of none at all, and limits that are no limit" {
	resources '{cpu: {idle: 1, quota: -1}, pids: {limit: 0}, memory: {limit: -1}}'
	sleeping
	assert_equal "$(file cpu cpu.idle)" 1
	assert_equal "$(file pids pids.max)" 0
	delete
}

@test "cgroup: what this host cannot set is refused by name, and nothing is left" {
	resources '{unified: {"memory.high": "max"}}'
	refused 'linux\.resources\.unified: .*cgroup v2'
	resources '{network: {classID: 1}}'
	refused "linux\.resources\.network\.classID: .*'net_cls'"
	resources '{network: {priorities: [{name: "lo", priority: 1}]}}'
	refused "linux\.resources\.network\.priorities: .*'net_prio'"
	resources '{rdma: {mlx5_1: {hcaHandles: 1}}}'
	refused "linux\.resources\.rdma: .*'rdma'"
	resources '{memory: {useHierarchy: false}}'
	refused 'linux\.resources\.memory\.useHierarchy: false cannot be had'
	resources '{memory: {kernel: 10000000}}'
	refused 'linux\.resources\.memory\.kernel: .*no such limit'
	resources '{blockIO: {leafWeight: 100}}'
	refused "linux\.resources\.blockIO\.leafWeight: .*'blkio\.leaf_weight'"
	resources '{cpu: {cpus: "4000"}}'
	refused "linux\.resources\.cpu\.cpus: write '4000'"
	resources '{memory: {limit: 4096, checkBeforeUpdate: true}}'
	edit_config "$B" '.linux.cgroupsPath = "/../x"'
	refused "linux\.cgroupsPath: '/\.\./x' has '\.\.' in it"
}

# v2_file NAME: of the container's group in the v2 tree.
v2_file() {
	cat "/sys/fs/cgroup/unified$G/$1"
}

@test "cgroup: what v2 alone has beside the controllers of v1 is set there" {
	resources '{pids: {limit: 20}, unified: {"cgroup.max.depth": "3"}}'
	if grep -qw hugetlb /sys/fs/cgroup/unified/cgroup.controllers; then
		edit_config "$B" '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	fi
	sleeping
	assert_equal "$(v2_file cgroup.max.depth)" 3
	[ ! -e "/sys/fs/cgroup/unified$G/hugetlb.2MB.max" ] || assert_equal "$(v2_file hugetlb.2MB.max)" 4194304
	assert_equal "$(v2_file cgroup.procs)" "$(container_pid "$C")"
	assert_equal "$(file pids pids.max)" 20
	assert_equal "$(file pids cgroup.procs)" "$(container_pid "$C")"
	start
	run runtime exec "$C" grep -c "^0::$G\$" /proc/self/cgroup
	assert_equal "$output" 1
	kill_and_wait
	rt restart "$C"
	assert_success
	assert_equal "$(v2_file cgroup.procs)" "$(container_pid "$C")"
	delete
}

@test "cgroup: a group of v2 that has processes in it is refused as those of v1 are" {
	local pid
	mkdir -p "/sys/fs/cgroup/unified$G"
	sleep 100 3>&- &
	pid=$!
	TEST_PIDS+=("$pid")
	echo "$pid" >"/sys/fs/cgroup/unified$G/cgroup.procs"
	resources '{unified: {"cgroup.max.depth": "3"}}'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has 'has processes in it already'
	assert_equal "$(find /sys/fs/cgroup -mindepth 2 -name "$C")" "/sys/fs/cgroup/unified$G" "what was there before"
	echo "$pid" >/sys/fs/cgroup/unified/harness/cgroup.procs
	rmdir "/sys/fs/cgroup/unified$G" "/sys/fs/cgroup/unified${G%/*}"
}

@test "cgroup: a memory hog is killed by the limit" {
	resources '{memory: {limit: 20000000, swap: 20000000}}'
	in_container 'x=0123456789abcdef; while :; do x=$x$x; done'
	assert_status 137
}

@test "cgroup: a fork bomb stops at the limit" {
	resources '{pids: {limit: 8}}'
	in_container 'n=0; while [ $n -lt 40 ]; do sleep 20 & n=$((n + 1)); done; cat /nothing'
	assert_failure
	assert_output_has "can't fork"
}

@test "cgroup: a quota throttles" {
	resources '{cpu: {quota: 2000, period: 20000}}'
	set_args "$B" sh -c 'while :; do :; done'
	create
	start
	throttled() { [ "$(awk '$1 == "nr_throttled" { print $2 }' "/sys/fs/cgroup/cpu$G/cpu.stat")" -gt 3 ]; }
	wait_for 10 throttled
	delete
}

@test "cgroup: devices are denied but those that every container has, and those that a rule allows" {
	resources '{devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 237, access: "r"}]}'
	edit_config "$B" '.process.capabilities |= with_entries(.value = ["CAP_MKNOD"] + (.value // []))'
	in_container 'mknod /tmp/l c 10 237; mknod /tmp/k c 1 11; mknod /tmp/n c 1 3
		(: </tmp/n) && echo null; (: >/dev/zero) && echo zero
		(: </tmp/l) && echo read; (: >>/tmp/l) || echo no-write; (: </tmp/k) || echo no-kmsg'
	assert_output_has null
	assert_output_has zero
	assert_output_has read
	assert_output_has no-write
	assert_output_has no-kmsg
}

@test "cgroup: a rule that would cut a hole into a wider one is refused" {
	resources '{devices: [{allow: false}, {allow: true, type: "c", major: 10}, {allow: false, type: "c", major: 10, minor: 229}]}'
	refused 'linux\.resources\.devices: .*order the rules'
}

@test "cgroup: a group with processes in it, or frozen, is refused and left alone" {
	mkdir -p "/sys/fs/cgroup/freezer$G"
	sleep 1000 3>&- &
	local pid=$!
	TEST_PIDS+=("$pid")
	echo "$pid" >"/sys/fs/cgroup/freezer$G/cgroup.procs"
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has "has 1 processes in it already"
	kill -0 "$pid"
	echo "$pid" >/sys/fs/cgroup/freezer/cgroup.procs
	echo FROZEN >"/sys/fs/cgroup/freezer$G/freezer.state"
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has "is frozen"
	rmdir "/sys/fs/cgroup/freezer$G" /sys/fs/cgroup/freezer/outer
}

@test "cgroup: folders that were there before stay" {
	mkdir "/sys/fs/cgroup/pids/outer" "/sys/fs/cgroup/pids$G"
	sleeping
	delete
	assert_exists "/sys/fs/cgroup/pids$G"
	rmdir "/sys/fs/cgroup/pids$G" /sys/fs/cgroup/pids/outer
}

@test "cgroup: delete takes what the container left running, frozen, and in groups of its own" {
	edit_config "$B" '.linux.namespaces |= map(select(.type != "pid"))'
	resources '{pids: {limit: 50}}'
	set_args "$B" sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	create
	start
	wait_for 5 sh -c "[ \$(wc -l </sys/fs/cgroup/pids$G/cgroup.procs) -eq 3 ]"
	mkdir -p "/sys/fs/cgroup/pids$G/a/b" "/sys/fs/cgroup/freezer$G/c"
	tail -n 1 "/sys/fs/cgroup/pids$G/cgroup.procs" >"/sys/fs/cgroup/pids$G/a/b/cgroup.procs"
	echo FROZEN >"/sys/fs/cgroup/freezer$G/freezer.state"
	delete
}

@test "cgroup: a frozen container is paused, and SIGKILL ends it" {
	sleeping
	start
	echo FROZEN >"/sys/fs/cgroup/freezer$G/freezer.state"
	assert_equal "$(container_status "$C")" paused
	kill_and_wait
	assert_equal "$(container_status "$C")" stopped
	delete
}

@test "cgroup: it is gone when poststop hooks run" {
	add_hook "$B" poststop /bin/sh sh -c "[ -d /sys/fs/cgroup/memory$G ] && echo there >$B/log/left; :"
	whole_life
	assert_missing "$B/log/left"
}

@test "cgroup: restart uses the group again, and makes it when it is gone" {
	resources '{pids: {limit: 9}}'
	sleeping
	start
	kill_and_wait
	echo 7 >"/sys/fs/cgroup/pids$G/pids.max"
	rt restart "$C"
	assert_success
	assert_equal "$(file pids cgroup.procs)" "$(container_pid "$C")"
	assert_equal "$(file pids pids.max)" 7 "a limit that was changed meanwhile"
	kill_and_wait
	find "/sys/fs/cgroup" -depth -path "*$G" -exec rmdir {} +
	rt restart "$C"
	assert_success
	assert_equal "$(file pids pids.max)" 9
	delete
}

@test "cgroup: exec puts its process in too" {
	sleeping
	start
	rt exec "$C" grep :memory: /proc/self/cgroup
	assert_success
	assert_output_has "memory:$G"
	delete
}

@test "cgroup: without the right to one, limits are refused and the rest runs" {
	mount -o remount,bind,ro /sys/fs/cgroup/pids
	mount -o remount,bind,ro /sys/fs/cgroup/cpu
	rt run --bundle "$B" "$C"
	assert_success
	resources '{pids: {limit: 5}}'
	rt create --bundle "$B" "$C"
	mount -o remount,bind,rw /sys/fs/cgroup/pids
	mount -o remount,bind,rw /sys/fs/cgroup/cpu
	assert_failure
	assert_output_has "linux.resources.pids: cannot be set"
}

@test "cgroup: --cgroup-manager disabled makes none and refuses limits" {
	rt --cgroup-manager disabled create --bundle "$B" "$C"
	assert_success
	assert_equal "$(groups)" "$BEFORE"
	delete
	resources '{memory: {limit: 10000000}}'
	rt --cgroup-manager disabled create --bundle "$B" "$C"
	assert_failure
	assert_output_has "linux.resources.memory: cannot be set: --cgroup-manager is disabled"
}
