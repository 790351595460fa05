#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices of the host that are moved into the container, and back.

load hook

setup() {
	common_setup
	warm_up
	ip link add card0 type veth peer name wire0
	ip link set wire0 up
	ip link set card0 up
	ip addr add 10.66.0.1/24 dev card0
	ip addr add 10.66.1.1/32 dev card0
	device_state >"$BATS_TEST_TMPDIR/before"
}

teardown() {
	unset CT_FAULT
	local id
	for id in "${!PIDS[@]}"; do
		detach "$id" || true
	done
	ip link delete wire0 2>/dev/null || true
	clean_host
}

# Without the number of the interface, which is the kernel's to choose.
device_state() {
	ip -j link show card0 | jq -c '.[0] | [.ifname, .address, (.flags | index("UP") != null)]'
	ip -4 -o addr show dev card0 | awk '{print $4}'
	ip route show dev card0
}

back() {
	device_state | cmp -s "$BATS_TEST_TMPDIR/before" - && [ ! -e "$STATE_DIR/containers/a" ]
}

@test "device: it is inside with name, addresses and up, and back on the host after detach" {
	container a
	attach a --device card0:data0
	run ! ip link show card0
	run -0 inside a ip -4 -o addr show dev data0
	[[ $output == *"10.66.0.1/24"*"10.66.1.1/32"* || $output == *"10.66.1.1/32"*"10.66.0.1/24"* ]]
	[[ $(inside a ip -j link show data0) == *'"UP"'* ]]
	[ "$(jq -r '.devices[0] | .name + " " + .inside' "$STATE_DIR/containers/a/eth0.json")" = "card0 data0" ]
	inside a ping -c 1 -W 2 172.19.0.1
	detach a
	back
	run ! inside a ip link show data0
}

@test "device: an attach again finds it inside, and one without it moves it back" {
	container a
	attach a --device card0
	attach a --device card0
	inside a ip -4 addr show dev card0 | grep -q 10.66.0.1/24
	attach a
	device_state | cmp "$BATS_TEST_TMPDIR/before" -
	run ! inside a ip link show card0
	[ "$(jq -r .devices "$STATE_DIR/containers/a/eth0.json")" = null ]
}

@test "device: repair mends around it and leaves it inside; check says when it is not there" {
	container a
	attach a --device card0:data0
	inside a ip route del default
	"$NETNS_TOOL" repair
	inside a ip -4 addr show dev data0 | grep -q 10.66.0.1/24
	[ "$(jq -r '.devices[0].inside' "$STATE_DIR/containers/a/eth0.json")" = data0 ]
	inside a ip link set data0 netns $$ name card0
	run -1 "$NETNS_TOOL" check
	assert_equal "$output" "container 'a': device card0: is missing in the container, where it should be as data0"
	"$NETNS_TOOL" repair
	inside a ip link show data0
	run -0 "$NETNS_TOOL" check
	assert_equal "$output" "no difference"
}

@test "device: moved back in poststop through the pin, when the process has ended" {
	container a
	attach a --device card0:data0
	touch /run/pin
	mount --bind "/proc/${PIDS[a]}/ns/net" /run/pin
	stop_container a
	run -0 "$NETNS_TOOL" <<<'{"ociVersion":"1.0","id":"a","status":"stopped","namespaces":{"net":"/run/pin"}}'
	[ -z "$output" ]
	umount /run/pin
	back
}

@test "device: one of software that ended with its namespace is said, and the rest is undone" {
	container a
	attach a --device card0
	stop_container a
	wait_for 5 no_veth
	run -0 detach a
	[[ $output == *"device 'card0' ended with the container's namespace"* ]]
	[ ! -e "$STATE_DIR/containers/a" ]
}

@test "device: wrong ones are refused by name, and nothing is moved" {
	local bad
	container a
	for bad in nosuch0 lo card0:lo card0:eth0 :x card0: card0:far-too-long-a-name netns0 card0:a/b; do
		run -1 attach a --device "$bad"
		[[ $output == *device* ]]
		[ ! -e "$STATE_DIR/containers/a" ]
		device_state | cmp "$BATS_TEST_TMPDIR/before" -
	done
	run -1 attach a --device card0 --device card0
	[[ $output == *twice* ]]
	ip link set wire0 master netns0
	run -1 attach a --device wire0
	[[ $output == *"'wire0' is a port"* ]]
	run ! inside a ip link show eth0
}

@test "device: a failure or a SIGKILL at its steps leaves it as it was" {
	local point
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	container a
	for point in devices devices.moved devices.done neighbour "done"; do
		run -1 env CT_FAULT="$point:fail" "$NETNS_TOOL" --device card0:data0 \
			<<<"$(state_json a creating "${PIDS[a]}")"
		back
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" --device card0:data0 \
			<<<"$(state_json a creating "${PIDS[a]}")"
		detach a
		back
	done
	attach a --device card0:data0
	run -137 env CT_FAULT="devices.detach:kill" "$NETNS_TOOL" <<<"$(state_json a stopped)"
	detach a
	back
}
