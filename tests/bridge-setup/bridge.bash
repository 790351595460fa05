# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016
#
# Helpers for bridge-setup as a black box. The sandbox's network namespace is the host; every test
# leaves it as it found it.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BRIDGE_SETUP=$TOP/${CT_BUILD:-build}/bridge-setup
# shellcheck disable=SC2034 # used by the tests
BRIDGE_SETUP_FAULT=$TOP/${CT_BUILD_FAULT:-build-fault}/bridge-setup
STATE_DIR=/run/ct-netns

up() {
	"$BRIDGE_SETUP" up "$@"
}

down() {
	"$BRIDGE_SETUP" down "$@"
}

status() {
	"$BRIDGE_SETUP" status "$@"
}

# All that bridge-setup may touch, as text. Packet counters and the kernel's indices are left out.
host_state() {
	ip -j link | jq -S '[.[] | {ifname, mtu, address, up: (.flags | index("UP") != null)}]'
	ip -j -4 addr | jq -S '[.[] | {ifname, a: [.addr_info[] | {local, prefixlen}]}]'
	ip -4 route
	iptables-legacy-save | grep -v '^#' | sed 's/\[[0-9]*:[0-9]*\]//'
	cat /proc/sys/net/ipv4/ip_forward
	find "$STATE_DIR" 2>/dev/null || true
}

# expect_host STATE: the host is as it was, or the difference.
expect_host() {
	diff <(echo "$1") <(host_state)
}

# The commented rules of a network, without our chains' own jumps.
rules_of() {
	iptables-legacy-save | grep -- "--comment \"ct-netns: $1\"" || true
}

# No chain of ours, no jump to one.
no_chains() {
	[[ "$(iptables-legacy-save)" != *CT-* ]]
}

# A process in a namespace of its own with a veth to the host: neighbour NAME HOST_ADDR PEER_ADDR.
declare -gA NEIGHBOURS=()
neighbour() {
	local fifo=$BATS_TEST_TMPDIR/ready.$1 pid
	mkfifo "$fifo"
	unshare --net -- sh -c 'echo $$ >"$0"; exec sleep 1000' "$fifo" >/dev/null 2>&1 3>&- &
	read -r pid <"$fifo"
	rm "$fifo"
	NEIGHBOURS[$1]=$pid
	ip link add "$1" type veth peer name eth0 netns "$pid"
	nsenter --net="/proc/$pid/ns/net" ip link set lo up
	nsenter --net="/proc/$pid/ns/net" ip addr add "$3" dev eth0
	nsenter --net="/proc/$pid/ns/net" ip link set eth0 up
	[ -z "$2" ] || ip addr add "$2" dev "$1"
	ip link set "$1" up
}

in_neighbour() {
	local name=$1
	shift
	nsenter --net="/proc/${NEIGHBOURS[$name]}/ns/net" "$@"
}

# A neighbour that is a container: a port of the bridge with a default route through it.
bridge_port() {
	neighbour "$1" "" "$2"
	ip link set "$1" master "${4:-netns0}"
	in_neighbour "$1" ip route add default via "$3"
}

# Another program that holds /run/xtables.lock.
LOCK_HOLDER=
hold_xtables_lock() {
	local fifo=$BATS_TEST_TMPDIR/held
	mkfifo "$fifo"
	flock /run/xtables.lock sh -c 'echo >"$0"; exec sleep 1000' "$fifo" >/dev/null 2>&1 3>&- &
	LOCK_HOLDER=$!
	read -r _ <"$fifo"
}

free_xtables_lock() {
	[ -n "$LOCK_HOLDER" ] || return 0
	pkill -KILL -P "$LOCK_HOLDER"
	wait "$LOCK_HOLDER" 2>/dev/null || true
	LOCK_HOLDER=
}

# Back to a bare host, whatever the test did.
clean_host() {
	local name
	free_xtables_lock
	for name in "${!NEIGHBOURS[@]}"; do
		kill -KILL "${NEIGHBOURS[$name]}" 2>/dev/null || true
		wait "${NEIGHBOURS[$name]}" 2>/dev/null || true
		ip link del "$name" 2>/dev/null || true
	done
	NEIGHBOURS=()
	for name in $(ip -j link | jq -r '.[].ifname' | grep -vx lo | sed 's/@.*//'); do
		ip link del "$name" 2>/dev/null || true
	done
	for table in filter nat; do
		iptables-legacy -t $table -F
		iptables-legacy -t $table -X
	done
	iptables-legacy -P FORWARD ACCEPT
	echo 0 >/proc/sys/net/ipv4/ip_forward
	rm -rf "$STATE_DIR" /etc/ct-netns
}

# network_file NAME JSON
network_file() {
	mkdir -p /etc/ct-netns
	printf '%s\n' "$2" >"/etc/ct-netns/$1.json"
}
