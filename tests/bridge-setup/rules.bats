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

# one ping that must be answered, or must not
reaches() {
	in_neighbour "$1" ping -c 1 -W 2 "$2" >/dev/null
}

misses() {
	! in_neighbour "$1" ping -c 1 -W 0.3 "$2" >/dev/null
}

# A container on the bridge, and a neighbour outside that has no route back to the subnet.
container_and_outside() {
	bridge_port box 172.19.0.2/16 172.19.0.1
	neighbour out 192.0.2.1/24 192.0.2.9/24
}

@test "rules: a container reaches the outside, which has no route back" {
	up
	container_and_outside
	reaches box 192.0.2.9
}

@test "rules: so it does under FORWARD policy DROP" {
	iptables-legacy -P FORWARD DROP
	up
	container_and_outside
	reaches box 192.0.2.9
}

@test "rules: and behind a rule that rejects all that is forwarded" {
	iptables-legacy -A FORWARD -j REJECT
	up
	container_and_outside
	reaches box 192.0.2.9
}

@test "rules: the outside cannot open a connection to a container (ingress established)" {
	up
	container_and_outside
	in_neighbour out ip route add 172.19.0.0/16 via 192.0.2.1
	reaches box 192.0.2.9
	misses out 172.19.0.2
}

@test "rules: a container of another network cannot open one either" {
	network_file blue '{"cniVersion":"1.0.0","name":"blue","type":"ct-netns","bridge":"blue0","ipam":{"type":"host-local","subnet":"10.40.0.0/24"}}'
	up
	up --network blue
	bridge_port box 172.19.0.2/16 172.19.0.1
	bridge_port blu 10.40.0.2/24 10.40.0.1 blue0
	misses blu 172.19.0.2
	misses box 10.40.0.2
}

@test "rules: ingress open lets the outside in, with the plain pair of rules" {
	network_file default '{"cniVersion":"1.0.0","name":"default","type":"ct-netns","ingress":"open"}'
	iptables-legacy -P FORWARD DROP
	up
	container_and_outside
	in_neighbour out ip route add 172.19.0.0/16 via 192.0.2.1
	reaches out 172.19.0.2
	iptables-legacy-save | grep -x -- '-A CT-FORWARD -i netns0 -m comment --comment "ct-netns: default" -j ACCEPT'
	iptables-legacy-save | grep -x -- '-A CT-INGRESS -o netns0 -m comment --comment "ct-netns: default" -j ACCEPT'
}

@test "rules: neighbours on the bridge see each other's real address with bridge-nf-call-iptables" {
	[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || skip "no br_netfilter in this kernel"
	echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
	iptables-legacy -P FORWARD DROP
	up
	bridge_port boxa 172.19.0.2/16 172.19.0.1
	bridge_port boxb 172.19.0.3/16 172.19.0.1
	in_neighbour boxb iptables-legacy -A INPUT -s 172.19.0.2
	reaches boxa 172.19.0.3
	in_neighbour boxb iptables-legacy -nvxL INPUT | awk '$NF != "" && /172.19.0.2/ { exit !($1 > 0) }'
	echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
}

@test "rules: up brings back what a flush took" {
	up
	before=$(host_state)
	iptables-legacy -F
	iptables-legacy -t nat -F
	run up
	[ "$status" -eq 0 ]
	[[ "$output" == *"changed  filter FORWARD: -j CT-FORWARD"* ]]
	[[ "$output" == *"right    bridge netns0"* ]]
	expect_host "$before"
}

@test "rules: up repairs one that was altered, doubled or moved, and leaves foreign ones alone" {
	iptables-legacy -A FORWARD -s 198.51.100.1 -j DROP
	iptables-legacy -t nat -A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE
	up
	before=$(host_state)
	iptables-legacy -D CT-INGRESS 2
	iptables-legacy -A CT-FORWARD -i netns0 -m comment --comment "ct-netns: default" -j ACCEPT
	iptables-legacy -I FORWARD -m comment --comment ct-netns -j CT-FORWARD
	iptables-legacy -t nat -R CT-POSTROUTING 1 -s 172.19.0.0/16 -m comment --comment "ct-netns: default" -j MASQUERADE
	up
	expect_host "$before"
	down
	iptables-legacy-save | grep -x -- '-A FORWARD -s 198.51.100.1/32 -j DROP'
	iptables-legacy-save | grep -x -- '-A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE'
}

@test "rules: a rule that an administrator put above ours stays above" {
	up
	iptables-legacy -I FORWARD -s 198.51.100.1 -j DROP
	before=$(host_state)
	up
	expect_host "$before"
}

@test "rules: ipMasq false makes no MASQUERADE" {
	network_file blue '{"cniVersion":"1.0.0","name":"blue","type":"ct-netns","bridge":"blue0","ipMasq":false,"ipam":{"type":"host-local","subnet":"10.40.0.0/24"}}'
	up --network blue
	[[ "$(rules_of blue)" != *"! -o blue0"*MASQUERADE* ]]
	[ -n "$(rules_of blue)" ]
}

@test "rules: a lock that another program holds is waited for and then named" {
	before=$(host_state)
	hold_xtables_lock
	started=$EPOCHSECONDS
	run up
	[ "$status" -ne 0 ]
	[[ "$output" == */run/xtables.lock* ]]
	[ $((EPOCHSECONDS - started)) -le 8 ]
	rm -rf "$STATE_DIR"
	expect_host "$before"
	free_xtables_lock
	up
}

@test "rules: a lock that is freed in time is only waited for" {
	hold_xtables_lock
	up &
	started=$!
	# It has opened the lock and sleeps in flock(2): only now it is freed.
	until [[ "$(cat /proc/locks)" == *"-> FLOCK"* ]]; do
		kill -0 "$started"
	done
	free_xtables_lock
	wait "$started"
	status
}

@test "rules: XTABLES_LOCKFILE is respected, as iptables does" {
	hold_xtables_lock
	XTABLES_LOCKFILE=$BATS_TEST_TMPDIR/lock up
	[ -e "$BATS_TEST_TMPDIR/lock" ]
}
