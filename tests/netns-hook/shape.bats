#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The shape of an interface: bandwidth, port, routes, tuning. Read back in the kernel.

load hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
}

teardown() {
	ip link delete strange0 2>/dev/null || true
	unset CT_FAULT
	define ''
	"$CT_NETNS_BIN" rm --network s --force >/dev/null 2>&1 || true
	clean_host
}

# define 'KEYS' ['IPAM KEYS']: network `s` on bridge s0, with more keys (each with its comma in front).
define() {
	printf '{"cniVersion":"1.0.0","name":"s","type":"ct-netns","bridge":"s0"%s,"ipam":{"type":"host-local","subnet":"10.44.0.0/24"%s}}' \
		"$1" "${2-}" >"$CT_NETNS_CONFIG_DIR/s.json"
}

veth_of() {
	jq -r .veth "$STATE_DIR/containers/$1/eth0.json"
}

ifb_of() {
	jq -r .ifb "$STATE_DIR/containers/$1/eth0.json"
}

no_ifb() {
	[ "$(ip -o link show type ifb | wc -l)" -eq 0 ]
}

# refused 'KEYS' 'IPAM KEYS' TEXT...: the attach fails, says so, and nothing is there.
refused() {
	local text
	define "$1" "$2"
	shift 2
	run -1 attach a --network s
	for text; do
		[[ $output == *"$text"* ]] || fail "'$text' is not in: $output"
	done
	run ! inside a ip link show eth0
	[ ! -e "$STATE_DIR/containers/a" ]
}

# millis_to_fetch ID SERVER: how long it takes until all of SERVER's 100,000 bytes are read.
millis_to_fetch() {
	local start=${EPOCHREALTIME/./} n
	n=$(inside "$1" timeout 20 busybox wget -q -O - "http://$(address_of "$2")/data" | wc -c)
	[ "$n" -eq 100000 ] || fail "$n bytes came"
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

@test "bandwidth: both directions are held to their rate, and a detach leaves nothing" {
	define ',"bandwidth":{"ingressRate":1000000,"ingressBurst":131072,"egressRate":2000000,"egressBurst":131072}'
	container a
	container b
	attach a --network s
	define ''
	attach b --network s
	run -0 tc qdisc show dev "$(veth_of a)"
	[[ $output == *"tbf 1: root"*"rate 1Mbit burst 16Kb"* ]]
	[[ $output == *"qdisc ingress ffff:"* ]]
	run -0 tc qdisc show dev "$(ifb_of a)"
	[[ $output == *"tbf 1: root"*"rate 2Mbit burst 16Kb"* ]]
	run -0 tc filter show dev "$(veth_of a)" parent ffff:
	[[ $output == *"Redirect to device $(ifb_of a)"* ]]
	run -0 tc qdisc show dev "$(veth_of b)"
	[[ $output != *tbf* ]]
	# A slow machine only makes it longer: 100,000 bytes less the bucket at the rate are the least.
	serve a
	serve b
	head -c 100000 /dev/zero | tee "$BATS_TEST_TMPDIR/www.a/data" >"$BATS_TEST_TMPDIR/www.b/data"
	[ "$(millis_to_fetch a b)" -ge 600 ]
	[ "$(millis_to_fetch b a)" -ge 300 ]
	run -0 tc -s -j qdisc show dev "$(ifb_of a)"
	[ "$(jq '.[0].bytes' <<<"$output")" -ge 100000 ]
	[ "$(jq '.[0].overlimits' <<<"$output")" -gt 0 ]
	detach a
	detach b
	wait_for 5 no_veth
	wait_for 5 no_ifb
}

@test "bandwidth: without a burst one that suits the rate is taken" {
	define ',"bandwidth":{"egressRate":80000000}'
	container a
	attach a --network s
	run -0 tc qdisc show dev "$(ifb_of a)"
	[[ $output == *"rate 80Mbit burst 500000b"* ]]
	run -0 tc qdisc show dev "$(veth_of a)"
	[[ $output != *tbf* ]]
}

@test "bandwidth: an attach again verifies it, takes a new rate, and without one takes it off" {
	define ',"bandwidth":{"ingressRate":1000000,"egressRate":1000000}'
	container a
	attach a --network s
	attach a --network s
	[ "$(tc filter show dev "$(veth_of a)" parent ffff: | grep -c mirred)" -eq 1 ]
	define ',"bandwidth":{"ingressRate":3000000,"egressRate":4000000}'
	attach a --network s
	[[ $(tc qdisc show dev "$(veth_of a)") == *"rate 3Mbit"* ]]
	[[ $(tc qdisc show dev "$(ifb_of a)") == *"rate 4Mbit"* ]]
	define ''
	attach a --network s
	[[ $(tc qdisc show dev "$(veth_of a)") != *tbf* ]]
	[[ $(tc qdisc show dev "$(veth_of a)") != *ingress* ]]
	no_ifb
	[ "$(ifb_of a)" = null ]
	inside a ping -c 1 -W 2 10.44.0.1
}

@test "bandwidth: gc removes the IFB of a container that died" {
	define ',"bandwidth":{"egressRate":1000000}'
	container a
	attach a --network s
	stop_container a
	wait_for 5 no_veth
	"$NETNS_TOOL" gc
	no_ifb
	ip link add name cb0123456789ab type ifb
	run -0 "$NETNS_TOOL" gc
	[[ $output == *cb0123456789ab* ]]
	no_ifb
}

@test "bandwidth: wrong values are refused by name" {
	container a
	refused ',"bandwidth":{"ingressRate":7}' '' bandwidth.ingressRate
	refused ',"bandwidth":{"egressRate":"1M"}' '' bandwidth.egressRate
	refused ',"bandwidth":{"egressRate":-1}' '' bandwidth.egressRate
	refused ',"bandwidth":{"egressBurst":80000}' '' "egressBurst without egressRate"
	refused ',"bandwidth":{"ingressRate":8000,"ingressBurst":8000}' '' bandwidth.ingressBurst "MTU 1500"
	refused ',"bandwidth":{"egressRate":8000,"egressBurst":8000}' '' bandwidth.egressBurst
	refused ',"bandwidth":{"rate":8000}' '' bandwidth.rate
	refused ',"bandwidth":7' '' bandwidth
	no_ifb
}

@test "bandwidth: a failure or a SIGKILL at its steps leaves zero difference" {
	local point
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	define ',"bandwidth":{"ingressRate":1000000,"egressRate":1000000},"txQLen":500,"macspoofchk":true'
	container a
	attach a --network s
	detach a
	wait_for 5 no_veth
	wait_for 5 no_ifb
	snapshot >"$BATS_TEST_TMPDIR/before"
	for point in veth.done bandwidth bandwidth.done maccheck maccheck.done inside.done tuning tuning.done "done"; do
		run -1 env CT_FAULT="$point:fail" "$NETNS_TOOL" --network s \
			<<<"$(state_json a creating "${PIDS[a]}")"
		unchanged_since "$BATS_TEST_TMPDIR/before"
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" --network s \
			<<<"$(state_json a creating "${PIDS[a]}")"
		detach a
		unchanged_since "$BATS_TEST_TMPDIR/before"
	done
	attach a --network s
	run -137 env CT_FAULT="bandwidth.detach:kill" "$NETNS_TOOL" <<<"$(state_json a stopped)"
	detach a
	unchanged_since "$BATS_TEST_TMPDIR/before"
	attach a --network s
	run -137 env CT_FAULT="maccheck.detach:kill" "$NETNS_TOOL" <<<"$(state_json a stopped)"
	detach a
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "port: hairpinMode and portIsolation are the host end's" {
	define ',"hairpinMode":true,"portIsolation":true'
	container a
	container b
	attach a --network s
	attach b --network s
	run -0 bridge -d -j link show dev "$(veth_of a)"
	[ "$(jq '.[0].hairpin, .[0].isolated' <<<"$output" | tr '\n' ' ')" = "true true " ]
	run ! inside a ping -c 1 -W 1 "$(address_of b)"
	inside a ping -c 1 -W 2 10.44.0.1
}

@test "port: check says what it is and should not be, repair and an attach again make it so" {
	define ',"portIsolation":true'
	container a
	container b
	attach a --network s --publish 8080:80
	attach b --network s
	bridge link set dev "$(veth_of a)" isolated off hairpin off
	run -1 "$NETNS_TOOL" check
	assert_equal "$output" "container 'a': $(veth_of a): is not isolated from other ports of bridge s0
container 'a': $(veth_of a): hairpin is off"
	"$NETNS_TOOL" repair
	run -0 "$NETNS_TOOL" check
	run ! inside a ping -c 1 -W 1 "$(address_of b)"
	define ''
	run -1 "$NETNS_TOOL" check b
	assert_equal "$output" "container 'b': $(veth_of b): is isolated from other ports of bridge s0"
	attach a --network s
	attach b --network s
	run -0 "$NETNS_TOOL" check
	inside a ping -c 1 -W 2 "$(address_of b)"
}

@test "port: a wrong type is refused by name" {
	container a
	refused ',"hairpinMode":1' '' hairpinMode
	refused ',"portIsolation":"yes"' '' portIsolation
	refused ',"enabledad":"yes"' '' enabledad
}

@test "routes: gateway, metric, table, scope, mtu, advmss and the types that lead nowhere" {
	define ',"metric":50' ',"routes":[
		{"dst":"0.0.0.0/0"},
		{"dst":"10.50.0.0/16","gw":"10.44.0.9","priority":7,"mtu":1400,"advmss":1300},
		{"dst":"10.51.0.0/16","table":300},
		{"dst":"10.52.0.0/16","scope":253},
		{"dst":"10.53.0.0/16","type":"blackhole"},
		{"dst":"10.54.0.0/16","type":"unreachable"},
		{"dst":"10.55.0.0/16","type":"prohibit","priority":9},
		{"dst":"10.55.0.0/16","priority":10}]'
	container a
	attach a --network s
	run -0 inside a ip route show
	[[ $output == *"default via 10.44.0.1 dev eth0 metric 50"* ]]
	[[ $output == *"10.50.0.0/16 via 10.44.0.9 dev eth0 metric 7 mtu 1400 advmss 1300"* ]]
	[[ $output == *"10.52.0.0/16 dev eth0 scope link"* ]]
	[[ $output == *"blackhole 10.53.0.0/16"* ]]
	[[ $output == *"unreachable 10.54.0.0/16"* ]]
	[[ $output == *"prohibit 10.55.0.0/16 metric 9"* ]]
	[[ $output == *"10.55.0.0/16 via 10.44.0.1 dev eth0 metric 10"* ]]
	run -0 inside a ip route show table 300
	[ "${output% }" = "10.51.0.0/16 via 10.44.0.1 dev eth0" ]
	run ! inside a ping -c 1 -W 1 10.55.0.1
	attach a --network s
	[ "$(inside a ip route show | wc -l)" -eq 8 ]
}

@test "routes: IPv6 has them too" {
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]],"routes":[
		{"dst":"fd00:50::/64","gw":"fd00:44::9","priority":7,"mtu":1400},
		{"dst":"fd00:51::/64","table":300},
		{"dst":"fd00:53::/64","type":"blackhole"}]'
	container a
	attach a --network s
	run -0 inside a ip -6 route show
	[[ $output == *"fd00:50::/64 via fd00:44::9 dev eth0 metric 7 mtu 1400"* ]]
	[[ $output == *"blackhole fd00:53::/64"* ]]
	run -0 inside a ip -6 route show table 300
	[[ $output == *"fd00:51::/64 via fd00:44::1 dev eth0"* ]]
}

@test "routes: a default route of the definition's own is the only one" {
	define '' ',"routes":[{"dst":"0.0.0.0/0","gw":"10.44.0.7","priority":20}]'
	container a
	attach a --network s
	run -0 inside a ip route show default
	[ "${output% }" = "default via 10.44.0.7 dev eth0 metric 20" ]
}

@test "routes: detach takes those along that lead nowhere, of any table and family" {
	container a
	inside a ip route show table all >"$BATS_TEST_TMPDIR/before"
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]],"routes":[
		{"dst":"10.51.0.0/16","type":"blackhole","priority":7,"table":100},
		{"dst":"10.51.0.0/16","type":"blackhole","priority":9,"table":100},
		{"dst":"10.52.0.0/16","type":"prohibit"},{"dst":"0.0.0.0/0","type":"unreachable"},
		{"dst":"fd00:53::/64","type":"blackhole","table":300}]'
	attach a --network s
	[ "$(inside a ip route show table 100 | grep -c blackhole)" -eq 2 ]
	inside a ip -6 route show table 300 | grep -q 'blackhole fd00:53::/64'
	inside a ip route show | grep -q 'unreachable default'
	detach a
	[[ $(inside a ip -4 route show table all; inside a ip -6 route show table all) != *5[123].0.0* ]]
	[ -z "$(inside a ip route show default)$(inside a ip -6 route show table 300)" ]
	# the next one has its way there
	"$NETNS_TOOL" rm --network s >/dev/null
	define '' ',"routes":[{"dst":"10.52.0.0/16"}]'
	run -0 attach a --network s
	[ -z "$output" ]
	inside a ip route show | grep -q '10.52.0.0/16 via 10.44.0.1'
	inside a ip route show | grep -q 'default via 10.44.0.1'
}

@test "routes: attached again without one that leads nowhere, it is gone; a failure leaves none" {
	local tool=$FAULT_BIN/ct-netns
	container a
	define '' ',"routes":[{"dst":"10.52.0.0/16","type":"prohibit"}]'
	attach a --network s
	define '' ',"routes":[{"dst":"10.53.0.0/16","type":"prohibit"}]'
	attach a --network s
	[ "$(inside a ip route show type prohibit | xargs)" = "prohibit 10.53.0.0/16" ]
	detach a
	state_json a creating "${PIDS[a]}" >"$BATS_TEST_TMPDIR/state"
	run -1 env CT_FAULT=ports:fail "$tool" --network s <"$BATS_TEST_TMPDIR/state"
	[ -z "$(inside a ip route show type prohibit)" ]
	run -137 env CT_FAULT=ports:kill "$tool" --network s <"$BATS_TEST_TMPDIR/state"
	detach a
	[ -z "$(inside a ip route show type prohibit)" ]
}

@test "routes: check says what is missing of any kind and table, repair makes it" {
	container a
	define '' ',"routes":[{"dst":"10.51.0.0/16","table":100},{"dst":"10.52.0.0/16","type":"blackhole","priority":3}]'
	attach a --network s
	run -0 "$NETNS_TOOL" check
	inside a ip route del 10.51.0.0/16 table 100
	inside a ip route del blackhole 10.52.0.0/16
	run -1 "$NETNS_TOOL" check
	[[ $output == *"eth0: route 10.51.0.0/16 via 10.44.0.1 is missing"* ]]
	[[ $output == *"eth0: route blackhole 10.52.0.0/16 is missing"* ]]
	"$NETNS_TOOL" repair
	run -0 "$NETNS_TOOL" check
	inside a ip route show table 100 | grep -q 10.51.0.0/16
}

@test "routes: one that is there already is left, and that is said" {
	container a
	inside a ip link set lo up
	inside a ip route add unreachable 10.51.0.0/16
	define '' ',"routes":[{"dst":"10.51.0.0/16"}]'
	run -0 attach a --network s
	[[ $output == *"there is another route to 10.51.0.0/16 in it, which counts; that of eth0 is not made"* ]]
	inside a ip route show | grep -q 'unreachable 10.51.0.0/16'
	run -0 attach a --network s
	[ -z "$output" ]
}

@test "routes: none by default when isDefaultGateway is false" {
	define ',"isDefaultGateway":false'
	container a
	attach a --network s
	[ -z "$(inside a ip route show default)" ]
}

@test "routes: wrong values are refused by name" {
	container a
	refused '' ',"routes":[{"dst":"1.0.0.0/8","type":"throw"}]' "routes[0].type"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","type":"blackhole","gw":"10.44.0.1"}]' "routes[0].gw"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","priority":-1}]' "routes[0].priority"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","table":4294967296}]' "routes[0].table"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","scope":256}]' "routes[0].scope"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","mtu":10}]' "routes[0].mtu"
	refused '' ',"routes":[{"dst":"1.0.0.0/8","advmss":"x"}]' "routes[0].advmss"
	refused '' ',"routes":[{"dst":"1.0.0.0/8"},{"dst":"1.0.0.0/8","gw":"10.44.0.9"}]' "routes[1]" "second route"
	refused ',"metric":-1' '' metric
	refused '' ',"routes":[{"dst":"10.50.0.1/16"}]' "routes[0].dst" "did you mean 10.50.0.0/16"
	refused '' ',"routes":[{"dst":"10.44.0.0/24"}]' "routes[0].dst" "the network's own subnet"
	refused ',"internal":true' ',"routes":[{"dst":"0.0.0.0/0"}]' "routes[0].dst" "internal network"
}

@test "enabledad: IPv6 addresses are looked for before they are used" {
	define ',"enabledad":true' ',"ranges":[[{"subnet":"fd00:44::/64"}]]'
	container a
	attach a --network s
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/accept_dad)" = 1 ]
	[ "$(inside a cat /proc/sys/net/ipv6/conf/eth0/enhanced_dad)" = 1 ]
	run -0 inside a ip -6 -o addr show dev eth0 scope global
	[[ $output != *nodad* ]]
}

@test "tuning: sysctl, promisc, allmulti and txQLen hold inside" {
	define ',"promisc":true,"allmulti":true,"txQLen":123,"sysctl":{"net.ipv4.conf.IFNAME.arp_filter":"1","net/ipv4/ip_local_port_range":"2000 3000"}'
	container a
	attach a --network s --sysctl net.ipv4.conf.IFNAME.log_martians=1 \
		--sysctl net.ipv4.ip_local_port_range="2000 4000" --iface eth0.7
	[ "$(inside a cat /proc/sys/net/ipv4/conf/eth0.7/arp_filter)" = 1 ]
	[ "$(inside a cat /proc/sys/net/ipv4/conf/eth0.7/log_martians)" = 1 ]
	[ "$(inside a cat /proc/sys/net/ipv4/ip_local_port_range)" = $'2000\t4000' ]
	[ "$(cat /proc/sys/net/ipv4/ip_local_port_range)" != $'2000\t4000' ]
	run -0 inside a ip -j -d link show eth0.7
	[ "$(jq '.[0].txqlen, .[0].promiscuity > 0, .[0].allmulti > 0' <<<"$output" | head -2 | tr '\n' ' ')" = "123 true " ]
	[[ $(jq -c '.[0].flags' <<<"$output") == *ALLMULTI* ]]
}

@test "tuning: only net's parameters, and none that climbs out, are taken" {
	local bad
	container a
	for bad in kernel.hostname=x net.=x net=x net..ipv4=x net/../kernel/hostname=x net/./x=1 \
		net.ipv4./../../kernel/hostname=x net.ipv4.ip_forward net.ipv4.ip_forward= \
		"net.ipv4.ip forward=1" /net/ipv4=1; do
		run -1 attach a --sysctl "$bad"
		[[ $output == *--sysctl* ]]
		[ ! -e "$STATE_DIR/containers/a" ]
	done
	run -1 attach a --sysctl net.ipv4.no_such_thing=1
	[[ $output == *net/ipv4/no_such_thing* ]]
	run ! inside a ip link show eth0
	refused ',"sysctl":{"kernel.hostname":"x"}' '' sysctl kernel.hostname
	refused ',"sysctl":{"net.ipv4.ip_forward":1}' '' sysctl
	refused ',"sysctl":[]' '' sysctl
	refused ',"txQLen":-1' '' txQLen
	refused ',"promisc":"on"' '' promisc
	refused ',"allmulti":1' '' allmulti
}

mtus() {
	ip -j link show "$1" | jq '.[0].mtu'
}

@test "mtu: that of the default route's device, on bridge and both ends, and it stays so" {
	make_host
	ip link set up0 mtu 1400
	define ''
	container a
	container b
	attach a --network s
	[ "$(mtus s0)" = 1400 ]
	[ "$(mtus "$(veth_of a)")" = 1400 ]
	[ "$(inside a ip -j link show eth0 | jq '.[0].mtu')" = 1400 ]
	ip link set up0 mtu 1450
	attach b --network s
	[ "$(mtus s0)" = 1400 ]
	[ "$(mtus "$(veth_of b)")" = 1400 ]
	[ "$(jq .mtu "$STATE_DIR/networks/s/bridge.json")" = 1400 ]
}

@test "mtu: one that was asked for wins, in the definition or by the flag" {
	make_host
	ip link set up0 mtu 1400
	define ',"mtu":1300'
	container a
	attach a --network s
	[ "$(mtus s0)" = 1300 ]
	detach a
	attach a --network s --mtu 1200
	[ "$(mtus s0)" = 1200 ]
	[ "$(mtus "$(veth_of a)")" = 1200 ]
	detach a
	wait_for 5 veths 1
	refused ',"mtu":10' '' mtu
	refused ',"mtu":65536' '' mtu
}

@test "mtu: of several default routes that with the best metric counts; other tables and lo do not" {
	make_host
	ip link set up0 mtu 1400
	ip link add strange0 type veth peer name strange1
	ip link set strange0 mtu 1350 up
	ip link set strange1 up
	ip route add default dev strange0 metric 4000
	ip route add default dev lo table 77
	container a
	attach a
	[ "$(mtus netns0)" = 1400 ]
}

@test "mtu: one too small for IPv6 is refused where there is IPv6, or not taken from the way out" {
	container a
	refused ',"mtu":1279' ',"ranges":[[{"subnet":"fd00:44::/64"}]]' "mtu: 1279 is too small for IPv6"
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]]'
	run -1 attach a --network s --mtu 1279
	[[ $output == *"mtu: 1279 is too small for IPv6"* ]]
	ip link add up0 type veth peer name up1
	ip link set up0 mtu 1000 up
	ip link set up1 up
	ip addr add 192.0.2.1/24 dev up0
	ip route add default via 192.0.2.2
	attach a --network s
	[ "$(inside a ip -j link show eth0 | jq '.[0].mtu')" = 1280 ]
	inside a ip -6 addr show dev eth0 | grep -q fd00:44::2
	detach a
	define ',"mtu":68'
	"$NETNS_TOOL" rm --network s >/dev/null
	attach a --network s
	[ "$(inside a ip -j link show eth0 | jq '.[0].mtu')" = 68 ]
}

@test "mtu: one that takes IPv6 off the bridge does not trouble another attach at that moment" {
	local first second
	define ''
	echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	for _ in {1..8}; do
		container a
		container b
		attach a --network s --mtu 1500 >said.a 2>&1 3>&- &
		first=$!
		attach b --network s --mtu 1200 >said.b 2>&1 3>&- &
		second=$!
		wait $first || fail "$(cat said.a)"
		wait $second || fail "$(cat said.b)"
		[ ! -s said.a ] && [ ! -s said.b ]
		attach a --network s --mtu 1500
		inside a ping -c 1 -W 2 "$(address_of b)"
		run -0 "$NETNS_TOOL" check
		"$NETNS_TOOL" rm --network s --force >/dev/null
		stop_container a
		stop_container b
	done
}

@test "mtu: without a default route 1500" {
	container a
	attach a
	[ "$(mtus netns0)" = 1500 ]
}

@test "promiscMode: of the bridge, mended, and taken off again; not together with hairpinMode" {
	define ',"promiscMode":true'
	container a
	attach a --network s
	[[ $(ip -j link show s0) == *PROMISC* ]]
	ip link set s0 promisc off
	attach a --network s
	[[ $(ip -j link show s0) == *PROMISC* ]]
	define ''
	attach a --network s
	[[ $(ip -j link show s0) != *PROMISC* ]]
	detach a
	wait_for 5 no_veth
	refused ',"promiscMode":true,"hairpinMode":true' '' hairpinMode promiscMode
	refused ',"promiscMode":1' '' promiscMode
}

@test "unmanaged: veth and address on a bridge that stays as it is, no sysctls and no rules" {
	local key
	ip link add name strange0 type bridge
	ip link set strange0 mtu 1420 up
	for key in '"managed":false' '"isGateway":false'; do
		define ",\"bridge\":\"strange0\",$key"
		sed -i 's/"bridge":"s0",//' "$CT_NETNS_CONFIG_DIR/s.json"
		print_host >"$BATS_TEST_TMPDIR/before"
		container a
		container b
		attach a --network s
		attach b --network s
		[ "$(mtus "$(veth_of a)")" = 1420 ]
		inside a ping -c 1 -W 2 "$(address_of b)"
		[ -z "$(inside a ip route show default)" ]
		[ -z "$(ip -4 -o addr show dev strange0)" ]
		[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
		run ! grep -q ct-netns <<<"$(nft list ruleset; iptables-legacy-save)"
		[ ! -e "$STATE_DIR/networks/s/bridge.json" ]
		run -1 attach a --network s --publish 8080:80
		[[ $output == *unmanaged* ]]
		detach a
		detach b
		wait_for 5 no_veth
		stop_container a
		stop_container b
		"$NETNS_TOOL" rm --network s
		ip link show strange0 >/dev/null
	done
}

@test "unmanaged: rm of a network that was managed when it was set up takes back all of it" {
	define ',"mtu":1500'
	"$NETNS_TOOL" create --network s
	"$NETNS_TOOL" rm --network s
	rm -rf "$STATE_DIR"
	print_host >"$BATS_TEST_TMPDIR/before"
	"$NETNS_TOOL" create --network s
	define ',"managed":false'
	"$NETNS_TOOL" rm --network s
	rm -rf "$STATE_DIR"
	print_host | diff "$BATS_TEST_TMPDIR/before" -
}

@test "unmanaged: what needs a rule or a bridge of ours is refused" {
	container a
	unmanaged() {
		printf '{"cniVersion":"1.0.0","name":"s","type":"ct-netns","managed":false%s,"ipam":{"type":"host-local","subnet":"10.44.0.0/24"}}' \
			"$1" >"$CT_NETNS_CONFIG_DIR/s.json"
		run -1 attach a --network s
		[[ $output == *"$2"* ]]
	}
	unmanaged '' bridge
	unmanaged ',"bridge":"strange0"' "bridge 'strange0' is missing"
	unmanaged ',"bridge":"lo"' "'lo' is no bridge"
	unmanaged ',"bridge":"strange0","ipMasq":true' ipMasq
	unmanaged ',"bridge":"strange0","ingress":"open"' ingress
	unmanaged ',"bridge":"strange0","snat":"10.0.0.1"' snat
	unmanaged ',"bridge":"strange0","internal":true' internal
	unmanaged ',"bridge":"strange0","isGateway":true' isGateway
}
