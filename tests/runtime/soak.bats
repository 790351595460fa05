#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Rounds of a container's life: nothing of the host grows. SOAK_ROUNDS=10000 for the long run.

load ../lib/common

setup() {
	common_setup
	make_bundle "$TEST_DIR/bundle"
}

teardown() {
	common_teardown
}

# What would grow with a leak: mounts, files, processes, open files of the system.
counts() {
	wc -l </proc/self/mountinfo
	find "$RUNTIME_ROOT" /run 2>/dev/null | wc -l
	find /proc -maxdepth 1 -regex '/proc/[0-9]+' 2>/dev/null | wc -l
}

@test "soak: rounds of create, start, kill and delete leave mounts, files and processes as they were" {
	set_args "$TEST_DIR/bundle" sleep 1000
	mkdir "$RUNTIME_ROOT"
	local before=() round
	mapfile -t before < <(counts)
	for round in $(seq "${SOAK_ROUNDS:-200}"); do
		runtime create --bundle "$TEST_DIR/bundle" c >/dev/null 2>&1 3>&- </dev/null ||
			fail "create, round $round"
		runtime start c || fail "start, round $round"
		runtime kill c KILL || fail "kill, round $round"
		runtime delete --force c || fail "delete, round $round"
	done
	local now
	mapfile -t now < <(counts)
	for round in 0 1 2; do
		[ "${now[round]}" -le "${before[round]}" ] || fail "grew: ${before[*]} -> ${now[*]}"
	done
}

@test "soak: a process that ends before start has returned is no failure" {
	local round
	for round in $(seq "${SOAK_ROUNDS:-200}"); do
		runtime run --bundle "$TEST_DIR/bundle" r >/dev/null || fail "run, round $round: $?"
		runtime create --bundle "$TEST_DIR/bundle" s >/dev/null 2>&1 3>&- </dev/null
		runtime start s || fail "start, round $round: $?"
		runtime delete --force s
	done
	set_args "$TEST_DIR/bundle" sh -c 'exit 7'
	run runtime run --bundle "$TEST_DIR/bundle" r
	assert_status 7
}

# A sanitized program takes ten times as long.
thousand() {
	case $BUILD in
	*-san) echo 100 ;;
	*) echo "${SOAK_ROUNDS:-1000}" ;;
	esac
}

@test "soak: poststart sees the user's program, 1,000 times" {
	local round busybox rounds
	rounds=$(thousand)
	busybox=$(command -v busybox)
	set_args "$TEST_DIR/bundle" sleep 1000
	# shellcheck disable=SC2016 # the hook's shell expands it
	add_hook "$TEST_DIR/bundle" poststart "$busybox" sh -c \
		'read -r state; pid=${state##*\"pid\":}; exec readlink "/proc/${pid%%[!0-9]*}/exe" >>"$0"' "$TEST_DIR/seen"
	for round in $(seq "$rounds"); do
		runtime run --detach --bundle "$TEST_DIR/bundle" c >/dev/null 2>&1 3>&- </dev/null ||
			fail "run, round $round"
		runtime delete --force c || fail "delete, round $round"
	done
	assert_equal "$(sort "$TEST_DIR/seen" | uniq -c | awk '{ print $1, $2 }')" "$rounds /bin/busybox"
}

@test "soak: run exits with the status of a process that ends at once, 1,000 times" {
	local round status rounds args
	rounds=$(thousand)
	for args in true "sh -c exit~7"; do
		[ "$args" = true ] || rounds=100
		# shellcheck disable=SC2086 # words
		set_args "$TEST_DIR/bundle" $args
		edit_config "$TEST_DIR/bundle" '.process.args |= map(sub("~"; " "))'
		for round in $(seq "$rounds"); do
			status=0
			runtime run --bundle "$TEST_DIR/bundle" r >/dev/null 2>&1 || status=$?
			assert_equal "$status" "$([ "$args" = true ] && echo 0 || echo 7)" "$args, round $round"
		done
	done
}
