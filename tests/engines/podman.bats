#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman: containers from run to their end, and exec into them.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load podman

setup_file() { podman_setup_file; }
teardown_file() { podman_teardown_file; }
setup() { podman_setup; }
teardown() { podman_teardown; }

# ---- run, and how it ends ----

@test "podman: run prints what the container says, and --rm leaves nothing" {
	in_box -- sh -c 'echo out; echo err >&2'
	assert_success
	assert_output_has out
	assert_output_has err
	assert_equal "$(pm ps -aq)" ""
}

@test "podman: run reads from stdin" {
	run bash -c 'echo typed | podman --runtime "$CT_RUNTIME_BIN" run --rm -i --network none box cat' 3>&-
	assert_success
	assert_equal "$output" typed
}

@test "podman: run -t has a terminal of the size that ours has" {
	on_pty size=21x31 'expect=21 31' size=22x32 'expect=22 32' 'send=\x03' 'send=exit 5\r' -- \
		podman --runtime "$CT_RUNTIME_BIN" run --rm -it --network none box sh -c "$SHOW_SIZES"
	assert_status 5
}

@test "podman: run ends with the status of the process" {
	local status_wanted
	for status_wanted in 0 1 125 126 127; do
		in_box -- sh -c "exit $status_wanted"
		assert_status "$status_wanted"
	done
}

@test "podman: run ends with 127 when the program is not there, and says so" {
	in_box -- nosuch
	assert_status 127
	assert_output_has nosuch
	assert_output_has "OCI runtime attempted to invoke a command that was not found"
	in_box -- /bin/nosuch
	assert_status 127
}

@test "podman: run ends with 126 when the program may not be executed, and says so" {
	in_box -- /etc/passwd
	assert_status 126
	assert_output_has "OCI permission denied"
}

@test "podman: run ends with 125 when podman itself refuses" {
	in_box --nosuch -- true
	assert_status 125
	in_box --network nosuch -- true
	assert_status 125
}

@test "podman: 137 after KILL and 143 after TERM" {
	start_box
	pm kill --signal KILL "$C" >/dev/null
	assert_equal "$(pm wait "$C")" 137
	pm rm "$C" >/dev/null
	# The first process of a pid namespace is spared by TERM: here it is another's, there init forwards it.
	start_box --pid host
	pm kill --signal TERM "$C" >/dev/null
	assert_equal "$(pm wait "$C")" 143
	pm rm "$C" >/dev/null
	start_box --init
	pm stop --time 20 "$C" >/dev/null
	assert_equal "$(inspected .State.ExitCode)" 143
}

@test "podman: run hands its signals on" {
	podman --runtime "$CT_RUNTIME_BIN" run --name "$C" --network none box sh -c 'trap "echo caught; exit 9" USR1
		echo ready; while :; do sleep 0.1; done' >"$TEST_DIR/out" 2>&1 3>&- &
	local reader=$! status=0
	wait_for 20 grep -q ready "$TEST_DIR/out"
	# What comes before podman is ready to hand it on is lost.
	wait_for 20 sh -c "kill -USR1 $reader; grep -q caught '$TEST_DIR/out'"
	wait "$reader" || status=$?
	assert_equal "$status" 9
}

@test "podman: logs of a container in the background, its status, start again, rm" {
	start_box -- sh -c 'echo one; echo two >&2; exit 3'
	assert_equal "$(pm wait "$C")" 3
	run --separate-stderr pm logs "$C"
	assert_equal "$output" one
	assert_equal "${stderr-}" two
	assert_equal "$(inspected .State.Status)" exited
	pm start "$C" >/dev/null
	assert_equal "$(pm wait "$C")" 3
	assert_equal "$(pm logs "$C" 2>/dev/null)" $'one\none'
	run pm start --attach "$C"
	assert_status 3
}

@test "podman: logs -f ends with the container" {
	mkfifo "$TEST_DIR/fifo"
	start_box -v "$TEST_DIR/fifo:/fifo" -- sh -c 'echo one; read line </fifo; echo two'
	pm logs -f "$C" >"$TEST_DIR/log" 3>&- &
	local reader=$!
	wait_for 10 grep -q one "$TEST_DIR/log"
	echo go >"$TEST_DIR/fifo"
	wait "$reader"
	assert_equal "$(<"$TEST_DIR/log")" $'one\ntwo'
}

@test "podman: stop asks, and kills who does not listen" {
	start_box -- sh -c 'trap "exit 4" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 10 logged ready
	pm stop "$C" >/dev/null
	assert_equal "$(inspected .State.ExitCode)" 4
	pm rm "$C" >/dev/null
	start_box --stop-signal USR1
	pm stop --time 1 "$C" >/dev/null 2>&1
	assert_equal "$(inspected .State.ExitCode)" 137
	run pm stop "$C"
	assert_success
	run pm kill "$C"
	assert_status 125
	assert_output_has "can only kill running containers"
}

@test "podman: attach, detach and restart" {
	start_box -it -- sh
	on_pty 'send=echo he""re\r' expect=here 'send=\x10\x11' -- podman --runtime "$CT_RUNTIME_BIN" attach "$C"
	assert_equal "$(inspected .State.Status)" running
	local pid
	pid=$(inspected .State.Pid)
	pm restart --time 0 "$C" >/dev/null 2>&1
	[ "$(inspected .State.Pid)" != "$pid" ] || fail "the same process"
	assert_equal "$(inspected .State.Status)" running
}

@test "podman: top, port, cp, diff and commit of a running container" {
	start_box -- sh -c 'echo mine >/mine; exec sleep 1000'
	wait_for 10 sh -c "podman cp '$C:/mine' '$TEST_DIR/mine'"
	assert_equal "$(<"$TEST_DIR/mine")" mine
	echo yours >"$TEST_DIR/yours"
	pm cp "$TEST_DIR/yours" "$C:/yours"
	assert_equal "$(pm exec "$C" cat /yours)" yours
	assert_match "$(pm top "$C" args)" "sleep 1000"
	assert_match "$(pm diff "$C")" "A /mine"
	pm commit -q "$C" box2 >/dev/null
	run pm run --rm --network none box2 cat /mine
	assert_equal "$output" mine
	pm rmi box2 >/dev/null
}

# ---- exec ----

@test "podman: exec runs another process in the container, with a status of its own" {
	start_box -e BOTH=yes
	run pm exec -w /etc -e MORE=too "$C" sh -c 'pwd; echo $BOTH $MORE; readlink /proc/self/ns/pid; exit 7'
	assert_status 7
	assert_output_has /etc
	assert_output_has "yes too"
	assert_output_has "$(readlink "/proc/$(inspected .State.Pid)/ns/pid")"
	run bash -c 'echo typed | podman --runtime "$CT_RUNTIME_BIN" exec -i "$1" cat' - "$C"
	assert_equal "$output" typed
}

@test "podman: exec -it has a terminal" {
	start_box
	on_pty size=21x31 'expect=21 31' size=23x33 'expect=23 33' 'send=\x03' 'send=tty\r' expect=/dev/pts/ 'send=exit 6\r' -- \
		podman --runtime "$CT_RUNTIME_BIN" exec -it "$C" sh -c "$SHOW_SIZES"
	assert_status 6
}

@test "podman: exec ends with 127 and 126 as run does, and the container lives on" {
	start_box
	run pm exec "$C" nosuch
	assert_status 127
	assert_output_has "OCI runtime attempted to invoke a command that was not found"
	run pm exec "$C" /etc/passwd
	assert_status 126
	assert_output_has "OCI permission denied"
	run pm exec --user nosuch "$C" true
	[ "$status" -ne 0 ] || fail "a user that is not there"
	assert_equal "$(inspected .State.Status)" running
}

@test "podman: exec -d, --user, --privileged and --preserve-fds" {
	start_box --cap-drop all
	pm exec -d "$C" sh -c 'echo $$ >/tmp/pid; exec sleep 1000' >/dev/null
	wait_for 10 podman exec "$C" sh -c 'kill -0 $(cat /tmp/pid)'
	run pm exec --user 1000:5 "$C" id
	assert_output_has "uid=1000(user) gid=5(tty)"
	run pm exec "$C" grep CapEff /proc/self/status
	assert_output_has 0000000000000000
	run pm exec --privileged "$C" grep CapEff /proc/self/status
	refute_output_has 0000000000000000
	echo handed on >"$TEST_DIR/handed"
	assert_equal "$(podman --runtime "$CT_RUNTIME_BIN" exec --preserve-fds 1 "$C" cat /proc/self/fd/3 3<"$TEST_DIR/handed")" \
		"handed on"
}

@test "podman: exec into a container that has ended is refused" {
	start_box -- true
	pm wait "$C" >/dev/null
	run pm exec "$C" true
	assert_status 255
	assert_output_has "container state improper"
}
