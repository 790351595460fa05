#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SCTP with a kernel that has its sockets: published ports and the way out, on both back ends.

load ../netns-hook/hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
	printf '{"cniVersion":"1.1.0","name":"dual","type":"ct-netns","bridge":"dual0","ipam":{"type":"host-local","ranges":[[{"subnet":"10.8.0.0/24"}],[{"subnet":"fd00:8::/64"}]]}}' \
		>"$CT_NETNS_CONFIG_DIR/dual.json"
	modprobe sctp
}

teardown() {
	"$NETNS_TOOL" rm --all --force >/dev/null 2>&1 || true
	clean_host
	unset CT_NETNS_FIREWALL
}

use_firewall() {
	export CT_NETNS_FIREWALL=$1
	[ "$1" = nftables ] || modprobe -a iptable_filter iptable_nat ip6table_filter ip6table_nat
}

attached() {
	local id=$1
	shift
	container "$id"
	attach "$id" --network dual "$@"
}

# every_way: to a published port, from wherever; and no way around it.
every_way() {
	local host from
	use_firewall "$1"
	make_dual_host
	outside ip route add 10.8.0.0/24 via "$HOST_ADDRESS"
	attached a --publish 5000:5001/sctp
	attached b
	answer a 5001 sctp
	for host in "$HOST_ADDRESS" 2001:db8::1; do
		for from in outside host b a; do
			assert_equal "$from $host: $(ask "$from" "$host" 5000 sctp)" "$from $host: a hi"
		done
	done
	for host in 127.0.0.1 10.8.0.1 fd00:8::1; do
		assert_equal "$host: $(ask host "$host" 5000 sctp)" "$host: a hi"
	done
	assert_equal "$(ask b "$(address_of a)" 5001 sctp)" "a hi"
	run ! ask outside "$(address_of a)" 5001 sctp
	run ! ask outside "$HOST_ADDRESS" 5001 sctp
	# It is SCTP alone that is published.
	run ! ask outside "$HOST_ADDRESS" 5000 tcp
}

@test "sctp: a published port answers from everywhere, IPv4 and IPv6: iptables" {
	every_way iptables
}

@test "sctp: a published port answers from everywhere, IPv4 and IPv6: nftables" {
	every_way nftables
}

# the_way_out BACKEND: outside knows no address of containers, so an answer comes to the host's alone. It
# is asked on up0's address: SCTP sends data from whichever of its addresses the route prefers, and no
# router that translates lets that through for another one.
the_way_out() {
	use_firewall "$1"
	make_dual_host
	attached a
	PIDS[outside]=$(ip netns exec outside sh -c 'sleep 1000 >/dev/null 2>&1 3>&- & echo $!')
	answer outside 9000 sctp
	assert_equal "$(ask a 192.0.2.2 9000 sctp)" "outside hi"
	assert_equal "$(ask a 2001:db8::2 9000 sctp)" "outside hi"
	conntrack -L -p sctp 2>/dev/null | grep -q "src=10.8.0.2 .*src=192.0.2.2 dst=$HOST_ADDRESS"
}

@test "sctp: the way out is masqueraded, IPv4 and IPv6: iptables" {
	the_way_out iptables
}

@test "sctp: the way out is masqueraded, IPv4 and IPv6: nftables" {
	the_way_out nftables
}

# next_holder BACKEND: the port of a container that went is the next one's at once.
next_holder() {
	use_firewall "$1"
	make_dual_host
	attached a --publish 5000-5003:7000-7003/sctp
	attached b
	answer a 7002 sctp
	assert_equal "$(ask outside "$HOST_ADDRESS" 5002 sctp)" "a hi"
	run -1 attach b --network dual --publish 5003:7003/sctp
	[[ $output == *"'a'"* ]]
	detach a
	attach b --network dual --publish 5002:7002/sctp
	answer b 7002 sctp
	assert_equal "$(ask outside "$HOST_ADDRESS" 5002 sctp)" "b hi"
	detach b
	run ! ask outside "$HOST_ADDRESS" 5002 sctp
	[ -z "$(conntrack -L -s 10.8.0.2 2>/dev/null)" ]
}

@test "sctp: a run of ports, and the next container that has one of them: iptables" {
	next_holder iptables
}

@test "sctp: a run of ports, and the next container that has one of them: nftables" {
	next_holder nftables
}

@test "sctp: a port that a process of the host listens on is refused" {
	make_dual_host
	"$TOP/tests/lib/talk.py" serve sctp 5000 host >/dev/null 2>&1 3>&- &
	SERVERS+=("$!")
	wait_for 20 sh -c "ss -HlnS 'sport = :5000' | grep -q ."
	container a
	run -1 attach a --network dual --publish 5000:5000/sctp
	[[ $output == *"published port 5000:5000/sctp: a process of this host has port 5000 already"* ]]
	[ ! -e "$STATE_DIR/ports" ]
	attach a --network dual --publish 5001:5000/sctp
}
