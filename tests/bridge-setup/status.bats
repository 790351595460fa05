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

@test "status: draws bridge, addresses, sysctls and rules as a tree" {
	up
	run status
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "network default  172.19.0.0/16" ]
	[[ "${lines[1]}" == "├─ bridge netns0  02:63:ac:13:00:01  mtu 1500  up" ]]
	[[ "${lines[2]}" == "│  └─ address 172.19.0.1/16" ]]
	[[ "$output" == *"├─ sysctls"*"net/ipv4/ip_forward = 1"* ]]
	[[ "$output" == *"├─ rules"*"-s 172.19.0.0/16 ! -d 224.0.0.0/4 ! -o netns0 -j MASQUERADE"* ]]
	[[ "${lines[-1]}" == "└─ containers: none" ]]
	[[ "$output" != *"not right"* ]]
}

@test "status: on a bare host says what is missing, exits with 1, changes nothing" {
	before=$(host_state)
	run status
	[ "$status" -eq 1 ]
	[[ "$output" == *"bridge netns0: missing"* ]]
	[[ "$output" == *"filter FORWARD: -j CT-FORWARD  (not right)"* ]]
	expect_host "$before"
}

@test "status: marks what is not right" {
	up
	iptables-legacy -t nat -F CT-POSTROUTING
	echo 0 >/proc/sys/net/ipv4/ip_forward
	ip link set netns0 down
	run status
	[ "$status" -eq 1 ]
	[[ "$output" == *"MASQUERADE  (not right)"* ]]
	[[ "$output" == *"net/ipv4/ip_forward = 1  (not right)"* ]]
	[[ "$output" == *"not right: bridge netns0 is up"* ]]
}

@test "status: shows a refusal as a problem" {
	ip link add netns0 type veth peer name other0
	run status
	[ "$status" -eq 1 ]
	[[ "$output" == *"problem: "*"is no bridge (kind veth)"* ]]
}

@test "status and a dry run keep what was set up, also when they meet a refusal" {
	up
	ip addr del 172.19.0.1/16 dev netns0
	ip addr add 10.1.1.1/24 dev netns0
	before=$(host_state)
	run status
	[ "$status" -eq 1 ]
	[[ "$output" == *"problem: "*"has another address already: 10.1.1.1/24"* ]]
	run up --dry-run
	[ "$status" -ne 0 ]
	expect_host "$before"
}

@test "status: shows ports that belong to no container of ours" {
	up
	bridge_port port0 172.19.0.2/16 172.19.0.1
	run status
	[ "$status" -eq 0 ]
	[[ "$output" == *"port0  (a port that is not ours)"* ]]
}

@test "status --json: is the same for programs" {
	up
	bridge_port port0 172.19.0.2/16 172.19.0.1
	status --json >"$BATS_TEST_TMPDIR/json"
	jq -e '.network == "default" and .right == true and .subnets[0].gateway == "172.19.0.1"
		and .bridge.name == "netns0" and .bridge.mtu == 1500 and .bridge.up
		and .bridge.addresses == ["172.19.0.1/16"] and .bridge.ports == ["port0"]
		and (.rules | length == 17) and all(.rules[]; .right) and all(.sysctls[]; .right)
		and .containers == []' "$BATS_TEST_TMPDIR/json"
	ip link del port0
	down
	run status --json
	[ "$status" -eq 1 ]
	jq -e '.right == false and .bridge.exists == false' <<<"$output"
}

@test "status: shows the containers that ct-netns attached" {
	netns=$TOP/${CT_BUILD:-build}/ct-netns
	up
	neighbour box "" 192.0.2.1/24
	ip link del box
	printf '{"ociVersion":"1.0.2","id":"box1","status":"creating","pid":%d,"bundle":"/"}' \
		"${NEIGHBOURS[box]}" | (cd "$BATS_TEST_TMPDIR" && "$netns")
	run status
	[ "$status" -eq 0 ]
	[[ "$output" == *"└─ box1  eth0 172.19.0.2/16  ct"* ]]
	status --json | jq -e '.containers[0] | .id == "box1" and .addresses == ["172.19.0.2/16"] and .attached'
	printf '{"ociVersion":"1.0.2","id":"box1","status":"stopped","bundle":"/"}' |
		(cd "$BATS_TEST_TMPDIR" && "$netns")
	run status
	[[ "$output" != *box1* ]]
}
