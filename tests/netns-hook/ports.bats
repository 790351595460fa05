#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Published ports: from outside, from the host, from other containers and from the container itself.

load hook

setup() {
	common_setup
	choose_firewall
	mkdir -p /etc/ct-netns
}

teardown() {
	local id
	for id in a b; do
		detach "$id" || true
	done
	"$NETNS_TOOL" rm --network dual --force >/dev/null 2>&1 || true
	clean_host
	rm -rf /etc/ct-netns
}

define_dual() {
	cat >/etc/ct-netns/dual.json <<-JSON
	{ "cniVersion": "1.1.0", "name": "dual", "type": "ct-netns", "bridge": "dual0", ${1:-}
	  "ipam": { "type": "host-local",
	            "ranges": [[{ "subnet": "10.8.0.0/24" }], [{ "subnet": "fd00:8::/64" }]] } }
	JSON
}

no_port_rules() {
	local rules
	rules=$(rules 4; rules 6)
	[[ $rules != *"ct-netns port"* ]] || fail "$(grep "ct-netns port" <<<"$rules")"
}

@test "publish: every way to a TCP and a UDP port, IPv4" {
	make_host
	container a
	container b
	attach a --publish 8080:80 -p 5353:53/udp
	attach b
	answer a 80
	answer a 53 udp
	for protocol in tcp udp; do
		local port=8080
		[ $protocol = tcp ] || port=5353
		assert_equal "$(ask outside 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 127.0.0.1 $port $protocol)" "a hi"
		assert_equal "$(ask host 172.19.0.1 $port $protocol)" "a hi"
		assert_equal "$(ask b 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask a 192.0.2.1 $port $protocol)" "a hi"
		assert_equal "$(ask b 172.19.0.1 $port $protocol)" "a hi"
	done
}

@test "publish: every way to a port, IPv6" {
	define_dual
	make_dual_host
	container a
	container b
	attach a --network dual --publish 8080:80
	attach b --network dual
	answer a 80
	assert_equal "$(ask outside 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask host 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask b 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask a 2001:db8::1 8080)" "a hi"
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
}

@test "publish: from another network of ours" {
	define_dual
	make_host
	container a
	container b
	attach a --publish 8080:80
	attach b --network dual
	answer a 80
	assert_equal "$(ask b 192.0.2.1 8080)" "a hi"
	run ! ask b "$(address_of a)" 80
}

@test "publish: in an isolated network, from neighbours too unless bridged frames pass through the rules" {
	define_dual '"ingress": "isolated",'
	make_dual_host
	container a
	container b
	sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
	run -0 attach a --network dual -p 8080:80
	[[ $output == *"as long as net/bridge/bridge-nf-call-iptables is 1"*"isolated"* ]]
	attach b --network dual
	answer a 80
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
	assert_equal "$(ask host 2001:db8::1 8080)" "a hi"
	sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
	for who in a b; do
		assert_equal "$(ask $who 192.0.2.1 8080)" "a hi"
		assert_equal "$(ask $who 2001:db8::1 8080)" "a hi"
	done
	run ! ask b 10.8.0.2 80
	detach a
	run -0 attach a --network dual -p 8080:80
	[ -z "$output" ]
	sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
}

@test "publish: under FORWARD DROP, and only the published port" {
	drop_forward
	make_host
	outside ip route add 172.19.0.0/16 via 192.0.2.1
	container a
	attach a --publish 8080:80
	answer a 80
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
	run ! ask outside 172.19.0.2 80
	undrop_forward
}

@test "publish: one address of the host alone" {
	make_host
	ip addr add 192.0.2.9/24 dev up0
	container a
	attach a --publish 192.0.2.9:8080:80 -p 127.0.0.1:8081:80
	answer a 80
	assert_equal "$(ask outside 192.0.2.9 8080)" "a hi"
	run ! ask outside 192.0.2.1 8080
	run ! ask outside 192.0.2.9 8081
	assert_equal "$(ask host 127.0.0.1 8081)" "a hi"
}

@test "publish: what is sent through the host is not caught" {
	make_host
	container a
	attach a --publish 8080:80
	container b
	attach b
	mkdir -p "$TEST_DIR/www"
	echo outside >"$TEST_DIR/www/index.html"
	serve_http outside 8080 "$TEST_DIR/www"
	run -0 inside b timeout 20 busybox wget -q -O - http://192.0.2.2:8080/
	[ "$output" = outside ]
}

@test "publish: a run of ports is one rule, each port the one of its place" {
	make_host
	container a
	attach a --publish 7000-7099:9000-9099
	[ "$(rules | grep -c 'ct-netns port')" -eq 1 ]
	rules | grep -qE -- '--dports 7000:7099 .*-j DNAT --to-destination 172.19.0.2:9000-9099/7000|7099 : 9099'
	answer a 9000
	answer a 9042
	assert_equal "$(ask outside 192.0.2.1 7000)" "a hi"
	assert_equal "$(ask outside 192.0.2.1 7042)" "a hi"
}

@test "publish: a container without ports has no rule of its own" {
	container a
	container b
	attach a
	rules >"$TEST_DIR/before"
	attach b
	rules | diff "$TEST_DIR/before" -
}

@test "publish: another container's port is refused with its name, and nothing stays" {
	container a
	container b
	attach a -p 8080:80 -p 9000-9009:9000-9009
	snapshot_quickly >"$TEST_DIR/before"
	run -1 attach b -p 8080:81
	[[ $output == *"published port 8080:81/tcp: container 'a' has it already"* ]]
	run -1 attach b -p 192.0.2.1:9005:1
	[[ $output == *"container 'a' has it already"* ]]
	wait_for 5 veths 1
	snapshot_quickly | diff "$TEST_DIR/before" -
	attach b -p 8080:80/udp
}

@test "publish: a port that a process of the host has is refused" {
	container a
	mkdir -p "$TEST_DIR/www"
	serve_http "" 8080 "$TEST_DIR/www"
	run -1 attach a -p 8080:80
	[[ $output == *"published port 8080:80/tcp: a process of this host has port 8080 already"* ]]
	[ ! -e "$STATE_DIR/ports" ]
}

@test "publish: detach takes the rules and the claim back" {
	container a
	container b
	attach a -p 8080:80 -p 53:53/udp
	[ "$(ls -m "$STATE_DIR/ports")" = "tcp,8080,1,any, udp,53,1,any" ]
	detach a
	no_port_rules
	[ ! -e "$STATE_DIR/ports" ]
	attach b -p 8080:80
}

@test "publish: the port of a container that died is free, also without a detach" {
	container a
	container b
	attach a -p 8080:80
	stop_container a
	wait_for 5 no_veth
	attach b -p 8080:81
	[ "$(rules | grep -c 'ct-netns port')" -eq 1 ]
	answer b 81
	assert_equal "$(ask host 127.0.0.1 8080)" "b hi"
}

@test "publish: gc takes the claim and the rule of a container that is gone" {
	container a
	attach a -p 8080:80
	stop_container a
	wait_for 5 no_veth
	run -0 "$NETNS_TOOL" gc
	no_port_rules
	[ ! -e "$STATE_DIR/ports" ]
}

@test "publish: the rule of a container that died and whose record is lost goes with its claim" {
	container a
	attach a -p 8080:80
	stop_container a
	wait_for 5 no_veth
	rm -r "$STATE_DIR/containers/a"
	run -0 "$NETNS_TOOL" gc
	[[ $output == *"published port tcp,8080,1,any is free again, container 'a' is gone"* ]] || fail "$output"
	no_port_rules
	# and so it does when another wants the port
	container a
	container b
	attach a -p 8080:80
	stop_container a
	wait_for 5 no_veth
	rm -r "$STATE_DIR/containers/a"
	attach b -p 8080:81
	[ "$(rules | grep -c 'ct-netns port')" -eq 1 ]
	answer b 81
	assert_equal "$(ask host 127.0.0.1 8080)" "b hi"
}

@test "publish: attached again with other ports, the old ones are free" {
	container a
	attach a -p 8080:80
	attach a -p 8081:80
	answer a 80
	assert_equal "$(ask host 127.0.0.1 8081)" "a hi"
	run ! ask host 127.0.0.1 8080
	[ "$(ls "$STATE_DIR/ports")" = tcp,8081,1,any ]
}

@test "publish: after a flush of the rules the next attach brings back the ports of all" {
	make_host
	container a
	container b
	attach a -p 8080:80
	answer a 80
	flush_rules
	run ! ask outside 192.0.2.1 8080
	attach b
	assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
}

@test "publish: and so it does when somebody else has mended the network's rules before it" {
	local mender
	make_host
	container a
	container b
	attach a -p 8080:80
	answer a 80
	for mender in "$BRIDGE_SETUP_BIN up" "$NETNS_TOOL create"; do
		flush_rules
		$mender
		attach b
		assert_equal "$(ask outside 192.0.2.1 8080)" "a hi"
		run -0 "$NETNS_TOOL" check
		detach b
	done
	[ ! -e "$STATE_DIR/networks/default/restore" ]
}

@test "publish: check says that 127.0.0.1 is out of reach, repair opens it" {
	container a
	container b
	attach a -p 8080:80
	attach b -p 192.0.2.1:8081:80
	answer a 80
	echo 0 >/proc/sys/net/ipv4/conf/netns0/route_localnet
	run -1 "$NETNS_TOOL" check
	assert_equal "$output" "container 'a': net/ipv4/conf/netns0/route_localnet is 0, so nothing sent to 127.0.0.1 gets to its ports"
	"$NETNS_TOOL" repair
	run -0 "$NETNS_TOOL" check
	assert_equal "$(ask host 127.0.0.1 8080)" "a hi"
}

# takes_over SPEC: of port 5353/udp, to 53 of a container.
takes_over() {
	container a
	attach a -p "$1"
	answer a 53 udp
	# one socket all the while, as a client with a connected socket has it
	mkfifo "$TEST_DIR/in" "$TEST_DIR/out"
	ip netns exec outside "$TOP/tests/lib/talk.py" chat 192.0.2.1 5353 <"$TEST_DIR/in" >"$TEST_DIR/out" 2>&1 3>&- &
	SERVERS+=("$!")
	exec 7>"$TEST_DIR/in" 8<"$TEST_DIR/out"
	echo one >&7
	read -r -t 5 reply <&8
	assert_equal "$reply" "a one"
	detach a
	stop_container a
	echo gone >&7
	read -r -t 5 reply <&8
	assert_equal "$reply" nobody
	container b
	attach b -p "$1"
	answer b 53 udp
	echo two >&7
	read -r -t 5 reply <&8
	assert_equal "$reply" "b two"
	exec 7>&- 8<&-
	detach b
	stop_container b
	rm "$TEST_DIR/in" "$TEST_DIR/out"
}

@test "publish: a UDP client that goes on sending reaches the container that took the port over" {
	make_host
	takes_over 5353:53/udp
	takes_over 5350-5359:50-59/udp
}

@test "publish: a record that is damaged keeps neither rule nor claim from going" {
	define_dual
	container a
	for damage in '{"container":' '' "$(printf '{"x":"%01100000d"}' 1)"; do
		attach a --network dual -p 8080:80 -p 53:53/udp
		printf '%s' "$damage" >"$STATE_DIR/containers/a/eth0.json"
		run -0 detach a
		no_port_rules
		[ ! -e "$STATE_DIR/ports" ]
		# an attach with other ports has these alone
		attach a --network dual -p 8080:80 -p 53:53/udp
		printf '%s' "$damage" >"$STATE_DIR/containers/a/eth0.json"
		attach a --network dual -p 8081:80
		[ "$(ls "$STATE_DIR/ports")" = tcp,8081,1,any ]
		[[ $(rules 4; rules 6) != *8080* ]]
		detach a
		no_port_rules
	done
}

@test "publish: ports that follow each other are one rule; more rules than are allowed are refused" {
	local list=() i
	container a
	for i in {1..2000}; do list+=(-p "$((10000 + i)):$i/udp"); done
	attach a "${list[@]}"
	[ "$(ls "$STATE_DIR/ports")" = udp,10001,2000,any ]
	[ "$(rules 4 | grep -c 'ct-netns port')" -eq 1 ]
	answer a 1999 udp
	assert_equal "$(ask host 127.0.0.1 11999 udp)" "a hi"
	detach a
	no_port_rules
	list=()
	for i in {1..1025}; do list+=(-p "$((10000 + 2 * i)):$i"); done
	run -1 attach a "${list[@]}"
	[[ $output == *"--publish: more than 1024 ports and runs of ports"* ]]
	[ ! -e "$STATE_DIR/containers/a" ]
	unset "list[-1]" "list[-1]"
	attach a "${list[@]}"
	[ "$(rules 4 | grep -c 'ct-netns port')" -eq 1024 ]
	detach a
	no_port_rules
	[ ! -e "$STATE_DIR/ports" ]
}

@test "publish: a failure at the step leaves neither claim nor rule" {
	local tool=$FAULT_BIN/ct-netns point
	container a
	"$tool" create >/dev/null
	for point in ports ports.claimed ipfile "done"; do
		state_json a creating "${PIDS[a]}" >"$TEST_DIR/state"
		run -1 env CT_FAULT="$point:fail" "$tool" -p 8080:80 --ipfile "$TEST_DIR/ip" <"$TEST_DIR/state"
		[ ! -e "$STATE_DIR/ports" ]
		no_port_rules
		run -137 env CT_FAULT="$point:kill" "$tool" -p 8080:80 --ipfile "$TEST_DIR/ip" <"$TEST_DIR/state"
		detach a
		[ ! -e "$STATE_DIR/ports" ]
		no_port_rules
	done
}

@test "publish: wrong ones are refused before anything is touched" {
	container a
	snapshot >"$TEST_DIR/before"
	for wrong in 80 0:80 80:99999 80:80/xyz 1.2.3:80:80 80-81:80 ::1:80:80; do
		run -1 attach a -p "$wrong"
		[[ $output == *"--publish: '$wrong'"* ]]
	done
	run -1 attach a -p 80:80 -p 80:81
	[[ $output == *"want the same port of the host"* ]]
	snapshot | diff "$TEST_DIR/before" -
	define_dual '"internal": true,'
	run -1 attach a --network dual -p 80:80
	[[ $output == *"network 'dual' is internal"* ]]
	run -1 attach a -p '[2001:db8::1]:80:80'
	[[ $output == *"the container has no address of that family"* ]]
}

@test "publish: a host's address that nothing can be led from is refused" {
	define_dual
	container a
	"$NETNS_TOOL" create --network dual >/dev/null
	snapshot >"$TEST_DIR/before"
	for wrong in '[::1]' 224.0.0.1 255.255.255.255 '[ff02::1]' '[fe80::1]' 0.1.2.3; do
		run -1 attach a --network dual -p "$wrong:80:80"
		[[ $output == *"--publish: '$wrong:80:80/tcp': nothing that is sent to"* ]] || fail "$output"
	done
	snapshot | diff "$TEST_DIR/before" -
	# these mean all addresses of a family
	attach a --network dual -p '[::]:80:80' -p 0.0.0.0:80:81
}

@test "publish: runs of both protocols in a dual stack, from everywhere and from itself" {
	define_dual
	make_dual_host
	container a
	container b
	attach a --network dual -p 7000-7009:9000-9009/udp -p 7000-7009:9000-9009
	attach b --network dual
	for protocol in tcp udp; do
		answer a 9003 $protocol
		for where in outside host a b; do
			for host in 192.0.2.1 2001:db8::1; do
				assert_equal "$(ask "$where" "$host" 7003 $protocol)" "a hi"
			done
		done
		assert_equal "$(ask host 127.0.0.1 7003 $protocol)" "a hi"
		assert_equal "$(ask b fd00:8::1 7003 $protocol)" "a hi"
	done
	[ "$(rules 4 | grep -c 'ct-netns port.*a')" -le 4 ]
}

@test "publish: a network of IPv6 alone" {
	define_dual
	sed -i 's/\[{ "subnet": "10.8.0.0\/24" }\], //' /etc/ct-netns/dual.json
	make_dual_host
	container a
	attach a --network dual -p 8080:80
	answer a 80
	for where in outside host a; do
		assert_equal "$(ask "$where" 2001:db8::1 8080)" "a hi"
	done
	run ! ask host 192.0.2.1 8080
	run -1 attach a --network dual -p 192.0.2.1:8081:80
	[[ $output == *"the container has no address of that family"* ]]
}

@test "--mac: one that is nobody's, the bridge's or another container's is refused" {
	container a
	container b
	attach a --mac 02:00:00:00:00:77
	run -1 attach b --mac 00:00:00:00:00:00
	[[ $output == *"--mac: '00:00:00:00:00:00' is nobody's"* ]]
	run -1 attach b --mac "$(ip -j link show netns0 | jq -r '.[0].address')"
	[[ $output == *"is that of bridge 'netns0'"* ]]
	run -1 attach b --mac 02:00:00:00:00:77
	[[ $output == *"MAC 02:00:00:00:00:77: container 'a' (eth0) has it already"* ]]
	[ "$(ls "$STATE_DIR/containers")" = a ]
	# the holder itself may ask again, and on another bridge there is nobody
	attach a --mac 02:00:00:00:00:77
	attach b --bridge br7 --ip 10.7.0.1/24 --mac 02:00:00:00:00:77
	detach b
	"$NETNS_TOOL" rm --bridge br7 --ip 10.7.0.1/24 --force >/dev/null
	# one whose holder died is free
	stop_container a
	wait_for 5 no_veth
	attach b --mac 02:00:00:00:00:77
}

@test "--mac: that of a bridge that is not there yet is refused too" {
	container a
	run -1 attach a --mac 02:63:ac:13:00:01
	[[ $output == *"is that of bridge 'netns0'"* ]]
}

@test "--mac: the interface has it, and a wrong one is refused" {
	container a
	attach a --mac 02:00:00:00:00:77
	[ "$(inside a ip -j link show eth0 | jq -r '.[0].address')" = 02:00:00:00:00:77 ]
	ip neigh show 172.19.0.2 | grep -q 02:00:00:00:00:77
	container b
	run -1 attach b --mac 01:00:00:00:00:77
	[[ $output == *"--mac"*multicast* ]]
}

# port_rules: with the handles that the kernel gave them.
port_rules() {
	if [ "$FIREWALL" = nftables ]; then
		nft -a list chain inet ct-netns ports
	else
		rules | grep -- '-A CT-PORTS'
	fi
}

@test "publish: another attach leaves the rules as they are" {
	container a
	container b
	attach a --publish 8080:80
	port_rules >"$BATS_TEST_TMPDIR/before"
	grep -q 8080 "$BATS_TEST_TMPDIR/before"
	attach b
	attach a --iface eth1 --bridge br7 --ip 10.7.0.1/24
	port_rules | diff "$BATS_TEST_TMPDIR/before" -
	"$NETNS_TOOL" rm --bridge br7 --ip 10.7.0.1/24 --force
}

@test "publish: after a flush, one more interface of the container brings its ports back" {
	container a
	attach a --publish 8080:80
	port_rules | sed 's/# handle.*//' >"$BATS_TEST_TMPDIR/before"
	flush_rules
	attach a --iface eth1
	port_rules | sed 's/# handle.*//' | diff "$BATS_TEST_TMPDIR/before" -
}
