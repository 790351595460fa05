#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a network lets through: to the outside, from it, between containers; IPv4 and IPv6.

load hook

setup() {
	common_setup
	choose_firewall
	mkdir -p /etc/ct-netns
}

teardown() {
	local name
	for name in /etc/ct-netns/*.json; do
		[ ! -e "$name" ] || "$NETNS_TOOL" rm --network "$(basename "$name" .json)" --force >/dev/null 2>&1 || true
	done
	clean_host
	rm -rf /etc/ct-netns
}

# define NAME NUMBER [KEYS]: a network of 10.NUMBER.0.0/24 and fd00:NUMBER::/64 on bridge NAME.
define() {
	cat >"/etc/ct-netns/$1.json" <<-JSON
	{ "cniVersion": "1.1.0", "name": "$1", "type": "ct-netns", "bridge": "$1", ${3:-}
	  "ipam": { "type": "host-local",
	            "ranges": [[{ "subnet": "10.$2.0.0/24" }], [{ "subnet": "fd00:$2::/64" }]] } }
	JSON
}

# make_host of both families: the outside has 192.0.2.2 and 2001:db8::2, the host .1.
make_dual_host() {
	make_host
	echo 0 >/proc/sys/net/ipv6/conf/up0/accept_dad
	ip addr add 2001:db8::1/64 dev up0 nodad
	ip -n outside addr add 2001:db8::2/64 dev up0 nodad
	ip route add ::/0 via 2001:db8::2
	wait_for 5 ping -6 -c 1 -W 1 2001:db8::2
}

reaches() {
	inside "$1" ping -c 1 -W 2 "$2" >/dev/null
}

misses() {
	! inside "$1" ping -c 1 -W 0.3 "$2" >/dev/null
}

@test "dual stack: the outside is reached with the host's address of either family" {
	define web 8
	make_dual_host
	container a
	attach a --network web
	outside ip6tables-legacy -A INPUT -s 2001:db8::1
	reaches a 192.0.2.2
	reaches a 2001:db8::2
	outside ip6tables-legacy -nvxL INPUT | awk '/2001:db8::1/ { exit !($1 > 0) }'
	# and not the other way round
	outside ip route add 10.8.0.0/24 via 192.0.2.1
	outside ip route add fd00:8::/64 via 2001:db8::1
	run ! outside ping -c 1 -W 0.3 10.8.0.2
	run ! outside ping -c 1 -W 0.3 fd00:8::2
}

@test "dual stack: under FORWARD DROP of both families" {
	drop_forward
	define web 8
	make_dual_host
	container a
	attach a --network web
	reaches a 192.0.2.2
	reaches a 2001:db8::2
	undrop_forward
}

@test "dual stack: what a flush took comes back with the next attach" {
	define web 8
	make_dual_host
	container a
	container b
	attach a --network web
	rules 6 >"$BATS_TEST_TMPDIR/before"
	flush_rules
	attach b --network web
	reaches a 2001:db8::2
	rules 6 | diff "$BATS_TEST_TMPDIR/before" -
}

@test "rm: no rule, chain or jump of either family stays" {
	define web 8
	"$NETNS_TOOL" create --network web >/dev/null
	"$NETNS_TOOL" rm --network web >/dev/null
	[[ $(rules 4; rules 6) != *ct-netns* ]]
}

# The matrix: who (row) reaches whom. Networks red and blue, a container each and a second red one,
# and the outside. yes/no in the order of the arguments.
check_matrix() {
	local from to want
	while read -r from to want; do
		for family in 4 6; do
			if [ "$want" = yes ]; then
				reaches "$from" "${address[$to.$family]}" || fail "$from does not reach $to (IPv$family)"
			else
				misses "$from" "${address[$to.$family]}" || fail "$from reaches $to (IPv$family)"
			fi
		done
	done
}

make_matrix() {
	declare -gA address=([out.4]=192.0.2.2 [out.6]=2001:db8::2)
	local id
	define red 8 "$1"
	define blue 9 "$2"
	make_dual_host
	for id in r1 r2 b1; do container "$id"; done
	attach r1 --network red
	attach r2 --network red
	attach b1 --network blue
	for id in r1 r2 b1; do
		address[$id.4]=$(inside "$id" ip -j -4 addr show eth0 | jq -r '.[].addr_info[].local // empty')
		address[$id.6]=$(inside "$id" ip -j -6 addr show eth0 scope global | jq -r '.[].addr_info[].local // empty')
	done
}

# serve_all ID: what it is asked by TCP on port 80 and by UDP on port 53 is answered.
serve_all() {
	local kind port
	for kind in tcp:80 udp:53; do
		port=${kind#*:} kind=${kind%:*}
		nsenter --net="/proc/${PIDS[$1]}/ns/net" -- "$TOP/tests/lib/talk.py" serve "$kind" "$port" "$1" >/dev/null 2>&1 3>&- &
		TEST_PIDS+=("$!")
		wait_for 5 inside "$1" sh -c "ss -Hln${kind:0:1} 'sport = :$port' | grep -q ."
	done
}

@test "networks of every kind side by side: who reaches whom, by TCP and UDP of both families" {
	local id kind number=8
	declare -A address=([out.4]=192.0.2.2 [out.6]=2001:db8::2)
	declare -A reach=(
		[est1]="est1 est2 open1 open2 out" [est2]="est1 est2 open1 open2 out"
		[iso1]="iso1 open1 open2 out" [iso2]="iso2 open1 open2 out"
		[open1]="open1 open2 out" [open2]="open1 open2 out"
		[int1]="int1 int2" [int2]="int1 int2"
		[out]="open1 open2 out")
	make_dual_host
	# every network is routed to from outside: what does not arrive has been dropped
	outside ip route add 10.0.0.0/8 via 192.0.2.1
	outside ip route add fd00::/16 via 2001:db8::1
	PIDS[out]=$(ip netns exec outside sh -c 'sleep 1000 >/dev/null 2>&1 3>&- & echo $!')
	for kind in est iso open int; do
		case $kind in
		est) define est $number ;;
		iso) define iso $number '"ingress": "isolated",' ;;
		open) define open $number '"ingress": "open",' ;;
		int) define int $number '"internal": true,' ;;
		esac
		for id in "${kind}1" "${kind}2"; do
			container "$id"
			attach "$id" --network $kind
			address[$id.4]=$(address_of "$id")
			address[$id.6]=$(inside "$id" ip -j -6 addr show eth0 scope global | jq -r '.[].addr_info[].local // empty')
		done
		number=$((number + 1))
	done
	for id in "${!reach[@]}"; do serve_all "$id"; done
	for id in "${!reach[@]}"; do
		echo "$id.tcp.4 tcp ${address[$id.4]} 80"
		echo "$id.tcp.6 tcp ${address[$id.6]} 80"
		echo "$id.udp.4 udp ${address[$id.4]} 53"
		echo "$id.udp.6 udp ${address[$id.6]} 53"
	done >"$BATS_TEST_TMPDIR/all"
	local sweeps=()
	for id in "${!reach[@]}"; do
		inside "$id" "$TOP/tests/lib/talk.py" sweep 2 <"$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/from.$id" 3>&- &
		sweeps+=("$!")
	done
	wait "${sweeps[@]}"
	for id in "${!reach[@]}"; do
		# shellcheck disable=SC2086 # words
		diff <(printf '%s\n' ${reach[$id]} | awk '{ print $1 ".tcp.4\n" $1 ".tcp.6\n" $1 ".udp.4\n" $1 ".udp.6" }' | sort) \
			<(sort "$BATS_TEST_TMPDIR/from.$id") || fail "from $id"
	done
}

@test "ingress established: neighbours see each other, networks do not" {
	make_matrix '' ''
	check_matrix <<-EOF
	r1 r2 yes
	r2 r1 yes
	r1 b1 no
	b1 r1 no
	r1 out yes
	b1 out yes
	EOF
}

@test "ingress isolated: no container sees another, all see the outside" {
	make_matrix '"ingress": "isolated",' ''
	check_matrix <<-EOF
	r1 r2 no
	r2 r1 no
	b1 r1 no
	r1 b1 no
	r1 out yes
	r2 out yes
	EOF
	# bridged frames that pass through the rules as well
	sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
	misses r1 "${address[r2.4]}"
	sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
}

@test "ingress open: the network is reached from another one that is open too" {
	make_matrix '"ingress": "open",' '"ingress": "open",'
	check_matrix <<-EOF
	r1 r2 yes
	r1 b1 yes
	b1 r2 yes
	r1 out yes
	EOF
}

@test "internal: neighbours and the gateway, and nothing else" {
	make_matrix '"internal": true,' ''
	check_matrix <<-EOF
	r1 r2 yes
	r1 out no
	r1 b1 no
	b1 r1 no
	b1 out yes
	EOF
	reaches r1 10.8.0.1
	[ -z "$(inside r1 ip route show default)$(inside r1 ip -6 route show default)" ]
	# also with a route of its own making
	inside r1 ip route add default via 10.8.0.1
	misses r1 192.0.2.2
}

@test "masqExclude: these destinations see the container's own address" {
	define web 8 '"masqExclude": ["192.0.2.0/24", "2001:db8::/64"],'
	make_dual_host
	outside ip route add 10.8.0.0/24 via 192.0.2.1
	outside ip route add fd00:8::/64 via 2001:db8::1
	container a
	attach a --network web
	outside iptables-legacy -A INPUT -s 10.8.0.2
	outside ip6tables-legacy -A INPUT -s fd00:8::2
	reaches a 192.0.2.2
	reaches a 2001:db8::2
	outside iptables-legacy -nvxL INPUT | awk '/10.8.0.2/ { exit !($1 > 0) }'
	outside ip6tables-legacy -nvxL INPUT | awk '/fd00:8::2/ { exit !($1 > 0) }'
}

@test "snat: the outside sees the chosen address" {
	define web 8 '"snat": ["192.0.2.77", "2001:db8::77"], "masqRandomFully": true,'
	make_dual_host
	ip addr add 192.0.2.77/24 dev up0
	ip addr add 2001:db8::77/64 dev up0 nodad
	container a
	attach a --network web
	outside iptables-legacy -A INPUT -s 192.0.2.77
	outside ip6tables-legacy -A INPUT -s 2001:db8::77
	reaches a 192.0.2.2
	reaches a 2001:db8::2
	outside iptables-legacy -nvxL INPUT | awk '/192.0.2.77/ { exit !($1 > 0) }'
	outside ip6tables-legacy -nvxL INPUT | awk '/2001:db8::77/ { exit !($1 > 0) }'
	rules | grep -qE -- '--to-source 192.0.2.77 --random-fully|snat ip to 192.0.2.77 fully-random'
}

@test "masqRandomFully: MASQUERADE --random-fully" {
	define web 8 '"masqRandomFully": true,'
	"$NETNS_TOOL" create --network web >/dev/null
	rules 4 | grep -qE -- '! -o web .*-j MASQUERADE --random-fully|ip saddr .*masquerade fully-random'
	rules 6 | grep -qE -- '! -o web .*-j MASQUERADE --random-fully|ip6 saddr .*masquerade fully-random'
}

@test "what cannot be had together is refused by name" {
	local keys want
	container a
	define web 8
	snapshot >"$BATS_TEST_TMPDIR/before"
	while IFS='|' read -r keys want; do
		define web 8 "$keys,"
		run -1 attach a --network web
		[[ $output == *"web.json: $want"* ]] || fail "$keys: $output"
		snapshot | diff "$BATS_TEST_TMPDIR/before" -
	done <<-'EOF'
	"internal": true, "ipMasq": true|ipMasq: an internal network has no way out
	"internal": true, "masqRandomFully": true|masqRandomFully: an internal network
	"internal": true, "masqExclude": ["10.0.0.0/8"]|masqExclude: an internal network
	"internal": true, "snat": "192.0.2.1"|snat: an internal network
	"internal": true, "ingress": "open"|ingress: an internal network
	"internal": true, "isDefaultGateway": true|isDefaultGateway: an internal network
	"ipMasq": false, "masqRandomFully": true|masqRandomFully: ipMasq is false
	"ipMasq": false, "masqExclude": ["10.0.0.0/8"]|masqExclude: ipMasq is false
	"ipMasq": false, "snat": "192.0.2.1"|snat: ipMasq is false
	"snat": "0.0.0.0"|snat: 0.0.0.0 is no address
	"snat": "127.0.0.1"|snat: 127.0.0.1 is no address
	"snat": ["224.0.0.1"]|snat: 224.0.0.1 is no address
	"snat": "::1"|snat: ::1 is no address
	"masqExclude": ["10.0.0.1/8"]|masqExclude[0]: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8
	"masqExclude": "10.0.0.0/8"|masqExclude: must be an array
	EOF
	define web 8 '"snat": "2001:db8::77",'
	sed -i 's/, \[{ "subnet": "fd00:8::\/64" }\]//' /etc/ct-netns/web.json
	run -1 attach a --network web
	[[ $output == *"snat: 2001:db8::77: the network has no subnet of that family"* ]]
}

@test "masqExclude and snat of one family each: the other family is as it was" {
	define web 8 '"masqExclude": ["2001:db8::/64"], "masqRandomFully": true, "snat": "192.0.2.77",'
	make_dual_host
	ip addr add 192.0.2.77/24 dev up0
	outside ip route add fd00:8::/64 via 2001:db8::1
	container a
	attach a --network web
	outside iptables-legacy -A INPUT -s 192.0.2.77
	outside ip6tables-legacy -A INPUT -s fd00:8::2
	reaches a 192.0.2.2
	reaches a 2001:db8::2
	outside iptables-legacy -nvxL INPUT | awk '/192.0.2.77/ { exit !($1 > 0) }'
	outside ip6tables-legacy -nvxL INPUT | awk '/fd00:8::2/ { exit !($1 > 0) }'
}

# admin_rule add|flush
admin_rule() {
	case $FIREWALL.$1 in
	iptables.add) iptables-legacy -A CT-ADMIN -d 192.0.2.2 -j DROP ;;
	iptables.flush) iptables-legacy -F CT-ADMIN ;;
	nftables.add) nft add rule inet ct-netns admin ip daddr 192.0.2.2 drop ;;
	nftables.flush) nft flush chain inet ct-netns admin ;;
	esac
}

@test "the administrator's chain comes first, is never touched, and stays while there is a rule in it" {
	define web 8
	make_dual_host
	container a
	container b
	attach a --network web
	admin_rule add
	misses a 192.0.2.2
	attach b --network web
	misses b 192.0.2.2
	detach a
	detach b
	"$NETNS_TOOL" rm --network web --force >/dev/null
	rules | grep -E -- '-A CT-ADMIN -d 192.0.2.2/32 -j DROP|ip daddr 192.0.2.2 drop'
	admin_rule flush
	define web 8
	"$NETNS_TOOL" create --network web >/dev/null
	"$NETNS_TOOL" rm --network web >/dev/null
	[[ $(rules) != *ct-netns* ]]
}

@test "a container does not reach what listens on the host's 127.0.0.1" {
	define web 8
	container a
	attach a --network web
	echo 1 >/proc/sys/net/ipv4/conf/web/route_localnet
	mkdir -p "$BATS_TEST_TMPDIR/www"
	echo hello >"$BATS_TEST_TMPDIR/www/index.html"
	serve_http "" 8088 "$BATS_TEST_TMPDIR/www"
	inside a ip route add 127.0.0.2/32 via 10.8.0.1
	inside a ip addr del 127.0.0.1/8 dev lo
	echo 1 | inside a tee /proc/sys/net/ipv4/conf/eth0/route_localnet >/dev/null
	inside a timeout 1 "$TOP/tests/lib/talk.py" ask tcp 127.0.0.2 8088 && fail "it was let in"
	# what dropped it was our rule: without it the same question is answered
	flush_rules
	inside a timeout 20 busybox wget -q -O - http://127.0.0.2:8088/
}

@test "no private address leaves by the uplink during 1,000 connections with resets" {
	make_host
	container a
	attach a
	ip netns exec outside "$TOP/tests/lib/talk.py" refuse 9000 >/dev/null 2>&1 3>&- &
	TEST_PIDS+=("$!")
	wait_for 5 outside sh -c "ss -Hltn 'sport = :9000' | grep -q ."
	ip netns exec outside tcpdump -i up0 -n -l -U -w "$TEST_DIR/pcap" ip >/dev/null 2>"$TEST_DIR/tcpdump" 3>&- &
	capture=$!
	TEST_PIDS+=("$capture")
	wait_for 5 grep -q listening "$TEST_DIR/tcpdump"
	inside a timeout 60 "$TOP/tests/lib/talk.py" storm 192.0.2.2 9000 1000
	# the last of it has arrived when a ping sent after it has been answered
	ping -c 1 -W 2 192.0.2.2 >/dev/null
	wait_for 5 sh -c "tcpdump -n -r '$TEST_DIR/pcap' icmp 2>/dev/null | grep -q reply"
	kill "$capture"
	[ "$(tcpdump -n -r "$TEST_DIR/pcap" tcp 2>/dev/null | wc -l)" -ge 3000 ]
	[ -z "$(tcpdump -n -r "$TEST_DIR/pcap" src net 172.16.0.0/12 2>/dev/null)" ]
}

@test "an address that is handed out again answers at once" {
	make_host
	for id in a b; do container "$id"; done
	attach a --static-ip 172.19.0.7
	# the host, and a neighbour, know who had it
	wait_for 5 ping -c 1 -W 1 172.19.0.7
	detach a
	attach b --static-ip 172.19.0.7 --mac 02:00:00:00:00:99
	run -0 ping -c 1 -W 1 172.19.0.7
	rtt=$(grep -o 'time=[0-9]*' <<<"$output" | cut -d= -f2)
	[ "$rtt" -lt 50 ]
}
