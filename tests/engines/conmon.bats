#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# conmon by itself: what it makes of a runtime for podman and CRI-O. Each test is a container whose
# parent in life is conmon.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load ../lib/common

setup() {
	common_setup
	B=$TEST_DIR/bundle
	C=c$BATS_TEST_NUMBER
	make_bundle "$B" '.linux.cgroupsPath = "/conmon/c"'
	mkdir exits persist
	# Its socket's path must be short.
	SOCKETS=$(mktemp -d /run/XXXX)
}

teardown() {
	common_teardown
	rm -rf "$SOCKETS"
}

script() {
	set_args "$B" sh -c "$1"
}

# monitor [OPTION...]: conmon, which goes into the background once it has told on its pipe (sync) how
# create ended: with a pid, or -1 and a message.
monitor() {
	: >sync
	_OCI_SYNCPIPE=5 timeout 20 conmon --api-version 1 --cid "$C" --cuuid "$C" --name "$C" \
		--runtime "$CT_RUNTIME_BIN" --runtime-arg=--root="$RUNTIME_ROOT" \
		--runtime-arg=--log-format=json --runtime-arg=--log="$TEST_DIR/oci-log" \
		--bundle "$B" --container-pidfile "$TEST_DIR/pidfile" --conmon-pidfile "$TEST_DIR/conmon-pid" \
		--log-path "k8s-file:$TEST_DIR/ctr.log" --exit-dir "$TEST_DIR/exits" --persist-dir "$TEST_DIR/persist" \
		--socket-dir-path "$SOCKETS" "$@" </dev/null >conmon.log 2>&1 3>&- 5>sync
	wait_for 10 test -s sync
}

# ended STATUS: the exit file says so, and conmon has gone. It is written when the log is whole.
ended() {
	wait_for 10 test -s "exits/$C"
	assert_equal "$(<"exits/$C")" "$1" "exit file"
	wait_exit "$(<conmon-pid)"
}

said() {
	grep -q "$1" ctr.log
}

@test "conmon: create tells the pid, start releases, the exit file has the status" {
	script 'exit 3'
	monitor
	assert_equal "$(container_status "$C")" created
	assert_equal "$(jq .data <sync)" "$(container_pid "$C")"
	assert_equal "$(<pidfile)" "$(container_pid "$C")"
	assert_equal "$(awk '/^PPid/ { print $2 }' "/proc/$(<pidfile)/status")" "$(<conmon-pid)"
	runtime start "$C"
	ended 3
	assert_equal "$(container_status "$C")" stopped
}

@test "conmon: the log file has both streams, line by line" {
	script 'echo one; echo two >&2; printf part'
	monitor
	runtime start "$C"
	ended 0
	assert_equal "$(grep stdout ctr.log | cut -d' ' -f2-)" $'stdout F one\nstdout P part'
	assert_equal "$(grep stderr ctr.log | cut -d' ' -f2-)" "stderr F two"
}

@test "conmon: the exit file of one that was killed, and the exit command" {
	script 'exec sleep 1000'
	monitor --exit-command "$(command -v touch)" --exit-command-arg "$TEST_DIR/over"
	runtime start "$C"
	runtime kill "$C" KILL
	ended 137
	assert_exists over
}

@test "conmon: a create that fails is told, with one error in the JSON log and no pid file" {
	set_args "$B" nosuch
	monitor
	assert_equal "$(jq .data <sync)" -1
	assert_match "$(jq -r .message <sync)" 'executable file not found in \$PATH'
	assert_equal "$(jq -r .level oci-log)" error
	assert_match "$(jq -r .msg oci-log)" 'exec: "nosuch": executable file not found in \$PATH'
	assert_missing pidfile
	wait_exit "$(<conmon-pid)"
	run runtime state "$C"
	assert_failure
}

@test "conmon: a kill for want of memory leaves an oom file" {
	edit_config "$B" '.linux.resources.memory.limit = 16777216'
	script 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x$x$x; done'
	monitor
	runtime start "$C"
	ended 137
	assert_exists oom
	assert_exists persist/oom
}

@test "conmon: stdin comes through the attach socket" {
	script 'read line; echo "got $line"; cat >/dev/null; exit 5'
	monitor --stdin
	runtime start "$C"
	run "$TOP/tests/lib/attach.py" "$SOCKETS/$C/attach" 'typed\n' 'got typed'
	assert_success
	ended 5
	assert_match "$(<ctr.log)" "stdout F got typed"
}

@test "conmon: a terminal comes through --console-socket, is attached to and resized" {
	edit_config "$B" '.process.terminal = true'
	script 'trap "stty size" WINCH; test -t 0 && tty; while ! read line; do :; done; echo "got $line"'
	monitor --terminal
	runtime start "$C"
	wait_for 10 said /dev/pts/0
	echo "1 33 77" >"$B/ctl"
	wait_for 10 said '33 77'
	run "$TOP/tests/lib/attach.py" "$SOCKETS/$C/attach" 'typed\r' 'got typed'
	assert_success
	ended 0
}

@test "conmon: exec has a pid file, a log and an exit file of its own; the container lives on" {
	script 'exec sleep 1000'
	monitor
	runtime start "$C"
	mkdir exec
	jq '.process | .args = ["sh", "-c", "echo inside; exit 6"]' "$B/config.json" >exec/process.json
	: >exec/sync
	_OCI_SYNCPIPE=5 timeout 20 conmon --api-version 1 --cid "$C" --cuuid e1 --name "$C" --exec \
		--exec-process-spec "$TEST_DIR/exec/process.json" --runtime "$CT_RUNTIME_BIN" \
		--runtime-arg=--root="$RUNTIME_ROOT" --bundle "$B" --container-pidfile "$TEST_DIR/exec/pid" \
		--conmon-pidfile "$TEST_DIR/exec/conmon-pid" --log-path "k8s-file:$TEST_DIR/exec/log" \
		--exit-dir "$TEST_DIR/exec" --socket-dir-path "$SOCKETS" </dev/null >conmon.log 2>&1 3>&- 5>exec/sync
	wait_for 10 test -s "exec/$C"
	assert_equal "$(<"exec/$C")" 6
	assert_match "$(<exec/log)" "stdout F inside"
	assert_equal "$(jq .data <exec/sync)" "$(<exec/pid)"$'\n6' "pid, and status"
	assert_equal "$(container_status "$C")" running
}
