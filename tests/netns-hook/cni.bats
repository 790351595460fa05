#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The CNI plugin: its commands, its environment, its results and its errors.

load cni

setup() {
	cni_setup
}

teardown() {
	cni_teardown
}

# ---- VERSION ----

@test "CNI VERSION: lists every version, and reads no standard input" {
	CNI_COMMAND=VERSION "$NETNS_TOOL" >"$RESULT" <&-
	assert_equal "$(result .cniVersion)" '"1.1.0"'
	assert_equal "$(result .supportedVersions)" \
		'["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]'
}

# ---- the environment ----

@test "CNI: what is missing from the environment is named, all of it at once" {
	refused 4 "CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME" ADD a CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	refused 4 "there): CNI_CONTAINERID, CNI_IFNAME" DEL a CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	refused 4 "there): CNI_NETNS" CHECK a CNI_NETNS=
	nothing_attached
}

@test "CNI: refuses ids, interface names and commands that break its rules" {
	local bad
	for bad in ../a -a .a a/b 'a b' a+b "$(printf 'x%.0s' {1..300})"; do
		refused 4 CNI_CONTAINERID ADD a CNI_CONTAINERID="$bad"
	done
	for bad in . .. a/b a:b 'a b' sixteenletters12; do
		refused 4 CNI_IFNAME ADD a CNI_IFNAME="$bad"
	done
	refused 4 "CNI_COMMAND: 'add'" add a
	refused 4 "CNI_COMMAND: 'ADDED'" ADDED a
	nothing_attached
}

@test "CNI: CNI_ARGS with an unknown key is refused, unless IgnoreUnknown says otherwise" {
	refused 4 "'K8S_POD_NAME' is not known" ADD a CNI_ARGS="K8S_POD_NAME=x"
	refused 4 "not KEY=VALUE" ADD a CNI_ARGS="IgnoreUnknown=1;K8S"
	refused 4 "IgnoreUnknown" ADD a CNI_ARGS="IgnoreUnknown=maybe"
	add a CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAME=x;"
	assert_equal "$(address_of a)" 10.7.0.2
}

# ---- the definition ----

@test "CNI: each kind of bad standard input has its code" {
	echo '{"cniVersion": ' >"$CONF"
	refused 6 "not valid JSON" ADD a
	echo '[]' >"$CONF"
	refused 6 "must be an object" ADD a
	net_conf 2.0.0
	refused 1 "0.1.0 to 1.1.0" ADD a
	net_conf 1.1.0 '.cniVersion = 1'
	refused 6 "cniVersion" ADD a
	net_conf 1.1.0 'del(.name)'
	refused 7 "name: is missing" ADD a
	net_conf 1.1.0 '.name = "a/b"'
	refused 7 "name" ADD a
	net_conf 1.1.0 '.ipam.subnet = "10.7.0.1/24"'
	refused 7 "host bits" ADD a
	net_conf 1.1.0 '.mtu = 7'
	refused 7 "mtu" ADD a
	net_conf 1.1.0 '.forceAddress = true'
	refused 2 "forceAddress: is not supported" ADD a
	net_conf 1.1.0 '.vlan = 4095'
	refused 7 "vlan: must be an integer 0..4094" ADD a
	net_conf 1.1.0 '.runtimeConfig.deviceID = "0000:00:1f.0"'
	refused 2 "runtimeConfig: deviceID" ADD a
	nothing_attached
	run ! ip link show cni7
}

@test "CNI: commands that a version does not have are refused with code 1" {
	net_conf 0.3.1
	refused 1 "came with 0.4.0" CHECK a
	net_conf 1.0.0
	refused 1 "came with 1.1.0" STATUS a
	refused 1 "came with 1.1.0" GC a
}

# ---- ADD ----

@test "CNI ADD: the result of 1.1.0 says what is there, and the container has it" {
	both_families 1.1.0
	add a
	assert_equal "$(result .cniVersion)" '"1.1.0"'
	assert_equal "$(result '[.interfaces[].name]')" \
		"[\"cni7\",\"$(ip -j link show type veth | jq -r '.[0].ifname')\",\"eth0\"]"
	assert_equal "$(result '.interfaces[0].sandbox, .interfaces[1].sandbox')" $'null\nnull'
	assert_equal "$(result .interfaces[2].sandbox)" "\"/proc/${PIDS[a]}/ns/net\""
	assert_equal "$(result .interfaces[0].mac)" "\"$(mac_of cni7)\""
	assert_equal "$(result .interfaces[1].mac)" \
		"\"$(mac_of "$(result .interfaces[1].name | tr -d '"')")\""
	assert_equal "$(result .interfaces[2].mac)" \
		"\"$(inside a ip -j link show eth0 | jq -r '.[0].address')\""
	assert_equal "$(result .ips)" '[{"interface":2,"address":"10.7.0.2/24","gateway":"10.7.0.1"},{"interface":2,"address":"fd00:7::2/64","gateway":"fd00:7::1"}]'
	assert_equal "$(result .routes)" \
		'[{"dst":"0.0.0.0/0","gw":"10.7.0.1"},{"dst":"::/0","gw":"fd00:7::1"}]'
	assert_equal "$(result .dns)" '{}'
	inside a ping -c 1 -W 2 10.7.0.1
	inside a ping -6 -c 1 -W 2 fd00:7::1
}

@test "CNI ADD: each older version has the shape of its own" {
	local version
	for version in 1.0.0 0.4.0 0.3.1 0.3.0; do
		both_families $version
		add a
		assert_equal "$(result '[.cniVersion, (.ips | length), .ips[0].address]')" \
			"[\"$version\",2,\"10.7.0.2/24\"]"
		if [ $version = 1.0.0 ]; then
			assert_equal "$(result '[.ips[].version]')" '[null,null]'
		else
			assert_equal "$(result '[.ips[].version]')" '["4","6"]'
		fi
	done
	for version in 0.2.0 0.1.0; do
		both_families $version
		add a
		assert_equal "$(result .)" "{\"cniVersion\":\"$version\",\"ip4\":{\"ip\":\"10.7.0.2/24\",\"gateway\":\"10.7.0.1\",\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.7.0.1\"}]},\"ip6\":{\"ip\":\"fd00:7::2/64\",\"gateway\":\"fd00:7::1\",\"routes\":[{\"dst\":\"::/0\",\"gw\":\"fd00:7::1\"}]},\"dns\":{}}"
	done
	net_conf 1.1.0 'del(.cniVersion) | .ipam.ranges += [[{ "subnet": "fd00:7::/64" }]]'
	add a
	assert_equal "$(result .cniVersion)" '"0.1.0"'
}

@test "CNI ADD: again it gives the same address, and mends what is broken" {
	add a
	cp "$RESULT" "$RESULT.first"
	inside a ip addr flush dev eth0
	add a
	cmp "$RESULT" "$RESULT.first"
	assert_equal "$(address_of a)" 10.7.0.2
	veths 1
}

@test "CNI ADD: two interfaces of one container, each of its own" {
	add a
	add a CNI_IFNAME=net1
	assert_equal "$(address_of a net1)" 10.7.0.3
	cni DEL a CNI_IFNAME=net1
	assert_equal "$(address_of a)" 10.7.0.2
	veths 1
	cni DEL a
	nothing_attached
}

@test "CNI ADD: refuses the host's namespace, and what is none, with code 8" {
	snapshot >"$BATS_TEST_TMPDIR/before"
	refused 8 "namespace of the host" ADD a CNI_NETNS=/proc/self/ns/net
	refused 8 "CNI_NETNS" ADD a CNI_NETNS=/nonexistent
	refused 8 "CNI_NETNS" ADD a CNI_NETNS=/etc/passwd
	refused 8 "CNI_NETNS" ADD a CNI_NETNS=/proc/self/ns/mnt
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "CNI ADD: behind another plugin it says that it makes the interface itself" {
	net_conf 1.1.0 '.prevResult = {"cniVersion":"1.1.0","ips":[]}'
	refused 7 "must stand first" ADD a
	nothing_attached
}

@test "CNI ADD: a failure says so as an error object, and leaves nothing behind" {
	inside a ip link add eth0 type bridge
	refused 999 "eth0" ADD a
	net_conf 1.1.0 '.ipam.ranges = [[{"subnet": "10.7.0.0/30"}]]'
	ip link del cni7
	rm -r "$STATE_DIR"
	add b
	inside a ip link del eth0
	refused 11 "10.7.0.0/30" ADD a
	veths 1
	cni DEL b
	nothing_attached
}

@test "CNI ADD: fails or dies at any step, and DEL leaves nothing" {
	local step how before
	NETNS_TOOL=$FAULT_BIN/ct-netns
	[ -x "$NETNS_TOOL" ] || skip "no fault tree: make fault"
	net_conf 1.1.0 '.runtimeConfig.portMappings = [{"hostPort": 8080, "containerPort": 80}]'
	add a
	cni DEL a
	before=$(find "$STATE_DIR" | sort)
	for step in record lease.taken lease veth inside ports.claimed ports "done"; do
		for how in fail kill; do
			run ! cni ADD a CT_FAULT=$step:$how
			[ $how = kill ] || assert_output_has '"code":5,'
			assert_equal "$(cni DEL a)" ""
			assert_equal "$(find "$STATE_DIR" | sort)" "$before" "after $step:$how"
			nothing_attached
			run ! inside a ip link show eth0
		done
	done
}

# ---- DEL ----

@test "CNI DEL: needs no namespace, works twice, and for what never was" {
	add a
	cni DEL a CNI_NETNS=
	nothing_attached
	assert_equal "$(cni DEL a CNI_NETNS=)" ""
	cni DEL a CNI_NETNS=/nonexistent CNI_CONTAINERID=never
	rm -r "$STATE_DIR"
	cni DEL a
	assert_missing "$STATE_DIR"
}

@test "CNI DEL: the address is free again, also when the container was killed first" {
	add a
	stop_container a
	cni DEL a CNI_NETNS=/nonexistent
	assert_equal "$(find "$STATE_DIR" -path '*leases/*')" ""
	add b CNI_ARGS=IP=10.7.0.2
}

@test "CNI DEL: works with a definition that ADD would refuse, and with a damaged record" {
	add a
	echo '{' >"$STATE_DIR/containers/a/eth0.json"
	net_conf 1.1.0 '.forceAddress = true | .ipam = {"type": "other"} | .runtimeConfig.ips = 7'
	cni DEL a CNI_ARGS=nonsense 2>/dev/null
	nothing_attached
}

@test "CNI DEL: leaves an attachment of another network alone" {
	add a
	net_conf 1.1.0 '.name = "eight"'
	cni DEL a
	assert_equal "$(address_of a)" 10.7.0.2
}

# ---- several addresses ----

# ips: of the result.
ips() {
	result '[.ips[].address]'
}

@test "CNI ADD: several addresses of a subnet, by IP, args and capability, all of them in the result" {
	both_families 1.1.0
	add a CNI_ARGS=IP=10.7.0.20,fd00:7::20,10.7.0.10
	assert_equal "$(ips)" '["10.7.0.20/24","10.7.0.10/24","fd00:7::20/64"]'
	assert_equal "$(result '[.ips[] | [.interface, .gateway]] | unique')" '[[2,"10.7.0.1"],[2,"fd00:7::1"]]'
	with_prev
	cni CHECK a
	cni DEL a
	wait_for 5 no_veth
	net_conf 1.1.0 '.ipam.ranges += [[{ "subnet": "fd00:7::/64" }]] | .capabilities.ips = true |
		.runtimeConfig.ips = ["10.7.0.30/24", "fd00:7::30", "fd00:7::31/64"] | .args.cni.ips = ["10.7.0.40", "10.7.0.30"]'
	add a CNI_ARGS=IP=10.7.0.30
	assert_equal "$(ips)" '["10.7.0.30/24","10.7.0.40/24","fd00:7::30/64","fd00:7::31/64"]'
	inside a ping -c 1 -W 2 -I 10.7.0.40 10.7.0.1
	with_prev
	cni CHECK a
	inside a ip addr del 10.7.0.40/24 dev eth0
	refused 100 "address 10.7.0.40/24 is missing" CHECK a
	cni DEL a
	nothing_attached
	assert_equal "$(ls "$STATE_DIR/networks/seven/leases")" ""
}

@test "CNI ADD: several addresses, one of which cannot be: refused, and nothing is attached" {
	add b CNI_ARGS=IP=10.7.0.20,10.7.0.21
	refused 11 "10.7.0.21 is leased to container 'b'" ADD a CNI_ARGS=IP=10.7.0.30,10.7.0.21
	refused 7 "10.7.0.1 cannot be leased" ADD a CNI_ARGS=IP=10.7.0.30,10.7.0.1
	refused 7 "10.8.0.5 cannot be leased" ADD a CNI_ARGS=IP=10.7.0.30,10.8.0.5
	refused 7 "more than 16 addresses" ADD a "CNI_ARGS=IP=$(seq -s , -f 10.7.0.%g 30 46)"
	assert_equal "$(ls -m "$STATE_DIR/networks/seven/leases")" "10.7.0.20, 10.7.0.21"
	assert_equal "$(ls "$STATE_DIR/containers")" b
	run ! inside a ip link show eth0
}

@test "CNI ADD: before 0.3.0 the result has the first address of each family" {
	net_conf 0.2.0
	add a CNI_ARGS=IP=10.7.0.20,10.7.0.10
	assert_equal "$(result .ip4.ip)" '"10.7.0.20/24"'
	assert_equal "$(recorded 'addresses[1].address')" 10.7.0.10/24
}

# ---- CHECK ----

@test "CNI CHECK: silent while all is as it was, and each difference is said" {
	both_families 1.1.0
	add a
	with_prev
	assert_equal "$(cni CHECK a)" ""
	inside a ip addr del 10.7.0.2/24 dev eth0
	refused 100 "address 10.7.0.2/24 is missing" CHECK a
	inside a ip addr add 10.7.0.2/24 dev eth0
	refused 100 "route 0.0.0.0/0 via 10.7.0.1 is missing" CHECK a
	inside a ip route add default via 10.7.0.1
	cni CHECK a
	inside a ip link set eth0 mtu 1400
	refused 100 "eth0: its MTU is 1400, not 1500" CHECK a
	inside a ip link set eth0 mtu 1500
	ip link set "$(result .interfaces[1].name | tr -d '"')" nomaster
	refused 100 "is not a port of bridge cni7" CHECK a
	ip link set "$(result .interfaces[1].name | tr -d '"')" master cni7
	iptables-legacy -F CT-FORWARD
	refused 100 "CT-FORWARD" CHECK a
}

@test "CNI CHECK: compares with prevResult too" {
	add a
	cp "$CONF" "$CONF.plain"
	with_prev
	cp "$CONF" "$CONF.good"
	jq '.prevResult.ips[0].address = "10.7.0.9/24"' "$CONF.good" >"$CONF"
	refused 100 "prevResult: says address 10.7.0.9/24" CHECK a
	jq '.prevResult.interfaces[2].mac = "02:00:00:00:00:09"' "$CONF.good" >"$CONF"
	refused 100 "prevResult: says MAC 02:00:00:00:00:09" CHECK a
	cp "$CONF.good" "$CONF"
	refused 100 "another namespace" CHECK a CNI_NETNS="/proc/${PIDS[b]}/ns/net"
	refused 3 "container 'b' has no interface 'eth0'" CHECK b
	refused 3 "no interface 'net1'" CHECK a CNI_IFNAME=net1
	refused 8 "CNI_NETNS" CHECK a CNI_NETNS=/nonexistent
	cp "$CONF.plain" "$CONF"
	refused 7 "prevResult: is missing" CHECK a
}

@test "CNI CHECK: published ports" {
	net_conf 1.1.0 '.runtimeConfig.portMappings = [{"hostPort": 8080, "containerPort": 80}]'
	add a
	with_prev
	cni CHECK a
	iptables-legacy -t nat -F CT-PORTS
	refused 100 "8080" CHECK a
}

# ---- GC ----

valid() {
	jq --argjson list "$1" '.["cni.dev/valid-attachments"] = $list' "$CONF" >"$CONF.gc"
	mv "$CONF.gc" "$CONF"
}

@test "CNI GC: removes what is not valid any more, of this network and of CNI alone" {
	add a
	add b
	add b CNI_IFNAME=net1
	container hooked
	mkdir -p /etc/ct-netns
	jq 'del(.cniVersion)' "$CONF" >/etc/ct-netns/seven.json
	attach hooked --network seven
	valid '[{"containerID":"b","ifname":"eth0"}]'
	assert_equal "$(cni GC a CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=)" ""
	rm -r /etc/ct-netns
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[] | .container + ":" + .ifname]')" \
		'["b:eth0","hooked:eth0"]'
	assert_equal "$(address_of b)" 10.7.0.3
	net_conf 1.1.0 '.name = "eight"'
	valid '[]'
	cni GC a
	assert_equal "$("$NETNS_TOOL" ls --json | jq length)" 2
	net_conf 1.1.0
	valid null
	cni GC a
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[].container]')" '["hooked"]'
	cni GC a
}

@test "CNI GC: without a list, or with a bad one, nothing is removed" {
	add a
	refused 7 "valid-attachments: is missing" GC a
	valid '{"a": 1}'
	refused 7 "must be an array" GC a
	valid '[{"containerID": "b"}]'
	refused 7 "containerID and an ifname" GC a
	assert_equal "$(address_of a)" 10.7.0.2
}

# ---- STATUS ----

@test "CNI STATUS: silent while an ADD would work, and changes nothing" {
	snapshot >"$BATS_TEST_TMPDIR/before"
	assert_equal "$(cni STATUS a CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=)" ""
	unchanged_since "$BATS_TEST_TMPDIR/before"
	add a
	cni STATUS a
}

@test "CNI STATUS: code 50 when no address is left, and 0 again when its holder died" {
	net_conf 1.1.0 '.ipam.ranges = [[{"subnet": "10.7.0.0/30"}]]'
	cni STATUS a
	add a
	refused 50 "no address of pool 0 is free" STATUS b
	stop_container a
	wait_for 5 no_veth
	cni STATUS b
}

@test "CNI STATUS: code 50 when the bridge's name or the subnet is somebody else's" {
	ip link add cni7 type veth peer name peer7
	refused 50 "cni7" STATUS a
	ip link del cni7
	ip link add other type bridge
	ip addr add 10.7.0.77/16 dev other
	refused 50 "10.7" STATUS a
	ip link del other
	cni STATUS a
	net_conf 1.1.0 '.ipam = {}'
	refused 7 "ipam" STATUS a
}
