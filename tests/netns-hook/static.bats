#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Several addresses of one subnet, and of several, that are asked for: all of them or none.

load hook

setup() {
	common_setup
	choose_firewall
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
	echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	define many
}

teardown() {
	unset CT_FAULT
	"$CT_NETNS_BIN" rm --all --force >/dev/null 2>&1 || true
	clean_host
}

# define NAME [JQ FILTER]: two subnets of IPv4 and one of IPv6.
define() {
	jq "${2:-.}" >"$CT_NETNS_CONFIG_DIR/$1.json" <<-JSON
	{ "cniVersion": "1.1.0", "name": "$1", "type": "ct-netns", "bridge": "$1",
	  "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.8.0.0/24" }],
	            [{ "subnet": "10.9.0.0/24" }], [{ "subnet": "fd00:8::/64" }]] } }
	JSON
}

five=(--static-ip 10.8.0.20 --static-ip fd00:8::20 --static-ip 10.9.0.20 --static-ip 10.8.0.10 --static-ip fd00:8::10)

# join ID ADDRESS...
join() {
	local id=$1 address flags=()
	shift
	for address in "$@"; do
		flags+=(--static-ip "$address")
	done
	[ -n "${PIDS[$id]:-}" ] || container "$id"
	attach "$id" --network many "${flags[@]}"
}

# addresses_in ID: with their lengths, sorted.
addresses_in() {
	inside "$1" ip -j addr show dev eth0 scope global | jq -r '.[].addr_info[] | select(.local) | "\(.local)/\(.prefixlen)"' |
		sort | xargs
}

# recorded ID: in their order.
recorded() {
	jq -r '.addresses[].address' "$STATE_DIR/containers/$1/eth0.json" | xargs
}

leases() {
	find "$STATE_DIR/networks/many/leases" -type f -printf '%f\n' | sort | xargs
}

mac_of() {
	inside "$1" ip -j link show eth0 | jq -r '.[0].address'
}

no_difference() {
	run -0 "$NETNS_TOOL" check
	assert_equal "$output" "no difference"
}

differs() {
	run -1 "$NETNS_TOOL" check
	[[ $output == *"$1"* ]] || fail "no '$1': $output"
}

# translations: the rules of nat, those of IPv6 with their brackets.
translations() {
	if [ "$FIREWALL" = nftables ]; then
		nft list ruleset
	else
		iptables-legacy -t nat -S
		ip6tables-legacy -t nat -S
	fi
}

# ---- they are there ----

@test "static addresses: several of one subnet, in the container, the record, the leases, ls and inspect" {
	local address
	container a
	attach a --network many "${five[@]}"
	join b
	assert_equal "$(addresses_in a)" "10.8.0.10/24 10.8.0.20/24 10.9.0.20/24 fd00:8::10/64 fd00:8::20/64"
	assert_equal "$(recorded a)" "10.8.0.20/24 10.8.0.10/24 10.9.0.20/24 fd00:8::20/64 fd00:8::10/64"
	assert_equal "$(leases)" "10.8.0.10 10.8.0.2 10.8.0.20 10.9.0.2 10.9.0.20 fd00:8::10 fd00:8::2 fd00:8::20"
	for address in 10.8.0.20 10.8.0.10 10.9.0.20 fd00:8::20 fd00:8::10; do
		pings b "$address"
		pings host "$address"
		run -0 "$NETNS_TOOL" ls
		assert_output_has "$address/"
	done
	assert_equal "$(inside a ip -4 route show default | xargs)" "default via 10.8.0.1 dev eth0"
	# The first one is the one that it speaks from, and that its MAC is made of.
	assert_equal "$(inside a ip -4 -j route get 10.8.0.1 | jq -r '.[0].prefsrc')" 10.8.0.20
	assert_equal "$(mac_of a)" 02:63:0a:08:00:14
	run -0 "$NETNS_TOOL" inspect a
	assert_equal "$(jq -c '.[0].kernel.inside.addresses | sort' <<<"$output")" \
		'["10.8.0.10/24","10.8.0.20/24","10.9.0.20/24","fd00:8::10/64","fd00:8::20/64"]'
	assert_equal "$(jq -c '.[0].kernel.neighbours | keys' <<<"$output")" \
		'["10.8.0.10","10.8.0.20","10.9.0.20","fd00:8::10","fd00:8::20"]'
	no_difference
}

@test "static addresses: a pool that none is asked of gives its next one" {
	join a 10.8.0.20 10.8.0.21
	assert_equal "$(recorded a)" "10.8.0.20/24 10.8.0.21/24 10.9.0.2/24 fd00:8::2/64"
}

@test "static addresses: of two ranges of one pool" {
	define many '.ipam.ranges = [[{ subnet: "10.8.0.0/24" }, { subnet: "10.9.0.0/24" }]]'
	join a 10.9.0.5 10.8.0.5
	join b
	assert_equal "$(recorded a)" "10.9.0.5/24 10.8.0.5/24"
	pings b 10.8.0.5
	pings b 10.9.0.5
	no_difference
}

@test "static addresses: by hand, by annotation, and on the second of two networks" {
	ip netns add one
	"$NETNS_TOOL" add one --netns /run/netns/one --network many --static-ip 10.8.0.20 --static-ip 10.8.0.10
	assert_equal "$(recorded one)" "10.8.0.20/24 10.8.0.10/24 10.9.0.2/24 fd00:8::2/64"
	"$NETNS_TOOL" del one
	assert_equal "$(leases)" ""
	ip netns del one
	container a
	state_json a creating "${PIDS[a]}" | jq -c '.annotations = {"ct.netns.ip": "10.8.0.30,10.8.0.31"}' |
		"$NETNS_TOOL" --network many --annotations
	assert_equal "$(recorded a)" "10.8.0.30/24 10.8.0.31/24 10.9.0.3/24 fd00:8::3/64"
	container b
	attach b --network default --network many --static-ip 10.8.0.40 --static-ip 10.8.0.41
	assert_equal "$(jq -r '.addresses[].address' "$STATE_DIR/containers/b/eth1.json" | xargs)" \
		"10.8.0.40/24 10.8.0.41/24 10.9.0.4/24 fd00:8::4/64"
}

@test "static addresses: all of them are in the network's hosts file, and go from it" {
	join a 10.8.0.20 10.8.0.10
	assert_equal "$(grep -E ' # a/eth0' "$STATE_DIR/networks/many/hosts" | cut -d' ' -f1 | xargs)" \
		"10.8.0.20 10.8.0.10 10.9.0.2 fd00:8::2"
	detach a
	run ! grep -q ' # a/eth0' "$STATE_DIR/networks/many/hosts"
}

@test "static addresses: explain says each of them, and why they cannot be" {
	run -0 "$NETNS_TOOL" explain a --network many "${five[@]}"
	assert_output_has "lease 10.8.0.20 of network 'many' (10.8.0.0/24)"
	assert_output_has "lease 10.8.0.10 of network 'many' (10.8.0.0/24)"
	assert_output_has "inside: RTM_NEWADDR 10.8.0.10/24 dev eth0"
	assert_output_has "RTM_NEWNEIGH fd00:8::10 lladdr 02:63:0a:08:00:14 dev many nud stale"
	run -0 "$NETNS_TOOL" explain a --network many --static-ip 10.8.0.20 --static-ip 10.77.0.1
	assert_output_has "refused: network 'many': 10.77.0.1 cannot be leased"
	[ ! -e "$STATE_DIR/networks/many/leases" ] || assert_equal "$(leases)" ""
}

# ---- all or none ----

# settled: bridge and veth have their link-local addresses, which the kernel gives when it likes.
settled() {
	[ "$(ip -6 -o addr show scope link -tentative | wc -l)" -eq 2 ]
}

@test "static addresses: one that cannot be refuses them all, and nothing has changed" {
	local wrong text
	join a 10.8.0.9
	detach a
	wait_for 5 no_veth
	join b 10.8.0.10 fd00:8::10
	wait_for 10 settled
	snapshot_quickly >"$BATS_TEST_TMPDIR/before"
	while IFS='|' read -r wrong text; do
		run -1 join a 10.8.0.20 fd00:8::20 "$wrong"
		[[ $output == *"$wrong"*"$text"* ]] || fail "$wrong: $output"
		run -1 join a "$wrong" 10.8.0.20 fd00:8::20
		[[ $output == *"$wrong"*"$text"* ]] || fail "$wrong: $output"
		run ! inside a ip link show eth0
		snapshot_quickly | diff -u "$BATS_TEST_TMPDIR/before" -
	done <<-EOF
	10.8.0.10|is leased to container 'b' (eth0)
	fd00:8::10|is leased to container 'b' (eth0)
	10.8.0.1|cannot be leased
	10.8.0.0|cannot be leased
	10.8.0.255|cannot be leased
	fd00:8::1|cannot be leased
	fd00:8::|cannot be leased
	10.10.0.5|cannot be leased
	fd00:9::5|cannot be leased
	10.8.0.20|is asked for twice
	fd00:8::20|is asked for twice
	10.8.0|
	EOF
	assert_equal "$(leases)" "10.8.0.10 10.9.0.3 fd00:8::10"
	join a 10.8.0.20 fd00:8::20
}

@test "static addresses: sixteen are taken, seventeen are refused" {
	local i sixteen=()
	for i in $(seq 20 33); do
		sixteen+=("10.8.0.$i")
	done
	run -1 join a "${sixteen[@]}" fd00:8::20 fd00:8::21
	[[ $output == *"network 'many': 17 addresses"*"at most 16"* ]] || fail "$output"
	run -1 join a "${sixteen[@]}" 10.8.0.40 10.8.0.41 10.8.0.42
	[[ $output == *"--static-ip: more than 16 addresses"* ]] || fail "$output"
	assert_equal "$(leases 2>/dev/null)" ""
	run -0 "$NETNS_TOOL" explain a --network many --static-ip 10.9.0.1 "${sixteen[@]/#/--static-ip=}" \
		--static-ip fd00:8::21
	join a "${sixteen[@]}"
	assert_equal "$(addresses_in a | wc -w)" 16
	no_difference
}

@test "static addresses: fails or dies at any step, and nothing is left" {
	local point n=0
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	join warm
	detach warm
	wait_for 5 no_veth
	ip link show many >"$BATS_TEST_TMPDIR/link"
	for point in lease lease.taken lease.done veth.done inside inside.done neighbour.done conntrack.done names.done 'done'; do
		container "c$n"
		run -1 env CT_FAULT="$point:fail" "$NETNS_TOOL" --network many "${five[@]}" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		assert_equal "$point: $(leases)" "$point: "
		run -137 env CT_FAULT="$point:kill" "$NETNS_TOOL" --network many "${five[@]}" \
			<<<"$(state_json "c$n" creating "${PIDS[c$n]}")"
		if ((n % 2)); then
			detach "c$n"
		else
			attach "c$n" --network many "${five[@]}"
			assert_equal "$point: $(addresses_in "c$n" | wc -w)" "$point: 5"
			detach "c$n"
		fi
		wait_for 5 no_veth
		assert_equal "$point: $(leases)" "$point: "
		assert_equal "$(ls "$STATE_DIR/containers")" ""
		assert_equal "$(ip neigh show dev many | grep -v FAILED)" ""
		stop_container "c$n"
		n=$((n + 1))
	done
}

# ---- again ----

@test "attach again: the same addresses in the same order, in whatever order they are asked for" {
	local mac
	join a 10.8.0.20 10.8.0.10
	mac=$(mac_of a)
	join a 10.8.0.10 10.8.0.20
	join a
	assert_equal "$(recorded a)" "10.8.0.20/24 10.8.0.10/24 10.9.0.2/24 fd00:8::2/64"
	assert_equal "$(mac_of a)" "$mac"
}

@test "attach again: others than it has are refused, and what it has stays" {
	local wish
	join a 10.8.0.20 10.8.0.10
	for wish in "10.8.0.20" "10.8.0.20 10.8.0.11" "10.8.0.20 10.8.0.10 10.8.0.11"; do
		# shellcheck disable=SC2086 # a list
		run -1 join a $wish
		[[ $output == *"attached already with addresses 10.8.0.20, 10.8.0.10; detach it first"* ]] || fail "$output"
	done
	assert_equal "$(leases)" "10.8.0.10 10.8.0.20 10.9.0.2 fd00:8::2"
	no_difference
}

@test "attach again: an address that the definition covers no more is named, and stays leased" {
	join a 10.8.0.20
	define many '.ipam.ranges |= .[1:]'
	run -1 join a
	[[ $output == *"attached already with address 10.8.0.20, which is in no subnet of network 'many' any more; detach it first"* ]] || fail "$output"
	assert_equal "$(leases)" "10.8.0.20 10.9.0.2 fd00:8::2"
	define many
	join a
	no_difference
}

@test "attach again: a subnet more, which the network that is up does not have, is refused and leases nothing" {
	join a
	define many '.ipam.ranges += [[{ "subnet": "10.10.0.0/24" }]]'
	run -1 join a
	[[ $output == *"up already"* ]] || fail "$output"
	assert_equal "$(leases)" "10.8.0.2 10.9.0.2 fd00:8::2"
	define many
	no_difference
}

@test "attach again: an address whose lease another has by now is gone from inside" {
	join a
	rm "$STATE_DIR/networks/many/leases/10.9.0.2"
	join b 10.9.0.2
	join a
	assert_equal "$(addresses_in a)" "10.8.0.2/24 10.9.0.3/24 fd00:8::2/64"
	assert_equal "$(recorded a)" "10.8.0.2/24 10.9.0.3/24 fd00:8::2/64"
	no_difference
}

@test "attach again: a container that was made anew keeps them" {
	join a 10.8.0.20 10.8.0.10
	stop_container a
	wait_for 5 no_veth
	join a
	assert_equal "$(addresses_in a)" "10.8.0.10/24 10.8.0.20/24 10.9.0.2/24 fd00:8::2/64"
	no_difference
}

@test "attach again: after one that was cut short, with fewer: the others are gone from inside, and free" {
	container a
	attach a --network many --static-ip 10.8.0.20 --static-ip 10.8.0.10
	jq '.state = "adding"' "$STATE_DIR/containers/a/eth0.json" >"$BATS_TEST_TMPDIR/record"
	cp "$BATS_TEST_TMPDIR/record" "$STATE_DIR/containers/a/eth0.json"
	join a 10.8.0.20
	assert_equal "$(addresses_in a)" "10.8.0.20/24 10.9.0.2/24 fd00:8::2/64"
	assert_equal "$(leases)" "10.8.0.20 10.9.0.2 fd00:8::2"
	join b 10.8.0.10
	pings a 10.8.0.10
}

# ---- its life ----

@test "check, repair: each of the addresses is looked after" {
	join a 10.8.0.20 10.8.0.10
	inside a ip addr del 10.8.0.10/24 dev eth0
	differs "container 'a': eth0: address 10.8.0.10/24 is missing"
	run -0 "$NETNS_TOOL" repair
	assert_equal "$(addresses_in a)" "10.8.0.10/24 10.8.0.20/24 10.9.0.2/24 fd00:8::2/64"
	no_difference
	ip neigh replace 10.8.0.10 lladdr 02:00:00:00:00:01 dev many
	differs "neighbour 10.8.0.10 on many: has another's MAC"
	rm "$STATE_DIR/networks/many/leases/10.8.0.10"
	differs "lease of 10.8.0.10 in network 'many': is not its own"
	run -0 "$NETNS_TOOL" repair
	no_difference
}

@test "gc: all addresses of a container that died are free, and another's at once" {
	join a 10.8.0.20 10.8.0.10
	stop_container a
	wait_for 5 no_veth
	join b 10.8.0.10 10.8.0.20
	assert_equal "$(recorded b)" "10.8.0.10/24 10.8.0.20/24 10.9.0.3/24 fd00:8::3/64"
	run -0 detach a
	assert_equal "$(leases)" "10.8.0.10 10.8.0.20 10.9.0.3 fd00:8::3"
	pings host 10.8.0.20
	stop_container b
	wait_for 5 no_veth
	"$NETNS_TOOL" gc
	assert_equal "$(leases)" ""
}

@test "published ports: go to the first address of each family, and are used from its others too" {
	make_dual_host
	container a
	attach a --network many "${five[@]}" --publish 8080:80
	answer a 80
	join b
	translations >"$BATS_TEST_TMPDIR/rules"
	grep -q '10.8.0.20:80' "$BATS_TEST_TMPDIR/rules"
	grep -q '\[fd00:8::20\]:80' "$BATS_TEST_TMPDIR/rules"
	run ! grep -E '10.8.0.10:80|fd00:8::10\]:80' "$BATS_TEST_TMPDIR/rules"
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
	assert_equal "$(ask outside 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask b 192.0.2.1 8080)" "a hi"
	assert_equal "$(ask a 192.0.2.1 8080)" "a hi"
	assert_equal "$(ask b 10.8.0.10 80)" "a hi"
	inside a ip route replace 192.0.2.1/32 via 10.8.0.1 src 10.8.0.10
	assert_equal "$(ask a 192.0.2.1 8080)" "a hi"
	no_difference
}

@test "conntrack: connections of every address are forgotten at detach" {
	local address
	join a 10.8.0.20 10.8.0.10
	answer a 80
	for address in 10.8.0.10 10.8.0.20; do
		assert_equal "$(ask host "$address" 80)" "a hi"
		conntrack -L -d "$address" 2>/dev/null | grep -q dport=80
	done
	detach a
	run ! grep -q . <(conntrack -L -d 10.8.0.10 2>/dev/null)
	run ! grep -q . <(conntrack -L -d 10.8.0.20 2>/dev/null)
}

@test "MAC check, isolation: hold for every address" {
	define many '.macspoofchk = true | .ingress = "isolated"'
	join a 10.8.0.20 10.8.0.10
	join b 10.8.0.30
	pings host 10.8.0.10
	pings host 10.8.0.20
	no_ping b 10.8.0.10
	no_ping b 10.8.0.20
	inside a ping -c 1 -W 10 -I 10.8.0.10 10.8.0.1
	inside a ip link set eth0 address 02:00:00:00:00:77
	run ! inside a ping -c 1 -W 1 -I 10.8.0.10 10.8.0.1
}

@test "routed: a host route and a neighbour for each address, one way out" {
	define many '.mode = "routed"'
	container a
	attach a --network many "${five[@]}"
	join b
	for address in 10.8.0.20 10.8.0.10 10.9.0.20 fd00:8::20 fd00:8::10; do
		pings b "$address"
		pings host "$address"
	done
	assert_equal "$(addresses_in a)" "10.8.0.10/32 10.8.0.20/32 10.9.0.20/32 fd00:8::10/128 fd00:8::20/128"
	assert_equal "$(inside a ip -4 route show 10.8.0.0/24 | wc -l)" 1
	no_difference
	ip route del 10.8.0.10
	differs "route 10.8.0.10/32 dev"
	run -0 "$NETNS_TOOL" repair
	no_difference
	run -0 detach a
	assert_equal "$output" ""
	wait_for 5 veths 1
	assert_equal "$(ip route show 10.8.0.10; ip route show 10.8.0.20; ip -6 route show fd00:8::10)" ""
	assert_equal "$(leases)" "10.8.0.2 10.9.0.2 fd00:8::2"
}

@test "routed: an attach of several of a subnet says nothing" {
	define many '.mode = "routed"'
	container a
	run -0 attach a --network many "${five[@]}"
	assert_equal "$output" ""
}
