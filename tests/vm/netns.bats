#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ct-netns on Debian's own kernel: connections are forgotten one by one there (a flush takes no filter
# before Linux 6.12), tables are modules.

load ../netns-hook/hook

setup() {
	common_setup
}

teardown() {
	clean_host
}

@test "kernel 6.1: detach leaves nothing, connections of the address are forgotten" {
	make_host
	container a
	attach a -p 8080:80 -p 5353:53/udp
	inside a ping -c 1 -W 5 192.0.2.2 >/dev/null
	conntrack -L -s 172.19.0.2 2>/dev/null | grep -q icmp
	run -0 detach a
	assert_equal "$output" ""
	[ ! -e "$STATE_DIR/containers/a" ]
	[ -z "$(conntrack -L -s 172.19.0.2 2>/dev/null)" ]
}

# Of those that are in use the kernel gives none up; the table is that of all namespaces.
@test "kernel 6.1: attach goes on where the kernel's table of neighbours is full" {
	make_host
	container a
	local i
	for i in {1..1100}; do
		echo "neigh add 10.250.$((i / 250)).$((i % 250)) dev up0 lladdr 02:00:00:00:00:01 nud reachable"
	done >"$BATS_TEST_TMPDIR/fill"
	ip -force -batch "$BATS_TEST_TMPDIR/fill" 2>/dev/null || true
	run ! ip neigh add 10.251.0.1 dev up0 lladdr 02:00:00:00:00:01 nud stale
	attach a
	run -0 detach a
	assert_equal "$output" ""
	ip neigh flush dev up0
	attach a
	inside a ping -c 1 -W 5 172.19.0.1
}

@test "kernel 6.1: the same with rules in nf_tables" {
	export CT_NETNS_FIREWALL=nftables
	make_host
	container a
	attach a -p 8080:80 -p 7000-7002:9000-9002/udp
	inside a ping -c 1 -W 5 192.0.2.2 >/dev/null
	nft list table inet ct-netns | grep -q '8080'
	run -0 detach a
	assert_equal "$output" ""
	"$NETNS_TOOL" rm >/dev/null
	run ! nft list table inet ct-netns
}
