#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# exec: one more process in a container that has one.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# A container that runs until it is killed.
running() {
	set_args "$B" /bin/sleep 1000
	create
	start
}

# in_it [OPTION...] SCRIPT
in_it() {
	rt exec "${@:1:$#-1}" "$C" /bin/sh -c "${*: -1}"
}

# by_document FILTER [OPTION...]: exec --process, with the container's process changed by FILTER
by_document() {
	jq ".process | $1" "$B/config.json" >"$TEST_DIR/process.json"
	rt exec --process "$TEST_DIR/process.json" "${@:2}" "$C"
}

# ---- where it runs ----

@test "exec: joins every namespace of the container" {
	use_userns
	edit_config "$B" '.linux.namespaces += [{type: "cgroup"}, {type: "time"}]'
	running
	local pid name
	pid=$(container_pid "$C")
	# In the container's /proc, as it sees itself.
	in_it 'for n in user cgroup ipc uts net pid mnt time; do readlink /proc/self/ns/$n; done; hostname; id -u'
	assert_success
	for name in user cgroup ipc uts net pid mnt time; do
		assert_output_has "$(readlink "/proc/$pid/ns/$name")"
	done
	assert_output_has $'container\n0'
}

@test "exec: is a process of the container's pid namespace, in a session of its own" {
	running
	# Its parent is outside of the namespace.
	in_it 'echo $$; sed "s/.*) //" /proc/$$/stat | cut -d " " -f 2,3,4; cat /proc/1/cmdline | tr "\0" " "'
	assert_success
	local pid=${output%%$'\n'*}
	assert_equal "$output" "$pid"$'\n'"0 $pid $pid"$'\n/bin/sleep 1000 '
}

@test "exec: starts at the container's root, or where --cwd says" {
	running
	in_it pwd
	assert_equal "$output" /
	in_it --cwd /tmp pwd
	assert_equal "$output" /tmp
	in_it --cwd tmp pwd
	assert_failure
	assert_output_has --cwd
	in_it --cwd /nosuch pwd
	assert_failure
	assert_output_has /nosuch
}

@test "exec: a cwd through a descriptor of ours is refused" {
	running
	local fd
	for fd in 3 4 5 6 7 8 9; do
		rt exec --cwd "/proc/self/fd/$fd" "$C" /bin/pwd
		assert_failure
	done
}

@test "exec: nothing of the runtime is left open" {
	running
	in_it 'ls /proc/self/fd | paste -sd " " -'
	assert_success
	assert_equal "$output" "0 1 2 3"
}

# ---- what it gets ----

@test "exec: standard streams and exit status are passed on" {
	running
	run -3 bash -c 'echo hello | "$@"' - "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" exec "$C" /bin/sh -c 'cat; echo to-stderr >&2; exit 3'
	assert_output_has hello
	assert_output_has to-stderr
	in_it 'kill -TERM $$'
	assert_status 143
}

@test "exec: options end at ID, the command is passed on as it is" {
	running
	rt exec "$C" /bin/echo --cwd /nosuch -h --help -- -t
	assert_success
	assert_equal "$output" "--cwd /nosuch -h --help -- -t"
}

@test "exec: the environment is the container's, with --env added and last" {
	running
	in_it --env A=1 -e B=2 -e 'TERM=x y' 'echo $A $B "$TERM" $PATH $HOME'
	assert_success
	assert_equal "$output" "1 2 x y /bin /root"
	in_it --env A 'true'
	assert_failure
	assert_output_has "--env"
}

@test "exec: user and groups" {
	running
	in_it --user 1000 'id -u; id -g; id -G'
	assert_equal "$output" $'1000\n0\n0'
	in_it --user 1000:1001 -g 5 -g 77 'id -u; id -g; id -G; echo $HOME'
	assert_equal "$output" $'1000\n1001\n1001 5 77\n/root'
}

@test "exec: HOME is the user's where the container has none" {
	edit_config "$B" '.process.env = ["PATH=/bin"]'
	running
	in_it --user 1000 'echo $HOME'
	assert_equal "$output" /home
}

@test "exec: --user 1 is uid 1, whatever the image calls 1; a name is refused" {
	echo '1:x:0:0:root:/root:/bin/sh' >>"$B/rootfs/etc/passwd"
	running
	in_it --user 1 'id -u'
	assert_equal "$output" 1
	local user
	for user in root -1 4294967295 1:x : "" 1:; do
		rt exec --user "$user" "$C" /bin/true
		assert_status 255
		assert_output_has --user
	done
	rt exec --additional-gids wheel "$C" /bin/true
	assert_status 255
}

# caps [OPTION...]: of a process in the container, "Inh Prm Eff Bnd Amb"
caps() {
	in_it "$@" "awk '/^Cap/ { print \$2 }' /proc/self/status | paste -sd ' ' -"
	assert_success
}

@test "exec: capabilities are the container's, --cap adds and never to the inheritable" {
	running
	caps
	assert_equal "$output" "0000000000000000 0000000000002420 0000000000002420 0000000000002420 0000000000000000"
	caps --cap CAP_SYS_ADMIN
	assert_equal "$output" "0000000000000000 0000000000202420 0000000000202420 0000000000202420 0000000000000000"
	rt exec --cap CAP_NOSUCH "$C" /bin/true
	assert_status 255
	assert_output_has "'CAP_NOSUCH'"
}

@test "exec: no_new_privs is the container's, or set by --no-new-privs" {
	edit_config "$B" '.process.noNewPrivileges = false'
	running
	in_it 'grep NoNewPrivs /proc/self/status | tr -d "\t"'
	assert_equal "$output" NoNewPrivs:0
	in_it --no-new-privs 'grep NoNewPrivs /proc/self/status | tr -d "\t"'
	assert_equal "$output" NoNewPrivs:1
}

@test "exec: limits, umask and oom score are the container's" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 99}]
		| .process.user.umask = 63 | .process.oomScoreAdj = 321'
	running
	in_it 'ulimit -Sn; ulimit -Hn; umask; cat /proc/self/oom_score_adj'
	assert_equal "$output" $'77\n99\n0077\n321'
}

@test "exec: descriptors of --preserve-fds come at their numbers" {
	running
	echo three >"$TEST_DIR/three"
	run runtime exec --preserve-fds 1 "$C" /bin/sh -c 'cat <&3; ls /proc/self/fd | paste -sd " " -' 3<"$TEST_DIR/three" 4</dev/null
	assert_success
	assert_equal "$output" $'three\n0 1 2 3 4'
	status=0
	output=$(runtime exec --preserve-fds 1 "$C" /bin/true 2>&1 3>&- </dev/null) || status=$?
	assert_status 255
	assert_output_has "preserved-fd 0 (of 1)"
}

# ---- --process ----

@test "exec: a process.json says what runs, and inherits what it does not say" {
	edit_config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 99}]
		| .process.user.umask = 63'
	running
	by_document '{args: ["/bin/sh", "-c", "id -u; ulimit -n; umask; grep CapBnd /proc/self/status; pwd; echo $X"],
		cwd: "/tmp", user: {uid: 1000, gid: 5}, env: ["PATH=/bin", "X=y"]}'
	assert_success
	assert_equal "$output" $'1000\n77\n0077\nCapBnd:\t0000000000002420\n/tmp\ny'
	by_document '.args = ["/bin/sh", "-c", "grep CapBnd /proc/self/status; umask; ulimit -n"]
		| .capabilities = {bounding: ["CAP_KILL"]} | .user.umask = 2
		| .rlimits = [{type: "RLIMIT_NOFILE", soft: 50, hard: 50}]'
	assert_success
	assert_equal "$output" $'CapBnd:\t0000000000000020\n0002\n50'
}

@test "exec: a process.json that is wrong is refused by file, key and value" {
	running
	by_document '.cwd = "tmp"'
	assert_status 255
	assert_output_has "process.json: cwd: 'tmp'"
	by_document '.user.uid = -1'
	assert_status 255
	assert_output_has "process.json: user.uid"
	by_document 'del(.args)'
	assert_status 255
	assert_output_has args
	by_document 'del(.cwd)'
	assert_status 255
	by_document '.args = "true"'
	assert_status 255
	echo '{' >"$TEST_DIR/process.json"
	rt exec --process "$TEST_DIR/process.json" "$C"
	assert_status 255
	rt exec --process "$TEST_DIR/nosuch" "$C"
	assert_status 255
	assert_output_has "$TEST_DIR/nosuch"
}

@test "exec: beside a process.json nothing is given that it says" {
	our_text
	running
	by_document '.args = ["/bin/true"]' --cwd /tmp
	assert_status 255
	assert_output_has --cwd
	by_document '.args = ["/bin/true"]' --env A=1
	assert_status 255
	by_document '.args = ["/bin/true"]' --tty
	assert_status 255
	rt exec --process "$TEST_DIR/process.json" "$C" /bin/true
	assert_status 255
}

# ---- detached ----

@test "exec: detached it is a child of the caller, and the pid file has its pid on the host" {
	running
	run "$PROBES/subreaper" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" exec --detach --pid-file "$TEST_DIR/pid" \
		"$C" /bin/sh -c 'exit 7'
	assert_success
	# subreaper prints "pid status" of every orphan that it reaped
	assert_match "$(<"$TEST_DIR/pid")" '^[0-9]+$'
	assert_equal "$(stat -c %s "$TEST_DIR/pid")" "$(tr -d '\n' <"$TEST_DIR/pid" | wc -c)"
	assert_output_has "$(<"$TEST_DIR/pid") 7"
}

@test "exec: detached and failed there is no pid file" {
	running
	rt exec --detach --pid-file "$TEST_DIR/pid" "$C" /nosuch
	assert_status 255
	assert_missing "$TEST_DIR/pid"
}

@test "exec: a pid file that cannot be written ends the process" {
	running
	rt exec --detach --pid-file "$TEST_DIR/nosuch/pid" "$C" /bin/sleep 1234
	assert_status 255
	in_it 'ps | grep -c "[s]leep 1234"'
	assert_equal "$output" 0
}

@test "exec: pidfd-socket gets a pidfd of the process" {
	"$PROBES/fd-recv" "$TEST_DIR/sock" cat /proc/self/fdinfo/0 >"$TEST_DIR/got" 3>&- &
	local receiver=$!
	TEST_PIDS+=("$receiver")
	wait_for 5 test -S "$TEST_DIR/sock"
	running
	rt exec --detach --pid-file "$TEST_DIR/pid" --pidfd-socket "$TEST_DIR/sock" "$C" /bin/sleep 1000
	assert_success
	wait "$receiver"
	assert_equal "$(awk '/^Pid:/ { print $2 }' "$TEST_DIR/got")" "$(<"$TEST_DIR/pid")"
}

@test "exec: signals of the foreground are passed on" {
	running
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" exec "$C" /bin/sh -c 'trap "echo got; exit 9" USR1; echo ready; while :; do sleep 1 & wait $!; done' \
		>"$TEST_DIR/out" 2>&1 </dev/null 3>&- &
	local pid=$! status=0
	TEST_PIDS+=("$pid")
	wait_for 5 grep -q ready "$TEST_DIR/out"
	kill -USR1 "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 9
	assert_equal "$(<"$TEST_DIR/out")" $'ready\ngot'
}

# ---- a terminal ----

@test "exec: --tty in the foreground has a terminal and its exit status" {
	running
	run timeout -s KILL 60 "$TOP/tests/lib/on-pty" -- "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" exec --tty "$C" \
		/bin/sh -c 'tty; test -t 0 && test -t 2; echo $?; exit 4'
	assert_status 4
	assert_equal "$output" $'/dev/pts/0\n0'
}

@test "exec: --tty detached sends it to the console socket, and wants one" {
	running
	rt exec --tty --detach "$C" /bin/true
	assert_status 255
	assert_output_has "cannot allocate tty if"
	rt exec --console-socket "$TEST_DIR/sock" "$C" /bin/true
	assert_status 255
	assert_output_has "cannot use console socket if"
	"$PROBES/fd-recv" "$TEST_DIR/sock" head -n 1 >"$TEST_DIR/got" 3>&- &
	local receiver=$!
	TEST_PIDS+=("$receiver")
	wait_for 5 test -S "$TEST_DIR/sock"
	rt exec --tty --detach --console-socket "$TEST_DIR/sock" "$C" /bin/echo through the pty
	assert_success
	wait "$receiver"
	assert_equal "$(tr -d '\r' <"$TEST_DIR/got")" $'/dev/pts/0\nthrough the pty'
}

# ---- refusals ----

@test "exec: texts that engines look for, and status 255" {
	running
	rt exec "$C" nosuch
	assert_status 255
	assert_output_has 'executable file not found in $PATH'
	rt exec "$C" /nosuch
	assert_status 255
	assert_output_has "no such file or directory"
	rt exec "$C" /etc/passwd
	assert_status 255
	assert_output_has "permission denied"
	rt exec nosuch /bin/true
	assert_status 255
	assert_output_has "does not exist"
	rt exec "$C"
	assert_status 255
	kill_and_wait
	rt exec "$C" /bin/true
	assert_status 255
	assert_output_has "cannot exec in a stopped container"
	assert_output_has "container not running"
}

@test "exec: a created container has room for it too" {
	set_args "$B" /bin/sleep 1000
	create
	in_it 'cat /proc/1/comm >/dev/null; hostname'
	assert_success
	assert_equal "$output" container
	start
}

@test "exec: a container whose process ends takes the other one along" {
	running
	rt exec --detach --pid-file "$TEST_DIR/pid" "$C" /bin/sleep 1000
	assert_success
	kill_and_wait
	wait_exit "$(<"$TEST_DIR/pid")"
}

@test "exec: does not take a restarted container's old process for it" {
	our_text
	running
	kill_and_wait
	rt restart "$C"
	assert_success
	in_it 'hostname; cat /proc/1/comm'
	assert_success
	assert_equal "$output" $'container\nsleep'
}

# ---- what the container sees of us ----

@test "exec: from inside nothing can be read of the runtime while it is on its way" {
	# A process of the container that looks at every other one, as often as it can.
	edit_config "$B" '.process.capabilities = (["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"] | {bounding: ., effective: ., permitted: .})'
	set_args "$B" /bin/sh -c 'while :; do
		for p in /proc/[0-9]*; do
			[ "$p" = /proc/1 ] && continue
			n=$(readlink $p/root 2>/dev/null)
			[ -z "$n" ] || [ "$n" = / ] || echo "root $n" >>/log/seen
			ls -l $p/fd 2>/dev/null | grep -E "state.json|config.json|run/" >>/log/seen
			[ ! -e $p/root/.host-marker ] || echo host >>/log/seen
		done
	done'
	create
	start
	local i
	for i in {1..20}; do
		rt exec "$C" /bin/true
		assert_success
	done
	assert_missing "$B/rootfs/log/seen" || { [ ! -s "$B/rootfs/log/seen" ] || fail "seen:" "$(<"$B/rootfs/log/seen")"; }
}
