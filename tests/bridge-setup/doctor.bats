# SPDX-License-Identifier: GPL-2.0-or-later
# SC2154: run sets status, output, lines. SC2119: up and down may go without arguments.
# shellcheck disable=SC2154,SC2119
bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=tests/bridge-setup/bridge.bash
	source "$BATS_TEST_DIRNAME/bridge.bash"
	clean_host
}

teardown() {
	nft flush ruleset
	iptables-legacy -P FORWARD ACCEPT
	clean_host
}

doctor() {
	"$BRIDGE_SETUP" doctor "$@"
}

# answer QUESTION: state and answer of it, of the last run's output
answer() {
	grep -E "^(ok|note|problem) +$1 " <<<"$output"
}

@test "doctor: a host without a network is told what will be done, and nothing is changed" {
	before=$(host_state)
	run -0 doctor
	[[ $(answer network) == note*"network 'default' is not up; the first container brings it up"* ]]
	[[ $(answer forwarding) == note*"is off"*"'bridge-setup up' switches it on"* ]]
	[[ $(answer forward) == ok* ]]
	expect_host "$before"
}

@test "doctor: all is well after up" {
	up
	run -0 doctor
	[[ $(answer network) == ok*"network 'default' is up and right"* ]]
	[[ $(answer forwarding) == ok*"net/ipv4/ip_forward is on"* ]]
	[[ $(answer firewall) == ok*"rules go to iptables"* ]]
	[[ $(answer rp_filter) == ok*loose* ]]
	[[ $(answer conntrack) == ok* ]]
	[[ $output != *problem* ]]
}

@test "doctor: forwarding that is off is a problem, with what mends it" {
	up
	echo 0 >/proc/sys/net/ipv4/ip_forward
	run -1 doctor
	[[ $(answer forwarding) == problem*"net/ipv4/ip_forward is off: no packet leaves the bridge"* ]]
	[[ $output == *"echo 1 >/proc/sys/net/ipv4/ip_forward"* ]]
	bash -c "$(grep -o 'echo 1 >.*' <<<"$output" | head -n 1)"
	run -0 doctor
}

@test "doctor: a DROP of the legacy tables before which our rules stand" {
	iptables-legacy -P FORWARD DROP
	up
	run -0 doctor
	[[ $(answer forward) == ok*"the legacy tables' FORWARD drops; the network's rules come before it"* ]]
}

@test "doctor: a DROP in nftables that came later is named, up mends it" {
	up
	nft add table inet other
	nft 'add chain inet other f { type filter hook forward priority 0 ; policy drop ; }'
	run -1 doctor
	[[ $(answer forward) == problem*"nft inet other f, which drops"* ]]
	[[ $(answer mixed) == note*"both hold rules"* ]]
	up
	run -0 doctor
	[[ $(answer forward) == ok* ]]
}

@test "doctor: a network in nftables, and a DROP of the legacy tables that nothing undoes" {
	CT_NETNS_FIREWALL=nftables up
	iptables-legacy -P FORWARD DROP
	run -1 doctor
	[[ $(answer forward) == problem*"which cannot undo that"* ]]
	[[ $output == *"iptables-legacy -P FORWARD ACCEPT"* ]]
}

@test "doctor: rules that were flushed are a problem" {
	up
	iptables-legacy -F
	run -1 doctor
	[[ $(answer network) == problem*"not right"* ]]
}

@test "doctor: what mends is said of the network that was asked for" {
	network_file blue '{"cniVersion":"1.0.0","name":"blue","type":"ct-netns","bridge":"blue0","ipam":{"type":"host-local","subnet":"10.8.7.0/24"}}'
	run -0 doctor --network blue --mtu 1400
	[[ $output == *" bridge-setup up --network blue --mtu 1400"* ]] || fail "$output"
	up --network blue
	iptables-legacy -F
	run -1 doctor --network blue
	[[ $output == *"('bridge-setup status --network blue')"*" bridge-setup up --network blue"* ]] || fail "$output"
	run -0 bash -c "$(sed -n 's/^ *\(bridge-setup up --network\)/\1/p' <<<"$output" | sed "s:^bridge-setup:$BRIDGE_SETUP:")"
	run -0 doctor --network blue
	down --network blue
	run -0 doctor --bridge lab0 --ip 10.50.0.1/24 --mtu 9000
	[[ $output == *" bridge-setup up --bridge lab0 --ip 10.50.0.1/24 --mtu 9000"* ]] || fail "$output"
}

@test "doctor: an overlap with an address of the host" {
	ip link add lab type bridge
	ip addr add 10.8.0.1/16 dev lab
	network_file blue '{"cniVersion":"1.0.0","name":"blue","type":"ct-netns","bridge":"blue0","ipam":{"type":"host-local","subnet":"10.8.7.0/24"}}'
	run -1 doctor --network blue
	[[ $(answer subnet) == problem*"10.8.7.0/24 overlaps the address 10.8.0.1/16 of this host"* ]]
	ip link del lab
}

@test "doctor: an MTU above that of the uplink" {
	ip link add lab mtu 1400 type bridge
	ip link set lab up
	ip addr add 192.0.2.1/24 dev lab
	ip route add default via 192.0.2.2
	run -0 doctor
	[[ $(answer mtu) == ok*"1400, and 1400 on 'lab'"* ]]
	run -0 doctor --mtu 1500
	[[ $(answer mtu) == note*"the network's MTU is 1500, that of 'lab' 1400"* ]]
	[[ $output == *"bridge-setup up --mtu 1400"* ]]
	ip link del lab
}

@test "doctor: strict rp_filter on the bridge" {
	up
	echo 1 >/proc/sys/net/ipv4/conf/netns0/rp_filter
	run -1 doctor
	[[ $(answer rp_filter) == problem*strict* ]]
}

@test "doctor: other managers of the network that run here are named" {
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/NetworkManager"
	"$BATS_TEST_TMPDIR/NetworkManager" 1000 >/dev/null 2>&1 3>&- &
	pid=$!
	until [ "$(cat "/proc/$pid/comm")" = NetworkManager ]; do :; done
	run doctor
	kill "$pid"
	[ "$status" -eq 0 ]
	[[ $(answer manager) == note*"NetworkManager runs"* ]]
	[[ $output == *"nmcli device set netns0 managed no"* ]]
}

@test "doctor --json: the same for programs" {
	up
	echo 0 >/proc/sys/net/ipv4/ip_forward
	run -1 doctor --json
	jq -e '.[] | select(.question == "forwarding") | .state == "problem" and (.mend | length > 0)' <<<"$output"
	jq -e '[.[].state] | all(. == "ok" or . == "note" or . == "problem")' <<<"$output"
}
