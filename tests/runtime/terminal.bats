#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# process.terminal: a pty of the container's own, served here by `run` or sent to --console-socket.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	edit_config "$B" '.process.terminal = true'
	SOCKET=$TEST_DIR/console.sock
}
teardown() { life_teardown; }

# on_pty STEP...: with COMMAND `run`, the container's script given to `script` before.
on_pty() {
	run timeout -s KILL 60 "$TOP/tests/lib/on-pty" "$@" -- \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
}

# on_socket STEP... -- COMMAND...
on_socket() {
	run timeout -s KILL 60 "$TOP/tests/lib/on-pty" --listen "$SOCKET" "$@"
}

script() {
	set_args "$B" /bin/sh -c "$1"
}

rt_line() {
	echo "$CT_RUNTIME_BIN --root $RUNTIME_ROOT $*"
}

@test "terminal: the process has it on 0, 1, 2 and as its controlling terminal, leads its session" {
	script 'tty; for i in 0 1 2; do test -t $i && readlink /proc/self/fd/$i; done
		echo over /dev/tty >/dev/tty; cut -d " " -f 6 /proc/$$/stat'
	on_pty
	assert_success
	assert_equal "$output" $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0\n/dev/pts/0\nover /dev/tty\n1'
}

@test "terminal: /dev/console is the same pty, and nothing of the host's is seen" {
	script 'stat -c %t:%T /dev/console /dev/pts/0; echo by console >/dev/console; ls /dev/pts'
	on_pty
	assert_success
	assert_equal "$output" $'88:0\n88:0\nby console\n0     ptmx'
}

@test "terminal: it belongs to the process's user, in the group of devpts" {
	edit_config "$B" '.process.user = {uid: 1000, gid: 1000}'
	script 'stat -c "%u %g %a" /dev/pts/0; echo again >/dev/pts/0'
	on_pty
	assert_success
	assert_equal "$output" $'1000 5 620\nagain'
}

@test "terminal: consoleSize is its size from the start" {
	edit_config "$B" '.process.consoleSize = {height: 33, width: 77}'
	script 'stty size'
	on_pty size=20x30
	assert_success
	assert_equal "$output" "33 77"
}

@test "terminal: without consoleSize it has ours, and follows ours" {
	script 'stty size; trap "stty size; exit 3" WINCH; echo ready; while :; do sleep 0.1; done'
	on_pty size=20x30 expect='20 30' expect=ready size=21x31 expect='21 31'
	assert_status 3
}

@test "terminal: consoleSize is checked" {
	local bad
	for bad in '{height: 70000, width: 1}|consoleSize.height: must be an integer 0..65535' \
		'{height: 1}|consoleSize.width: is required' '{height: "1", width: 1}|consoleSize.height: must be an integer' \
		'[1, 2]|consoleSize: must be an object'; do
		edit_config "$B" ".process.consoleSize = ${bad%%|*}"
		rt run --bundle "$B" "$C"
		assert_failure
		assert_output_has "config.json: process.${bad#*|}"
	done
}

@test "terminal: consoleSize says nothing without a terminal" {
	edit_config "$B" '.process.terminal = false | .process.consoleSize = {height: 33, width: 77}'
	in_container 'test -t 1 || echo none'
	assert_success
	assert_equal "$output" none
}

@test "terminal: what is typed reaches the process as it is, and ours is raw meanwhile" {
	script 'stty raw -echo; echo ready; dd bs=1 count=5 2>/dev/null | od -An -tx1'
	on_pty cooked expect=ready raw 'send=\x03\x04\x1a\r\xff'
	assert_success
	assert_output_has '03 04 1a 0d ff'
}

@test "terminal: interrupt and end of input are the container's terminal's" {
	script 'trap "echo interrupted" INT; echo ready; until [ "$line" = word ]; do read line; done; echo "got $line"; cat; echo end of cat'
	on_pty expect=ready raw 'send=\x03' expect=interrupted 'send=word\r' expect='got word' 'send=\x04' expect='end of cat'
	assert_success
}

@test "terminal: ours is as it was after a failure, a signal and a death" {
	script 'exit 7'
	on_pty
	assert_status 7
	set_args "$B" /bin/nosuch
	on_pty
	assert_status 1
	script 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
	on_pty expect=ready raw signal=TERM
	assert_status 5
	script 'echo ready; kill -KILL $$; sleep 100'
	edit_config "$B" '.linux.namespaces |= map(select(.type != "pid"))'
	on_pty expect=ready
	assert_status 137
}

@test "terminal: nothing of a large output is lost at the end" {
	script 'stty -onlcr; seq 1 60000'
	runtime run --bundle "$B" "$C" </dev/null >"$TEST_DIR/out"
	assert_equal "$(sha256sum <"$TEST_DIR/out")" "$(seq 1 60000 | sha256sum)"
	runtime run --bundle "$B" "$C" </dev/null | cat >"$TEST_DIR/out"
	assert_equal "$(sha256sum <"$TEST_DIR/out")" "$(seq 1 60000 | sha256sum)"
}

@test "terminal: input that is no terminal is read, and its end is told" {
	script 'stty -echo; while read line; do echo "<$line>"; done; echo end'
	run bash -c 'printf "one\ntwo" | timeout 20 "$@"' sh "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
	assert_success
	assert_output_has '<one>'
	assert_output_has end
}

@test "terminal: an output that nobody reads any more holds nobody up" {
	script 'seq 1 60000; echo done >/log/done'
	mkdir -p "$B/rootfs/log"
	run bash -c '"$@" </dev/null | head -n 1' sh timeout 20 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
	assert_success
	assert_equal "$(cat "$B/rootfs/log/done")" "done"
}

@test "terminal: the end of the process is the end of run, though another writes on" {
	edit_config "$B" '.linux.namespaces |= map(select(.type != "pid"))'
	script 'busybox setsid yes & echo $! >/log/pid; exit 4'
	run timeout 20 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" </dev/null >"$TEST_DIR/out" 3>&-
	assert_status 4
	TEST_PIDS+=("$(<"$B/rootfs/log/pid")")
	kill "$(<"$B/rootfs/log/pid")" 2>/dev/null || true
	wait_exit "$(<"$B/rootfs/log/pid")"
}

@test "terminal: a process that neither reads nor lets its output be read does not stop signals" {
	script 'echo ready; exec sleep 1000'
	on_pty expect=ready "send=$(printf 'x%.0s' {1..20000})" signal=KILL
	[ "$status" -eq 137 ] || fail "$(show_run)"
	delete
}

@test "terminal: --console-socket gets the master, one descriptor and the slave's name" {
	script 'echo hello; read line; echo "got $line"; stty size'
	edit_config "$B" '.process.consoleSize = {height: 44, width: 55}'
	on_socket "run=$(rt_line start "$C")" expect=hello 'send=word\n' expect='got word' eof -- \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_success
	assert_output_has 'slave /dev/pts/0, 1 descriptors'
	assert_output_has '44 55'
	delete
}

@test "terminal: run --detach sends it too, from a relative path of any length" {
	local deep=$TEST_DIR
	deep+=/$(printf 'd%.0s' {1..120})
	mkdir "$deep"
	SOCKET=s
	cd "$deep"
	script 'echo hello; read line'
	on_socket expect=hello 'send=\n' eof -- \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run -d --bundle "$B" --console-socket s "$C"
	assert_success
	delete
}

@test "terminal: restart sends a new one, and /dev/console is the new one's, once" {
	script 'echo hello; grep -c " /dev/console " /proc/self/mountinfo; echo by console >/dev/console; read line'
	on_socket "run=$(rt_line start "$C")" expect=hello 'send=\n' eof -- \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_success
	wait_for 5 is_stopped
	rm "$SOCKET"
	on_socket expect=hello expect='1\r\n' expect='by console' 'send=\n' eof -- \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" restart --console-socket "$SOCKET" "$C"
	assert_success
	wait_for 5 is_stopped
	rt restart "$C"
	assert_failure
	assert_output_has console-socket
	delete
}

@test "terminal: create and run --detach refuse it without a socket, and a socket without it" {
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has 'cannot allocate tty if ct-runtime will detach without setting console socket'
	rt run -d --bundle "$B" "$C"
	assert_failure
	assert_output_has 'console socket'
	rt run --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_failure
	assert_output_has 'cannot use console socket'
	edit_config "$B" 'del(.process.terminal)'
	rt create --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_failure
	assert_output_has 'cannot use console socket'
}

@test "terminal: a console socket that is not there, or is none, fails before anything is made" {
	add_hook "$B" createRuntime /bin/sh sh -c "touch $B/log/ran"
	rt create --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_failure
	assert_output_has "$SOCKET"
	touch "$SOCKET"
	rt create --bundle "$B" --console-socket "$SOCKET" "$C"
	assert_failure
	assert_output_has "$SOCKET"
	assert_missing "$B/log/ran"
}

@test "terminal: without devpts it is refused with what to do" {
	edit_config "$B" '.mounts |= map(select(.destination != "/dev/pts"))'
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has "process.terminal: the container has no devpts at '/dev/pts'"
}

@test "terminal: /dev/pts and /dev/console of the image lead nowhere" {
	mkdir "$B/canary"
	echo kept >"$B/canary/file"
	edit_config "$B" '.mounts |= map(select(.destination != "/dev"))'
	ln -s "../../../../../../$B/canary/file" "$B/rootfs/dev/console"
	mkdir "$B/rootfs/dev/pts"
	script 'echo hello >/dev/console'
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has /dev/console
	assert_equal "$(cat "$B/canary/file")" kept
	rm "$B/rootfs/dev/console"
	edit_config "$B" '.mounts |= map(select(.destination != "/dev/pts"))'
	rm -r "$B/rootfs/dev/pts"
	ln -s /tmp/pts "$B/rootfs/dev/pts"
	mkdir "$B/rootfs/tmp/pts"
	mknod "$B/rootfs/tmp/pts/ptmx" c 5 2
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has 'no devpts'
}

@test "terminal: in a user namespace, with a read-only root and an image's own /dev" {
	edit_config "$B" '.root.readonly = true'
	use_userns
	script 'tty; stat -c %u /dev/pts/0; echo console >/dev/console'
	on_pty
	assert_success
	assert_equal "$output" $'/dev/pts/0\n0\nconsole'
}
