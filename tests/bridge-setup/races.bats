# SPDX-License-Identifier: GPL-2.0-or-later
# SC2154: run sets status, output, lines. SC2119: up, down and status may go without arguments.
# shellcheck disable=SC2154,SC2119
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/bridge-setup/bridge.bash
	source "$BATS_TEST_DIRNAME/bridge.bash"
	clean_host
}

teardown() {
	clean_host
}

# in_parallel N COMMAND...: fails when one of them fails.
in_parallel() {
	local n=$1 pids=() failed=0 i pid
	shift
	for ((i = 0; i < n; i++)); do
		"$@" >"$BATS_TEST_TMPDIR/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=$((failed + 1))
	done
	[ "$failed" -eq 0 ] || {
		cat "$BATS_TEST_TMPDIR"/out.*
		return 1
	}
}

@test "races: ten times up at once on a bare host: one bridge, one set of rules" {
	up
	wanted=$(host_state)
	down
	in_parallel 10 up
	expect_host "$wanted"
	# one of them made it
	[ "$(grep -l 'changed  bridge netns0,' "$BATS_TEST_TMPDIR"/out.* | wc -l)" -eq 1 ]
}

@test "races: up and down at once end in one of both, and nothing in between" {
	down_or_up() {
		if [ $((RANDOM % 2)) -eq 0 ]; then up; else down; fi
	}
	before=$(host_state)
	for _ in 1 2 3; do
		in_parallel 8 down_or_up
		up
		status
		down
		expect_host "$before"
	done
}

@test "races: two floating networks at once get two subnets" {
	"$BRIDGE_SETUP" up --bridge left0 >/dev/null &
	"$BRIDGE_SETUP" up --bridge right0 >/dev/null
	wait $!
	[ "$(ip -4 -j addr | jq -r '.[] | select(.ifname != "lo") | .addr_info[].local' | sort | tr '\n' ' ')" = "172.19.0.1 172.20.0.1 " ]
}

@test "races: rules written by iptables meanwhile are not lost" {
	others() {
		for i in $(seq 1 20); do
			iptables-legacy -w -A FORWARD -s "198.51.100.$i" -j ACCEPT
		done
	}
	others &
	for _ in 1 2 3 4 5; do
		up >/dev/null
		down >/dev/null
	done
	wait $!
	[ "$(iptables-legacy-save | grep -c 198.51.100)" -eq 20 ]
}

@test "crash: killed at any step, up finishes the work and down leaves nothing" {
	[ -x "$BRIDGE_SETUP_FAULT" ] || skip "no build-fault tree (make fault)"
	before=$(host_state)
	up
	wanted=$(host_state)
	down
	for step in choice bridge sysctls address up forwarding rules verified; do
		for when in "$step" "$step.done"; do
			CT_FAULT=$when:kill run "$BRIDGE_SETUP_FAULT" up
			[ "$status" -eq 137 ]
			up
			expect_host "$wanted"
			down
			CT_FAULT=$when:kill run "$BRIDGE_SETUP_FAULT" up
			down
			expect_host "$before"
		done
	done
}

@test "crash: a failure at any step leaves zero difference" {
	[ -x "$BRIDGE_SETUP_FAULT" ] || skip "no build-fault tree (make fault)"
	before=$(host_state | grep -v "^$STATE_DIR")
	for step in choice bridge sysctls address up forwarding rules verified; do
		for when in "$step" "$step.done"; do
			CT_FAULT=$when:fail run "$BRIDGE_SETUP_FAULT" up
			[ "$status" -ne 0 ]
			[[ "$output" == *"injected at '$when'"* ]]
			diff <(echo "$before") <(host_state | grep -v "^$STATE_DIR")
		done
	done
}

@test "crash: a failing repair does not tear down a bridge that was there" {
	[ -x "$BRIDGE_SETUP_FAULT" ] || skip "no build-fault tree (make fault)"
	up
	bridge_port port0 172.19.0.2/16 172.19.0.1
	before=$(host_state)
	for step in bridge address forwarding rules verified; do
		CT_FAULT=$step.done:fail run "$BRIDGE_SETUP_FAULT" up
		[ "$status" -ne 0 ]
		expect_host "$before"
	done
}

@test "crash: killed in the middle of down, another down finishes" {
	[ -x "$BRIDGE_SETUP_FAULT" ] || skip "no build-fault tree (make fault)"
	before=$(host_state)
	for step in rules forwarding address bridge choice; do
		up
		CT_FAULT=$step.undo:kill run "$BRIDGE_SETUP_FAULT" down
		[ "$status" -eq 137 ]
		down
		expect_host "$before"
	done
}
