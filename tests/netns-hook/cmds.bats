#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands for people: add and del by hand, inspect, check, repair, explain, rm --all, completion; and
# several networks of one container.

load hook

setup() {
	common_setup
	choose_firewall
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
	container a
	container b
}

teardown() {
	"$NETNS_TOOL" rm --all --force >/dev/null 2>&1 || true
	ip link del strange0 2>/dev/null || true
	clean_host
	for name in one two; do
		ip netns del $name 2>/dev/null || true
	done
}

# define NAME SUBNET [JQ FILTER]
define() {
	jq "${3:-.}" >"$CT_NETNS_CONFIG_DIR/$1.json" <<-JSON
	{ "cniVersion": "1.1.0", "name": "$1", "type": "ct-netns", "bridge": "${1}0",
	  "ipam": { "type": "host-local", "ranges": [[{ "subnet": "$2" }]] } }
	JSON
}

define_dual() {
	define dual 10.8.0.0/24 '.ipam.ranges += [[{ "subnet": "fd00:8::/64" }]] | .ipam.routes = [{ "dst": "10.99.0.0/16" }]'
}

veth_of() {
	"$NETNS_TOOL" ls --json | jq -r --arg id "$1" '.[] | select(.container == $id) | .veth'
}

# differs TEXT [ID]: check fails and says so.
differs() {
	run -1 "$NETNS_TOOL" check "${@:2}"
	[[ $output == *"$1"* ]] || fail "no '$1': $output"
}

no_difference() {
	run -0 "$NETNS_TOOL" check "$@"
	assert_equal "$output" "no difference"
}

# ---- add, del ----

@test "add, del: by hand, with a named namespace and with a process" {
	ip netns add one
	"$NETNS_TOOL" add one --netns /run/netns/one --static-ip 172.19.0.40 -p 8080:80
	assert_equal "$(ip -n one -4 -j addr show eth0 | jq -r '.[0].addr_info[0].local')" 172.19.0.40
	ip netns exec one ping -c 1 -W 2 172.19.0.1
	"$NETNS_TOOL" add two --pid "${PIDS[a]}" --iface net7 --mac 02:00:00:00:00:07
	assert_equal "$(inside a ip -j link show net7 | jq -r '.[0].address')" 02:00:00:00:00:07
	run -0 "$NETNS_TOOL" ls
	assert_output_has "8080:80/tcp"
	assert_output_has "attached"
	assert_output_has "running"
	no_difference
	"$NETNS_TOOL" del one
	"$NETNS_TOOL" del one
	"$NETNS_TOOL" del two
	wait_for 5 no_veth
	assert_equal "$("$NETNS_TOOL" ls --json)" "[]"
	"$NETNS_TOOL" del never --state-dir /nonexistent
}

@test "add: a namespace by its path below /proc" {
	"$NETNS_TOOL" add a --netns "/proc/${PIDS[a]}/ns/net"
	inside a ping -c 1 -W 2 172.19.0.1
	no_difference
	(cd "/proc/${PIDS[b]}" && "$NETNS_TOOL" add b --netns ns/net)
	no_difference
	"$NETNS_TOOL" del a
	"$NETNS_TOOL" del b
	wait_for 5 no_veth
}

@test "add: a relative path means the same to whoever reads the record" {
	ip netns add one
	(cd /run/netns && "$NETNS_TOOL" add one --netns one)
	assert_equal "$("$NETNS_TOOL" ls --json | jq -r '.[0].netns')" /run/netns/one
}

@test "add: refuses what is no namespace of a container, and changes nothing" {
	snapshot >"$BATS_TEST_TMPDIR/before"
	local bad
	for bad in "" "--netns /run/netns/none" "--netns /etc/passwd" "--pid 4194304" "--pid 0" "--pid x" \
		"--netns /proc/self/ns/net" "--pid 1 --netns /proc/1/ns/net" "--pid $$"; do
		# shellcheck disable=SC2086 # words
		run -1 "$NETNS_TOOL" add a $bad
	done
	run -1 "$NETNS_TOOL" add ../a --pid "${PIDS[a]}"
	run -1 "$NETNS_TOOL" add
	run -1 "$NETNS_TOOL" del
	unchanged_since "$BATS_TEST_TMPDIR/before"
}

@test "del: --iface takes that interface alone" {
	"$NETNS_TOOL" add a --pid "${PIDS[a]}"
	"$NETNS_TOOL" add a --pid "${PIDS[a]}" --iface eth1
	"$NETNS_TOOL" del a --iface eth1
	"$NETNS_TOOL" del a --iface eth9
	assert_equal "$(address_of a)" 172.19.0.2
	run ! inside a ip link show eth1
}

# ---- several networks ----

@test "networks: --network given again makes one more interface, the first has the default route" {
	define front 10.1.0.0/24
	define back 10.2.0.0/24
	define third 10.3.0.0/24 '.ifname = "storage"'
	attach a --network front --network back --network third --publish 8080:80 --static-ip 10.2.0.77
	attach b --network back
	assert_equal "$(address_of a eth0)" 10.1.0.2
	assert_equal "$(address_of a eth1)" 10.2.0.77
	assert_equal "$(address_of a storage)" 10.3.0.2
	assert_equal "$(inside a ip -j route show default | jq -r '[.[].dev] | join(",")')" eth0
	inside b ping -c 1 -W 2 10.2.0.77
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[] | select(.ports) | .ifname]')" '["eth0"]'
	no_difference
	detach a
	detach b
	wait_for 5 no_veth
}

@test "networks: when one of them fails, none is left attached" {
	define front 10.1.0.0/24
	define small 10.2.0.0/30
	attach b --network small
	run -1 attach a --network front --network small
	assert_output_has 10.2.0.0/30
	veths 1
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[].container]')" '["b"]'
	run -1 attach a --network front --network nowhere
	run -1 attach a --network front --network small --static-ip 10.77.0.1
	assert_output_has "in no subnet of these networks"
	run -1 attach a --network front --network small --bridge br7
	assert_output_has "--bridge"
	run -1 "$NETNS_TOOL" create --network front --network small
	assert_output_has "one at a time"
	veths 1
}

@test "networks: a container of many interfaces is detached whole" {
	local i
	for i in 0 1 2 3 4 5 6 7; do
		attach a --iface "eth$i"
	done
	run -0 detach a
	assert_equal "$output" ""
	wait_for 5 no_veth
	assert_equal "$("$NETNS_TOOL" ls --json)" "[]"
}

# ---- inspect ----

@test "inspect: the record, and what the kernel has on both sides" {
	define_dual
	attach a --network dual -p 8080:80
	# A bridge that has just got its first port may forget its neighbours once more.
	inside a ping -c 1 -W 5 10.8.0.1 >/dev/null
	"$NETNS_TOOL" inspect a >"$BATS_TEST_TMPDIR/inspect"
	get() { jq -c "$1" "$BATS_TEST_TMPDIR/inspect"; }
	assert_equal "$(get 'length, .[0].container, .[0].state')" $'1\n"a"\n"attached"'
	assert_equal "$(get '.[0].kernel.host | [.name, .up, .master, .kind]')" \
		"[\"$(veth_of a)\",true,\"dual0\",\"veth\"]"
	assert_equal "$(get '.[0].kernel.inside | [.name, .up, .mtu, .addresses]')" \
		'["eth0",true,1500,["10.8.0.2/24","fd00:8::2/64"]]'
	assert_equal "$(get '.[0].kernel.inside.mac')" "$(get '.[0].mac')"
	assert_equal "$(get '.[0].kernel.inside.routes | map(select(.gw)) | map(.dst) | sort')" \
		'["0.0.0.0/0","10.99.0.0/16","::/0"]'
	assert_equal "$(get '.[0].kernel.neighbours["10.8.0.2"]')" "$(get '.[0].mac')"
	assert_equal "$(get '.[0].kernel.rules | map(.present)')" '[true,true]'
	stop_container a
	wait_for 5 no_veth
	assert_equal "$("$NETNS_TOOL" inspect a | jq -c '.[0].kernel | [.host, .inside]')" '[null,null]'
	run -1 "$NETNS_TOOL" inspect b
	assert_output_has "container 'b' is not attached"
	run -1 "$NETNS_TOOL" inspect
	run -1 "$NETNS_TOOL" inspect ../b
}

# ---- check, repair ----

@test "check, repair: nothing is there" {
	no_difference
	run -0 "$NETNS_TOOL" repair
	assert_equal "$output" ""
	run -1 "$NETNS_TOOL" check a
	run -1 "$NETNS_TOOL" repair a
	assert_missing "$STATE_DIR"
}

# edit FILE SCRIPT: with sed, in place: containers have this very file.
edit() {
	local text
	text=$(sed "$2" "$1")
	echo "$text" >"$1"
}

@test "check: says each difference, repair makes it right" {
	local HOSTS=$STATE_DIR/networks/dual/hosts
	define_dual
	attach a --network dual -p 8080:80
	attach b --network dual
	no_difference
	while IFS='|' read -r text command; do
		eval "$command"
		differs "$text"
		differs "$text" a
		no_difference_of_b
		run -0 "$NETNS_TOOL" repair a
		assert_output_has mended
		no_difference
		inside a ping -c 1 -W 2 10.8.0.3
		assert_equal "$(address_of a)" 10.8.0.2
	done <<-'TABLE'
	container 'a': eth0: address 10.8.0.2/24 is missing|inside a ip addr del 10.8.0.2/24 dev eth0
	eth0: address fd00:8::2/64 is missing|inside a ip addr del fd00:8::2/64 dev eth0
	eth0: is down|inside a ip link set eth0 down
	lo: is down|inside a ip link set lo down
	eth0: its MTU is 1400, not 1500|inside a ip link set eth0 mtu 1400
	its MAC is 02:00:00:00:00:99|inside a ip link set eth0 address 02:00:00:00:00:99
	eth0: is missing in the container|inside a ip link set eth0 name lost0
	is missing on the host|ip link del "$(veth_of a)"; inside a ip link add other type bridge
	: is down|ip link set "$(veth_of a)" down
	its MTU is 1300, not 1500|ip link set "$(veth_of a)" mtu 1300
	is not a port of bridge dual0|ip link set "$(veth_of a)" nomaster
	route 0.0.0.0/0 via 10.8.0.1 is missing|inside a ip route del default
	route 0.0.0.0/0 via 10.8.0.1 is missing|inside a ip route replace default via 10.8.0.77
	route ::/0 via fd00:8::1 is missing|inside a ip -6 route del default
	route 10.99.0.0/16 via 10.8.0.1 is missing|inside a ip route del 10.99.0.0/16
	neighbour 10.8.0.2 on dual0: has another's MAC|ip neigh replace 10.8.0.2 lladdr 02:00:00:00:00:99 dev dual0 nud stale
	published port 8080:80/tcp: is not its own|rm "$STATE_DIR"/ports/tcp,8080,*
	hosts file: '10.8.0.2 a # a/eth0' is missing|edit "$HOSTS" '/^10.8.0.2 /d'
	hosts file: 'fd00:8::2 a # a/eth0' is missing|edit "$HOSTS" '/^fd00:8::2 /s/^/#/'
	hosts file: '10.8.0.2 evil # a/eth0' is not as recorded|edit "$HOSTS" 's/^10.8.0.2 a/10.8.0.2 evil/'
	hosts file: '10.8.0.77 a # a/eth0' is not as recorded|edit "$HOSTS" 's/^10.8.0.2 a/10.8.0.77 a/'
	hosts file: '10.8.0.2 mine' is not as recorded|echo '10.8.0.2 mine' >>"$HOSTS"
	its hosts file: is missing|rm "$STATE_DIR/containers/a/hosts"
	its resolv.conf: is missing|rm "$STATE_DIR/containers/a/resolv.conf"
	its resolv.conf: was changed|echo 'nameserver 192.0.2.66' >>"$STATE_DIR/containers/a/resolv.conf"
	its resolv.conf: was changed|head -c 100000 /dev/zero >"$STATE_DIR/containers/a/resolv.conf"
	lease of 10.8.0.2 in network 'dual': is not its own|rm "$STATE_DIR/networks/dual/leases/10.8.0.2"
	TABLE
}

no_difference_of_b() {
	run "$NETNS_TOOL" check b
	[[ $output != *"container 'b'"* ]] || fail "$output"
}

@test "check, repair: rules and sysctls of the network, and ports of every container" {
	define_dual
	attach a --network dual -p 8080:80
	attach b --network dual -p 8081:80
	serve b
	flush_rules
	echo 1 >/proc/sys/net/ipv4/conf/dual0/rp_filter
	differs "network 'dual': "
	differs rp_filter
	differs "container 'a': "
	differs "container 'b': "
	run -0 "$NETNS_TOOL" repair
	assert_output_has "mended: network 'dual': "
	no_difference
	assert_equal "$(timeout 20 busybox wget -q -O - http://127.0.0.1:8081/)" "hello from b"
	ip link del dual0
	differs "bridge dual0"
	run -0 "$NETNS_TOOL" repair
	no_difference
	inside a ping -c 1 -W 2 10.8.0.3
}

@test "check, repair: containers of flags, of a pin, and of CNI" {
	attach a --bridge br7 --ip 10.7.0.1/24
	run -0 "$NETNS_TOOL" check
	assert_output_has "network 'br7' has no definition here"
	assert_equal "$("$NETNS_TOOL" check --bridge br7 --ip 10.7.0.1/24)" "no difference"
	inside a ip addr flush dev eth0
	run -1 "$NETNS_TOOL" repair
	assert_output_has "nothing can be mended"
	run -0 "$NETNS_TOOL" repair --bridge br7 --ip 10.7.0.1/24
	assert_equal "$(address_of a)" 10.7.0.2
	ip netns add one
	define_dual
	CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS=/run/netns/one CNI_IFNAME=eth0 "$NETNS_TOOL" \
		<"$CT_NETNS_CONFIG_DIR/dual.json" >/dev/null
	rm "$CT_NETNS_CONFIG_DIR/dual.json"
	ip -n one addr flush dev eth0
	differs "container 'c': eth0: address 10.8.0.2/24 is missing" c
	differs "container 'c': eth0: address fd00:8::2/64 is missing" c
	"$NETNS_TOOL" repair c
	no_difference c
}

@test "check, repair: a record that is damaged is a difference, and mended by an attach again" {
	local text
	attach a
	attach b
	for text in '' '{' '{}' null; do
		printf '%s' "$text" >"$STATE_DIR/containers/a/eth0.json"
		run -1 --separate-stderr "$NETNS_TOOL" check
		[[ $output == "container 'a': a record of it is damaged"* ]] || fail "$output"
		run -1 --separate-stderr "$NETNS_TOOL" check a
		run -1 --separate-stderr "$NETNS_TOOL" repair
		run -0 --separate-stderr "$NETNS_TOOL" check b
		assert_equal "$output" "no difference"
		attach a
		no_difference
	done
}

@test "check, repair: a container that is gone is said, and left to gc" {
	attach a
	stop_container a
	wait_for 5 no_veth
	differs "its network namespace is gone"
	run -1 "$NETNS_TOOL" repair
	assert_output_has "ct-netns gc"
	"$NETNS_TOOL" gc
	no_difference
}

@test "check: a container of a pin whose process is dead" {
	touch "$BATS_TEST_TMPDIR/my pin"
	mount --bind "/proc/${PIDS[a]}/ns/net" "$BATS_TEST_TMPDIR/my pin"
	attach a
	stop_container a
	no_difference
	nsenter --net="$BATS_TEST_TMPDIR/my pin" ip addr flush dev eth0
	differs "172.19.0.2/16 is missing"
	"$NETNS_TOOL" repair
	no_difference
	umount "$BATS_TEST_TMPDIR/my pin"
}

# ---- explain ----

@test "explain: every message, sysctl and rule, and nothing is changed" {
	define_dual
	snapshot >"$BATS_TEST_TMPDIR/before"
	run -0 "$NETNS_TOOL" explain web1 --network dual -p 8080:80
	unchanged_since "$BATS_TEST_TMPDIR/before"
	for text in "make: bridge dual0" "make: address 10.8.0.1/24 on dual0" "make: address fd00:8::1/64 on dual0" \
		"make: net/ipv4/ip_forward = 1" "make: net/ipv4/conf/dual0/rp_filter = 2" \
		" 10.8.0.0/24 " "RTM_NEWLINK ct" "bridge_slave hairpin on" \
		"inside: net/ipv6/conf/eth0/accept_ra = 0" "inside: net/ipv6/conf/eth0/accept_dad = 0" "inside: RTM_NEWADDR ADDRESS/24 dev eth0" \
		"inside: RTM_NEWADDR ADDRESS6/64 dev eth0" "inside: RTM_NEWROUTE 0.0.0.0/0 via 10.8.0.1 dev eth0" \
		"inside: RTM_NEWROUTE 10.99.0.0/16 via 10.8.0.1 dev eth0" \
		"RTM_NEWNEIGH ADDRESS lladdr MAC dev dual0 nud stale" \
		"publish 8080:80/tcp:" "ADDRESS:80" "[ADDRESS6]:80"; do
		assert_output_has "$text"
	done
	# What it announces is what an attach makes.
	"$NETNS_TOOL" explain a --network dual -p 8080:80 --static-ip 10.8.0.2 --static-ip fd00:8::2 |
		sed -n 's/^  make: //p' >"$BATS_TEST_TMPDIR/said"
	attach a --network dual -p 8080:80
	"$NETNS_TOOL" explain a --network dual -p 8080:80 --static-ip 10.8.0.2 --static-ip fd00:8::2 \
		>"$BATS_TEST_TMPDIR/now"
	assert_equal "$(grep -v route_localnet "$BATS_TEST_TMPDIR/now" | grep make: || true)" ""
	sed -n 's/^  is there: //p' "$BATS_TEST_TMPDIR/now" | diff <(grep -v route_localnet "$BATS_TEST_TMPDIR/said") -
}

# messages FILE BRIDGE: what strace saw being sent to rtnetlink, but for questions, and for the addresses
# of the bridge, which are made sure of by asking for them again. strace knows the kinds of a
# socket of its own namespace by name, those of others by number.
messages() {
	grep -v "ifa_index=if_nametoindex(\"$2\")" "$1" | grep -oE 'nlmsg_type=(RTM_[A-Z]+|0x[0-9a-f]+)' | sed 's/.*=//
		s/^0x10$/RTM_NEWLINK/; s/^0x13$/RTM_SETLINK/; s/^0x14$/RTM_NEWADDR/; s/^0x18$/RTM_NEWROUTE/
		s/^0x1c$/RTM_NEWNEIGH/; s/^0x24$/RTM_NEWQDISC/; s/^0x2c$/RTM_NEWTFILTER/' |
		grep -E '^RTM_(NEW|SET|DEL)' | sort | uniq -c
}

@test "explain: as many messages of each kind as an attach sends, and every sysctl that it writes" {
	define all 10.8.0.0/24 '. + { ingress: "isolated", macspoofchk: true, hairpinMode: true, enabledad: true,
		bandwidth: { ingressRate: 80000000, egressRate: 80000000 }, promisc: true, allmulti: true, txQLen: 77,
		sysctl: { "net.ipv4.conf.IFNAME.arp_filter": "1" }, metric: 50 } |
		.ipam.ranges += [[{ subnet: "fd00:8::/64" }]] |
		.ipam.routes = [{ dst: "10.50.0.0/16", gw: "10.8.0.9", priority: 7, table: 100, mtu: 1400 },
			{ dst: "10.51.0.0/16", scope: 253 }, { dst: "10.52.0.0/16", type: "blackhole" }]'
	ip link add strange0 type veth peer name strange1
	ip addr add 10.99.0.1/24 dev strange0
	local flags=(--network all -p 127.0.0.1:8080:80 --sysctl net.ipv4.ip_default_ttl=77 --device strange0:inside0)
	"$NETNS_TOOL" create --network all >/dev/null
	"$NETNS_TOOL" explain a "${flags[@]}" >"$BATS_TEST_TMPDIR/said"
	grep -q '10.50.0.0/16 via 10.8.0.9 dev eth0 table 100 metric 7 mtu 1400' "$BATS_TEST_TMPDIR/said"
	grep -q 'bridge ct-netns mac: iifname "ct.*" ether saddr != MAC drop' "$BATS_TEST_TMPDIR/said"
	state_json a creating "${PIDS[a]}" >"$BATS_TEST_TMPDIR/state"
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=sendmsg,openat -o "$BATS_TEST_TMPDIR/trace" \
		"$NETNS_TOOL" "${flags[@]}" <"$BATS_TEST_TMPDIR/state"
	diff <(grep -oE 'RTM_[A-Z]+' "$BATS_TEST_TMPDIR/said" | sort | uniq -c) \
		<(messages "$BATS_TEST_TMPDIR/trace" all0)
	grep -E '"/proc/sys/.*O_(WRONLY|RDWR)' "$BATS_TEST_TMPDIR/trace" | sed 's,.*"/proc/sys/\([^"]*\)".*,\1,' \
		>"$BATS_TEST_TMPDIR/written"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/written")" -ge 5 ]
	while read -r path; do
		grep -qF "$path = " "$BATS_TEST_TMPDIR/said" || fail "$path is not in what explain says"
	done <"$BATS_TEST_TMPDIR/written"
	detach a
}

@test "explain: addresses that are asked for, and several networks" {
	define front 10.1.0.0/24
	define back 10.2.0.0/24
	run -0 "$NETNS_TOOL" explain a --network front --network back --static-ip 10.2.0.9 --mac 02:00:00:00:00:05
	assert_output_has "inside: RTM_NEWADDR ADDRESS/24 dev eth0"
	assert_output_has "inside: RTM_NEWADDR 10.2.0.9/24 dev eth1"
	assert_output_has "address 02:00:00:00:00:05"
	assert_output_has "via 10.1.0.1 dev eth0"
	[[ $output != *"via 10.2.0.1"* ]] || fail "$output"
	ip link add back0 type veth peer name back1
	run -0 "$NETNS_TOOL" explain a --network back
	assert_output_has "refused: "
	ip link del back0
}

# ---- rm ----

@test "rm: --force takes all that containers have of the network, who are detached quietly later" {
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	define front 10.1.0.0/24 '.ipam.ranges += [[{ "subnet": "fd00:1::/64" }]] | .macspoofchk = true |
		.bandwidth = { "ingressRate": 8000000, "egressRate": 8000000 }'
	define other 10.2.0.0/24
	container c
	container d
	# What a first attach loads and makes for ever is there already.
	attach a --network front -p 8079:79
	detach a
	"$NETNS_TOOL" rm --network front
	attach d --network other -p 8082:82
	wait_for 5 veths 1
	snapshot >"$BATS_TEST_TMPDIR/before"
	rules >"$BATS_TEST_TMPDIR/rules"
	rules 6 >"$BATS_TEST_TMPDIR/rules6"
	attach a --network front -p 8080:80 -p 8053:53/udp --alias www --ipfile "$BATS_TEST_TMPDIR/address"
	"$NETNS_TOOL" add b --network front --network other --pid "${PIDS[b]}" -p 127.0.0.1:8081:81
	CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS="/proc/${PIDS[c]}/ns/net" CNI_IFNAME=eth0 "$NETNS_TOOL" \
		< <(jq '.runtimeConfig.portMappings = [{"hostPort": 8083, "containerPort": 83}]' "$CT_NETNS_CONFIG_DIR/front.json") >/dev/null
	run -1 "$NETNS_TOOL" rm --network front
	assert_output_has "--force"
	run -0 "$NETNS_TOOL" rm --network front --force
	assert_output_has "container 'c': eth0 is taken away"
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[] | .container + ":" + .ifname]')" '["b:eth1","d:eth0"]'
	inside b ping -c 1 -W 2 10.2.0.1
	no_difference
	"$NETNS_TOOL" del b
	rules | diff "$BATS_TEST_TMPDIR/rules" -
	rules 6 | diff "$BATS_TEST_TMPDIR/rules6" -
	unchanged_since "$BATS_TEST_TMPDIR/before"
	assert_missing "$BATS_TEST_TMPDIR/address"
	assert_equal "$("$NETNS_TOOL" <<<"$(state_json a stopped)" 2>&1)" ""
	assert_equal "$("$NETNS_TOOL" del b 2>&1)" ""
	assert_equal "$(CNI_COMMAND=DEL CNI_CONTAINERID=c CNI_NETNS="/proc/${PIDS[c]}/ns/net" CNI_IFNAME=eth0 "$NETNS_TOOL" \
		<"$CT_NETNS_CONFIG_DIR/front.json" 2>&1)" ""
	unchanged_since "$BATS_TEST_TMPDIR/before"
	attach a --network front -p 8083:80
	assert_equal "$(address_of a)" 10.1.0.2
}

@test "rm: --force while containers are being attached leaves none of them without a network" {
	local pid mode
	for mode in bridge routed bridge routed; do
		attach a --mode $mode
		attach b --mode $mode >/dev/null 2>&1 3>&- &
		pid=$!
		"$NETNS_TOOL" rm --force --mode $mode >/dev/null
		wait $pid || true
		"$NETNS_TOOL" check --mode $mode
		"$NETNS_TOOL" rm --force --mode $mode >/dev/null
		assert_equal "$("$NETNS_TOOL" ls --json)" "[]"
	done
}

@test "attach: a network that is removed before the record says attached is an error, and all is undone" {
	local pid lock failed=0
	attach a
	exec {lock}<>"$STATE_DIR/networks/default/hosts.lock"
	flock "$lock"
	attach b >said 2>&1 3>&- {lock}>&- &
	pid=$!
	wait_for 5 veths 2
	wait_for 5 inside b ip -4 route get 172.19.0.1
	mv "$STATE_DIR/networks/default/bridge.json" kept
	exec {lock}>&-
	wait $pid || failed=$?
	[ "$failed" -eq 1 ]
	grep -q "container 'b': done: network 'default' was removed meanwhile" said
	run ! inside b ip link show eth0
	mv kept "$STATE_DIR/networks/default/bridge.json"
	no_difference
}

@test "rm: --force of a network whose containers died, and of one whose rules were flushed" {
	define front 10.1.0.0/24
	attach a --network front -p 8080:80
	"$NETNS_TOOL" add b --network front --pid "${PIDS[b]}" -p 8081:80
	stop_container a
	flush_rules
	run -0 "$NETNS_TOOL" rm --network front --force
	assert_equal "$("$NETNS_TOOL" ls --json)" "[]"
	[[ $(rules) != *ct-netns* ]] || fail "$(rules)"
	run -0 "$NETNS_TOOL" rm --network front --force
	assert_equal "$(find "$STATE_DIR" -type f)" ""
}

@test "rm --all: with --force nothing is left, without it nobody loses his network" {
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	snapshot_quickly >"$BATS_TEST_TMPDIR/before"
	define front 10.1.0.0/24
	attach a --network front -p 8080:80
	attach b
	define seven 10.7.0.0/24
	CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS="/proc/${PIDS[a]}/ns/net" CNI_IFNAME=eth7 "$NETNS_TOOL" \
		<"$CT_NETNS_CONFIG_DIR/seven.json" >/dev/null
	rm "$CT_NETNS_CONFIG_DIR"/*.json
	run -1 "$NETNS_TOOL" rm --all
	assert_output_has "--force"
	inside b ping -c 1 -W 2 172.19.0.1
	"$NETNS_TOOL" rm --all --force
	assert_missing "$STATE_DIR"
	snapshot_quickly | diff "$BATS_TEST_TMPDIR/before" -
	[[ $(rules) != *ct-netns* ]] || fail "$(rules)"
	"$NETNS_TOOL" rm --all
}

# ---- completion ----

@test "completion: prints the one for bash" {
	"$NETNS_TOOL" completion bash | cmp - "$TOP/netns-hook/completion.bash"
	run -1 "$NETNS_TOOL" completion fish
	assert_output_has "none for 'fish'"
	run -1 "$NETNS_TOOL" completion
}
