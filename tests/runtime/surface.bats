#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What engines rely on: global options, the log file, descriptors that are handed on, exit statuses.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# ---- globals ----

@test "globals: engines' options are taken before the command, and among its own" {
	rt --log "$TEST_DIR/log" --log-format json --systemd-cgroup=false --rootless=false \
		--cgroup-manager disabled run --bundle "$B" "$C"
	assert_success
	rt run --bundle "$B" --log "$TEST_DIR/log" --log-format json --debug "$C"
	assert_success
	[ -s "$TEST_DIR/log" ]
}

@test "globals: a value that nobody knows is refused by name" {
	local option
	for option in --log-format=xml --log-level=loud --cgroup-manager=mine \
		--log=journald:x; do
		rt "$option" run --bundle "$B" "$C"
		assert_failure
		assert_output_has "${option%%=*}: '${option#*=}'"
	done
}

@test "globals: --version has the three lines that moby and go-runc look for" {
	run "$CT_RUNTIME_BIN" --version
	assert_success
	assert_match "${lines[0]}" '^[a-z-]+ version [0-9]'
	assert_match "$output" $'\ncommit: [^ ]+\n'
	assert_match "$output" $'\nspec: 1\\.[0-9.]+'
}

# ---- the log ----

# log_has_one_error: podman's view of the file, and what the error says.
log_has_one_error() {
	assert_equal "$(jq -s length "$TEST_DIR/log")" 1 "entries of the log"
	assert_equal "$(jq -r .level "$TEST_DIR/log")" error
	assert_match "$(jq -r .time "$TEST_DIR/log")" '^20[0-9-]+T[0-9:.]+(Z|[+-][0-9:]+)$'
	[[ $(jq -r .msg "$TEST_DIR/log") == *"$1"* ]] || fail "expected in the log: $1" "$(<"$TEST_DIR/log")"
}

@test "log: a command that fails leaves one JSON object, and the text on stderr" {
	rt --log "$TEST_DIR/log" --log-format json state nosuch
	assert_failure
	log_has_one_error "does not exist"
	assert_output_has "does not exist"
}

@test "log: warnings of a command that fails are not beside the error" {
	edit_config "$B" '.process.capabilities.bounding += ["CAP_NOSUCH"]'
	set_args "$B" /nosuch
	rt --log "$TEST_DIR/log" --log-format=json run --bundle "$B" "$C"
	assert_failure
	log_has_one_error "no such file or directory"
}

@test "log: warnings of a command that goes well are in the file" {
	our_text
	edit_config "$B" '.process.capabilities.bounding += ["CAP_NOSUCH"]'
	rt --log "$TEST_DIR/log" --log-format json run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" ""
	assert_equal "$(jq -r .level "$TEST_DIR/log" | sort -u)" warning
}

@test "log: a wrong command line is in it too" {
	our_text
	rt --log "$TEST_DIR/log" --log-format json state --nosuch "$C"
	assert_failure
	log_has_one_error "--nosuch"
}

# ---- texts ----

@test "texts: a missing container does not exist, whatever is asked of it" {
	local command
	for command in state start kill delete; do
		rt $command nosuch
		assert_failure
		assert_output_has "does not exist"
	done
	rt delete --force nosuch
	assert_success
}

@test "texts: a program that is not there, and one that may not be executed" {
	set_args "$B" nosuch
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has 'executable file not found in $PATH'
	set_args "$B" /etc/passwd
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has "permission denied"
}

@test "texts: an option without its value, as podman's probe has it" {
	rt create --bundle
	assert_failure
	assert_output_has "flag needs an argument"
}

# ---- descriptors ----

@test "preserve-fds: they come at their numbers, and nothing else does" {
	echo three >"$TEST_DIR/three"
	echo five >"$TEST_DIR/five"
	set_args "$B" /bin/sh -c 'cat <&3; cat <&4; ls /proc/self/fd | paste -sd " " -'
	run runtime run --bundle "$B" --preserve-fds 2 "$C" 3<"$TEST_DIR/three" 4<"$TEST_DIR/five" 5<"$TEST_DIR/five"
	assert_success
	# 5 is what ls itself has opened
	assert_equal "$output" $'three\nfive\n0 1 2 3 4 5'
}

@test "preserve-fds: create keeps them for start" {
	echo three >"$TEST_DIR/three"
	set_args "$B" /bin/sh -c 'cat <&3 >/log/out'
	runtime create --bundle "$B" --preserve-fds 1 "$C" 3<"$TEST_DIR/three" 4>&- >/dev/null </dev/null
	start
	wait_for 5 is_stopped
	assert_equal "$(<"$B/rootfs/log/out")" three
}

@test "preserve-fds: one that was not open at the call is refused, the runtime's own are not taken for it" {
	status=0
	output=$(runtime run --bundle "$B" --preserve-fds 1 "$C" 2>&1 3>&- 4>&- </dev/null) || status=$?
	assert_failure
	assert_output_has "preserved-fd 0 (of 1)"
	status=0
	output=$(runtime run --bundle "$B" --preserve-fds 3 "$C" 2>&1 3</dev/null 4>&- 5</dev/null </dev/null) || status=$?
	assert_failure
	assert_output_has "preserved-fd"
	rt run --bundle "$B" --preserve-fds=-1 "$C"
	assert_failure
	rt run --bundle "$B" --preserve-fds x "$C"
	assert_failure
}

# with_listen_fds COUNT PID COMMAND...: PID "self" is the runtime's own
with_listen_fds() {
	local count=$1 pid=$2
	shift 2
	bash -c 'pid=$1; [ "$pid" != self ] || pid=$$; LISTEN_FDS=$0 LISTEN_PID=$pid exec "${@:2}"' "$count" "$pid" "$@"
}

@test "LISTEN_FDS: the sockets come first, with the pid that the container sees" {
	echo socket >"$TEST_DIR/socket"
	echo other >"$TEST_DIR/other"
	set_args "$B" /bin/sh -c 'cat <&3; cat <&4; echo $LISTEN_FDS $LISTEN_PID $$'
	run with_listen_fds 1 self "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" --preserve-fds 1 "$C" \
		3<"$TEST_DIR/socket" 4<"$TEST_DIR/other"
	assert_success
	assert_equal "$output" $'socket\nother\n1 1 1'
}

@test "LISTEN_FDS: those of another process are not handed on" {
	set_args "$B" /bin/sh -c 'echo "$LISTEN_FDS,$LISTEN_PID"; ls /proc/self/fd | paste -sd " " -'
	run with_listen_fds 1 1 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" 3</etc/passwd
	assert_success
	assert_equal "$output" $',\n0 1 2 3'
}

@test "LISTEN_FDS: more than there are is refused" {
	our_text
	run with_listen_fds 2 self "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" 3</etc/passwd 4>&-
	assert_failure
	assert_output_has LISTEN_FDS
}

@test "pidfd-socket: a pidfd of the container's process comes through it" {
	"$PROBES/fd-recv" "$TEST_DIR/sock" sh -c 'cat /proc/self/fdinfo/0' >"$TEST_DIR/got" 3>&- &
	local receiver=$!
	TEST_PIDS+=("$receiver")
	wait_for 5 test -S "$TEST_DIR/sock"
	set_args "$B" /bin/sleep 1000
	rt create --bundle "$B" --pidfd-socket "$TEST_DIR/sock" "$C"
	assert_success
	wait "$receiver"
	assert_equal "$(awk '/^Pid:/ { print $2 }' "$TEST_DIR/got")" "$(container_pid "$C")"
}

@test "pidfd-socket: a path where nobody listens is an error, and nothing is left" {
	rt create --bundle "$B" --pidfd-socket "$TEST_DIR/nosuch" "$C"
	assert_failure
	assert_output_has "$TEST_DIR/nosuch"
}

# ---- ways to make it ----

@test "no-pivot: the container has its own root, and the host's /proc and /sys are not below it" {
	set_args "$B" /bin/sh -c 'test -x /bin/sh && test ! -e /usr/bin/jq && cat /proc/1/comm'
	rt run --no-pivot --bundle "$B" "$C"
	assert_success
	assert_equal "$output" cat
}

@test "config: another file of the bundle, or an absolute one" {
	mv "$B/config.json" "$B/other.json"
	rt run --bundle "$B" --config other.json "$C"
	assert_success
	rt run --bundle "$B" --config "$B/other.json" "$C"
	assert_success
	rt run --bundle "$B" "$C"
	assert_failure
}

# ---- NOTIFY_SOCKET ----

# A caller's socket that writes what it gets to $TEST_DIR/told; busybox sends from inside.
notify_host() {
	"$PROBES/notify-recv" "$TEST_DIR/host.sock" >"$TEST_DIR/told" 3>&- 4>&- &
	TEST_PIDS+=($!)
	wait_for 5 test -S "$TEST_DIR/host.sock"
	cp "$PROBES/notify-send" "$B/rootfs/bin/notify-send"
}

told() {
	local expected=$'READY=1\n'MAINPID=$1$'\nBARRIER=1'
	is_told() { [ "$(<"$TEST_DIR/told")" = "$expected" ]; }
	wait_for 5 is_told || fail "told:" "$(<"$TEST_DIR/told")"
}

@test "NOTIFY_SOCKET: start waits for READY=1 and tells it with the pid on the host" {
	notify_host
	mkfifo "$B/rootfs/log/go"
	set_args "$B" /bin/sh -c 'read x </log/go; notify-send "STATUS=x"; notify-send "READY=1"; exec sleep 1000'
	edit_config "$B" '.process.env += ["NOTIFY_SOCKET=/image"]'
	NOTIFY_SOCKET=$TEST_DIR/host.sock rt create --bundle "$B" "$C"
	assert_success
	NOTIFY_SOCKET=$TEST_DIR/host.sock "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" start "$C" >/dev/null 2>&1 </dev/null 3>&- &
	local pid=$!
	is_running() { [ "$(container_status "$C")" = running ]; }
	wait_for 5 is_running
	kill -0 "$pid" # still waiting
	echo go >"$B/rootfs/log/go"
	wait "$pid"
	told "$(container_pid "$C")"
	delete
}

@test "NOTIFY_SOCKET: start ends with a process that is never ready; run tells it too" {
	notify_host
	set_args "$B" /bin/sh -c 'exit 0'
	NOTIFY_SOCKET=$TEST_DIR/host.sock rt run --detach --bundle "$B" "$C"
	assert_success
	delete
	set_args "$B" /bin/sh -c 'notify-send "READY=1"; exit 5'
	NOTIFY_SOCKET=$TEST_DIR/host.sock rt run --bundle "$B" "$C"
	assert_status 5
	wait_for 5 grep -q MAINPID "$TEST_DIR/told"
}

@test "NOTIFY_SOCKET: also in a user namespace; without one nothing is mounted" {
	notify_host
	use_userns
	set_args "$B" /bin/sh -c 'notify-send "READY=1"; exec sleep 1000'
	NOTIFY_SOCKET=$TEST_DIR/host.sock rt run --detach --bundle "$B" "$C"
	assert_success
	told "$(container_pid "$C")"
	delete
	in_container 'echo "socket:$NOTIFY_SOCKET"; ! grep " /run/notify " /proc/self/mountinfo'
	assert_success
	assert_equal "$output" socket:
}
