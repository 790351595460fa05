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

@test "up: makes the bridge with its address, up, with a fixed MAC" {
	up
	[ "$(ip -j link show netns0 | jq -r '.[0].flags | index("UP") != null')" = true ]
	[ "$(ip -j addr show netns0 | jq -r '.[0].addr_info[] | select(.family == "inet") | "\(.local)/\(.prefixlen)"')" = 172.19.0.1/16 ]
	mac=$(ip -j link show netns0 | jq -r '.[0].address')
	bridge_port port0 172.19.0.2/16 172.19.0.1
	[ "$(ip -j link show netns0 | jq -r '.[0].address')" = "$mac" ]
	ip link del port0
	[ "$(ip -j link show netns0 | jq -r '.[0].address')" = "$mac" ]
}

@test "up: switches forwarding on and quiets the bridge for IPv6 advertisements" {
	up
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ "$(cat /proc/sys/net/ipv6/conf/netns0/accept_ra)" = 0 ]
	[ "$(cat /proc/sys/net/ipv6/conf/netns0/autoconf)" = 0 ]
	[ "$(cat /proc/sys/net/ipv4/conf/netns0/rp_filter)" = 2 ]
}

@test "up: writes its rules in chains of its own, each with the network's name" {
	up
	diff <(iptables-legacy-save -t nat | grep ^-A) - <<'EOF'
-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment ct-netns -j CT-PORTS
-A OUTPUT -m addrtype --dst-type LOCAL -m comment --comment ct-netns -j CT-PORTS
-A POSTROUTING -m comment --comment ct-netns -j CT-POSTROUTING
-A CT-POSTROUTING -s 127.0.0.0/8 -o netns0 -m conntrack --ctstate DNAT -m comment --comment "ct-netns: default" -j MASQUERADE
-A CT-POSTROUTING -s 172.19.0.0/16 -o netns0 -m conntrack --ctstate DNAT -m comment --comment "ct-netns: default" -j MASQUERADE
-A CT-POSTROUTING -s 172.19.0.0/16 ! -d 224.0.0.0/4 ! -o netns0 -m comment --comment "ct-netns: default" -j MASQUERADE
EOF
	diff <(iptables-legacy-save -t filter | grep ^-A) - <<'EOF'
-A INPUT -m comment --comment ct-netns -j CT-INPUT
-A FORWARD -m comment --comment ct-netns -j CT-FORWARD
-A CT-FORWARD -m comment --comment ct-netns -j CT-ADMIN
-A CT-FORWARD -m comment --comment ct-netns -j CT-INGRESS
-A CT-FORWARD -i netns0 -m conntrack --ctstate INVALID -m comment --comment "ct-netns: default" -j DROP
-A CT-FORWARD -i netns0 ! -o netns0 -m comment --comment "ct-netns: default" -j ACCEPT
-A CT-INGRESS -i netns0 -o netns0 -m comment --comment "ct-netns: default" -j ACCEPT
-A CT-INGRESS -o netns0 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "ct-netns: default" -j ACCEPT
-A CT-INGRESS -o netns0 -m conntrack --ctstate DNAT -m comment --comment "ct-netns: default" -j ACCEPT
-A CT-INGRESS -o netns0 -m comment --comment "ct-netns: default" -j DROP
-A CT-INPUT -d 127.0.0.0/8 -i netns0 -m conntrack --ctstate INVALID,NEW -m comment --comment "ct-netns: default" -j DROP
EOF
}

@test "up: its rules can be deleted with iptables by the text that iptables-save shows" {
	up
	while read -r rule; do
		eval "iptables-legacy ${rule/#-A/-D}"
	done < <(iptables-legacy-save -t filter | grep ^-A)
	while read -r rule; do
		eval "iptables-legacy -t nat ${rule/#-A/-D}"
	done < <(iptables-legacy-save -t nat | grep ^-A)
	[ -z "$(rules_of default)" ]
}

@test "up: says what it changed, and the second time that all was right" {
	run up
	[ "$status" -eq 0 ]
	[[ "$output" == *"changed  bridge netns0"* ]]
	[[ "$output" == *"changed  address 172.19.0.1/16 on netns0"* ]]
	[[ "$output" == *"changed  net/ipv4/ip_forward = 1"* ]]
	[[ "$output" == *"changed  nat CT-POSTROUTING: "*MASQUERADE* ]]
	before=$(host_state)
	run up
	[ "$status" -eq 0 ]
	[[ "$output" != *"changed  "* ]]
	[[ "$output" == *"right    bridge netns0"* ]]
	[[ "$output" == *": 0 changed, "* ]]
	expect_host "$before"
}

@test "up: puts right what was lost or altered, and only that" {
	up
	ip addr del 172.19.0.1/16 dev netns0
	ip link set netns0 mtu 1400 down
	echo 0 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/netns0/accept_ra
	run up
	[ "$status" -eq 0 ]
	[[ "$output" == *"changed  bridge netns0, "* ]]
	[[ "$output" == *"changed  address 172.19.0.1/16"* ]]
	[[ "$output" == *"changed  bridge netns0 is up"* ]]
	[[ "$output" == *"changed  net/ipv4/ip_forward = 1"* ]]
	[[ "$output" == *"changed  net/ipv6/conf/netns0/accept_ra = 0"* ]]
	[[ "$output" == *"right    filter FORWARD: -j CT-FORWARD"* ]]
	status
}

@test "up --dry-run: says what would be changed and changes nothing" {
	before=$(host_state)
	run up --dry-run
	[ "$status" -eq 0 ]
	[[ "$output" == *"would change  bridge netns0"* ]]
	[[ "$output" == *"would change  filter FORWARD: -j CT-FORWARD"* ]]
	expect_host "$before"
	up
	run up --dry-run
	[[ "$output" != *"would change"* ]]
}

@test "down: leaves nothing" {
	before=$(host_state)
	up
	down
	expect_host "$before"
	[ ! -e "$STATE_DIR" ]
}

@test "down: is fine when nothing is there" {
	before=$(host_state)
	run down
	[ "$status" -eq 0 ]
	[[ "$output" == *"nothing was there"* ]]
	expect_host "$before"
}

@test "down: finishes without the state directory" {
	up
	rm -rf "$STATE_DIR"
	down
	run ! ip link show netns0
	no_chains
}

@test "down: leaves forwarding on when it was on before" {
	echo 1 >/proc/sys/net/ipv4/ip_forward
	up
	run down
	[ "$status" -eq 0 ]
	[[ "$output" == *"kept"*"ip_forward"* ]]
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
}

@test "down: leaves forwarding on while another network needs it, in either order" {
	network_file blue '{"cniVersion":"1.0.0","name":"blue","type":"ct-netns","bridge":"blue0","ipam":{"type":"host-local","subnet":"10.40.0.0/24"}}'
	up
	up --network blue
	down
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ -n "$(rules_of blue)" ]
	[ -z "$(rules_of default)" ]
	down --network blue
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]
	no_chains
	[ ! -e "$STATE_DIR" ]
}

@test "down: refuses while containers are attached and names them; --force does it" {
	up
	bridge_port port0 172.19.0.2/16 172.19.0.1
	before=$(host_state)
	run down
	[ "$status" -ne 0 ]
	[[ "$output" == *"'netns0' has 1 port(s) (port0)"* ]]
	expect_host "$before"
	down --force
	run ! ip link show netns0
}

@test "up: takes a bridge that carries the address already, and down leaves that bridge" {
	ip link add netns0 type bridge
	ip addr add 172.19.0.1/16 dev netns0
	up
	status
	run down
	[ "$status" -eq 0 ]
	[[ "$output" == *"kept     bridge netns0 (it was here before)"* ]]
	ip -4 addr show netns0 | grep -q 172.19.0.1/16
	no_chains
}

@test "up: refuses an interface of that name that is no bridge" {
	ip link add netns0 type veth peer name other0
	before=$(host_state)
	run up
	[ "$status" -ne 0 ]
	[[ "$output" == *"'netns0' exists and is no bridge (kind veth)"* ]]
	rm -rf "$STATE_DIR"
	expect_host "$before"
}

@test "up: refuses a bridge with another address and names it" {
	ip link add br7 type bridge
	ip addr add 10.7.0.1/24 dev br7
	before=$(host_state)
	run up --bridge br7 --ip 10.8.0.1/24
	[ "$status" -ne 0 ]
	[[ "$output" == *"'br7' has another address already: 10.7.0.1/24, not 10.8.0.1/24"* ]]
	rm -rf "$STATE_DIR"
	expect_host "$before"
}

@test "up: refuses a subnet that overlaps an address or a route of the host and names it" {
	ip link add uplink0 type veth peer name uplink1
	ip addr add 10.9.3.7/24 dev uplink0
	ip link set uplink0 up
	ip route add 10.10.0.0/16 dev uplink0
	before=$(host_state)
	run up --ip 10.9.0.1/16
	[ "$status" -ne 0 ]
	[[ "$output" == *"10.9.0.0/16 overlaps the address 10.9.3.7/24 of interface 'uplink0'"* ]]
	run up --ip 10.10.5.1/24
	[ "$status" -ne 0 ]
	[[ "$output" == *"10.10.5.0/24 overlaps the route 10.10.0.0/16 of interface 'uplink0'"* ]]
	rm -rf "$STATE_DIR"
	expect_host "$before"
}

@test "up: the default network moves on when its subnet is taken, says so, and stays there" {
	ip link add uplink0 type veth peer name uplink1
	ip addr add 172.19.4.4/24 dev uplink0
	ip link set uplink0 up
	run up
	[ "$status" -eq 0 ]
	[[ "$output" == *"172.19.0.0/16 overlaps address 172.19.4.4/24 of this host; using 172.20.0.1/16"* ]]
	ip -4 addr show netns0 | grep -q 172.20.0.1/16
	ip link del uplink0
	run up
	[[ "$output" == *": 0 changed"* ]]
	ip -4 addr show netns0 | grep -q 172.20.0.1/16
	rm -rf "$STATE_DIR"
	run up
	[ "$status" -eq 0 ]
	ip -4 addr show netns0 | grep -q 172.20.0.1/16
}

@test "up: --bridge, --ip and --mtu make another network beside the default one" {
	up
	up --bridge other0 --ip 10.50.0.1/24 --mtu 9000
	[ "$(ip -j link show other0 | jq '.[0].mtu')" = 9000 ]
	ip -4 addr show other0 | grep -q 10.50.0.1/24
	bridge_port port0 10.50.0.2/24 10.50.0.1 other0
	ip link del port0
	[ "$(ip -j link show other0 | jq '.[0].mtu')" = 9000 ]
	status
	status --bridge other0 --ip 10.50.0.1/24 --mtu 9000
	down --bridge other0
	run ! ip link show other0
	status
}

@test "up: refuses another address for a network that is up" {
	up
	run up --ip 10.60.0.1/16
	[ "$status" -ne 0 ]
	[[ "$output" == *"up already, on bridge 'netns0' with 172.19.0.1/16"* ]]
}

@test "up: refuses a definition that asks for what is not applied, by name" {
	network_file red '{"cniVersion":"1.0.0","name":"red","type":"ct-netns","disableContainerInterface":true,"ipam":{"type":"host-local","subnet":"10.41.0.0/24"}}'
	before=$(host_state)
	run up --network red
	[ "$status" -ne 0 ]
	[[ "$output" == *"disableContainerInterface"* ]]
	expect_host "$before"
}

@test "up: wrong values are one line that names the option" {
	for bad in "--ip 172.19.0.1" "--ip 172.19.0.0/16" "--ip 172.19.0.1/31" "--ip 172.019.0.1/16" \
		"--mtu 10" "--bridge way-too-long-a-name" "--bridge a/b" "--network ../x"; do
		# shellcheck disable=SC2086
		run up $bad
		[ "$status" -ne 0 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	[ ! -e "$STATE_DIR" ]
	run ! ip link show netns0
}
