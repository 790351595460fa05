#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Commands that work on a container's cgroup: pause, resume, ps, update, events, kill --all, exec.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	edit_config "$B" '.linux.cgroupsPath = "/ct-commands/\(env.C)"'
}
teardown() { life_teardown; }

# A container that runs until it is killed; SCRIPT besides.
running() {
	set_args "$B" /bin/sh -c "${1:-exec sleep 1000}"
	create
	start
}

# cgroup_file CONTROLLER FILE
cgroup_file() {
	echo "/sys/fs/cgroup/$1/ct-commands/$C/$2"
}

# ---- pause ----

@test "pause: the processes stand still, the status says so, resume lets them go on" {
	running 'while :; do echo x; sleep 0.01; done >/log/ticks'
	wait_for 5 test -s "$B/rootfs/log/ticks"
	rt pause "$C"
	assert_success
	assert_equal "$(container_status "$C")" paused
	local before after
	before=$(stat -c %s "$B/rootfs/log/ticks")
	runtime state "$C" >/dev/null
	after=$(stat -c %s "$B/rootfs/log/ticks")
	assert_equal "$after" "$before"
	rt resume "$C"
	assert_success
	assert_equal "$(container_status "$C")" running
	more() { [ "$(stat -c %s "$B/rootfs/log/ticks")" -gt "$before" ]; }
	wait_for 5 more
}

@test "pause, resume: twice, and of a container that does not run, are refused" {
	running
	rt resume "$C"
	assert_failure
	assert_output_has "container not paused"
	rt pause "$C"
	assert_success
	rt pause "$C"
	assert_failure
	assert_output_has "container not running"
	rt resume "$C"
	assert_success
	kill_and_wait
	rt pause "$C"
	assert_failure
	assert_output_has "container not running"
	rt pause nosuch
	assert_failure
	assert_output_has "does not exist"
}

@test "pause: a container without a cgroup has no freezer" {
	our_text
	set_args "$B" /bin/sleep 1000
	rt --cgroup-manager disabled create --bundle "$B" "$C"
	assert_success
	rt pause "$C"
	assert_failure
	assert_output_has "without a cgroup"
}

@test "pause: a created container can be paused too, start waits for the resume" {
	set_args "$B" /bin/sleep 1000
	create
	rt pause "$C"
	assert_success
	assert_equal "$(container_status "$C")" paused
	rt start "$C"
	assert_failure
	rt resume "$C"
	assert_success
	start
}

@test "kill: KILL ends a paused container, delete --force takes it away" {
	running
	local pid
	pid=$(container_pid "$C")
	rt pause "$C"
	rt kill "$C" KILL
	assert_success
	wait_exit "$pid"
	delete
	running
	rt pause "$C"
	rt delete "$C"
	assert_failure
	delete
}

# ---- exec ----

@test "exec: is in the container's cgroup, in every hierarchy" {
	running
	rt exec "$C" /bin/cat /proc/self/cgroup
	assert_success
	local all
	all=$(sort <<<"$output")
	rt exec "$C" /bin/cat /proc/1/cgroup
	assert_success
	assert_equal "$all" "$(sort <<<"$output")"
	assert_output_has "/ct-commands/$C"
}

@test "exec: counts for the container's pids limit" {
	# Its own process, two of ours, and the one that makes the next.
	edit_config "$B" '.linux.resources.pids.limit = 4'
	running
	rt exec --detach "$C" /bin/sleep 1000
	assert_success
	rt exec --detach "$C" /bin/sleep 1000
	assert_success
	rt exec "$C" /bin/true
	assert_status 255
}

@test "exec: --cgroup puts it into a group below, of one controller or of all" {
	running
	mkdir "$(cgroup_file pids sub)"
	rt exec --cgroup pids:sub "$C" /bin/cat /proc/self/cgroup
	assert_success
	assert_output_has "pids:/ct-commands/$C/sub"
	assert_output_has "freezer:/ct-commands/$C"
	rt exec --cgroup sub "$C" /bin/true
	assert_status 255
	assert_output_has "--cgroup 'sub'"
	rt exec --cgroup nosuch:sub "$C" /bin/true
	assert_status 255
	assert_output_has "no cgroup of that controller"
	rt exec --cgroup pids:sub/../.. "$C" /bin/true
	assert_status 255
	assert_output_has "leads out"
}

@test "exec: a paused container is refused; with --ignore-paused it runs at resume" {
	running
	rt pause "$C"
	rt exec "$C" /bin/true
	assert_status 255
	assert_output_has "cannot exec in a paused container"
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" exec --ignore-paused "$C" /bin/echo ran >"$TEST_DIR/out" 2>&1 </dev/null 3>&- &
	local pid=$!
	TEST_PIDS+=("$pid")
	# shellcheck disable=SC2317 # wait_for calls it
	two() { [ "$(wc -l <"$(cgroup_file freezer cgroup.procs)")" -ge 2 ]; }
	wait_for 5 two
	[ ! -s "$TEST_DIR/out" ]
	rt resume "$C"
	assert_success
	wait "$pid"
	assert_equal "$(<"$TEST_DIR/out")" ran
}

# ---- ps ----

@test "ps: json is an array of the pids, the table has a line for each" {
	running 'sleep 1001 & exec sleep 1002'
	local pid
	pid=$(container_pid "$C")
	# shellcheck disable=SC2317 # wait_for calls it
	three() { [ "$(runtime ps --format json "$C" | jq length)" = 2 ]; }
	wait_for 5 three
	runtime ps --format json "$C" | jq -e "index($pid) != null"
	rt ps "$C"
	assert_success
	assert_output_has "UID"
	assert_output_has "sleep 1001"
	assert_output_has "sleep 1002"
	assert_equal "$(wc -l <<<"$output")" 3
	rt ps "$C" -o pid,comm
	assert_success
	assert_match "$output" "(^|"$'\n'") *$pid sleep"
}

@test "ps: a wrong format, options of ps without a PID, a missing container" {
	running
	rt ps --format xml "$C"
	assert_failure
	assert_output_has "--format"
	rt ps "$C" -o comm
	assert_failure
	assert_output_has PID
	rt ps nosuch
	assert_failure
	assert_output_has "does not exist"
}

@test "ps: without a cgroup it knows the pid namespace" {
	our_text
	set_args "$B" /bin/sh -c 'sleep 1001 & exec sleep 1002'
	rt --cgroup-manager disabled create --bundle "$B" "$C"
	start
	# shellcheck disable=SC2317 # wait_for calls it
	two() { [ "$(runtime ps --format json "$C" | jq length)" = 2 ]; }
	wait_for 5 two
}

# ---- kill --all ----

@test "kill --all: every process of the container gets it" {
	running 'trap "" TERM; (trap "echo got >>/log/got; exit" TERM; echo ready >/log/ready; while :; do sleep 1 & wait $!; done) & while :; do sleep 1000 & wait $!; done'
	wait_for 5 test -s "$B/rootfs/log/ready"
	rt kill --all "$C" TERM
	assert_success
	wait_for 5 test -s "$B/rootfs/log/got"
	rt kill -a "$C" KILL
	assert_success
	wait_for 5 is_stopped
	rt kill --all "$C" TERM
	assert_failure
	assert_output_has "container not running"
}

# ---- update ----

@test "update: every limit that this machine has is set" {
	running
	rt update --pids-limit 77 --memory 64M --cpu-share 512 --cpu-period 50000 --cpu-quota 25000 "$C"
	assert_success
	assert_equal "$(<"$(cgroup_file pids pids.max)")" 77
	assert_equal "$(<"$(cgroup_file memory memory.limit_in_bytes)")" 67108864
	assert_equal "$(<"$(cgroup_file cpu cpu.shares)")" 512
	assert_equal "$(<"$(cgroup_file cpu cpu.cfs_period_us)")" 50000
	assert_equal "$(<"$(cgroup_file cpu cpu.cfs_quota_us)")" 25000
	rt update --pids-limit -1 --memory=-1 --cpuset-cpus 0 "$C"
	assert_success
	assert_equal "$(<"$(cgroup_file pids pids.max)")" max
	assert_equal "$(<"$(cgroup_file cpuset cpuset.cpus)")" 0
}

@test "update: a resources document, of a file or of standard input" {
	running
	echo '{"pids": {"limit": 55}}' >"$TEST_DIR/resources.json"
	rt update --resources "$TEST_DIR/resources.json" "$C"
	assert_success
	assert_equal "$(<"$(cgroup_file pids pids.max)")" 55
	run runtime update --resources=- "$C" <<<'{"pids": {"limit": 44}, "cpu": {}, "memory": {}}'
	assert_success
	assert_equal "$(<"$(cgroup_file pids pids.max)")" 44
}

@test "update: wrong values are refused by name, and nothing is changed" {
	running
	rt update --pids-limit 77 "$C"
	local option
	for option in --pids-limit=x --memory=12x --memory=-5 --memory= --cpu-quota=1.5 --cpu-idle=7; do
		rt update "$option" "$C"
		assert_failure
	done
	rt update --memory 12x "$C"
	assert_output_has "--memory: '12x'"
	run runtime update --resources - "$C" <<<'{"pids": {"limit": "many"}}'
	assert_failure
	assert_output_has pids.limit
	run runtime update --resources - "$C" <<<'{'
	assert_failure
	rt update --resources "$TEST_DIR/nosuch" "$C"
	assert_failure
	rt update --resources - --memory 1M "$C"
	assert_failure
	assert_output_has --resources
	assert_equal "$(<"$(cgroup_file pids pids.max)")" 77
	rt update --mem-bw-schema MB:0=50 "$C"
	assert_failure
	assert_output_has intelRdt
}

@test "update: a stopped container is refused" {
	running
	kill_and_wait
	rt update --pids-limit 3 "$C"
	assert_failure
	assert_output_has "container not running"
}

# ---- events ----

@test "events: --stats prints one object as runc has it" {
	running
	rt events --stats "$C"
	assert_success
	jq -e --arg id "$C" '.type == "stats" and .id == $id and .data.pids.current == 1
		and (.data.cpu.usage.total | type) == "number" and (.data.memory.usage.usage | type) == "number"' \
		<<<"$output" >/dev/null || fail "$output"
}

@test "events: statistics come at the interval and end with the process" {
	running
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" events --interval 100ms "$C" >"$TEST_DIR/events" 2>&1 </dev/null 3>&- &
	local pid=$!
	TEST_PIDS+=("$pid")
	# shellcheck disable=SC2317 # wait_for calls it
	three() { [ "$(wc -l <"$TEST_DIR/events")" -ge 3 ]; }
	wait_for 5 three
	runtime kill "$C" KILL
	wait "$pid"
	assert_equal "$(jq -r .type "$TEST_DIR/events" | sort -u)" stats
}

@test "events: an out-of-memory kill is told" {
	edit_config "$B" '.linux.resources.memory.limit = 8388608'
	running
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" events --interval 1h "$C" >"$TEST_DIR/events" 2>&1 </dev/null 3>&- &
	local pid=$!
	TEST_PIDS+=("$pid")
	rt exec "$C" /bin/sh -c 'x=x; while :; do x=$x$x; done'
	assert_status 137
	wait_for 5 grep -q '"oom"' "$TEST_DIR/events"
}

@test "events: a wrong interval, a stopped container" {
	running
	local value
	for value in 0s 5 x 5y 1.5s 100h ""; do
		rt events --interval "$value" "$C"
		assert_failure
		assert_output_has "--interval"
	done
	kill_and_wait
	rt events --stats "$C"
	assert_failure
	assert_output_has "container not running"
}
