#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the kernel treats the process: scheduler, I/O priority, memory policy, personality, limits, session
# keyring, each read back by a program inside.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	cp "$PROBES/show-process" "$B/rootfs/bin/"
	cp "$B/config.json" "$B/good.json"
}
teardown() { life_teardown; }

# shows FILTER WHAT EXPECTED: after that edit the probe says so.
shows() {
	cp "$B/good.json" "$B/config.json"
	edit_config "$B" "$1"
	set_args "$B" /bin/show-process "$2"
	rt run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" "$3" "$1"
}

# refused FILTER TEXT: after that edit nothing is run, and the error says so.
refused() {
	cp "$B/good.json" "$B/config.json"
	edit_config "$B" "$1"
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has "config.json: $2"
}

# A cgroup of the cpu controller has no time for real-time processes until it is given some.
allow_realtime() {
	local file=/sys/fs/cgroup/cpu/cpu.rt_runtime_us
	[ ! -e "$file" ] || echo 10000 >"$file"
}

@test "scheduler: every policy, with what belongs to it" {
	local zeros='runtime=0 deadline=0 period=0'
	allow_realtime
	set_args "$B" /bin/show-process scheduler
	rt run --bundle "$B" "$C"
	assert_match "$output" '^policy=0 flags=0 nice=0 priority=0 ' "without"
	[ "$(sed -n 's/.*runtime=\([0-9]*\).*/\1/p' <<<"$output")" = 0 ] || zeros=${output##*priority=0 }
	shows '.process.scheduler = {policy: "SCHED_OTHER", nice: 5}' scheduler "policy=0 flags=0 nice=5 priority=0 $zeros"
	shows '.process.scheduler = {policy: "SCHED_OTHER", nice: -7}' scheduler "policy=0 flags=0 nice=-7 priority=0 $zeros"
	shows '.process.scheduler = {policy: "SCHED_BATCH", nice: 19}' scheduler "policy=3 flags=0 nice=19 priority=0 $zeros"
	shows '.process.scheduler = {policy: "SCHED_FIFO", priority: 99}' scheduler \
		'policy=1 flags=0 nice=0 priority=99 runtime=0 deadline=0 period=0'
	shows '.process.scheduler = {policy: "SCHED_RR", priority: 1, flags: ["SCHED_FLAG_RESET_ON_FORK"]}' scheduler \
		'policy=2 flags=1 nice=0 priority=1 runtime=0 deadline=0 period=0'
	shows '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 30000000,
		flags: ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]}' scheduler \
		'policy=6 flags=6 nice=0 priority=0 runtime=1000000 deadline=20000000 period=30000000'
	cp "$B/good.json" "$B/config.json"
	edit_config "$B" '.process.scheduler = {policy: "SCHED_IDLE"}'
	set_args "$B" /bin/show-process scheduler
	rt run --bundle "$B" "$C"
	assert_match "$output" '^policy=5 flags=0 '
}

@test "scheduler: the startContainer hook is not under it, and may fork under SCHED_DEADLINE" {
	edit_config "$B" '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000}'
	sh_hook startContainer '/bin/show-process scheduler >/log/hook'
	set_args "$B" /bin/show-process scheduler
	rt run --bundle "$B" "$C"
	assert_success
	assert_match "$output" '^policy=6 '
	assert_match "$(cat "$(hook_log startContainer hook)")" '^policy=0 '
}

@test "scheduler: wrong values are refused by their key path" {
	refused '.process.scheduler = {}' 'process.scheduler.policy: is required'
	refused '.process.scheduler = "SCHED_FIFO"' 'process.scheduler: must be an object'
	refused '.process.scheduler = {policy: "SCHED_NOSUCH"}' "process.scheduler.policy: 'SCHED_NOSUCH' is none of SCHED_OTHER, SCHED_FIFO"
	refused '.process.scheduler = {policy: 1}' 'process.scheduler.policy: must be one of'
	refused '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}' 'process.scheduler.nice: must be an integer -20..19'
	refused '.process.scheduler = {policy: "SCHED_FIFO", priority: 1, nice: 1}' 'process.scheduler.nice: 1 says nothing'
	refused '.process.scheduler = {policy: "SCHED_FIFO"}' 'process.scheduler.priority: must be 1..99'
	refused '.process.scheduler = {policy: "SCHED_FIFO", priority: 100}' 'process.scheduler.priority: must be an integer 0..99'
	refused '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}' 'process.scheduler.priority: 1 says nothing'
	refused '.process.scheduler = {policy: "SCHED_OTHER", runtime: 1}' 'process.scheduler.runtime: is for SCHED_DEADLINE'
	refused '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1}' 'process.scheduler.runtime: 1 is too short'
	refused '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 2000, deadline: 1999}' 'process.scheduler.deadline: 1999'
	refused '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 2000, deadline: 3000, period: 2999}' 'process.scheduler.period: 2999'
	refused '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_X"]}' "process.scheduler.flags[0]: 'SCHED_FLAG_X'"
	refused '.process.scheduler = {policy: "SCHED_OTHER", flags: "x"}' 'process.scheduler.flags: must be an array'
	refused '.process.scheduler = {policy: "SCHED_OTHER", nice: "x"}' 'process.scheduler.nice: must be an integer'
}

@test "scheduler: what this kernel has not got, or does not allow, is an error that says so" {
	refused '.process.scheduler = {policy: "SCHED_ISO"}' 'process.scheduler: sched_setattr (this kernel'
	use_userns
	edit_config "$B" '.process.scheduler = {policy: "SCHED_FIFO", priority: 3}'
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has 'config.json: process.scheduler: sched_setattr (it needs CAP_SYS_NICE on the host'
}

@test "ioPriority: every class" {
	shows '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 3}' ioprio 'class=1 priority=3'
	shows '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 7}' ioprio 'class=2 priority=7'
	shows '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}' ioprio 'class=3 priority=0'
}

@test "ioPriority: wrong values are refused by their key path" {
	refused '.process.ioPriority = {priority: 1}' 'process.ioPriority.class: is required'
	refused '.process.ioPriority = {class: "IOPRIO_CLASS_X"}' "process.ioPriority.class: 'IOPRIO_CLASS_X' is none of"
	refused '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' 'process.ioPriority.priority: must be an integer 0..7'
	refused '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: "4"}' 'process.ioPriority.priority: must be an integer'
	refused '.process.ioPriority = []' 'process.ioPriority: must be an object'
}

@test "execCPUAffinity: is no matter of create, and checked all the same" {
	shows '.process.execCPUAffinity = {initial: "0", final: "0-1, 1000"}' ioprio 'class=0 priority=0'
	local bad
	for bad in 0- -1 1-0 a '0,,1' '0,' 1024 '0 1' 0-1-2; do
		refused ".process.execCPUAffinity = {initial: \"$bad\"}" "process.execCPUAffinity.initial: '$bad' is no list"
	done
	refused '.process.execCPUAffinity = {final: 1}' 'process.execCPUAffinity.final: must be a string'
}

@test "memoryPolicy: modes, nodes and flags" {
	shows '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}' mempolicy 'mode=0 flags=0x0 nodes=0x0'
	shows '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}' mempolicy 'mode=2 flags=0x0 nodes=0x1'
	shows '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"]}' mempolicy \
		'mode=2 flags=0x2000 nodes=0x1'
	shows '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}' mempolicy \
		'mode=3 flags=0x8000 nodes=0x1'
	shows '.linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"]}' mempolicy \
		'mode=1 flags=0x4000 nodes=0x1'
	shows '.linux.memoryPolicy = {mode: "MPOL_PREFERRED_MANY", nodes: "0"}' mempolicy 'mode=5 flags=0x0 nodes=0x1'
	shows '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: ""}' mempolicy 'mode=4 flags=0x0 nodes=0x0'
	shows '.linux.memoryPolicy = {mode: "MPOL_WEIGHTED_INTERLEAVE", nodes: "0"}' mempolicy 'mode=6 flags=0x0 nodes=0x1'
}

@test "memoryPolicy: wrong values are refused by their key path" {
	refused '.linux.memoryPolicy = {}' 'linux.memoryPolicy.mode: is required'
	refused '.linux.memoryPolicy = {mode: "MPOL_X"}' "linux.memoryPolicy.mode: 'MPOL_X' is none of"
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND"}' 'linux.memoryPolicy.nodes: is required'
	refused '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}' 'linux.memoryPolicy.nodes: must be empty'
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "x"}' "linux.memoryPolicy.nodes: 'x' is no list"
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: [0]}' 'linux.memoryPolicy.nodes: must be a string'
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_X"]}' "linux.memoryPolicy.flags[0]: 'MPOL_F_X'"
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}' \
		'linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and'
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}' 'linux.memoryPolicy: set_mempolicy (nodes that this machine has not'
}

@test "personality: LINUX and LINUX32, no other and no flags" {
	shows '.linux.personality = {domain: "LINUX"}' personality 0x0
	shows '.linux.personality = {domain: "LINUX32"}' personality 0x8
	edit_config "$B" '.linux.personality = {domain: "LINUX32"}'
	in_container 'uname -m'
	assert_match "$output" '^(i686|armv8l|ppc|s390)$'
	refused '.linux.personality = {domain: "BSD"}' "linux.personality.domain: 'BSD' is none of LINUX, LINUX32"
	refused '.linux.personality = {flags: []}' 'linux.personality.domain: is required'
	refused '.linux.personality = {domain: 8}' 'linux.personality.domain: must be one of'
	refused '.linux.personality = {domain: "LINUX", flags: ["X"]}' 'linux.personality.flags: is not supported'
}

@test "rlimits: every name, soft and hard" {
	local names=(CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME)
	local i filter='.process.rlimits = []' expected="" have hard
	for i in "${!names[@]}"; do
		have=$(prlimit --pid $$ --noheadings --output HARD --"$(tr '[:upper:]' '[:lower:]' <<<"${names[i]}")" | tr -d " ")
		hard=$((1000000000 + i))
		if [ "$have" != unlimited ] && [ "$have" -lt "$hard" ]; then hard=$have; fi
		filter+=" | .process.rlimits += [{type: \"RLIMIT_${names[i]}\", soft: $hard, hard: $hard}]"
		expected+="$i $hard $hard"$'\n'
	done
	shows "$filter" rlimits "${expected%$'\n'}"
}

@test "rlimits: tight ones are in nobody's way but the process's" {
	edit_config "$B" '.process.rlimits = (["NOFILE", "NPROC", "MSGQUEUE"] | map({type: "RLIMIT_\(.)", soft: 3, hard: 3}))'
	in_container 'ulimit -n'
	assert_success
	assert_equal "$output" 3
}

@test "rlimits: a hard limit above ours takes CAP_SYS_RESOURCE, in a user namespace as well" {
	local above
	above=$(($(prlimit --pid $$ --noheadings --output HARD --nofile) + 1))
	cp "$B/good.json" "$B/config.json"
	edit_config "$B" ".process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 5, hard: $above}]"
	set_args "$B" /bin/sh -c 'ulimit -Hn'
	rt run --bundle "$B" "$C"
	if ((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 24 & 1)); then
		assert_equal "$output" "$above"
		use_userns
		rt run --bundle "$B" "$C"
		assert_equal "$output" "$above"
	else
		assert_failure
		assert_output_has "config.json: process.rlimits[0]: set RLIMIT_NOFILE to 5:$above (above the runtime's own hard limit"
	fi
}

@test "keyring: a session keyring of the container's own, of its processes' ids" {
	set_args "$B" /bin/show-process keyring
	rt run --bundle "$B" "$C"
	assert_success
	assert_match "$output" "^keyring;0;0;[0-9a-f]*;_ses\\.$C\$"
	set_args "$B" /bin/show-process keyring
	use_userns
	rt run --bundle "$B" "$C"
	assert_success
	assert_match "$output" "^keyring;[0-9]*;[0-9]*;[0-9a-f]*[89a-f];_ses\\.$C\$"
}

@test "keyring: --no-new-keyring keeps the caller's" {
	local ours
	ours=$("$PROBES/show-process" keyring)
	set_args "$B" /bin/show-process keyring
	rt run --no-new-keyring --bundle "$B" "$C"
	assert_success
	assert_equal "$output" "$ours"
}

# running FILTER: the container lives, after that edit.
running() {
	edit_config "$B" "$1"
	set_args "$B" /bin/sleep 1000
	create
	start
}

# exec_document FILTER: what a file with .process, changed so, gives `exec`.
exec_document() {
	jq ".process | $1" "$B/config.json" >"$TEST_DIR/process.json"
	rt exec --process "$TEST_DIR/process.json" "$C"
}

@test "exec: has the scheduler, I/O priority, memory policy and personality of the container" {
	running '.process.scheduler = {policy: "SCHED_BATCH", nice: 3} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}
		| .linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"} | .linux.personality = {domain: "LINUX32"}'
	rt exec "$C" /bin/show-process scheduler ioprio mempolicy personality
	assert_success
	assert_match "$output" $'^policy=3 flags=0 nice=3 [^\n]*\nclass=2 priority=6\nmode=2 flags=0x0 nodes=0x1\n0x8$'
	exec_document '.args = ["/bin/show-process", "scheduler", "ioprio"] | del(.scheduler) | .ioPriority.priority = 2'
	assert_success
	assert_match "$output" $'^policy=3 flags=0 nice=3 [^\n]*\nclass=2 priority=2$'
	delete
}

@test "exec: execCPUAffinity is its own, initial and then final" {
	running .
	local cpus='grep Cpus_allowed_list: /proc/self/status | cut -f 2'
	exec_document ".args = [\"/bin/sh\", \"-c\", \"$cpus\"] | .execCPUAffinity = {initial: \"0\"}"
	assert_success
	assert_equal "$output" 0
	exec_document ".args = [\"/bin/sh\", \"-c\", \"$cpus\"] | .execCPUAffinity = {initial: \"0\", final: \"1\"}"
	assert_success
	assert_equal "$output" 1
	exec_document '.execCPUAffinity = {final: "1000"}'
	assert_failure
	assert_output_has 'process.execCPUAffinity.final'
	delete
}

@test "exec: execCPUAffinity of config.json holds for it" {
	running '.process.execCPUAffinity = {final: "1"}'
	rt exec "$C" /bin/sh -c 'grep Cpus_allowed_list: /proc/self/status | cut -f 2'
	assert_success
	assert_equal "$output" 1
	delete
}

@test "exec: has the session keyring of the container, or the caller's with --no-new-keyring" {
	running .
	rt exec "$C" /bin/show-process keyring
	assert_success
	assert_match "$output" ";_ses\\.$C\$"
	delete
	rt create --no-new-keyring --bundle "$B" "$C"
	assert_success
	start
	rt exec "$C" /bin/show-process keyring
	assert_equal "$output" "$("$PROBES/show-process" keyring)"
	delete
}
