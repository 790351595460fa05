#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.resources and the life of a container's group on cgroup v2.

load ../lib/common

GROUPS_AT=/sys/fs/cgroup

# One rootfs for all: making it takes longer here than most tests.
setup_file() {
	chmod a+x "$BATS_RUN_TMPDIR" # for root of a user namespace
	make_rootfs "$BATS_FILE_TMPDIR/rootfs"
}

setup() {
	common_setup
	mkdir b
	jq '.root.path = $r' --arg r "$BATS_FILE_TMPDIR/rootfs" "$TOP/tests/lib/config.json" >b/config.json
}
teardown() { common_teardown; }

# with RESOURCES [ARG...]: linux.resources, a group of a known name, and what runs in it.
with() {
	# shellcheck disable=SC2016 # jq's variable
	edit_config b '.linux.resources = $r | .linux.cgroupsPath = "/ct/c1"' --argjson r "$1"
	shift
	[ $# -eq 0 ] || set_args b "$@"
}

start_one() {
	[ $# -gt 0 ] || set -- sleep 100
	set_args b "$@"
	runtime create --bundle b c1 >"$TEST_DIR/out" 2>&1 3>&-
	runtime start c1
}

file() {
	cat "$GROUPS_AT/ct/c1/$1"
}

@test "cgroup2: the container is in its group, and its processes are" {
	with '{}'
	start_one sh -c 'sleep 100 & wait'
	wait_for 10 sh -c "[ \$(wc -l <$GROUPS_AT/ct/c1/cgroup.procs) -ge 2 ]"
	assert_equal "$(cat "/proc/$(container_pid c1)/cgroup")" "0::/ct/c1"
}

@test "cgroup2: without cgroupsPath the group is ct-ID" {
	set_args b sleep 100
	runtime create --bundle b c1 >/dev/null 2>&1 3>&-
	assert_equal "$(cat "/proc/$(container_pid c1)/cgroup")" "0::/ct-c1"
}

@test "cgroup2: a new cgroup namespace has the group as its root" {
	with '{}' cat /proc/self/cgroup
	edit_config b '.linux.namespaces += [{type: "cgroup"}]'
	run -0 --separate-stderr runtime run --bundle b c1
	assert_equal "$output" "0::/"
}

@test "cgroup2: delete leaves no group" {
	with '{}'
	start_one
	mkdir -p "$GROUPS_AT/ct/c1/sub/sub"
	runtime delete --force c1
	assert_missing "$GROUPS_AT/ct/c1"
	assert_missing "$GROUPS_AT/ct"
}

@test "cgroup2: delete kills what the container has left in its group" {
	with '{}'
	start_one sh -c 'mkdir -p /tmp; setsid sleep 1000 & exit 0'
	wait_for 10 sh -c "[ \"\$($CT_RUNTIME_BIN --root $RUNTIME_ROOT state c1 | jq -r .status)\" = stopped ]"
	runtime delete c1
	assert_missing "$GROUPS_AT/ct/c1"
}

@test "cgroup2: every limit is in its file" {
	with '{
		"memory": {"limit": 67108864, "reservation": 33554432, "swap": 100663296},
		"cpu": {"shares": 2048, "quota": 50000, "period": 200000, "burst": 10000, "cpus": "0", "mems": "0"},
		"pids": {"limit": 33},
		"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
		"unified": {"memory.high": "50331648", "cgroup.max.descendants": "7"}
	}'
	start_one
	assert_equal "$(file memory.max)" 67108864
	assert_equal "$(file memory.low)" 33554432
	assert_equal "$(file memory.swap.max)" 33554432
	assert_equal "$(file memory.high)" 50331648
	assert_equal "$(file cpu.weight)" 174
	assert_equal "$(file cpu.max)" "50000 200000"
	assert_equal "$(file cpu.max.burst)" 10000
	assert_equal "$(file cpuset.cpus)" 0
	assert_equal "$(file cpuset.mems)" 0
	assert_equal "$(file pids.max)" 33
	assert_equal "$(file hugetlb.2MB.rsvd.max)" 4194304
	assert_equal "$(file hugetlb.2MB.max)" 4194304
	assert_equal "$(file cgroup.max.descendants)" 7
	grep -q "Cpus_allowed_list:.0$" "/proc/$(container_pid c1)/status"
}

@test "cgroup2: -1 is max, and no limit" {
	with '{"memory": {"limit": -1, "swap": -1}, "cpu": {"quota": -1}, "pids": {"limit": -1}}'
	start_one
	assert_equal "$(file memory.max)" max
	assert_equal "$(file memory.swap.max)" max
	assert_equal "$(file cpu.max)" "max 100000"
	assert_equal "$(file pids.max)" max
}

@test "cgroup2: cpu.idle, also together with shares" {
	with '{"cpu": {"idle": 1, "shares": 512}}'
	start_one
	assert_equal "$(file cpu.idle)" 1
}

@test "cgroup2: block I/O limits are in io.max and io.weight" {
	modprobe loop
	truncate -s 1M "$TEST_DIR/disk"
	local loop
	loop=$(losetup --find --show "$TEST_DIR/disk")
	local minor=$((0x$(stat -c %T "$loop")))
	with '{"blockIO": {"weight": 500,
		"throttleReadBpsDevice": [{"major": 7, "minor": '$minor', "rate": 1048576}],
		"throttleWriteIOPSDevice": [{"major": 7, "minor": '$minor', "rate": 77}]}}'
	run start_one
	losetup -d "$loop"
	assert_success
	assert_equal "$(file io.max)" "7:$minor rbps=1048576 wbps=max riops=max wiops=77"
	[ ! -e "$GROUPS_AT/ct/c1/io.weight" ] || assert_equal "$(head -1 "$GROUPS_AT/ct/c1/io.weight")" "default 4950"
}

@test "cgroup2: a memory hog is killed" {
	with '{"memory": {"limit": 33554432, "swap": 33554432}}' \
		sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'
	run runtime run --bundle b c1
	assert_status 137
}

@test "cgroup2: a fork bomb stops at pids.limit" {
	with '{"pids": {"limit": 8}}'
	start_one sh -c 'i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i+1)); done; wait'
	wait_for 10 grep -q '^max [1-9]' "$GROUPS_AT/ct/c1/pids.events"
	[ "$(file pids.current)" -le 8 ]
}

@test "cgroup2: devices that the list refuses cannot be opened, default ones can" {
	with '{"devices": [{"allow": false, "access": "rwm"}]}' \
		sh -c 'echo x >/dev/null && head -c 1 /dev/zero >/dev/null && ! head -c 1 /dev/kmsg'
	edit_config b '.linux.devices = [{type: "c", path: "/dev/kmsg", major: 1, minor: 11}]
		| .process.capabilities = {}'
	run runtime run --bundle b c1
	assert_success
	assert_output_has "Operation not permitted"
}

@test "cgroup2: a device that the list allows can be opened, for what it allows" {
	with '{"devices": [{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 10, "minor": 237, "access": "r"}]}' \
		sh -c 'head -c 0 /dev/probe && ! (: >/dev/probe)'
	modprobe loop
	edit_config b '.linux.devices = [{type: "c", path: "/dev/probe", major: 10, minor: 237}]'
	run runtime run --bundle b c1
	assert_success
}

@test "cgroup2: mknod of a device that is not allowed for use makes a node that is of no use" {
	with '{"devices": [{"allow": false, "access": "rwm"}]}' \
		sh -c 'mknod /tmp/kmsg c 1 11 && ! head -c 1 /tmp/kmsg'
	edit_config b '.process.capabilities.bounding = ["CAP_MKNOD"]
		| .process.capabilities.effective = ["CAP_MKNOD"] | .process.capabilities.permitted = ["CAP_MKNOD"]'
	run runtime run --bundle b c1
	assert_success
}

@test "cgroup2: a file of unified that the kernel does not know is an error, and leaves no group" {
	with '{"unified": {"memory.nonsense": "1"}}'
	run runtime create --bundle b c1
	assert_failure
	assert_output_has "linux.resources.unified.memory.nonsense"
	assert_missing "$GROUPS_AT/ct"
	with '{"unified": {"nonsense.max": "1"}}'
	run runtime create --bundle b c1
	assert_failure
	assert_output_has "linux.resources.unified.nonsense.max"
}

@test "cgroup2: what v2 has not is an error that names it" {
	local row
	for row in '{"memory":{"swappiness":10}}=memory.swappiness' \
		'{"memory":{"kernel":1048576}}=memory.kernel' \
		'{"cpu":{"realtimeRuntime":1000}}=cpu.realtimeRuntime' \
		'{"network":{"classID":1048577}}=network.classID' \
		'{"memory":{"swap":1048576}}=memory.swap'; do
		with "${row%=*}"
		run runtime create --bundle b c1
		assert_failure
		assert_output_has "linux.resources.${row#*=}:"
		assert_missing "$GROUPS_AT/ct"
	done
}

@test "cgroup2: a group with processes in it is refused, and stays" {
	mkdir -p "$GROUPS_AT/ct/c1"
	sleep 100 3>&- &
	TEST_PIDS+=($!)
	echo $! >"$GROUPS_AT/ct/c1/cgroup.procs"
	with '{}'
	run runtime create --bundle b c1
	kill "${TEST_PIDS[0]}"
	assert_failure
	assert_output_has "has processes in it already"
	assert_exists "$GROUPS_AT/ct/c1"
	wait_for 10 rmdir "$GROUPS_AT/ct/c1"
	rmdir "$GROUPS_AT/ct"
}

@test "cgroup2: a frozen group is refused" {
	mkdir -p "$GROUPS_AT/ct/c1"
	echo 1 >"$GROUPS_AT/ct/c1/cgroup.freeze"
	with '{}'
	run runtime create --bundle b c1
	rmdir "$GROUPS_AT/ct/c1" "$GROUPS_AT/ct"
	assert_failure
	assert_output_has "is frozen"
}

@test "cgroup2: a parent with processes hands no controller down, and the error says what to do" {
	mkdir -p "$GROUPS_AT/busy"
	sleep 100 3>&- &
	TEST_PIDS+=($!)
	echo $! >"$GROUPS_AT/busy/cgroup.procs"
	with '{"memory": {"limit": 67108864}}'
	edit_config b '.linux.cgroupsPath = "/busy/c1"'
	run runtime create --bundle b c1
	kill "${TEST_PIDS[0]}"
	assert_failure
	assert_output_has "linux.resources.memory: cgroup '$GROUPS_AT/busy' has processes of its own"
	assert_missing "$GROUPS_AT/busy/c1"
	wait_for 10 rmdir "$GROUPS_AT/busy"
}

@test "cgroup2: restart finds the limits as they were" {
	with '{"pids": {"limit": 21}}'
	start_one
	local pid
	pid=$(container_pid c1)
	kill -KILL "$pid"
	wait_exit "$pid"
	runtime restart c1 >/dev/null 2>&1 3>&-
	assert_equal "$(file pids.max)" 21
	assert_equal "$(cat "/proc/$(container_pid c1)/cgroup")" "0::/ct/c1"
}

@test "cgroup2: with a user and a cgroup namespace and a writable mount, the group is the container's" {
	with '{}' sh -c 'mkdir /sys/fs/cgroup/sub && echo 0 >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup &&
		! echo 1000 >/sys/fs/cgroup/pids.max'
	edit_config b '.linux.namespaces += [{type: "cgroup"}, {type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings
		| .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}]'
	run --separate-stderr runtime run --bundle b c1
	assert_success
	assert_equal "$output" "0::/sub"
}

@test "cgroup2: with a read-only mount the group stays the host's" {
	with '{}'
	edit_config b '.linux.namespaces += [{type: "cgroup"}, {type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings
		| .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]'
	start_one
	assert_equal "$(stat -c %u "$GROUPS_AT/ct/c1")" 0
}

@test "cgroup2: SIGKILL of create at any step of the group leaves nothing behind after delete --force" {
	local step
	with '{"pids": {"limit": 21}}' sleep 100
	for step in create.cgroup create.cgroup.done create.process.done create.enter.done create.resources.done; do
		CT_FAULT=$step:kill run "$FAULT_BIN/ct-runtime" --root "$RUNTIME_ROOT" create --bundle b c1
		run runtime delete --force c1
		assert_success
		assert_missing "$GROUPS_AT/ct"
	done
}
