#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook fails or dies at every step of attach and detach; what it left is found again.

load hook

STEPS="guard record lease lease.taken network veth vlan bandwidth maccheck inside tuning devices host neighbour conntrack names names.added ipfile done"

setup() {
	common_setup
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	warm_up
	snapshot >"$BATS_TEST_TMPDIR/before"
}

teardown() {
	unset CT_FAULT
	clean_host
}

points() {
	local step
	for step in $STEPS; do
		echo "$step"
		[[ $step == *.* ]] || echo "$step.done"
	done
}

@test "attach: a failure at any step leaves zero difference" {
	local point n=0
	while read -r point; do
		container "c$n"
		run -1 env CT_FAULT="$point:fail" "$NETNS_TOOL" --ipfile "$BATS_TEST_TMPDIR/ip" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		[[ $output == *"failure injected at '$point'"* ]]
		unchanged_since "$BATS_TEST_TMPDIR/before"
		[ ! -e "$BATS_TEST_TMPDIR/ip" ]
		run ! inside "c$n" ip link show eth0
		stop_container "c$n"
		n=$((n + 1))
	done < <(points)
	[ "$n" -gt 15 ]
}

@test "attach: killed at any step, detach leaves zero difference" {
	local point n=0
	while read -r point; do
		container "c$n"
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" --ipfile "$BATS_TEST_TMPDIR/ip" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		run -0 detach "c$n"
		[ -z "$output" ]
		unchanged_since "$BATS_TEST_TMPDIR/before"
		[ ! -e "$BATS_TEST_TMPDIR/ip" ]
		stop_container "c$n"
		n=$((n + 1))
	done < <(points)
}

@test "attach: killed at any step, the next attach of it works and leaks nothing" {
	local point n=0
	while read -r point; do
		container "c$n"
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		attach "c$n"
		inside "c$n" ping -c 1 -W 2 172.19.0.1 >/dev/null
		[ "$(find "$STATE_DIR/networks/default/leases" -type f | wc -l)" -eq 1 ]
		detach "c$n"
		unchanged_since "$BATS_TEST_TMPDIR/before"
		stop_container "c$n"
		n=$((n + 1))
	done < <(points)
}

@test "attach: killed at any step and the container too, gc leaves zero difference" {
	local point n=0
	while read -r point; do
		container "c$n"
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		stop_container "c$n"
		wait_for 5 no_veth
		"$NETNS_TOOL" gc
		unchanged_since "$BATS_TEST_TMPDIR/before"
		n=$((n + 1))
	done < <(points)
}

@test "detach: killed at any step, the next detach finishes" {
	local step n=0
	for step in names conntrack neighbour interface deadends lease ipfile; do
		container "c$n"
		attach "c$n" --ipfile "$BATS_TEST_TMPDIR/ip"
		run -137 env CT_FAULT="$step.detach:kill" "$NETNS_TOOL" <<<"$(state_json "c$n" stopped)"
		run -0 detach "c$n"
		[ -z "$output" ]
		unchanged_since "$BATS_TEST_TMPDIR/before"
		[ ! -e "$BATS_TEST_TMPDIR/ip" ]
		stop_container "c$n"
		n=$((n + 1))
	done
}

@test "detach: a step that fails is said, the rest is done, the status is 0, and gc finishes" {
	local step n=0
	for step in names conntrack neighbour interface deadends lease ipfile; do
		container "c$n"
		attach "c$n" --ipfile "$BATS_TEST_TMPDIR/ip"
		run -0 env CT_FAULT="$step.detach:fail" "$NETNS_TOOL" <<<"$(state_json "c$n" stopped)"
		[[ $output == *"not all of its network could be undone"*"$step"*gc* ]]
		[ -e "$STATE_DIR/containers/c$n/eth0.json" ]
		stop_container "c$n"
		wait_for 5 no_veth
		"$NETNS_TOOL" gc
		unchanged_since "$BATS_TEST_TMPDIR/before"
		n=$((n + 1))
	done
}

@test "attach: a failure of the second attach leaves the working one alone" {
	local point
	container a
	attach a
	while read -r point; do
		run -1 env CT_FAULT="$point:fail" "$NETNS_TOOL" \
			<<<"$(state_json a creating "${PIDS[a]}")"
		inside a ping -c 1 -W 2 172.19.0.1 >/dev/null
		[ "$(address_of a)" = 172.19.0.2 ] || [ "$(address_of a)" = 172.19.0.3 ]
	done < <(points)
	detach a
	unchanged_since "$BATS_TEST_TMPDIR/before"
}
