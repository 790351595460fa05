#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Routed networks: no bridge, a host route for each container.

load hook

setup() {
	common_setup
	choose_firewall
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
	echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	define rt
}

teardown() {
	unset CT_FAULT
	"$CT_NETNS_BIN" rm --all --force >/dev/null 2>&1 || true
	undrop_forward
	ip link del br7 2>/dev/null || true
	clean_host
}

# define NAME [JQ FILTER]: its subnets have an 8, and another network's a 9.
define() {
	local n=8
	[ "$1" = rt ] || n=9
	jq "${2:-.}" >"$CT_NETNS_CONFIG_DIR/$1.json" <<-JSON
	{ "cniVersion": "1.1.0", "name": "$1", "type": "ct-netns", "mode": "routed", "bridge": "$1",
	  "ipam": { "type": "host-local",
	            "ranges": [[{ "subnet": "10.$n.0.0/24" }], [{ "subnet": "fd00:$n::/64" }]] } }
	JSON
}

join() {
	local id=$1
	shift
	container "$id"
	attach "$id" --network rt "$@"
}

veth_of() {
	"$NETNS_TOOL" ls --json | jq -r --arg id "$1" '.[] | select(.container == $id) | .veth'
}

differs() {
	run -1 "$NETNS_TOOL" check --network rt
	[[ $output == *"$1"* ]] || fail "no '$1': $output"
}

no_difference() {
	run -0 "$NETNS_TOOL" check --network rt
	assert_equal "$output" "no difference"
}

# ---- traffic ----

@test "routed: container, host and neighbours reach each other, IPv4 and IPv6, without a bridge" {
	local address
	join a
	join b
	assert_equal "$(ip -o link show type bridge)" ""
	assert_equal "$(inside a ip -j addr show eth0 | jq -r '[.[].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | join(" ")')" \
		"10.8.0.2/32 fd00:8::2/128"
	for address in 10.8.0.1 10.8.0.3 fd00:8::1 fd00:8::3; do
		pings a "$address"
	done
	for address in 10.8.0.2 10.8.0.3 fd00:8::2 fd00:8::3; do
		pings host "$address"
	done
}

@test "routed: nobody is asked for who has an address: all neighbours are permanent" {
	join a
	pings a 10.8.0.1
	pings host fd00:8::2
	assert_equal "$(inside a ip neigh show nud permanent | wc -l)" 2
	assert_equal "$(ip neigh show dev "$(veth_of a)" nud permanent | wc -l)" 2
	assert_equal "$(ip neigh show dev "$(veth_of a)" nud all | grep -v "PERMANENT\|NOARP" || true)" ""
}

@test "routed: the host speaks to a container from the gateway's address" {
	make_host
	join a
	assert_equal "$(ip -j route get 10.8.0.2 | jq -r '.[0].prefsrc')" 10.8.0.1
	assert_equal "$(ip -j route get fd00:8::2 | jq -r '.[0].prefsrc')" fd00:8::1
}

@test "routed: outside by masquerading, and not for masqExclude" {
	define rt '.masqExclude = ["198.51.100.0/24"]'
	serve_outside
	join a
	assert_equal "$(fetch a 192.0.2.2)" "hello from outside"
	assert_equal "$(clients_of outside)" 192.0.2.1
	outside ip route add 10.8.0.0/24 via 192.0.2.1
	assert_equal "$(fetch a 198.51.100.1)" "hello from outside"
	assert_equal "$(clients_of outside)" "10.8.0.2
192.0.2.1"
}

@test "routed: what is sent to an address that nobody has is refused and does not leave the host" {
	make_host
	join a
	run ! inside a ping -c 1 -W 1 10.8.0.77
	[[ $output == *Unreachable* ]]
	run ! ping -c 1 -W 1 10.8.0.77
	run ! ping -c 1 -W 1 fd00:8::77
}

@test "routed: under FORWARD DROP" {
	drop_forward
	serve_outside
	join a --publish 8080:80
	join b
	answer a 80
	assert_equal "$(fetch b 192.0.2.2)" "hello from outside"
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
	pings a 10.8.0.3
	undrop_forward
}

# ---- published ports ----

@test "routed: every way to a published port" {
	local protocol port
	make_dual_host
	join a --publish 8080:80 -p 5353:53/udp
	join b
	answer a 80
	answer a 53 udp
	for protocol in tcp udp; do
		port=8080
		[ $protocol = tcp ] || port=5353
		assert_equal "$(ask outside 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 127.0.0.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 10.8.0.1 $port $protocol)" "a hi"
		assert_equal "$(ask b 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask b 10.8.0.1 $port $protocol)" "a hi"
		assert_equal "$(ask a 192.0.2.1 $port $protocol)" "a hi"
	done
	assert_equal "$(ask outside 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask host 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask b 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask a 2001:db8::1 8080)" "a hi"
}

@test "routed: no container reaches the host's 127.0.0.1" {
	join a --publish 8080:80
	"$TOP/tests/lib/talk.py" serve tcp 90 host >/dev/null 2>&1 3>&- &
	SERVERS+=("$!")
	wait_for 5 sh -c "ss -Hlnt 'sport = :90' | grep -q ."
	inside a ip route add 127.0.0.1/32 via 10.8.0.1 table 7
	inside a sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet'
	inside a ip rule add pref 0 to 127.0.0.1 table 7
	inside a ip rule del pref 0 lookup local || true
	run ! ask a 127.0.0.1 90
}

# ---- isolation ----

@test "routed: ingress: from outside replies alone, or what is routed here" {
	make_host
	outside ip route add 10.8.0.0/24 via 192.0.2.1
	join a
	answer a 80
	run ! ask outside 10.8.0.2 80
	detach a
	"$NETNS_TOOL" rm --network rt
	define rt '.ingress = "open"'
	attach a --network rt --static-ip 10.8.0.2
	assert_equal "$(ask outside 10.8.0.2 80)" "a hi"
}

@test "routed: ingress isolated, and portIsolation: no container reaches another one but by a published port" {
	local filter
	make_host
	for filter in '.ingress = "isolated"' '.portIsolation = true' '.portIsolation = true | .ingress = "open"'; do
		define rt "$filter"
		join a --publish 8080:80
		join b
		answer a 80
		no_ping b 10.8.0.2
		no_ping b fd00:8::2
		assert_equal "$(ask b 192.0.2.1 8080)" "a hi"
		assert_equal "$(ask host "$(address_of a)" 80)" "a hi"
		pings b 192.0.2.2
		"$NETNS_TOOL" rm --network rt --force
		stop_container a
		stop_container b
	done
}

@test "routed: networks do not reach each other, routed or bridged, but by published ports" {
	define other
	join a --publish 8080:80
	answer a 80
	container b
	container c
	attach b --network other
	attach c
	no_ping b 10.8.0.2
	no_ping c 10.8.0.2
	no_ping a 10.9.0.2
	no_ping b fd00:8::2
	assert_equal "$(ask b 10.8.0.1 8080)" "a hi"
	assert_equal "$(ask c 10.8.0.1 8080)" "a hi"
}

@test "routed: an internal network has neighbours and the host, and no way out" {
	define rt '.internal = true'
	make_host
	join a
	join b
	pings a 10.8.0.3
	pings a fd00:8::1
	pings host 10.8.0.2
	no_ping a 192.0.2.2
	inside a ip route add default via 10.8.0.1
	no_ping a 192.0.2.2
	run -1 attach a --network rt --publish 8080:80
	[[ $output == *internal* ]]
}

# ---- the rest ----

@test "routed: names, bandwidth, MTU, sysctls, and a second network" {
	define rt '.mtu = 1400 | .sysctl = { "net.ipv4.conf.IFNAME.log_martians": "1" } |
		.bandwidth = { "ingressRate": 8000000, "ingressBurst": 80000, "egressRate": 8000000, "egressBurst": 80000 }'
	container a
	attach a --network rt --network default --alias web
	assert_equal "$(inside a ip -j link show eth0 | jq '.[0].mtu')" 1400
	assert_equal "$(inside a cat /proc/sys/net/ipv4/conf/eth0/log_martians)" 1
	[[ $(tc qdisc show dev "$(veth_of a | head -n 1)") == *tbf*8Mbit* ]]
	[[ $(ip -o link show type ifb) == *"rt~"* ]]
	grep -q "10.8.0.2.*web" "$STATE_DIR/networks/rt/hosts"
	pings a 10.8.0.1
	pings a 172.19.0.1
	inside a ping -c 1 -W 10 -I eth1 172.19.0.1
	no_difference
	detach a
	assert_equal "$(ip -o link show type ifb)" ""
}

@test "routed: constant rules, whatever the number of containers" {
	local before
	join a
	before=$(rules; rules 6)
	join b
	join c
	assert_equal "$(rules; rules 6)" "$before"
}

@test "routed: --mode does it without a definition, and refuses another word" {
	container a
	attach a --mode routed --ip 10.7.0.1/24
	pings a 10.7.0.1
	[[ $(veth_of a) == netns0-* ]]
	run -1 attach b --mode fast
	[[ $output == *"mode: 'fast' is neither bridge nor routed"* ]]
}

@test "routed: what only a bridge could do is refused by its key" {
	local filter key
	container a
	while read -r key filter; do
		define rt "$filter"
		run -1 attach a --network rt
		[[ $output == *"$key"* ]] || fail "$filter: $output"
	done <<-'LIST'
		hairpinMode: .hairpinMode = true
		promiscMode: .promiscMode = true
		macspoofchk: .macspoofchk = true
		vlan: .vlan = 7
		vlanTrunk: .vlanTrunk = [{ "id": 7 }]
		managed: .managed = false | del(.ipMasq)
		bridge: .bridge = "longer0"
		bridge: .bridge = "a-b"
		ipam.routes: .ipam.routes = [{ "dst": "10.1.0.0/16", "gw": "10.8.0.9" }]
		ipam.routes: .ipam.routes = [{ "dst": "10.1.0.0/16", "scope": 253 }]
		mode: .mode = "flying"
	LIST
	[ -z "$(ls "$STATE_DIR/containers" 2>/dev/null)" ]
}

@test "routed: a second interface of one container on one network is refused, and the first stays" {
	container a
	run -1 attach a --network rt --network rt
	[[ $output == *"container 'a': record: the container is on network 'rt' already, with eth0"* ]]
	run -1 inside a ip link show eth0
	attach a --network rt
	run -1 "$NETNS_TOOL" --iface eth1 --network rt add --netns "/proc/${PIDS[a]}/ns/net" a
	[[ $output == *"on network 'rt' already, with eth0"* ]]
	attach a --network rt
	no_difference
	pings a 10.8.0.1
}

@test "routed: the mode of a network that is up is not changed" {
	join a
	define rt '.mode = "bridge"'
	container b
	run -1 attach b --network rt
	[[ $output == *"is up already, routed as 'rt'"* ]]
	define rt '.ipam.ranges |= .[:1]'
	run -1 attach b --network rt
	[[ $output == *"routed as 'rt' with 10.8.0.1/24, fd00:8::1/64, rules in $FIREWALL; take that down first"* ]]
	differs "network 'rt': choice: network 'rt' is up already"
	[[ $output != *"network 'rt': network"* ]]
	define rt '.firewall = (["iptables", "nftables"] - [$ENV.CT_NETNS_FIREWALL])[0]'
	run -1 attach b --network rt
	[[ $output == *"rules in $FIREWALL; take that down first"* ]]
}

@test "routed: a bridge of that name is left alone" {
	ip link add br7 type bridge
	define rt '.bridge = "br7"'
	snapshot >"$BATS_TEST_TMPDIR/before"
	join a
	pings a 10.8.0.1
	detach a
	"$NETNS_TOOL" rm --network rt
	stop_container a
	rm -rf "$STATE_DIR"
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

# ---- undoing ----

@test "routed: detach leaves zero difference, and rm too" {
	rm -rf "$STATE_DIR"
	snapshot >"$BATS_TEST_TMPDIR/clean"
	join warm
	detach warm
	stop_container warm
	wait_for 5 no_veth
	snapshot >"$BATS_TEST_TMPDIR/before"
	join a --publish 8080:80
	detach a
	unchanged_since "$BATS_TEST_TMPDIR/before"
	"$NETNS_TOOL" rm --network rt
	rm -rf "$STATE_DIR"
	unchanged_since "$BATS_TEST_TMPDIR/clean"
}

@test "routed: IPv6 that was off on lo is off again with the last network that needs it" {
	define other
	rm -rf "$STATE_DIR"
	echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6
	snapshot >"$BATS_TEST_TMPDIR/clean"
	join a
	pings a fd00:8::1
	"$NETNS_TOOL" create --network other
	detach a
	stop_container a
	wait_for 5 no_veth
	"$NETNS_TOOL" rm --network rt
	assert_equal "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6)" 0
	"$NETNS_TOOL" rm --network other
	[ -z "$(ls "$STATE_DIR"/*.was_off 2>/dev/null)" ]
	rm -rf "$STATE_DIR"
	unchanged_since "$BATS_TEST_TMPDIR/clean"
	echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6
}

@test "routed: rm refuses while containers are attached; an address that was on lo before stays" {
	ip addr add 10.8.0.1/32 dev lo
	join a
	run -1 "$NETNS_TOOL" rm --network rt
	[[ $output == *"has 1 port(s) ($(veth_of a))"* ]]
	"$NETNS_TOOL" rm --network rt --force
	[ -z "$(ip route show proto 67)" ]
	detach a
	"$NETNS_TOOL" rm --network rt
	ip addr del 10.8.0.1/32 dev lo
}

@test "routed: check finds what is gone, repair mends it" {
	local veth
	join a
	veth=$(veth_of a)
	no_difference
	ip route del 10.8.0.2
	differs "route 10.8.0.2/32 dev $veth: is missing"
	no_ping host 10.8.0.2
	"$NETNS_TOOL" repair --network rt
	no_difference
	pings host 10.8.0.2
	ip -6 route del fd00:8::2
	ip neigh del 10.8.0.2 dev "$veth"
	inside a ip neigh del fd00:8::1 dev eth0
	inside a ip route del default
	differs "route fd00:8::2/128"
	differs "neighbour 10.8.0.2 on $veth: is missing"
	differs "neighbour fd00:8::1 on eth0: is missing"
	differs "route 0.0.0.0/0 via 10.8.0.1 is missing"
	"$NETNS_TOOL" repair --network rt
	no_difference
	echo 1 >"/proc/sys/net/ipv6/conf/$veth/accept_ra"
	echo 1 >"/proc/sys/net/ipv4/conf/$veth/rp_filter"
	differs "net/ipv6/conf/$veth/accept_ra = 0: is missing, or is not as it should be"
	differs "net/ipv4/conf/$veth/rp_filter = 2"
	"$NETNS_TOOL" repair --network rt
	no_difference
	ip addr del 10.8.0.1/32 dev lo
	ip route del unreachable 10.8.0.0/24
	differs "address 10.8.0.1 on lo"
	differs "route unreachable 10.8.0.0/24"
	"$NETNS_TOOL" repair --network rt
	no_difference
	pings a 10.8.0.1
	flush_rules
	differs "is missing, or is not as it should be"
	"$NETNS_TOOL" repair --network rt
	no_difference
}

@test "routed: a gateway that was taken off lo is back with the next attach, and so are the routes to all" {
	local gateway
	join a
	join b --publish 8080:80
	for gateway in 10.8.0.1/32 fd00:8::1/128; do
		ip addr del "$gateway" dev lo
		differs "address ${gateway%/*} on lo"
		join c
		no_difference
		pings host 10.8.0.2
		pings host fd00:8::2
		pings a "$(address_of b)"
		detach c
		stop_container c
	done
	ip link set lo down
	join c
	no_difference
	pings host 10.8.0.2
	pings host fd00:8::2
}

@test "routed: an address of another length that was on lo before stays alone there" {
	ip addr add 10.8.0.1/24 dev lo
	join a
	join b
	no_difference
	detach a
	detach b
	"$NETNS_TOOL" rm --network rt
	assert_equal "$(ip -4 -j addr show dev lo | jq -r '[.[].addr_info[] | "\(.local)/\(.prefixlen)"] | join(" ")')" \
		"127.0.0.1/8 10.8.0.1/24"
	ip addr del 10.8.0.1/24 dev lo
}

@test "routed: a damaged record does not keep detach from finding the host end" {
	join a
	echo '{' >"$STATE_DIR/containers/a/eth0.json"
	detach a
	wait_for 5 no_veth
}

@test "routed: CNI's result has no bridge in it; CHECK finds a gateway that is gone" {
	local conf="$CT_NETNS_CONFIG_DIR/rt.json" result
	container a
	cni() {
		env CNI_COMMAND="$1" CNI_CONTAINERID=a CNI_NETNS="/proc/${PIDS[a]}/ns/net" CNI_IFNAME=eth0 \
			CNI_PATH=/nonexistent "$NETNS_TOOL" <"$conf"
	}
	result=$(cni ADD)
	assert_equal "$(jq -c '[.interfaces[] | [.name, .mac, .sandbox != null]]' <<<"$result")" \
		"[[\"$(veth_of a)\",\"02:63:0a:08:00:01\",false],[\"eth0\",\"02:63:0a:08:00:02\",true]]"
	assert_equal "$(jq -c '[.ips[] | [.interface, .address, .gateway]]' <<<"$result")" \
		'[[1,"10.8.0.2/24","10.8.0.1"],[1,"fd00:8::2/64","fd00:8::1"]]'
	assert_equal "$(jq -c '[.routes[] | select(.dst | startswith("10.") or startswith("0."))]' <<<"$result")" \
		'[{"dst":"10.8.0.1/32"},{"dst":"10.8.0.0/24","gw":"10.8.0.1"},{"dst":"0.0.0.0/0","gw":"10.8.0.1"}]'
	jq --argjson prev "$result" '.prevResult = $prev' "$conf" >with-prev.json
	conf=$PWD/with-prev.json
	cni CHECK
	ip addr del 10.8.0.1/32 dev lo
	run -1 cni CHECK
	[[ $output == *"address 10.8.0.1 on lo: is missing"* ]]
	cni DEL
	wait_for 5 no_veth
}

@test "routed: gc removes what is left of a container that is gone, and no other's interface" {
	join a
	ip link add veth-0badcafe type veth peer name other
	stop_container a
	wait_for 5 sh -c '! ip -o link | grep -q rt-'
	run -0 "$NETNS_TOOL" gc
	[[ $output == *"container 'a' is gone"* ]]
	ip link del veth-0badcafe
}

@test "routed: bridge-setup makes, shows, diagnoses and removes it" {
	make_host
	run -0 "$BRIDGE_SETUP_BIN" up --network rt
	[[ $output == *"address 10.8.0.1 on lo"* ]]
	join a
	run -0 "$BRIDGE_SETUP_BIN" status --network rt
	[[ $output == *"routed, without a bridge"*"route unreachable 10.8.0.0/24"*"a  eth0 10.8.0.2/24"* ]]
	assert_equal "$("$BRIDGE_SETUP_BIN" status --network rt --json | jq -r '[.mode, .right, .containers[0].attached] | join(" ")')" \
		"routed true true"
	run -0 "$BRIDGE_SETUP_BIN" doctor --network rt
	[[ $output == *"network 'rt' is up and right"* ]]
	detach a
	run -0 "$BRIDGE_SETUP_BIN" down --network rt
	[ -z "$(ip route show proto 67; ip addr show dev lo | grep 10.8)" ]
}

@test "routed: explain says what an attach would do, inspect what is there" {
	run -0 "$NETNS_TOOL" explain a --network rt
	[[ $output == *"make: address 10.8.0.1 on lo"*"master none"*"nud permanent"*"RTM_NEWROUTE ADDRESS/32 dev rt-"*"src 10.8.0.1 proto 67"* ]]
	join a
	assert_equal "$("$NETNS_TOOL" inspect a | jq -r '.[0].kernel | [.host.routes[0].dst, .neighbours["10.8.0.2"]] | join(" ")')" \
		"10.8.0.2/32 02:63:0a:08:00:02"
}

STEPS="guard record lease lease.taken network veth bandwidth inside host conntrack names names.added done"

@test "routed: killed at any step, detach leaves zero difference, and so does gc" {
	local step n=0
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	"$NETNS_TOOL" create --network rt >/dev/null
	container warm
	attach warm --network rt
	detach warm
	stop_container warm
	wait_for 5 no_veth
	snapshot >"$BATS_TEST_TMPDIR/before"
	for step in $STEPS; do
		container "c$n"
		run -137 env CT_FAULT="$step:kill" "$NETNS_TOOL" --network rt \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		run -0 detach "c$n"
		unchanged_since "$BATS_TEST_TMPDIR/before"
		run -137 env CT_FAULT="$step:kill" "$NETNS_TOOL" --network rt \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		stop_container "c$n"
		wait_for 5 no_veth
		"$NETNS_TOOL" gc
		unchanged_since "$BATS_TEST_TMPDIR/before"
		n=$((n + 1))
	done
}

@test "routed: the set-up of the network, killed at any step, is finished by the next attach or taken back by rm" {
	local step n=0
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	rm -rf "$STATE_DIR"
	snapshot >"$BATS_TEST_TMPDIR/clean"
	for step in choice gateways subnets forwarding rules verified; do
		for kind in '' .done; do
			run -137 env CT_FAULT="$step$kind:kill" "$NETNS_TOOL" create --network rt
			"$NETNS_TOOL" rm --network rt
			rm -rf "$STATE_DIR"
			unchanged_since "$BATS_TEST_TMPDIR/clean"
			run -137 env CT_FAULT="$step$kind:kill" "$NETNS_TOOL" create --network rt
			join "c$n"
			pings "c$n" fd00:8::1
			"$NETNS_TOOL" rm --all --force
			stop_container "c$n"
			rm -rf "$STATE_DIR"
			unchanged_since "$BATS_TEST_TMPDIR/clean"
			n=$((n + 1))
		done
	done
}
