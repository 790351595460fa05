#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook's main job: addresses, reachability, and that nothing stays behind.

load hook

setup() {
	common_setup
}

teardown() {
	clean_host
}

@test "attach: the first container gets .2, the second .3" {
	container a
	container b
	attach a
	attach b
	[ "$(address_of a)" = 172.19.0.2 ]
	[ "$(address_of b)" = 172.19.0.3 ]
}

@test "attach: prefix length, MAC from the address, MTU, lo up, default route through the bridge" {
	container a
	attach a
	run -0 inside a ip -4 -o addr show dev eth0
	[[ $output == *"172.19.0.2/16 brd 172.19.255.255"* ]]
	run -0 inside a ip -j link show dev eth0
	[ "$(jq -r '.[0].address' <<<"$output")" = 02:63:ac:13:00:02 ]
	[ "$(jq -r '.[0].mtu' <<<"$output")" = 1500 ]
	run -0 inside a ip -j link show dev lo
	[ "$(jq -r '.[0].flags | index("UP") != null' <<<"$output")" = true ]
	run -0 inside a ip route show default
	[[ $output == "default via 172.19.0.1 dev eth0"* ]]
}

@test "attach: gateway, the other container and the outside are reachable, the outside by MASQUERADE" {
	container a
	container b
	attach a
	attach b
	serve b
	serve_outside
	inside a ping -c 1 -W 2 172.19.0.1
	inside a ping -c 1 -W 2 "$(address_of b)"
	run -0 fetch a "$(address_of b)"
	[ "$output" = "hello from b" ]
	run -0 fetch a "$OUTSIDE_ADDRESS"
	[ "$output" = "hello from outside" ]
	[ "$(clients_of outside)" = "$HOST_ADDRESS" ]
}

@test "attach: all of it is reachable under iptables-legacy -P FORWARD DROP" {
	iptables-legacy -P FORWARD DROP
	container a
	container b
	attach a
	attach b
	serve b
	serve_outside
	run -0 fetch a "$(address_of b)"
	run -0 fetch a "$OUTSIDE_ADDRESS"
	iptables-legacy -P FORWARD ACCEPT
}

@test "attach: a peer sees the real source address, also with bridge-nf-call-iptables=1" {
	[ -e /proc/sys/net/bridge ] || skip "this kernel has no br_netfilter"
	sysctl -qw net.bridge.bridge-nf-call-iptables=1
	container a
	container b
	attach a
	attach b
	serve b
	run -0 fetch a "$(address_of b)"
	[ "$(clients_of b)" = "$(address_of a)" ]
}

@test "detach: leaves nothing of the container behind" {
	warm_up
	snapshot >"$BATS_TEST_TMPDIR/before"
	container a
	attach a
	inside a ping -c 1 -W 2 172.19.0.1
	detach a
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "detach: the container's interface is gone although its namespace lives on" {
	container a
	attach a
	detach a
	wait_for 5 no_veth
	run ! inside a ip link show eth0
}

@test "detach: works without pid, namespace, bundle, PATH or environment" {
	container a
	attach a
	stop_container a
	cd /
	run -0 env -i "$NETNS_TOOL" <<<'{"ociVersion":"1.0","id":"a","status":"stopped","pid":0}'
	[ -z "$output" ]
	[ ! -e "$STATE_DIR/containers/a" ]
	[ -z "$(ls "$STATE_DIR/networks/default/leases")" ]
}

@test "detach: twice, and of a container that never was, is fine and silent" {
	container a
	attach a
	detach a
	run -0 detach a
	[ -z "$output" ]
	run -0 detach never
	[ -z "$output" ]
}

@test "detach: without a state directory it makes none" {
	run -0 detach a
	[ ! -e "$STATE_DIR" ]
}

@test "detach: takes every interface of the container" {
	container a
	attach a
	attach a --iface eth1 --network default
	[ "$(address_of a eth0)" = 172.19.0.2 ]
	[ "$(address_of a eth1)" = 172.19.0.3 ]
	detach a
	wait_for 5 no_veth
	[ -z "$(ls "$STATE_DIR/networks/default/leases")" ]
}

@test "detach: the state of ct-runtime leaves the interface to the end of its pin" {
	container a
	attach a
	veth=$(ip -j link show type veth | jq -r '.[0].ifname')
	touch /run/pin
	mount --bind "/proc/${PIDS[a]}/ns/net" /run/pin
	stop_container a
	"$NETNS_TOOL" <<<'{"id":"a","status":"stopped","namespaces":{"net":"/run/pin"}}'
	run -0 ip -j link show "$veth"
	[ "$(jq -r '.[0].master' <<<"$output")" = null ]
	[ "$(jq -r '.[0].flags | index("UP")' <<<"$output")" = null ]
	umount /run/pin
	wait_for 5 no_veth
	[ ! -e "$STATE_DIR/containers/a" ]
}

@test "attach: again gives the same address and leaves a working attachment alone" {
	container a
	container b
	attach a
	attach b
	index=$(inside a ip -j link show eth0 | jq '.[0].ifindex')
	attach a
	[ "$(address_of a)" = 172.19.0.2 ]
	[ "$(inside a ip -j link show eth0 | jq '.[0].ifindex')" = "$index" ]
	inside a ping -c 1 -W 2 172.19.0.1
	[ "$(find "$STATE_DIR/networks/default/leases" -type f | wc -l)" -eq 2 ]
}

@test "attach: again repairs an interface that was deleted, taken down or lost its route" {
	container a
	attach a
	inside a ip link del eth0
	wait_for 5 no_veth
	attach a
	[ "$(address_of a)" = 172.19.0.2 ]
	inside a ip link set eth0 down
	attach a
	inside a ping -c 1 -W 2 172.19.0.1
	inside a ip route show default | grep -q 172.19.0.1
	ip link set "$(ip -j link show type veth | jq -r '.[0].ifname')" nomaster
	attach a
	inside a ping -c 1 -W 2 172.19.0.1
}

@test "attach: a container made anew under its old id keeps its address" {
	container a
	attach a
	stop_container a
	container b
	attach b
	container a
	attach a
	[ "$(address_of a)" = 172.19.0.2 ]
	inside a ping -c 1 -W 2 172.19.0.1
	[ "$(ip -o link show type veth | wc -l)" -eq 2 ]
}

@test "attach: a second container with the id of a running one is refused, the first works on" {
	container a
	attach a
	first=${PIDS[a]}
	PIDS["first"]=$first
	container a
	run -1 attach a
	[[ $output == *"'a' is attached already"* ]]
	PIDS["b"]=${PIDS["a"]}
	PIDS[a]=$first
	inside a ping -c 1 -W 2 172.19.0.1
}

@test "attach: the status running and created attach too" {
	container a
	container b
	state_json a running "${PIDS[a]}" | "$NETNS_TOOL"
	state_json b created "${PIDS[b]}" | "$NETNS_TOOL"
	[ "$(address_of a)" = 172.19.0.2 ]
	[ "$(address_of b)" = 172.19.0.3 ]
}

@test "attach: the host's neighbour entry is there at once and goes with the container" {
	container first
	container a
	attach first
	# A bridge that has just got its first port may forget its neighbours once more.
	inside first ping -c 1 -W 5 172.19.0.1 >/dev/null
	attach a
	run -0 ip neigh show 172.19.0.3 dev netns0
	[[ $output == *"lladdr 02:63:ac:13:00:03"* ]]
	detach a
	run -0 ip neigh show 172.19.0.3 dev netns0
	[ -z "$output" ]
}

@test "attach: rules that a flush took are back" {
	container a
	container b
	attach a
	iptables-legacy -F
	iptables-legacy -t nat -F
	attach b
	iptables-legacy-save | grep -q MASQUERADE
}

@test "attach: pool of five addresses survives 100 rounds; the sixth container is told why" {
	"$NETNS_TOOL" create --ip 10.9.0.1/29
	for id in a b c d e f; do
		container "$id"
	done
	for _ in $(seq 20); do
		for id in a b c d e; do
			attach "$id" --ip 10.9.0.1/29
		done
		for id in a b c d e; do
			detach "$id" --ip 10.9.0.1/29
		done
	done
	for id in a b c d e; do
		attach "$id" --ip 10.9.0.1/29
	done
	[ "$(for id in a b c d e; do address_of "$id"; done | sort -u | wc -l)" -eq 5 ]
	wait_for 5 veths 5
	snapshot >"$BATS_TEST_TMPDIR/before"
	run -1 attach f --ip 10.9.0.1/29
	[[ $output == *"network 'default'"*"no free address in 10.9.0.0/29"* ]]
	snapshot | diff -u "$BATS_TEST_TMPDIR/before" -
	run -0 inside f ip -o link
	[[ $output != *eth0* ]]
	"$NETNS_TOOL" rm --force --ip 10.9.0.1/29
}

@test "attach: 20 at once without a bridge: 20 addresses, one bridge, one set of rules" {
	for i in $(seq 20); do
		container "c$i"
	done
	jobs=()
	for i in $(seq 20); do
		attach "c$i" 3>&- &
		jobs+=("$!")
	done
	for job in "${jobs[@]}"; do
		wait "$job"
	done
	[ "$(for i in $(seq 20); do address_of "c$i"; done | sort -u | wc -l)" -eq 20 ]
	[ "$(ip -o link show type bridge | wc -l)" -eq 1 ]
	[ "$(iptables-legacy-save | grep -c -- '! -o netns0 .* -j MASQUERADE')" -eq 1 ]
	[ "$(iptables-legacy-save | sort | uniq -d | grep -c '^-A')" -eq 0 ]
	inside c1 ping -c 1 -W 2 "$(address_of c20)"
	for i in $(seq 20); do
		detach "c$i" 3>&- &
	done
	wait "${!}"
	wait_for 10 no_veth
	wait_for 5 sh -c "[ -z \"\$(ls $STATE_DIR/networks/default/leases)\" ]"
}

@test "attach: in parallel with detach of others nothing is lost" {
	for i in 1 2 3 4 5 6 7 8; do
		container "c$i"
	done
	for i in 1 2 3 4; do
		attach "c$i"
	done
	jobs=()
	for i in 1 2 3 4; do
		detach "c$i" 3>&- &
		jobs+=("$!")
		attach "c$((i + 4))" 3>&- &
		jobs+=("$!")
	done
	for job in "${jobs[@]}"; do
		wait "$job"
	done
	wait_for 5 veths 4
	for i in 5 6 7 8; do
		inside "c$i" ping -c 1 -W 2 172.19.0.1
	done
}

@test "attach: one that was cut short, and fails when it is gone on with, leaves nothing" {
	warm_up
	container a
	container b
	attach b --static-ip 172.19.0.9
	snapshot >"$BATS_TEST_TMPDIR/before"
	attach a --static-ip 172.19.0.20 --alias web
	jq '.state = "adding"' "$STATE_DIR/containers/a/eth0.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$STATE_DIR/containers/a/eth0.json"
	run -1 attach a --static-ip 172.19.0.9 --alias web
	assert_output_has "172.19.0.9 is leased to container 'b'"
	unchanged_since "$BATS_TEST_TMPDIR/before"
	run ! inside a ip link show eth0
	attach a
}

@test "attach: one that was cut short and published ports, and fails, leaves no rule and no claim" {
	container a
	container b
	attach b --static-ip 172.19.0.9
	attach a --static-ip 172.19.0.20 --publish 8080:80
	jq '.state = "adding"' "$STATE_DIR/containers/a/eth0.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$STATE_DIR/containers/a/eth0.json"
	run -1 attach a --static-ip 172.19.0.9 --publish 8080:80
	run ! grep -q 172.19.0.20 <(iptables-legacy-save; nft list ruleset)
	attach b --static-ip 172.19.0.9 --publish 8080:80
	assert_equal "$("$NETNS_TOOL" ls --json | jq -r '.[].container')" b
}

@test "attach: forks nothing, runs nothing, sleeps and dumps nothing" {
	container a
	container b
	attach a
	state_json b creating "${PIDS[b]}" >"$BATS_TEST_TMPDIR/state"
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$BATS_TEST_TMPDIR/trace" "$NETNS_TOOL" <"$BATS_TEST_TMPDIR/state"
	[ "$(grep -c 'execve(' "$BATS_TEST_TMPDIR/trace")" -eq 1 ]
	run ! grep -E '(\(|v)fork\(|clone3?\(|nanosleep|NLM_F_DUMP|poll\(|select\(|getdents' \
		"$BATS_TEST_TMPDIR/trace"
}
