#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Frames with another source MAC than the interface's.

load hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
}

teardown() {
	define ''
	"$CT_NETNS_BIN" rm --network s --force >/dev/null 2>&1 || true
	clean_host
}

# define 'KEYS': network `s` on bridge s0, with more keys (each with its comma in front).
define() {
	printf '{"cniVersion":"1.0.0","name":"s","type":"ct-netns","bridge":"s0"%s,"ipam":{"type":"host-local","subnet":"10.44.0.0/24"}}' \
		"$1" >"$CT_NETNS_CONFIG_DIR/s.json"
}

veth_of() {
	jq -r .veth "$STATE_DIR/containers/$1/eth0.json"
}

@test "macspoofchk: frames with another source MAC are dropped, and the rule goes with the container" {
	define ',"macspoofchk":true'
	container a
	container b
	attach a --network s
	attach b --network s
	inside a ping -c 1 -W 2 10.44.0.1
	run -0 nft list table bridge ct-netns
	[ "$(grep -c 'ether saddr != .* drop' <<<"$output")" -eq 2 ]
	[[ $output == *"iifname \"$(veth_of a)\" ether saddr != 02:63:0a:2c:00:02 drop comment"* ]]
	attach a --network s
	[ "$(nft list table bridge ct-netns | grep -c drop)" -eq 2 ]
	inside a ip link set eth0 address 02:00:00:00:00:99
	run ! inside a ping -c 1 -W 1 10.44.0.1
	inside a ip link set eth0 address 02:63:0a:2c:00:02
	inside a ping -c 1 -W 2 10.44.0.1
	detach a
	[ "$(nft list table bridge ct-netns | grep -c drop)" -eq 1 ]
	detach b
	run ! nft list table bridge ct-netns
	wait_for 5 no_veth
	define ',"macspoofchk":"yes"'
	run -1 attach a --network s
	assert_output_has "macspoofchk"
}

@test "macspoofchk: after a flush check misses it, and the next attach brings it back for all" {
	local firewall
	define ',"macspoofchk":true'
	container a
	container b
	for firewall in iptables nftables; do
		export CT_NETNS_FIREWALL=$firewall
		attach a --network s
		nft flush ruleset
		run -1 "$NETNS_TOOL" check a
		assert_output_has "container 'a': $(veth_of a): its MAC check (nft table bridge ct-netns) is missing"
		attach b --network s
		[ "$(nft list table bridge ct-netns | grep -c drop)" -eq 2 ]
		run -0 "$NETNS_TOOL" check
		inside a ip link set eth0 address 02:00:00:00:00:99
		run ! inside a ping -c 1 -W 1 10.44.0.1
		inside a ip link set eth0 address "$(jq -r .mac "$STATE_DIR/containers/a/eth0.json")"
		nft delete table bridge ct-netns
		"$NETNS_TOOL" repair
		[ "$(nft list table bridge ct-netns | grep -c drop)" -eq 2 ]
		detach a
		detach b
		run ! nft list table bridge ct-netns
		"$NETNS_TOOL" rm --network s
	done
	unset CT_NETNS_FIREWALL
}

@test "macspoofchk: taken out of the definition, the next attach takes the rule off" {
	define ',"macspoofchk":true'
	container a
	attach a --network s
	define ''
	attach a --network s
	run ! nft list table bridge ct-netns
}
