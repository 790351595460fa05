#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.seccomp: what a profile makes of system calls, seen from inside; what is wrong in one is
# named; its compiled form is kept, and never believed.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	cp "$PROBES/seccomp-probe" "$PROBES/seccomp-strict" "$B/rootfs/bin/"
	CACHE=$RUNTIME_ROOT/.cache
}

teardown() {
	life_teardown
}

# profile FILTER: linux.seccomp is what the filter makes of "all is allowed".
profile() {
	edit_config "$B" ".linux.seccomp = ({defaultAction: \"SCMP_ACT_ALLOW\"} | $1)"
}

# rule NAME ACTION [MORE]: for a filter above
rule() {
	echo ".syscalls += [{names: [\"$1\"], action: \"SCMP_ACT_$2\"} + {${3:-}}]"
}

# probe CALL...: what they come to
probe() {
	set_args "$B" /bin/seccomp-probe "$@"
	rt run --bundle "$B" "$C"
}

# calls LINES: of the probe before
calls() {
	assert_success
	assert_equal "$output" "$1"
}

has_lines() {
	[ "$(wc -l <"$2")" = "$1" ]
}

refused_with() {
	cp "$B/config.json" "$TEST_DIR/good.json"
	profile "$1"
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has "config.json: linux.seccomp$2"
	assert_missing "$RUNTIME_ROOT/$C"
	mv "$TEST_DIR/good.json" "$B/config.json"
}

# ---- actions ----

@test "seccomp: every action does to a call what its name says" {
	profile "$(rule getppid ERRNO) | $(rule personality ERRNO 'errnoRet: 77') | $(rule getuid KILL)
		| $(rule getpgid KILL_PROCESS) | $(rule uname KILL_THREAD) | $(rule lseek TRAP)
		| $(rule ioctl LOG) | $(rule mkdir TRACE 'errnoRet: 9')"
	# 9: ioctl's own, of no descriptor; 38: a traced call without a tracer
	probe getpid getppid personality getuid getpgid uname lseek ioctl:99 mkdir
	calls $'getpid 0\ngetppid 1\npersonality 77\ngetuid killed 31\ngetpgid killed 31\nuname killed 31\nlseek killed 31\nioctl 9\nmkdir 38'
}

@test "seccomp: the default action and its errno" {
	allow='["read","write","execve","exit_group","brk","mmap","munmap","mprotect","arch_prctl","set_tid_address","set_robust_list","rseq","prlimit64","readlink","readlinkat","getrandom","clone","wait4","newfstatat","fstat","getpid","uname","exit","close","fcntl","futex"]'
	profile ".defaultAction = \"SCMP_ACT_ERRNO\" | .defaultErrnoRet = 55
		| .syscalls = [{names: $allow, action: \"SCMP_ACT_ALLOW\"}]"
	probe getpid getppid
	calls $'getpid 0\ngetppid 55'
	profile ".defaultAction = \"SCMP_ACT_ERRNO\" | .syscalls = [{names: $allow, action: \"SCMP_ACT_ALLOW\"}]"
	probe getppid
	calls 'getppid 1'
}

@test "seccomp: the mode is seen in /proc, and none is there without a profile" {
	in_container 'grep ^Seccomp: /proc/self/status'
	assert_equal "$output" $'Seccomp:\t0'
	profile "$(rule personality ERRNO)"
	in_container 'grep -E "^Seccomp(_filters)?:" /proc/self/status'
	assert_equal "$output" $'Seccomp:\t2\nSeccomp_filters:\t1'
	edit_config "$B" '.linux.seccomp = null'
	in_container 'grep ^Seccomp: /proc/self/status'
	assert_equal "$output" $'Seccomp:\t0'
}

@test "seccomp: every operator on an argument" {
	local op line want
	while read -r op want; do
		profile "$(rule personality ERRNO "errnoRet: 44, args: [{index: 0, value: 100, op: \"SCMP_CMP_$op\"}]")"
		probe personality:0x63 personality:0x64 personality:0x65
		assert_success
		line=$(awk '{ printf "%s ", $2 == 44 }' <<<"$output")
		assert_equal "$line" "$want " "$op"
	done <<-'TABLE'
		NE 1 0 1
		LT 1 0 0
		LE 1 1 0
		EQ 0 1 0
		GE 0 1 1
		GT 0 0 1
	TABLE
}

@test "seccomp: a masked argument, and 64-bit values to their last bit" {
	profile "$(rule lseek ERRNO 'errnoRet: 44, args: [{index: 1, value: 240, valueTwo: 32, op: "SCMP_CMP_MASKED_EQ"}]')"
	probe lseek:99,0x2f lseek:99,0x12f lseek:99,0x3f
	calls $'lseek 44\nlseek 44\nlseek 9'
	set_args "$B" /bin/seccomp-probe lseek:99,0xfffffffffffffffe lseek:99,0xffffffffffffffff lseek:99,0xfffffffffffff800
	edit_config "$B" '.linux.seccomp.syscalls[0].args = [{index: 1, value: "BIG", op: "SCMP_CMP_EQ"}]'
	# Numbers of jq are doubles.
	sed -i 's/"BIG"/18446744073709551614/' "$B/config.json"
	rt run --bundle "$B" "$C"
	calls $'lseek 44\nlseek 9\nlseek 9'
}

@test "seccomp: conditions on different arguments must all hold, of those on one argument any" {
	profile "$(rule lseek ERRNO 'errnoRet: 44, args: [{index: 1, value: 1, op: "SCMP_CMP_EQ"}, {index: 2, value: 2, op: "SCMP_CMP_EQ"}]')"
	probe lseek:99,1,2 lseek:99,1,0 lseek:99,0,2
	calls $'lseek 44\nlseek 9\nlseek 9'
	profile "$(rule lseek ERRNO 'errnoRet: 44, args: [{index: 1, value: 1, op: "SCMP_CMP_EQ"}, {index: 1, value: 2, op: "SCMP_CMP_EQ"}]')"
	probe lseek:99,1 lseek:99,2 lseek:99,3
	calls $'lseek 44\nlseek 44\nlseek 9'
}

@test "seccomp: a call that nobody knows is left out, with a word in the debug log" {
	profile "$(rule no_such_call_ever ERRNO) | $(rule personality ERRNO)"
	probe personality
	calls 'personality 1'
	rm -r "$CACHE"
	rt --debug create --bundle "$B" "$C"
	assert_success
	assert_output_has no_such_call_ever
}

@test "seccomp: architectures and flags are taken" {
	profile "$(rule personality ERRNO) | .architectures = [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\", \"SCMP_ARCH_X86\"]
		| .flags = [\"SECCOMP_FILTER_FLAG_TSYNC\", \"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\", \"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"
	probe personality getpid
	calls $'personality 1\ngetpid 0'
	# The machine's own is always in it.
	profile "$(rule personality ERRNO) | .architectures = [\"SCMP_ARCH_X86\"] | .flags = []"
	probe personality getpid
	calls $'personality 1\ngetpid 0'
}

@test "seccomp: SPEC_ALLOW is the default, and goes with flags that do not name it" {
	local ours
	in_container 'grep Speculation_Store_Bypass: /proc/self/status'
	ours=$output
	profile "$(rule personality ERRNO)"
	in_container 'grep Speculation_Store_Bypass: /proc/self/status'
	assert_equal "$output" "$ours"
}

# ---- what is wrong ----

@test "seccomp: what is wrong in a profile is named, and nothing is made" {
	refused_with 'del(.defaultAction)' '.defaultAction: is required'
	refused_with '.defaultAction = 1' '.defaultAction: must be one of'
	refused_with '.defaultAction = "SCMP_ACT_NOSUCH"' ".defaultAction: 'SCMP_ACT_NOSUCH' is none of"
	refused_with '.defaultErrnoRet = 1' '.defaultErrnoRet: 1 has no meaning'
	refused_with '.defaultAction = "SCMP_ACT_ERRNO" | .defaultErrnoRet = 4095' '.defaultErrnoRet: 4095 is not 0..4094'
	refused_with '.defaultErrnoRet = "x"' '.defaultErrnoRet: must be an integer'
	refused_with '.architectures = "SCMP_ARCH_X86"' '.architectures: must be an array'
	refused_with '.architectures = ["SCMP_ARCH_SHEB"]' ".architectures[0]: 'SCMP_ARCH_SHEB' is none of"
	refused_with '.architectures = ["SCMP_ARCH_S390X"]' '.architectures: SCMP_ARCH_S390X has another byte order'
	refused_with '.flags = ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]' ".flags[0]: 'SECCOMP_FILTER_FLAG_NEW_LISTENER' is none of"
	refused_with '.flags = [1]' '.flags[0]: must be one of'
	refused_with '.syscalls = {}' '.syscalls: must be an array'
	refused_with '.syscalls = [{action: "SCMP_ACT_KILL"}]' '.syscalls[0].names: is required'
	refused_with '.syscalls = [{names: [], action: "SCMP_ACT_KILL"}]' '.syscalls[0].names: must have'
	refused_with '.syscalls = [{names: [""], action: "SCMP_ACT_KILL"}]' '.syscalls[0].names[0]: must not be empty'
	refused_with '.syscalls = [{names: ["read"]}]' '.syscalls[0].action: is required'
	refused_with "$(rule read KILL 'errnoRet: 3')" '.syscalls[0].errnoRet: 3 has no meaning'
	refused_with "$(rule read TRACE 'errnoRet: 65536')" '.syscalls[0].errnoRet: 65536 is not 0..65535'
	refused_with "$(rule read KILL 'args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]')" '.syscalls[0].args[0].index: must be an integer 0..5'
	refused_with "$(rule read KILL 'args: [{index: 0, value: -1, op: "SCMP_CMP_EQ"}]')" '.syscalls[0].args[0].value: must be an integer 0..18446744073709551615'
	refused_with "$(rule read KILL 'args: [{index: 0, value: 1, op: "EQ"}]')" ".syscalls[0].args[0].op: 'EQ' is none of"
	refused_with "$(rule read KILL 'args: [{index: 0, op: "SCMP_CMP_EQ"}]')" '.syscalls[0].args[0].value: is required'
	refused_with '.defaultAction = "SCMP_ACT_ERRNO"' ": must allow 'execve'"
	refused_with "$(rule execve KILL)" ": must allow 'execve'"
	refused_with '.listenerMetadata = "x"' '.listenerMetadata: needs listenerPath'
	refused_with '.listenerPath = "x"' ".listenerPath: 'x' is not an absolute path"
	refused_with '.listenerPath = "/" + "x" * 108' '.listenerPath: is 109 bytes long'
	refused_with "$(rule mkdir NOTIFY)" '.listenerPath: is required'
	refused_with '.listenerPath = "/x" | .defaultAction = "SCMP_ACT_NOTIFY"' '.defaultAction: '
	refused_with ".listenerPath = \"/x\" | $(rule sendmsg NOTIFY)" ": must allow 'sendmsg'"
	refused_with ".listenerPath = \"/x\" | .defaultAction = \"SCMP_ACT_KILL\" | $(rule execve ALLOW) | $(rule mkdir NOTIFY)" ": must allow 'sendmsg'"
}

# ---- a strict profile ----

# strict [CALL...]: these are allowed, and anything else kills
strict() {
	profile ".defaultAction = \"SCMP_ACT_KILL_PROCESS\"
		| .syscalls = [{names: $(json_list "$@"), action: \"SCMP_ACT_ALLOW\"}]"
	set_args "$B" /bin/seccomp-strict
}

@test "seccomp: execve, write and exit_group are enough, whoever the process is" {
	local nnp uid
	for nnp in true false; do
		for uid in 0 1000; do
			edit_config "$B" ".process.noNewPrivileges = $nnp | .process.user.uid = $uid"
			strict execve write exit_group
			rt run --bundle "$B" "$C"
			assert_status 7
			assert_equal "$output" strict "noNewPrivileges $nnp, uid $uid"
		done
	done
}

@test "seccomp: execve, write and exit_group are enough in a user namespace" {
	use_userns
	edit_config "$B" '.process.noNewPrivileges = false'
	strict execve write exit_group
	rt run --bundle "$B" "$C"
	assert_status 7
	assert_equal "$output" strict
}

@test "seccomp: without noNewPrivileges the process still has the config's capabilities alone" {
	local uid want
	profile "$(rule personality ERRNO)"
	for uid in 0 1000; do
		edit_config "$B" ".process.noNewPrivileges = false | .process.user.uid = $uid"
		in_container 'awk "/^Cap/ { print \$1, \$2 }" /proc/self/status'
		assert_success
		want=$output
		edit_config "$B" '.linux.seccomp = null'
		in_container 'awk "/^Cap/ { print \$1, \$2 }" /proc/self/status'
		assert_equal "$want" "$output" "uid $uid"
		profile "$(rule personality ERRNO)"
	done
}

@test "seccomp: a profile without fork leaves startContainer hooks alone" {
	local nnp
	add_hook "$B" startContainer /bin/busybox sh -c 'ls / >/log/ran'
	for nnp in true false; do
		rm -f "$B/rootfs/log/ran"
		edit_config "$B" ".process.noNewPrivileges = $nnp"
		profile '.syscalls = [{names: ["clone", "clone3", "fork", "vfork"], action: "SCMP_ACT_ERRNO"}]'
		set_args "$B" /bin/seccomp-probe -q fork
		rt run --bundle "$B" "$C"
		assert_status 1 # EPERM
		assert_exists "$B/rootfs/log/ran"
	done
}

@test "seccomp: a process that dies of its execve has not been started" {
	strict execve write exit_group
	edit_config "$B" '.linux.seccomp.syscalls += [{names: ["execve"], action: "SCMP_ACT_KILL_PROCESS",
		args: [{index: 0, value: 0, op: "SCMP_CMP_NE"}]}]
		| .linux.seccomp.syscalls[0].names = ["write", "exit_group"]
		| .linux.seccomp.syscalls += [{names: ["execve"], action: "SCMP_ACT_ALLOW",
		args: [{index: 0, value: 0, op: "SCMP_CMP_EQ"}]}]'
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has 'let execve pass'
	assert_missing "$RUNTIME_ROOT/$C"
}

@test "seccomp: a program that goes before start, or is none, is told under a profile too" {
	# The address sanitizer asks for the alternate stack before a function that does not return.
	strict execve write exit_group sigaltstack
	# One that is not there already fails create.
	install -m 755 /dev/null "$B/rootfs/bin/goes"
	set_args "$B" /bin/goes
	create
	rm "$B/rootfs/bin/goes"
	rt start "$C"
	assert_failure
	assert_output_has 'no such file or directory'
	install -m 755 /dev/null "$B/rootfs/bin/goes"
	set_args "$B" goes
	create
	rm "$B/rootfs/bin/goes"
	rt start "$C"
	assert_failure
	assert_output_has 'executable file not found in $PATH'
	echo text >"$B/rootfs/bin/text"
	chmod 755 "$B/rootfs/bin/text"
	set_args "$B" text
	create
	rt start "$C"
	assert_failure
	assert_output_has 'exec format error'
}

@test "seccomp: a restart has the profile too" {
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	set_args "$B" /bin/sh -c '/bin/seccomp-probe personality >>/log/out; exec sleep 1000'
	create
	start
	wait_for 5 has_lines 1 "$B/rootfs/log/out"
	kill_and_wait
	rm -r "$CACHE"
	rt restart "$C"
	assert_success
	wait_for 5 has_lines 2 "$B/rootfs/log/out"
	assert_equal "$(<"$B/rootfs/log/out")" $'personality 66\npersonality 66'
	delete
}

# ---- the cache ----

cached() {
	find "$CACHE" -type f | wc -l
}

@test "seccomp: a profile is compiled once" {
	local first
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	probe personality
	calls 'personality 66'
	assert_equal "$(cached)" 1
	assert_equal "$(stat -c '%a %u' "$CACHE")" '700 0'
	assert_equal "$(stat -c '%a %u' "$CACHE"/*)" '600 0'
	first=$(stat -c %i "$CACHE"/*)
	probe personality
	calls 'personality 66'
	assert_equal "$(stat -c %i "$CACHE"/*)" "$first" "inode of the file"
	profile "$(rule personality ERRNO 'errnoRet: 67')"
	probe personality
	calls 'personality 67'
	assert_equal "$(cached)" 2
}

@test "seccomp: what is no good in the cache is made anew" {
	local file good damage
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	probe personality
	file=$(find "$CACHE" -type f)
	good=$(sha256sum <"$file")
	cp "$file" "$TEST_DIR/good"
	for damage in 'truncate -s 0 "$file"' 'truncate -s 79 "$file"' 'truncate -s -8 "$file"' 'truncate -s +8 "$file"' \
		'printf x | dd of="$file" conv=notrunc status=none' \
		'printf x | dd of="$file" bs=1 seek=12 conv=notrunc status=none' \
		'printf "\\6\\0\\0\\0\\0\\0\\377\\177" | dd of="$file" bs=1 seek=80 conv=notrunc status=none' \
		'printf "\\377\\377\\377\\377\\377\\377\\377\\377" | dd of="$file" bs=1 seek=72 conv=notrunc status=none' \
		'chmod 622 "$file"' 'chown 1000 "$file"' 'rm "$file"; ln -s "$TEST_DIR/good" "$file"' \
		'rm "$file"; mkfifo "$file"' 'head -c 5000000 /dev/urandom >"$file"'; do
		eval "$damage"
		probe personality
		assert_success
		assert_output_has 'personality 66'
		assert_equal "$(sha256sum <"$file")" "$good" "after: $damage"
		assert_equal "$(stat -c '%F %a %u' "$file")" 'regular file 600 0' "after: $damage"
	done
}

@test "seccomp: a cache folder of somebody else is not used, and no error" {
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	mkdir -m 700 "$RUNTIME_ROOT"
	local make
	for make in 'mkdir -m 777 "$CACHE"' 'mkdir -m 700 "$CACHE"; chown 1000 "$CACHE"' \
		'mkdir "$TEST_DIR/elsewhere"; ln -s "$TEST_DIR/elsewhere" "$CACHE"' 'echo text >"$CACHE"'; do
		eval "$make"
		probe personality
		calls 'personality 66'
		[ ! -d "$CACHE" ] || assert_equal "$(ls -A "$CACHE"/)" ''
		rm -rf "$CACHE"
	done
}

@test "seccomp: the cache is bounded, and what was used last stays" {
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	probe personality
	local used i
	used=$(find "$CACHE" -type f)
	for i in {1..80}; do
		touch -d "2020-01-01 00:00:$((i % 60))" "$CACHE/old$i"
	done
	profile "$(rule personality ERRNO 'errnoRet: 67')"
	probe personality
	calls 'personality 67'
	[ "$(cached)" -le 64 ] || fail "$(cached) files"
	assert_exists "$used"
}

@test "seccomp: the cache is no container, and the state folder is let go with it" {
	profile "$(rule personality ERRNO)"
	set_args "$B" /bin/sleep 1000
	create
	rt list -q
	assert_equal "$output" "$C"
	rt state .cache
	assert_failure
	delete
	rt list -q
	assert_equal "$output" ''
	assert_exists "$CACHE"
	run ! mountpoint -q "$RUNTIME_ROOT"
}

# ---- notify ----

# agent [ERRNO]: answers at $TEST_DIR/agent.sock, reports into $TEST_DIR/report
agent() {
	rm -f "$TEST_DIR"/{agent.sock,report,agent.out}
	mkfifo "$TEST_DIR/agent.out" 2>/dev/null || true
	python3 "$TOP/tests/lib/seccomp-agent.py" "$TEST_DIR/agent.sock" "$TEST_DIR/report" "$@" \
		3>&- >"$TEST_DIR/agent.out" 2>"$TEST_DIR/agent.err" &
	TEST_PIDS+=($!)
	read -r -t 10 _ <"$TEST_DIR/agent.out"
}

# notify [FILTER]: mkdir is the agent's to decide
notify() {
	profile "$(rule mkdir NOTIFY) | .listenerPath = \"$TEST_DIR/agent.sock\" | ${1:-.}"
}

@test "seccomp: an agent answers for a call, by one message with the state" {
	local nnp
	for nnp in true false; do
		edit_config "$B" ".process.noNewPrivileges = $nnp | .annotations = {\"a.b\": \"c\"}"
		notify '.listenerMetadata = "what it is"'
		agent 77
		set_args "$B" /bin/sh -c '/bin/seccomp-probe mkdir:0,0 >/log/out; exec sleep 1000'
		create
		start
		wait_for 10 has_lines 1 "$B/rootfs/log/out"
		assert_equal "$(<"$B/rootfs/log/out")" 'mkdir 77'
		assert_equal "$(jq -c '[.fds, .first_fds, .state.fds, .state.metadata, .state.state.id,
			.state.state.bundle, .state.state.annotations]' "$TEST_DIR/report")" \
			"[1,1,[\"seccompFd\"],\"what it is\",\"$C\",\"$B\",{\"a.b\":\"c\"}]"
		assert_equal "$(jq -r '.state.pid, .state.state.pid' "$TEST_DIR/report")" \
			"$(container_pid "$C")"$'\n'"$(container_pid "$C")"
		delete
	done
}

@test "seccomp: an agent lets a call pass, and execve can be its to decide" {
	notify '.syscalls += [{names: ["execve", "read"], action: "SCMP_ACT_NOTIFY"}]
		| .flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"]'
	agent
	in_container 'mkdir /log/made && echo made'
	assert_success
	assert_equal "$output" made
}

@test "seccomp: the listener does not stay with the process" {
	notify
	agent
	in_container 'for f in /proc/1/fd/*; do readlink $f; done | grep -c seccomp'
	assert_equal "$output" 0
}

@test "seccomp: without an agent the container is not started" {
	notify
	create
	rt start "$C"
	assert_failure
	assert_output_has "$TEST_DIR/agent.sock"
	assert_missing "$RUNTIME_ROOT/$C"
	rt run --bundle "$B" "$C"
	assert_failure
	assert_missing "$RUNTIME_ROOT/$C"
	echo text >"$TEST_DIR/agent.sock"
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has 'linux.seccomp.listenerPath: connect'
}

@test "seccomp: listenerPath says nothing without a call to notify of" {
	profile "$(rule personality ERRNO) | .listenerPath = \"/nowhere\" | .listenerMetadata = \"m\""
	probe personality
	calls 'personality 1'
}

# ---- exec ----

@test "seccomp: exec runs under the container's profile" {
	local nnp
	profile "$(rule personality ERRNO 'errnoRet: 66')"
	edit_config "$B" '.process.noNewPrivileges = false'
	set_args "$B" /bin/sleep 1000
	create
	start
	for nnp in '' --no-new-privs; do
		rt exec $nnp "$C" /bin/seccomp-probe personality getpid
		calls $'personality 66\ngetpid 0'
	done
	delete
}

@test "seccomp: exec's process has an agent told of its own pid" {
	notify '.syscalls += [{names: ["execve"], action: "SCMP_ACT_NOTIFY"}]'
	agent
	set_args "$B" /bin/sleep 1000
	create
	start
	rt exec "$C" /bin/true
	assert_failure # nobody listens any more
	assert_output_has "$TEST_DIR/agent.sock"
	agent 77
	rt exec "$C" /bin/seccomp-probe -q mkdir
	assert_failure # execve itself is answered so
	assert_output_has 'exec'
	agent
	rt exec "$C" /bin/seccomp-probe mkdir:0,0
	assert_output_has 'mkdir 14'
	[ "$(jq .state.pid "$TEST_DIR/report")" != "$(container_pid "$C")" ] || fail "the container's pid"
	assert_equal "$(jq -r '.state.state.id' "$TEST_DIR/report")" "$C"
	delete
}

# ---- an engine's profile ----

# The one that podman gives its containers, as it writes it for this machine and no capabilities.
engine_profile() {
	jq '{defaultAction, defaultErrnoRet,
		architectures: [.archMap[] | select(.architecture == "SCMP_ARCH_X86_64") | .architecture, .subArchitectures[]],
		syscalls: [.syscalls[]
			| select((.includes.caps // []) == [] and ((.includes.arches // ["amd64"]) | index("amd64"))
				and ((.excludes.arches // []) | index("amd64") | not))
			| {names, action, errnoRet, args} | del(.. | nulls)]} | del(.. | nulls)' \
		/usr/share/containers/seccomp.json
}

@test "seccomp: podman's default profile, compiled and from the cache" {
	# shellcheck disable=SC2016
	edit_config "$B" '.linux.seccomp = $p' --argjson p "$(engine_profile)"
	local _
	for _ in first cached; do
		in_container 'echo ran; grep ^Seccomp: /proc/self/status; seccomp-probe getpid personality:0x5'
		assert_success
		assert_equal "$output" $'ran\nSeccomp:\t2\ngetpid 0\npersonality 38'
		assert_equal "$(cached)" 1
	done
}
