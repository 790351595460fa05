#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# create, start, state, kill, delete, list, run: what they do, refuse and say.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	set_args "$B" /bin/sleep 1000
}
teardown() { life_teardown; }

# ---- create ----

@test "create: the process waits, and is not the user's yet" {
	create
	assert_equal "$(container_status "$C")" created
	assert_match "$(container_pid "$C")" '^[1-9][0-9]*$'
	refute_sleeps "$(container_pid "$C")"
	delete
}

refute_sleeps() {
	[ "$(tr '\0' ' ' <"/proc/$1/cmdline")" != "/bin/sleep 1000 " ] || fail "it runs"
}

@test "create: refuses a second container with the same id, the first is untouched" {
	local pid
	create
	pid=$(container_pid "$C")
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has exist
	assert_equal "$(container_pid "$C")" "$pid"
	assert_equal "$(container_status "$C")" created
	start
	assert_equal "$(container_status "$C")" running
	delete
}

@test "create: of two with the same id at the same time one wins" {
	local pid won status
	for _ in 1 2 3 4 5; do
		won=0
		runtime create --bundle "$B" "$C" >"$TEST_DIR/one" 2>&1 3>&- &
		pid=$!
		status=0
		runtime create --bundle "$B" "$C" >"$TEST_DIR/two" 2>&1 3>&- || status=$?
		[ "$status" -ne 0 ] || won=$((won + 1))
		! wait "$pid" || won=$((won + 1))
		assert_equal "$won" 1 "winners"
		cat "$TEST_DIR/one" "$TEST_DIR/two" | grep -q exist
		start
		delete
	done
}

@test "create: the pid file has digits alone" {
	rt create --bundle "$B" --pid-file "$B/pid" "$C"
	assert_success
	assert_equal "$(od -An -c "$B/pid" | tr -d ' \n')" "$(container_pid "$C")"
	delete
}

@test "create: a failed one takes its pid file back" {
	sh_hook createRuntime 'exit 1'
	rt create --bundle "$B" --pid-file "$B/pid" "$C"
	assert_failure
	assert_missing "$B/pid"
}

@test "create: a pid file that is a device stays one, and nothing of the container does" {
	[ "$(runtime_name)" = ct ] || skip "others replace it"
	mknod -m 666 "$B/null" c 1 3 # never the real one: /dev is the machine's
	rt create --bundle "$B" --pid-file "$B/null" "$C"
	assert_failure
	assert_output_has "is no regular file, and is not replaced by one"
	[ -c "$B/null" ]
	assert_missing "$RUNTIME_ROOT/$C"
}

@test "create: hostile ids are refused" {
	local id
	for id in ../x .. . "" a/b "a b" -x $'a\nb' "$(printf 'x%.0s' {1..300})"; do
		rt create --bundle "$B" -- "$id"
		assert_failure
	done
	assert_equal "$(find "$TEST_DIR" -name config.json)" ""
}

@test "create: a bundle that is not there" {
	rt create --bundle /no/such/bundle "$C"
	assert_failure
	assert_output_has /no/such/bundle
	rt state "$C"
	assert_failure
}

@test "create: the bundle is the working directory when none is named" {
	cd "$B"
	rt create "$C"
	assert_success
	assert_equal "$(runtime state "$C" | jq -r .bundle)" "$B"
	delete
}

# ---- start ----

@test "start: twice is refused and does no harm" {
	create
	start
	rt start "$C"
	assert_failure
	assert_output_has running
	assert_equal "$(container_status "$C")" running
	delete
}

@test "start: refused for a stopped container" {
	create
	start
	kill_and_wait
	rt start "$C"
	assert_failure
	assert_output_has stopped
	delete
}

@test "start: returns when the program runs" {
	create
	start
	assert_equal "$(tr '\0' ' ' <"/proc/$(container_pid "$C")/cmdline")" "/bin/sleep 1000 "
	delete
}

@test "start: a program that ends at once is no error" {
	set_args "$B" /bin/true
	for _ in {1..20}; do
		create
		start
		delete
	done
}

@test "start: of two at the same time one wins" {
	local pid won=0
	create
	runtime start "$C" >/dev/null 2>&1 3>&- &
	pid=$!
	! runtime start "$C" >/dev/null 2>&1 3>&- || won=$((won + 1))
	! wait "$pid" || won=$((won + 1))
	assert_equal "$won" 1 "winners"
	delete
}

# ---- state, list ----

@test "state: created, running, stopped, with id, bundle, ociVersion, annotations" {
	edit_config "$B" '.annotations = {"a": "b"}'
	create
	assert_equal "$(runtime state "$C" | jq -r '"\(.status) \(.id) \(.bundle) \(.annotations.a)"')" "created $C $B b"
	assert_match "$(runtime state "$C" | jq -r .ociVersion)" '^1\.[0-9]+\.[0-9]+'
	start
	assert_equal "$(container_status "$C")" running
	kill_and_wait
	assert_equal "$(runtime state "$C" | jq -r '"\(.status) \(.pid // 0)"')" "stopped 0"
	delete
}

@test "state, start, kill, delete: an unknown id does not exist" {
	local command
	for command in state start kill delete; do
		rt "$command" nobody
		assert_failure
		assert_output_has "does not exist"
	done
}

@test "list: table, ids, JSON" {
	create
	rt list
	assert_success
	assert_match "${output%%$'\n'*}" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
	assert_match "$output" "$C +$(container_pid "$C") +created +$B "
	rt list -q
	assert_equal "$output" "$C"
	rt list --format json
	assert_equal "$(jq -r '.[0] | "\(.id) \(.status)"' <<<"$output")" "$C created"
	delete
	rt list -q
	assert_equal "$output" ""
}

# ---- kill ----

@test "kill: names and numbers of signals" {
	local signal
	set_args "$B" /bin/sh -c 'trap "echo got >>/log/got" USR1; while :; do sleep 0.05; done'
	for signal in USR1 SIGUSR1 10; do
		rm -f "$B/rootfs/log/got"
		rt run --detach --bundle "$B" "$C"
		assert_success
		wait_for 5 grep -q "^SigCgt:.*[2367abef]..$" "/proc/$(container_pid "$C")/status"
		rt kill "$C" "$signal"
		assert_success
		wait_for 5 test -s "$B/rootfs/log/got"
		delete
	done
}

@test "kill: an unknown signal is refused" {
	create
	for signal in NOSUCH 0x9 -1 1000 ""; do
		rt kill "$C" -- "$signal"
		assert_failure
	done
	assert_equal "$(container_status "$C")" created
	delete
}

@test "kill: of a stopped container says: container not running" {
	create
	start
	kill_and_wait
	rt kill "$C" KILL
	assert_failure
	assert_output_has "container not running"
	delete
}

@test "kill: a created container ends too" {
	create
	kill_and_wait
	rt delete "$C"
	assert_success
}

# ---- delete ----

@test "delete: refused while running, with --force it goes" {
	create
	start
	rt delete "$C"
	assert_failure
	assert_output_has running
	assert_equal "$(container_status "$C")" running
	rt delete --force "$C"
	assert_success
	rt state "$C"
	assert_failure
}

@test "delete: --force of an id that is not there is no error" {
	rt delete --force nobody
	assert_success
}

@test "delete: takes a created container" {
	create
	rt delete --force "$C"
	assert_success
}

@test "delete: leaves the host as it was" {
	export SNAPSHOT_IGNORE='^(process|zombie|cgroup):'
	mkdir -m 700 "$RUNTIME_ROOT"
	snapshot_host
	create
	start
	delete
	assert_same_host
}

@test "delete: kills what the container's process has started" {
	set_args "$B" /bin/sh -c 'setsid sleep 1021 & exec sleep 1000'
	create
	start
	wait_for 5 pgrep -f 'sleep 1021'
	delete
	run ! pgrep -f 'sleep 1021'
}

# ---- run ----

@test "run: exits with the process's status" {
	in_container 'exit 0'
	assert_status 0
	in_container 'exit 3'
	assert_status 3
	in_container 'kill -TERM $$; sleep 5'
	[ "$status" -eq 0 ] || [ "$status" -eq 143 ] || fail "$status" # process 1 may ignore it
}

@test "run: TERM reaches the process: 143" {
	local pid status=0
	set_args "$B" /bin/sh -c 'trap "exit 143" TERM; touch /log/ready; while :; do sleep 0.05; done'
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 5 test -e "$B/rootfs/log/ready"
	kill -TERM "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 143 "exit status"
}

@test "run: a process that is killed: 128 and the signal" {
	local pid status=0
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C" >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 5 sh -c '"$0" --root "$1" state "$2" | grep -q running' "$CT_RUNTIME_BIN" "$RUNTIME_ROOT" "$C"
	runtime kill "$C" KILL
	wait "$pid" || status=$?
	assert_equal "$status" 137 "exit status"
}

@test "run: deletes the container at the end, with poststop" {
	sh_hook poststop 'touch $B/log/poststop'
	in_container true
	assert_success
	assert_exists "$B/log/poststop"
	rt state "$C"
	assert_failure
}

@test "run: --keep leaves it stopped" {
	set_args "$B" /bin/sh -c 'exit 4'
	rt run --keep --bundle "$B" "$C"
	assert_status 4
	assert_equal "$(container_status "$C")" stopped
	rt delete "$C"
	assert_success
}

@test "run: a process that ends at once always has its own status" {
	set_args "$B" /bin/sh -c 'exit 5'
	for _ in {1..50}; do
		rt run --bundle "$B" "$C"
		assert_status 5
	done
}

@test "run: stdin, stdout and stderr are the process's" {
	set_args "$B" /bin/sh -c 'cat; echo error >&2'
	echo input | runtime run --bundle "$B" "$C" >"$TEST_DIR/o" 2>"$TEST_DIR/e" 3>&-
	assert_equal "$(<"$TEST_DIR/o")" input
	assert_equal "$(<"$TEST_DIR/e")" error
}

@test "run: the process has descriptors 0 to 2 alone" {
	exec 7<"$B/config.json"
	in_container 'n=0 open=; while [ $n -lt 64 ]; do [ -e /proc/self/fd/$n ] && open="$open $n"; n=$((n + 1)); done; echo "$open"'
	exec 7<&-
	assert_equal "$output" " 0 1 2"
}

@test "delete: a file system mounted at the root is not taken away with the last container" {
	mkdir "$RUNTIME_ROOT"
	mount -t tmpfs -o mode=700 ct-test "$RUNTIME_ROOT"
	create
	delete
	run findmnt --noheadings --output FSTYPE --mountpoint "$RUNTIME_ROOT"
	umount --recursive "$RUNTIME_ROOT" || true
	assert_equal "$output" tmpfs
}

@test "delete: --force removes the empty folder that a killed create or delete has left" {
	our_text
	mkdir -p "$RUNTIME_ROOT/$C"
	rt delete "$C"
	assert_failure
	assert_exists "$RUNTIME_ROOT/$C"
	delete
	assert_missing "$RUNTIME_ROOT/$C"
	create
	delete
}
