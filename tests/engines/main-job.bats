#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job: ct-runtime makes containers, ct-netns in their hooks gives them a network.

load ../lib/common

setup() {
	common_setup
	make_host
	make_bundle "$TEST_DIR/bundle"
	networked "$TEST_DIR/bundle"
	set_args "$TEST_DIR/bundle" sleep 1000
	mkdir -p "$RUNTIME_ROOT"
	chmod 700 "$RUNTIME_ROOT"
}

# Every test begins with a host that has no network of ours: the first address is .2 then.
teardown() {
	common_teardown
	local link
	for link in $(ip -o link show type bridge | awk -F': ' '{ print $2 }'); do
		ip link del "$link"
	done
	for table in filter nat raw; do
		iptables-legacy -t "$table" -F
		iptables-legacy -t "$table" -X
	done
	iptables-legacy -P FORWARD ACCEPT
	rm -rf /run/ct-netns
}

# networked BUNDLE [FLAG...]: ct-netns as the hooks that make and take away the network.
networked() {
	local bundle=$1
	shift
	edit_config "$bundle" 'del(.hooks)'
	add_hook "$bundle" createRuntime "$CT_NETNS_BIN" ct-netns --ipfile "" "$@"
	add_hook "$bundle" poststop "$CT_NETNS_BIN" ct-netns --ipfile "" "$@"
}

up() {
	runtime run --detach --bundle "$TEST_DIR/bundle" "$1" >/dev/null 2>&1 3>&- || fail "run $1"
}

down() {
	runtime delete --force "$1"
}

inside() {
	local id=$1
	shift
	nsenter --net="$(runtime state "$id" | jq -r .namespaces.net)" "$@"
}

address() {
	inside "$1" ip -4 -j addr show dev eth0 | jq -r '.[0].addr_info[0].local'
}

# What no container may leave behind; the bridge and its rules stay for the next one.
leftovers() {
	ip -o link show type veth | grep -v ' up0' || true
	find /run/ct-netns -path '*/leases/*' -o -path '*/containers/*' 2>/dev/null || true
	grep -c " $RUNTIME_ROOT" /proc/self/mountinfo || true
	find "$RUNTIME_ROOT" -mindepth 1 2>/dev/null || true
}

@test "main job: two containers get .2 and .3 and reach the gateway, each other and outside" {
	up one
	up two
	assert_equal "$(address one)" 172.19.0.2
	assert_equal "$(address two)" 172.19.0.3
	inside one ping -c 1 -W 2 172.19.0.1
	inside one ping -c 1 -W 2 172.19.0.3
	inside two ping -c 1 -W 2 172.19.0.2
	inside two ping -c 1 -W 2 "$OUTSIDE_ADDRESS"
}

@test "main job: works with iptables-legacy -P FORWARD DROP" {
	iptables-legacy -P FORWARD DROP
	up one
	up two
	inside one ping -c 1 -W 2 172.19.0.3
	inside two ping -c 1 -W 2 "$OUTSIDE_ADDRESS"
}

@test "main job: a peer sees the real source address with bridge-nf-call-iptables=1" {
	up one
	up two
	echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
	
	inside two busybox nc -l -p 7000 -e sh -c 'env | grep REMOTE; ss -Htn sport = :7000' \
		>/dev/null 2>&1 3>&- &
	TEST_PIDS+=($!)
	wait_for 5 inside two sh -c "ss -Hltn 'sport = :7000' | grep -q ."
	run inside one timeout 20 busybox nc 172.19.0.3 7000
	assert_output_has 172.19.0.2
	refute_output_has "172.19.0.1:"
}

@test "main job: nothing is left after delete" {
	up one
	up two
	down one
	down two
	wait_for 5 sh -c '! ip -o link show type veth | grep -v " up0" | grep -q .'
	assert_equal "$(leftovers)" 0
}

@test "main job: a pool of 5 addresses survives 100 rounds" {
	networked "$TEST_DIR/bundle" --bridge small0 --ip 10.77.0.1/29
	set_args "$TEST_DIR/bundle" true
	local round
	for round in $(seq 100); do
		runtime run --bundle "$TEST_DIR/bundle" "c$round" >/dev/null || fail "round $round"
	done
	wait_for 5 sh -c '! ip -o link show type veth | grep -v " up0" | grep -q .'
	assert_equal "$(leftovers)" 0
}

@test "main job: the sixth of five gets an error that names the network, and leaves nothing" {
	networked "$TEST_DIR/bundle" --bridge small0 --ip 10.77.0.1/29
	local id
	for id in a b c d e; do
		up "$id"
	done
	wait_for 5 sh -c "! ip -6 addr show tentative | grep -q ."
	snapshot_host before
	run runtime create --bundle "$TEST_DIR/bundle" f
	assert_failure
	assert_output_has "no free address in 10.77.0.0/29"
	assert_output_has "network '"
	assert_same_host before
	for id in a b c d e; do
		down "$id"
	done
}

@test "main job: 20 in parallel on a bridge that is not there yet" {
	local id pids=()
	for id in $(seq 20); do
		runtime run --detach --bundle "$TEST_DIR/bundle" "p$id" >"$TEST_DIR/log.$id" 2>&1 3>&- &
		pids+=($!)
	done
	for id in "${pids[@]}"; do
		wait "$id" || fail "one of the twenty failed: $(cat "$TEST_DIR"/log.*)"
	done
	local addresses
	addresses=$(for id in $(seq 20); do address "p$id"; done | sort -u | wc -l)
	assert_equal "$addresses" 20
	assert_equal "$(ip -o link show type bridge | wc -l)" 1
	assert_equal "$(iptables-legacy-save | grep -c '! -o .*MASQUERADE')" 1
	for id in $(seq 20); do
		down "p$id"
	done
}

@test "main job: a bundle without a network namespace of its own is refused" {
	edit_config "$TEST_DIR/bundle" 'del(.linux.namespaces[] | select(.type == "network"))'
	snapshot_host before
	run runtime create --bundle "$TEST_DIR/bundle" bare
	assert_failure
	assert_output_has "createRuntime hook #0"
	assert_same_host before
}

@test "main job: a restarted container has the same address and still reaches outside" {
	up one
	local mac pid
	mac=$(inside one cat /sys/class/net/eth0/address)
	pid=$(container_pid one)
	runtime kill one KILL
	wait_exit "$pid"
	assert_equal "$(container_status one)" stopped
	runtime restart one >/dev/null 2>&1 3>&-
	assert_equal "$(address one)" 172.19.0.2
	assert_equal "$(inside one cat /sys/class/net/eth0/address)" "$mac"
	inside one ping -c 1 -W 2 "$OUTSIDE_ADDRESS"
	down one
}

@test "main job: the prestart hook of the netns tool works unchanged" {
	edit_config "$TEST_DIR/bundle" 'del(.hooks)'
	add_hook "$TEST_DIR/bundle" prestart "$CT_NETNS_BIN"
	up one
	assert_equal "$(address one)" 172.19.0.2
	assert_equal "$(cat "$TEST_DIR/bundle/.ip")" 172.19.0.2
	inside one ping -c 1 -W 2 172.19.0.1
}

@test "main job: ct-runtime has nothing of networks in it" {
	run sh -c "readelf -d '$BUILD/ct-runtime' | grep NEEDED"
	refute_output_has libnl
	refute_output_has tc.so
	run sh -c "nm '$BUILD/ct-runtime' | grep -E ' (nl|rtnl|iptc|nlmsg)_'"
	assert_equal "$output" ""
}
