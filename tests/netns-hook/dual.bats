#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Several subnets: an address of every pool, IPv6 beside IPv4, ranges that follow each other.

load hook

setup() {
	common_setup
	mkdir -p /etc/ct-netns
}

teardown() {
	"$NETNS_TOOL" rm --network dual --force >/dev/null 2>&1 || true
	clean_host
	rm -rf /etc/ct-netns
}

# define RANGES [MORE]: network `dual`, as the JSON of "ranges" and further keys of ipam.
define() {
	cat >/etc/ct-netns/dual.json <<-JSON
	{ "cniVersion": "1.1.0", "name": "dual", "type": "ct-netns", "bridge": "dual0",
	  "ipam": { "type": "host-local", "ranges": $1 ${2:-} } }
	JSON
}

both='[[{ "subnet": "10.8.0.0/24" }], [{ "subnet": "fd00:8::/64" }]]'

# addresses_in ID FAMILY
addresses_in() {
	inside "$1" ip -j "-$2" addr show dev eth0 scope global | jq -r '.[].addr_info[].local // empty' | xargs
}

@test "dual stack: a container has an address, a gateway and a neighbour of each family" {
	define "$both"
	container a
	container b
	attach a --network dual
	attach b --network dual
	[ "$(addresses_in a 4)" = 10.8.0.2 ]
	[ "$(addresses_in a 6)" = fd00:8::2 ]
	[ "$(addresses_in b 6)" = fd00:8::3 ]
	inside a ip -6 route show default | grep -q 'via fd00:8::1'
	inside a ip -4 route show default | grep -q 'via 10.8.0.1'
	inside a ping -c 1 -W 2 10.8.0.1
	inside a ping -6 -c 1 -W 2 fd00:8::1
	inside a ping -6 -c 1 -W 2 fd00:8::3
	[ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
}

@test "dual stack: IPv6 that is switched off on the bridge later is on again with the next attach" {
	local mode device
	container a
	container b
	for mode in bridge routed; do
		define "$both"
		sed -i "s/\"bridge\"/\"mode\": \"$mode\", &/" /etc/ct-netns/dual.json
		device=dual0
		[ $mode = bridge ] || device=lo
		attach a --network dual
		echo 1 >/proc/sys/net/ipv6/conf/$device/disable_ipv6
		attach b --network dual
		run -0 "$NETNS_TOOL" check
		ping -6 -c 2 -i 0.2 -W 2 fd00:8::2
		inside b ping -6 -c 1 -W 2 fd00:8::2
		detach a
		detach b
		"$NETNS_TOOL" rm --network dual
		echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6
	done
}

@test "dual stack: IPv6 answers at once, with no address waiting for its duplicate" {
	define "$both"
	container a
	attach a --network dual
	[ -z "$(inside a ip -6 addr show dev eth0 tentative)" ]
	inside a ping -6 -c 1 -W 10 fd00:8::1
}

@test "attach: no router advertisement is listened to, whatever the network's family" {
	container a
	attach a
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/autoconf)" = 0 ]
	[ "$(cat /proc/sys/net/ipv6/conf/netns0/accept_ra)" = 0 ]
}

@test "attach: no address waits for its duplicate, the link-local one of an IPv4 network neither" {
	container a
	attach a
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/accept_dad)" = 0 ]
	run -0 inside a ip -6 -o addr show dev eth0 scope link
	assert_output_has fe80::
	[[ $output != *tentative* ]]
}

@test "attach: parameters of the bridge that somebody changed are right again with the next container" {
	local path
	container a
	container b
	attach a
	for path in ipv4/conf/netns0/rp_filter ipv6/conf/netns0/accept_ra ipv6/conf/netns0/autoconf; do
		echo 1 >"/proc/sys/net/$path"
	done
	attach b
	[ "$(cat /proc/sys/net/ipv4/conf/netns0/rp_filter)" = 2 ]
	[ "$(cat /proc/sys/net/ipv6/conf/netns0/accept_ra)" = 0 ]
	[ "$(cat /proc/sys/net/ipv6/conf/netns0/autoconf)" = 0 ]
}

@test "attach: parameters inside that somebody changed are right again when it is made again" {
	container a
	attach a
	inside a sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra; echo 1 >/proc/sys/net/ipv6/conf/eth0/autoconf'
	attach a
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/autoconf)" = 0 ]
}

@test "dual stack: detach and rm leave nothing of either family" {
	define "$both"
	snapshot >"$BATS_TEST_TMPDIR/before"
	container a
	attach a --network dual
	[ "$(ls -m "$STATE_DIR/networks/dual/leases")" = "10.8.0.2, fd00:8::2" ]
	detach a
	wait_for 5 no_veth
	[ -z "$(ls "$STATE_DIR/networks/dual/leases")" ]
	[ -z "$(ip -6 neigh show fd00:8::2 dev dual0)" ]
	"$NETNS_TOOL" rm --network dual >/dev/null
	[ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 0 ]
	rm -rf "$STATE_DIR"
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "dual stack: IPv6 forwarding that was on before stays on" {
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	define "$both"
	"$NETNS_TOOL" create --network dual >/dev/null
	run -0 "$NETNS_TOOL" rm --network dual
	[[ $output == *"kept: net/ipv6/conf/all/forwarding = 1 (was on before)"* ]]
	[ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
}

@test "ranges: the second one of a set serves when the first is full, with its own gateway" {
	define '[[{ "subnet": "10.8.0.0/30" }, { "subnet": "10.9.0.0/30" }]]'
	container a
	container b
	container c
	attach a --network dual
	attach b --network dual
	[ "$(addresses_in a 4)" = 10.8.0.2 ]
	[ "$(addresses_in b 4)" = 10.9.0.2 ]
	inside b ip route show default | grep -q 'via 10.9.0.1'
	inside b ping -c 1 -W 2 10.9.0.1
	run -1 attach c --network dual
	[[ $output == *"no free address in 10.8.0.0/30 and the other ranges of its set (2 leased)"* ]]
}

@test "ranges: two sets of one family give two addresses" {
	define '[[{ "subnet": "10.8.0.0/24" }], [{ "subnet": "10.9.0.0/24" }]]'
	container a
	attach a --network dual
	[ "$(addresses_in a 4)" = "10.8.0.2 10.9.0.2" ]
	inside a ping -c 1 -W 2 10.9.0.1
}

@test "ranges: when one pool is full, the others are given back what they gave" {
	define '[[{ "subnet": "10.8.0.0/24" }], [{ "subnet": "fd00:8::/126", "rangeStart": "fd00:8::2", "rangeEnd": "fd00:8::2" }]]'
	container a
	container b
	attach a --network dual
	run -1 attach b --network dual
	[[ $output == *"no free address in fd00:8::/126"* ]]
	[ "$(ls -m "$STATE_DIR/networks/dual/leases")" = "10.8.0.2, fd00:8::2" ]
	[ "$(ls "$STATE_DIR/containers")" = a ]
}

@test "--static-ip: one for each subnet" {
	define "$both"
	container a
	container b
	attach a --network dual --static-ip 10.8.0.77 --static-ip fd00:8::77
	[ "$(addresses_in a 4)" = 10.8.0.77 ]
	[ "$(addresses_in a 6)" = fd00:8::77 ]
	run -1 attach b --network dual --static-ip fd00:8::77
	[[ $output == *"fd00:8::77 is leased to container 'a'"* ]]
	run -1 attach b --network dual --static-ip fd00:9::1
	[[ $output == *"fd00:9::1 cannot be leased"* ]]
	[ "$(ls -m "$STATE_DIR/networks/dual/leases")" = "10.8.0.77, fd00:8::77" ]
}

@test "attach again: the same addresses of both families, also after the container was made anew" {
	define "$both"
	container a
	container b
	attach a --network dual
	attach a --network dual
	[ "$(addresses_in a 6)" = fd00:8::2 ]
	stop_container a
	wait_for 5 no_veth
	attach b --network dual
	container a
	attach a --network dual
	[ "$(addresses_in a 4)" = 10.8.0.2 ]
	[ "$(addresses_in a 6)" = fd00:8::2 ]
	[ "$(addresses_in b 6)" = fd00:8::3 ]
}
