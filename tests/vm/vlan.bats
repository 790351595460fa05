#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# VLANs of a bridge, on a kernel that has them: who reaches whom, gateways, and what a detach leaves.

load ../netns-hook/hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
}

teardown() {
	local link
	unset CT_NETNS_FIREWALL
	"$NETNS_TOOL" rm --all --force >/dev/null 2>&1 || true
	clean_host
	for link in br7 v0 w0; do
		ip link delete "$link" 2>/dev/null || true
	done
}

# define NAME 'KEYS' [SUBNET]
define() {
	printf '{"cniVersion":"1.0.0","name":"%s","type":"ct-netns",%s,"ipam":{"type":"host-local","subnet":"%s"}}' \
		"$1" "$2" "${3:-10.45.0.0/24}" >"$CT_NETNS_CONFIG_DIR/$1.json"
}

# attached ID NETWORK [FLAG...]
attached() {
	local id=$1 network=$2
	shift 2
	container "$id"
	attach "$id" --network "$network" "$@"
}

veth_of() {
	[[ $(<"$STATE_DIR/containers/$1/eth0.json") =~ \"veth\":[[:space:]]*\"([^\"]+)\" ]]
	echo "${BASH_REMATCH[1]}"
}

# vlans_of LINK: "1:Egress Untagged 10:PVID,Egress Untagged"
vlans_of() {
	bridge -j vlan show dev "$1" |
		jq -r '[.[0].vlans[]? | "\(.vlan):\(.flags // [] | join(","))"] | join(" ")'
}

# hears ID ADDRESS, deaf ID ADDRESS
hears() {
	wait_for 10 inside "$1" ping -c 1 -W 5 "$2" || fail "$1 does not reach $2"
}

deaf() {
	run ! inside "$1" ping -c 1 -W 1 "$2"
}

# two_networks: `ten` and `twenty` on bridge v0; a and b in the one, c in the other.
two_networks() {
	define ten '"bridge":"v0","vlan":10'
	define twenty '"bridge":"v0","vlan":20' 10.46.0.0/24
	attached a ten
	attached b ten
	attached c twenty
}

# The first test of the file: later ones have loaded the module.
@test "vlan: a kernel without 802.1q interfaces is said to be one, and the host is as it was" {
	ip link add w0 type bridge vlan_filtering 1
	ip link delete w0
	warm_up
	define ten '"bridge":"v0","vlan":10'
	snapshot >"$BATS_TEST_TMPDIR/before"
	container a
	run ! grep -q '^8021q' /proc/modules
	# Not to be found, and nothing else is needed of it any more.
	mount -t tmpfs none /lib/modules
	run -1 attach a --network ten
	umount /lib/modules
	[[ $output == *"CONFIG_VLAN_8021Q"*"v0.10"* ]]
	"$NETNS_TOOL" rm --network ten >/dev/null
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "vlan: containers of one VLAN reach each other, and those of another do not" {
	two_networks
	assert_equal "$(vlans_of "$(veth_of a)")" "1:Egress Untagged 10:PVID,Egress Untagged"
	assert_equal "$(vlans_of "$(veth_of c)")" "1:Egress Untagged 20:PVID,Egress Untagged"
	assert_equal "$(vlans_of v0)" "1:PVID,Egress Untagged 10: 20:"
	hears a "$(address_of b)"
	hears b "$(address_of a)"
	# On one cable they would: c has an address of theirs.
	inside c ip addr add 10.45.0.77/24 dev eth0
	deaf c "$(address_of a)"
	deaf a 10.45.0.77
	inside c ip neigh show "$(address_of a)" | grep -q 'FAILED\|INCOMPLETE'
}

@test "vlan: without the default VLAN the port is in its own alone" {
	define ten '"bridge":"v0","vlan":10,"preserveDefaultVlan":false'
	attached a ten
	assert_equal "$(vlans_of "$(veth_of a)")" "10:PVID,Egress Untagged"
	hears a 10.45.0.1
	assert_equal "$(ip -j link show v0 | jq -r '.[0].address[0:5]')" 02:64
	run -0 "$NETNS_TOOL" inspect a
	assert_equal "$(jq -c '.[0].kernel.host.vlans' <<<"$output")" \
		'[{"minID":10,"maxID":10,"pvid":true,"untagged":true}]'
	assert_equal "$(jq -r '.[0].vlanInterface' <<<"$output")" v0.10
}

# gateway_works BACKEND: the host, the world behind it, a published port, both families.
gateway_works() {
	local address
	export CT_NETNS_FIREWALL=$1
	[ "$1" = nftables ] || modprobe -a iptable_filter iptable_nat ip6table_filter ip6table_nat
	make_host
	define ten '"bridge":"v0","vlan":10'
	printf '{"cniVersion":"1.0.0","name":"six","type":"ct-netns","bridge":"v0","vlan":20,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.46.0.0/24"}],[{"subnet":"fd00:46::/64"}]]}}' \
		>"$CT_NETNS_CONFIG_DIR/six.json"
	attached a ten -p 8080:80
	attached b six
	hears a 10.45.0.1
	hears b fd00:46::1
	hears a "$OUTSIDE_ADDRESS"
	hears b "$OUTSIDE_ADDRESS"
	serve a
	address=$(address_of a)
	assert_equal "$(outside timeout 10 busybox wget -q -O - "http://$HOST_ADDRESS:8080/")" "hello from a"
	assert_equal "$(timeout 10 busybox wget -q -O - http://127.0.0.1:8080/)" "hello from a"
	assert_equal "$(inside b timeout 10 busybox wget -q -O - "http://$HOST_ADDRESS:8080/")" "hello from a"
	run ! inside b timeout 2 busybox wget -q -O - "http://$address/"
	run -0 "$NETNS_TOOL" check
}

@test "vlan: the gateway, NAT and published ports work in it: iptables" {
	gateway_works iptables
}

@test "vlan: the gateway, NAT and published ports work in it: nftables" {
	gateway_works nftables
}

@test "vlan: a trunk gets and sends the tagged frames of its VLANs, and of no other" {
	define trunk '"bridge":"v0","vlanTrunk":[{"id":10},{"minID":30,"maxID":32}]' 10.47.0.0/24
	two_networks
	attached t trunk
	assert_equal "$(vlans_of "$(veth_of t)")" "1:PVID,Egress Untagged 10: 30: 31: 32:"
	hears t 10.47.0.1
	inside t ip link add link eth0 name eth0.10 type vlan id 10
	inside t ip link add link eth0 name eth0.20 type vlan id 20
	inside t ip addr add 10.45.0.99/24 dev eth0.10
	inside t ip addr add 10.46.0.99/24 dev eth0.20
	inside t ip link set eth0.10 up
	inside t ip link set eth0.20 up
	hears t "$(address_of a)"
	hears a 10.45.0.99
	deaf t "$(address_of c)"
	deaf c 10.46.0.99
	# The others stay, with the bridge.
	run -1 "$NETNS_TOOL" rm --network trunk
	[[ $output == *"has 1 port(s) ($(veth_of t))"* ]]
	detach t
	wait_for 20 veths 3
	run -0 "$NETNS_TOOL" rm --network trunk
	[[ $output == *"address 10.47.0.1/24 on v0"* ]]
	[[ $(ip -4 addr show v0) != *10.47.0.1* ]]
	hears a 10.45.0.1
}

@test "vlan: a trunk of very many VLANs is one" {
	local ids
	ids=$(seq 2 2 4000 | sed 's/.*/{"id":&}/' | paste -sd,)
	define trunk '"bridge":"v0","vlanTrunk":['"$ids"'],"preserveDefaultVlan":false'
	attached t trunk
	assert_equal "$(bridge -j vlan show dev "$(veth_of t)" | jq '.[0].vlans | length')" 2000
	run -0 "$NETNS_TOOL" check t
	run -0 attach t --network trunk
}

@test "vlan: a detach and the network's removal leave nothing, whoever goes last" {
	warm_up
	ip link add w0 type bridge vlan_filtering 1
	modprobe 8021q
	define ten '"bridge":"v0","vlan":10'
	define twenty '"bridge":"v0","vlan":20' 10.46.0.0/24
	snapshot >"$BATS_TEST_TMPDIR/before"
	attached a ten
	attached c twenty
	run -1 "$NETNS_TOOL" rm --network ten
	[[ $output == *"has 1 port(s) ($(veth_of a))"* ]]
	run -0 detach a
	assert_equal "$output" ""
	wait_for 20 veths 1
	run -0 "$NETNS_TOOL" rm --network ten
	[[ $output == *"v0 (another network is on it)"* ]]
	run ! ip link show v0.10
	hears c 10.46.0.1
	assert_equal "$(vlans_of v0)" "1:PVID,Egress Untagged 20:"
	detach c
	wait_for 20 no_veth
	"$NETNS_TOOL" rm --network twenty >/dev/null
	stop_container a
	stop_container c
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

# faults BRIDGE: a failure and a kill where the making of network `ten` has something to undo.
faults() {
	local point
	define ten '"bridge":"'"$1"'","vlan":10'
	# The tables themselves stay, once they are made.
	"$NETNS_TOOL" create --network ten >/dev/null
	"$NETNS_TOOL" rm --network ten >/dev/null
	snapshot >"$BATS_TEST_TMPDIR/before"
	for point in bridge.done vlan vlan.done rules.done; do
		run -1 env CT_FAULT="$point:fail" "$FAULT_BIN/ct-netns" create --network ten
		"$NETNS_TOOL" rm --network ten >/dev/null
		snapshot | diff "$BATS_TEST_TMPDIR/before" - || fail "a failure at $point"
		run -137 env CT_FAULT="$point:kill" "$FAULT_BIN/ct-netns" create --network ten
		"$NETNS_TOOL" rm --network ten >/dev/null
		snapshot | diff "$BATS_TEST_TMPDIR/before" - || fail "killed at $point"
	done
}

@test "vlan: a network whose making fails or is killed leaves nothing" {
	warm_up
	modprobe 8021q
	faults v0
}

@test "vlan: the same on a bridge with another network, which stays as it is" {
	warm_up
	define twenty '"bridge":"w0","vlan":20' 10.46.0.0/24
	"$NETNS_TOOL" create --network twenty >/dev/null
	faults w0
}

@test "vlan: check finds what is not as it was, repair makes it so" {
	two_networks
	run -0 "$NETNS_TOOL" check
	bridge vlan delete dev "$(veth_of a)" vid 10
	bridge vlan add dev "$(veth_of c)" vid 33
	bridge vlan delete dev v0 vid 10 self
	deaf a 10.45.0.1
	run -1 "$NETNS_TOOL" check
	[[ $output == *"$(veth_of a): its VLANs are 1 untagged, not 1 untagged, 10 PVID untagged"* ]]
	[[ $output == *"$(veth_of c): its VLANs are 1 untagged, 20 PVID untagged, 33, not"* ]]
	[[ $output == *"bridge v0 itself is in VLAN 10: is missing"* ]]
	"$NETNS_TOOL" repair >/dev/null
	hears a 10.45.0.1
	run -0 "$NETNS_TOOL" check
	ip link delete v0.10
	run -1 "$NETNS_TOOL" check
	[[ $output == *"interface v0.10, VLAN 10 of bridge v0"* ]]
	"$NETNS_TOOL" repair >/dev/null
	hears a 10.45.0.1
	hears c 10.46.0.1
	run -0 "$NETNS_TOOL" check
}

@test "vlan: an attach again gives the port what the definition has now" {
	ip link add br7 type bridge vlan_filtering 1
	ip link set br7 up
	define seven '"bridge":"br7","managed":false,"vlan":7'
	attached a seven
	assert_equal "$(vlans_of "$(veth_of a)")" "1:Egress Untagged 7:PVID,Egress Untagged"
	define seven '"bridge":"br7","managed":false,"vlan":8,"preserveDefaultVlan":false'
	attach a --network seven
	assert_equal "$(vlans_of "$(veth_of a)")" "8:PVID,Egress Untagged"
	define seven '"bridge":"br7","managed":false'
	attach a --network seven
	assert_equal "$(vlans_of "$(veth_of a)")" "1:PVID,Egress Untagged"
	[ "$(vlans_of br7)" = "1:PVID,Egress Untagged" ]
}

@test "vlan: an administrator's bridge must filter, is used and is given back as it was" {
	ip link add br7 type bridge
	define seven '"bridge":"br7","vlan":7'
	container a
	run -1 attach a --network seven
	[[ $output == *"ip link set br7 type bridge vlan_filtering 1"* ]]
	define unmanaged '"bridge":"br7","managed":false,"vlan":7'
	run -1 attach a --network unmanaged
	[[ $output == *"ip link set br7 type bridge vlan_filtering 1"* ]]
	ip link set br7 type bridge vlan_filtering 1
	"$NETNS_TOOL" rm --network seven >/dev/null
	define one '"bridge":"br7","vlan":1'
	run -1 attach a --network one
	[[ $output == *"VLAN 1 is its own without tags"* ]]
	"$NETNS_TOOL" rm --network one >/dev/null
	attach a --network seven
	hears a 10.45.0.1
	assert_equal "$(vlans_of br7)" "1:PVID,Egress Untagged 7:"
	detach a
	wait_for 20 no_veth
	"$NETNS_TOOL" rm --network seven >/dev/null
	assert_equal "$(vlans_of br7)" "1:PVID,Egress Untagged"
	run ! ip link show br7.7
	ip link show br7
}

@test "vlan: networks on one bridge differ in VLAN and subnet" {
	define ten '"bridge":"v0","vlan":10'
	define same '"bridge":"v0","vlan":10' 10.46.0.0/24
	define plain '"bridge":"v0"' 10.46.0.0/24
	define overlap '"bridge":"v0","vlan":11'
	define mtu '"bridge":"v0","vlan":12,"mtu":1400' 10.46.0.0/24
	"$NETNS_TOOL" create --network ten >/dev/null
	for name in same plain mtu; do
		run -1 "$NETNS_TOOL" create --network "$name"
		[[ $output == *"bridge 'v0' belongs to network 'ten'"* ]]
	done
	run -1 "$NETNS_TOOL" create --network overlap
	[[ $output == *"overlaps 10.45.0.1/24 of network 'ten'"* ]]
	# The same network with another VLAN is one that must go first.
	define ten '"bridge":"v0","vlan":13'
	run -1 "$NETNS_TOOL" create --network ten
	[[ $output == *"is up already"* ]]
}

@test "vlan: --vlan makes networks of one bridge, for ct-netns and bridge-setup alike" {
	"$NETNS_TOOL" create --bridge v0 --ip 10.45.0.1/24 --vlan 10 >/dev/null
	"$BRIDGE_SETUP_BIN" up --bridge v0 --ip 10.46.0.1/24 --vlan 20 >/dev/null
	container a
	attach a --bridge v0 --ip 10.46.0.1/24 --vlan 20
	hears a 10.46.0.1
	run -0 "$BRIDGE_SETUP_BIN" status --bridge v0 --ip 10.46.0.1/24 --vlan 20
	[[ $output == *"network v0.20"*"address 10.46.0.1/24 on v0.20"* ]]
	run -0 "$BRIDGE_SETUP_BIN" doctor --bridge v0 --ip 10.46.0.1/24 --vlan 20
	detach a
	wait_for 20 no_veth
	"$BRIDGE_SETUP_BIN" down --bridge v0 --ip 10.45.0.1/24 --vlan 10 >/dev/null
	"$NETNS_TOOL" rm --bridge v0 --ip 10.46.0.1/24 --vlan 20 >/dev/null
	run ! ip link show v0
}

@test "vlan: CNI's ADD, CHECK and DEL with it" {
	container a
	export CNI_COMMAND=ADD CNI_CONTAINERID=a CNI_IFNAME=eth0 CNI_NETNS=/proc/${PIDS[a]}/ns/net CNI_PATH=/
	local conf='{"cniVersion":"1.0.0","name":"ten","type":"ct-netns","bridge":"v0","vlan":10,"preserveDefaultVlan":false,"isGateway":true,"ipam":{"type":"host-local","subnet":"10.45.0.0/24"}}'
	run -0 "$NETNS_TOOL" <<<"$conf"
	assert_equal "$(jq -r '.interfaces[3].name' <<<"$output")" v0.10
	assert_equal "$(jq -r '.ips[0].interface' <<<"$output")" 2
	hears a 10.45.0.1
	assert_equal "$(vlans_of "$(veth_of a)")" "10:PVID,Egress Untagged"
	conf=$(jq -c --argjson prev "$output" '. + {prevResult: $prev}' <<<"$conf")
	CNI_COMMAND=CHECK run -0 "$NETNS_TOOL" <<<"$conf"
	CNI_COMMAND=DEL run -0 "$NETNS_TOOL" <<<"$conf"
	unset CNI_COMMAND
}
