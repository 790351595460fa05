#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# VLANs of a bridge: what is refused, and what a kernel without them says. Traffic is in tests/vm/vlan.bats.

load hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
}

teardown() {
	clean_host
}

# define 'KEYS': network `v` on bridge v0, with more keys.
define() {
	printf '{"cniVersion":"1.0.0","name":"v","type":"ct-netns","bridge":"v0",%s,"ipam":{"type":"host-local","subnet":"10.45.0.0/24"}}' \
		"$1" >"$CT_NETNS_CONFIG_DIR/v.json"
}

# refused 'KEYS' TEXT...: the attach fails, says so, and nothing is there.
refused() {
	local text
	define "$1"
	shift
	run -1 attach a --network v
	for text; do
		[[ $output == *"$text"* ]] || fail "'$text' is not in: $output"
	done
	[ ! -e "$STATE_DIR/containers/a" ]
	run ! ip link show v0
}

# A kernel that has them says so of a bridge that it made.
no_vlans_here() {
	! ip link add probe0 type bridge vlan_filtering 1 2>/dev/null || {
		ip link delete probe0
		skip "this kernel has CONFIG_BRIDGE_VLAN_FILTERING"
	}
}

@test "vlan: values that are none are refused by key and value" {
	container a
	refused '"vlan":4095' "vlan: must be an integer 0..4094, not 4095"
	refused '"vlan":-1' "vlan: must be an integer 0..4094, not -1"
	refused '"vlan":"10"' 'vlan: must be an integer 0..4094, not "10"'
	refused '"vlan":1.5' "vlan: must be an integer 0..4094, not 1.5"
	refused '"vlanTrunk":10' "vlanTrunk: must be an array"
	refused '"vlanTrunk":[10]' "vlanTrunk[0]: must be an object"
	refused '"vlanTrunk":[{"id":7},{"id":0}]' "vlanTrunk[1].id: must be an integer 1..4094, not 0"
	refused '"vlanTrunk":[{"minID":1,"maxID":4095}]' "vlanTrunk[0].maxID: must be an integer 1..4094"
	refused '"vlanTrunk":[{"minID":30,"maxID":20}]' "vlanTrunk[0]" "minID 30 is greater than its maxID 20"
	refused '"vlanTrunk":[{"minID":30}]' "vlanTrunk[0]: has minID without maxID"
	refused '"vlanTrunk":[{"maxID":30}]' "vlanTrunk[0]: has maxID without minID"
	refused '"vlanTrunk":[{}]' "vlanTrunk[0]: must have id, or minID and maxID"
	refused '"vlanTrunk":[{"vid":7}]' "vlanTrunk[0].vid"
	refused '"vlan":7,"vlanTrunk":[{"id":8}]' "vlan: cannot be set together with vlanTrunk"
	refused '"preserveDefaultVlan":1,"vlan":7' "preserveDefaultVlan: must be"
	refused '"preserveDefaultVlan":false' "preserveDefaultVlan: false asks for nothing without vlan"
	refused '"vlan":100,"bridge":"a-long-bridge"' bridge
}

@test "vlan: an interface's name that would be too long is refused" {
	container a
	printf '{"cniVersion":"1.0.0","name":"v","type":"ct-netns","bridge":"longbridge0","vlan":4000,"ipam":{"type":"host-local","subnet":"10.45.0.0/24"}}' \
		>"$CT_NETNS_CONFIG_DIR/v.json"
	run -1 attach a --network v
	[[ $output == *"vlan: the interface of its gateway, <bridge>.<vlan>"* ]]
}

@test "vlan: 0, no trunk and the default VLAN ask for nothing" {
	define '"vlan":0,"vlanTrunk":[],"preserveDefaultVlan":true'
	container a
	attach a --network v
	inside a ping -c 1 -W 5 10.45.0.1 >/dev/null
	run -0 ip -j -d link show v0
	assert_equal "$(jq '.[0].linkinfo.info_data.vlan_filtering // 0' <<<"$output")" 0
	"$NETNS_TOOL" rm --network v --force >/dev/null
}

@test "vlan: a kernel without CONFIG_BRIDGE_VLAN_FILTERING is said to be one, and the host is as it was" {
	local keys
	no_vlans_here
	warm_up
	container a
	container b
	define '"mtu":1500'
	attach b --network v
	detach b
	"$NETNS_TOOL" rm --network v >/dev/null
	wait_for 5 no_veth
	snapshot >"$BATS_TEST_TMPDIR/before"
	for keys in '"vlan":10' '"vlanTrunk":[{"minID":20,"maxID":30}]' '"vlan":10,"preserveDefaultVlan":false'; do
		define "$keys"
		run -1 attach a --network v
		[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]]
		run -1 "$NETNS_TOOL" create --network v
		[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]]
		"$NETNS_TOOL" rm --network v >/dev/null
		unchanged_since "$BATS_TEST_TMPDIR/before"
	done
	run -1 "$NETNS_TOOL" --bridge v1 --ip 10.46.0.1/24 --vlan 7 create
	[[ $output == *"network 'v1.7'"*CONFIG_BRIDGE_VLAN_FILTERING* ]]
	"$NETNS_TOOL" --bridge v1 --ip 10.46.0.1/24 --vlan 7 rm >/dev/null
	run -1 "$BRIDGE_SETUP_BIN" up --bridge v1 --ip 10.46.0.1/24 --vlan 7
	[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]]
	"$NETNS_TOOL" --bridge v1 --ip 10.46.0.1/24 --vlan 7 rm >/dev/null
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "vlan: a bridge of an administrator that knows none is refused for the same reason" {
	no_vlans_here
	ip link add v0 type bridge
	define '"vlan":10,"managed":false'
	container a
	run -1 attach a --network v
	[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]]
	define '"vlan":10'
	run -1 attach a --network v
	[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]]
	run ! inside a ip link show eth0
	"$NETNS_TOOL" rm --network v >/dev/null
	ip link delete v0
}

@test "vlan: explain says what would be made" {
	define '"vlan":10'
	run -0 "$NETNS_TOOL" explain --network v a
	[[ $output == *"make: bridge v0 itself is in VLAN 10"* ]]
	[[ $output == *"make: interface v0.10, VLAN 10 of bridge v0"* ]]
	[[ $output == *"make: address 10.45.0.1/24 on v0.10"* ]]
	[[ $output == *"bridge vlan 10 PVID untagged, and the bridge's default one"* ]]
	[[ $output == *"dev v0.10 nud stale"* ]]
	define '"vlanTrunk":[{"id":12},{"minID":5,"maxID":11},{"id":40}],"preserveDefaultVlan":false'
	run -0 "$NETNS_TOOL" explain --network v a
	[[ $output == *"bridge vlan 5-12, 40, and no other"* ]]
	[[ $output == *"make: address 10.45.0.1/24 on v0"* ]]
}

@test "vlan: --vlan makes a network of its own, and is checked" {
	run -0 "$NETNS_TOOL" explain --bridge v1 --ip 10.46.0.1/24 --vlan 4094 a
	[[ $output == *"make sure of network 'v1.4094'"* ]]
	run -1 "$NETNS_TOOL" explain --vlan 4095 a
	[[ $output == *--vlan*4095* ]]
	run -1 "$NETNS_TOOL" explain --vlan 0 a
	[[ $output == *--vlan* ]]
	run -1 "$BRIDGE_SETUP_BIN" up --dry-run --vlan x
	[[ $output == *--vlan*x* ]]
	define '"vlanTrunk":[{"id":8}]'
	run -1 "$NETNS_TOOL" explain --network v --vlan 7 a
	[[ $output == *"vlan: cannot be set together with vlanTrunk"* ]]
}
