#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several runtimes at one container, and processes and callers that are not as one expects.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# quiet COMMAND...: away from the test's own descriptors, which a container would keep open.
quiet() {
	"$@" >>"$TEST_DIR/log" 2>&1 3>&- </dev/null
}

@test "races: of two creates of one id one wins, the other says why" {
	set_args "$B" /bin/sleep 1000
	local i pids wins
	for i in $(seq 20); do
		pids=()
		wins=0
		quiet runtime create --bundle "$B" "$C" &
		pids+=($!)
		quiet runtime create --bundle "$B" "$C" &
		pids+=($!)
		! wait "${pids[0]}" || wins=$((wins + 1))
		! wait "${pids[1]}" || wins=$((wins + 1))
		assert_equal "$wins" 1 "winners in round $i"
		grep -q "already exists" "$TEST_DIR/log" || fail "$(cat "$TEST_DIR/log")"
		runtime delete --force "$C"
	done
}

@test "races: of two starts one wins, the other says that it is running" {
	set_args "$B" /bin/sleep 1000
	local pids=() wins=0
	quiet runtime create --bundle "$B" "$C"
	quiet runtime start "$C" &
	pids+=($!)
	quiet runtime start "$C" &
	pids+=($!)
	! wait "${pids[0]}" || wins=$((wins + 1))
	! wait "${pids[1]}" || wins=$((wins + 1))
	assert_equal "$wins" 1 winners
	grep -q "it is running" "$TEST_DIR/log" || fail "$(cat "$TEST_DIR/log")"
	runtime delete --force "$C"
}

@test "races: a delete that waited for the lock does not take the next container of the id" {
	set_args "$B" /bin/sleep 1000
	local i deleters
	for i in $(seq 60); do
		quiet runtime create --bundle "$B" "$C" || fail "create, round $i" "$(cat "$TEST_DIR/log")"
		deleters=()
		quiet runtime delete --force "$C" &
		deleters+=($!)
		quiet runtime delete --force "$C" &
		deleters+=($!)
		# In between, another of the same id: it is there whole, or not at all.
		quiet runtime create --bundle "$B" "$C" || true
		wait "${deleters[0]}" || fail "delete, round $i" "$(cat "$TEST_DIR/log")"
		wait "${deleters[1]}" || fail "delete, round $i" "$(cat "$TEST_DIR/log")"
		if [ -e "$RUNTIME_ROOT/$C" ]; then
			assert_equal "$(container_status "$C")" created "the next container of round $i"
		fi
		quiet runtime delete --force "$C"
		[ -z "$(left_processes)" ] || fail "round $i: $(left_processes)"
	done
}

@test "races: a container that a run waits for can be deleted, and run ends" {
	set_args "$B" /bin/sleep 1000
	mkfifo "$B/log/started"
	add_hook "$B" poststart /bin/sh sh -c "echo >$B/log/started"
	quiet runtime run --bundle "$B" "$C" &
	local pid=$!
	read -r <"$B/log/started"
	runtime delete --force "$C"
	local rc=0
	wait "$pid" || rc=$?
	assert_equal "$rc" 137
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left"
}

@test "process: one whose first thread has ended is running, can be killed, and is no stopped one" {
	cp "$PROBES/leader-exit" "$B/rootfs/bin/leader-exit"
	set_args "$B" /bin/leader-exit
	quiet runtime create --bundle "$B" "$C"
	runtime start "$C"
	local pid
	pid=$(container_pid "$C")
	wait_for 5 grep -q '^State:.Z' "/proc/$pid/status"
	assert_equal "$(container_status "$C")" running
	run runtime delete "$C"
	assert_failure
	runtime kill "$C" KILL
	wait_exit "$pid"
	assert_equal "$(container_status "$C")" stopped
	runtime delete "$C"
}

@test "hooks: fail also for a caller that ignores SIGCHLD" {
	add_hook "$B" createRuntime /bin/false
	run env --ignore-signal=CHLD "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" "$C"
	assert_failure
	assert_output_has "createRuntime hook #0"
}

@test "run: exits with the process's status for a caller that ignores SIGCHLD" {
	set_args "$B" sh -c 'exit 7'
	run env --ignore-signal=CHLD "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
	assert_status 7
}

@test "process: signals that the caller ignores have their defaults inside" {
	set_args "$B" grep SigIgn /proc/self/status
	run env --ignore-signal=HUP,PIPE,USR1 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
	assert_success
	assert_output_has 0000000000000000
}

@test "start: a fifo as the image's /etc/passwd does not stop it" {
	rm "$B/rootfs/etc/passwd"
	mkfifo "$B/rootfs/etc/passwd"
	edit_config "$B" 'del(.process.env[] | select(startswith("HOME=")))'
	set_args "$B" sh -c 'echo "home $HOME"'
	run timeout 10 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
	assert_success
	assert_output_has "home /"
}

@test "delete: --force removes a container whose config.json is gone" {
	set_args "$B" /bin/sleep 1000
	quiet runtime create --bundle "$B" "$C"
	rm "$RUNTIME_ROOT/$C/config.json"
	run runtime delete --force "$C"
	assert_success
	assert_output_has "no poststop hook is run"
}

@test "restart: a new user namespace beside a network namespace of the host's" {
	make_netns joined
	use_userns
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/joined"
		| del(.mounts[] | select(.type == "sysfs"))'
	set_args "$B" /bin/sleep 1000
	quiet runtime create --bundle "$B" "$C" || fail "$(cat "$TEST_DIR/log")"
	runtime start "$C"
	local pid
	pid=$(container_pid "$C")
	runtime kill "$C" KILL
	wait_exit "$pid"
	quiet runtime restart "$C" || fail "$(cat "$TEST_DIR/log")"
	assert_equal "$(readlink "/proc/$(container_pid "$C")/ns/net")" \
		"$(ip netns exec joined readlink /proc/self/ns/net)"
	runtime delete --force "$C"
}

@test "delete: --force ends a start that hangs in a startContainer hook" {
	mkfifo "$B/log/in-hook"
	set_args "$B" /bin/sleep 1000
	edit_config "$B" '.mounts += [{destination: "/log", type: "bind", source: "log", options: ["bind"]}]'
	add_hook "$B" startContainer /bin/sh sh -c 'echo >/log/in-hook; exec sleep 1000'
	quiet runtime create --bundle "$B" "$C"
	quiet runtime start "$C" &
	local pid=$!
	read -r <"$B/log/in-hook"
	runtime delete --force "$C"
	local rc=0
	wait "$pid" || rc=$?
	assert_equal "$rc" 1 "exit status of start"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left"
}

@test "kill: during create is refused, and create goes on" {
	mkfifo "$B/log/in-hook" "$B/log/go-on"
	set_args "$B" /bin/sleep 1000
	add_hook "$B" createRuntime /bin/sh sh -c "echo >$B/log/in-hook; read line <$B/log/go-on"
	quiet runtime create --bundle "$B" "$C" &
	local pid=$!
	read -r <"$B/log/in-hook"
	assert_equal "$(container_status "$C")" creating
	run runtime kill "$C" KILL
	assert_failure
	assert_output_has "container not running"
	echo >"$B/log/go-on"
	wait "$pid"
	assert_equal "$(container_status "$C")" created
	runtime delete --force "$C"
}

@test "pins: of before a reboot are recognised: stopped, no restart, delete cleans up" {
	set_args "$B" /bin/sleep 1000
	quiet runtime create --bundle "$B" "$C"
	local pid
	pid=$(container_pid "$C")
	# A root on a disk after a reboot: files without mounts, a state of another boot, and the pid
	# is somebody else's.
	umount "$RUNTIME_ROOT/$C"/ns/*
	jq -c '.bootId = "00000000-0000-0000-0000-000000000000"' "$RUNTIME_ROOT/$C/state.json" >"$TEST_DIR/state"
	cat "$TEST_DIR/state" >"$RUNTIME_ROOT/$C/state.json"
	assert_equal "$(container_status "$C")" stopped
	run runtime restart "$C"
	assert_failure
	assert_output_has "holds no namespace any more"
	runtime delete "$C"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left"
	kill -0 "$pid" # of another boot, so not to be touched
	kill -KILL "$pid"
	wait_exit "$pid"
}

@test "hooks: one that reads the pid from stdin and enters /proc/PID/ns/net in prestart" {
	make_script "$B/log/hook" <<-EOF
		#!/bin/sh
		pid=\$(jq .pid) || exit 1
		exec nsenter --net=/proc/\$pid/ns/net ip link add inhook type bridge
	EOF
	add_hook "$B" prestart "$B/log/hook"
	set_args "$B" ls /sys/class/net
	run runtime run --bundle "$B" "$C"
	assert_success
	assert_output_has inhook
}
