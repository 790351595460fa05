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
