#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SC2154: run sets output.
# shellcheck disable=SC2154
#
# A host with a real firewalld, which refuses whatever comes from an interface that it was not told of.

load hook
load ../lib/firewalld

setup_file() {
	start_bus
}

teardown_file() {
	stop_bus
}

setup() {
	common_setup
	choose_firewall
	mkdir -p /etc/ct-netns
}

teardown() {
	kill -CONT "$(cat /run/dbus/pid)"
	[ -z "$FIREWALLD_PID" ] || kill -CONT "$FIREWALLD_PID"
	"$NETNS_TOOL" rm --network web --force >/dev/null 2>&1 || true
	clean_host
	stop_firewalld
	nft flush ruleset
	iptables-legacy -F
	iptables-legacy -t nat -F
	rm -rf /etc/ct-netns
}

# define [KEYS]: network web, of both families, on bridge web0.
define() {
	cat >/etc/ct-netns/web.json <<-JSON
	{ "cniVersion": "1.1.0", "name": "web", "type": "ct-netns", "bridge": "web0", ${1:-}
	  "ipam": { "type": "host-local",
	            "ranges": [[{ "subnet": "10.8.0.0/24" }], [{ "subnet": "fd00:8::/64" }]] } }
	JSON
}

make_dual_host() {
	make_host
	ip addr add 2001:db8::1/64 dev up0 nodad
	ip -n outside addr add 2001:db8::2/64 dev up0 nodad
	ip -n outside route add 10.8.0.0/24 via 192.0.2.1
	ip -n outside route add fd00:8::/64 via 2001:db8::1
	ip route add ::/0 via 2001:db8::2
	wait_for 5 outside ping -6 -c 1 -W 1 2001:db8::2
}

# talks FROM URL, is_refused FROM URL: FROM is a container or "outside".
get_for() {
	if [ "$2" = outside ]; then
		outside timeout "$1" busybox wget -q -O /dev/null "$3"
	else
		inside "$2" timeout "$1" busybox wget -q -O /dev/null "$3"
	fi
}

talks() {
	get_for 20 "$1" "$2" || fail "$1 does not reach $2"
}

is_refused() {
	! get_for 2 "$1" "$2" || fail "$1 reaches $2"
}

# Two containers, a with port 80 published as 8080 and an outside with a server on 80, the host on 81.
make_traffic() {
	make_dual_host
	mkdir -p www
	echo hello >www/index.html
	container a
	container b
	attach a --network web --publish 8080:80
	attach b --network web
	serve a
	serve_http outside 80 "$PWD/www"
	serve_http "" 81 "$PWD/www"
}

check_traffic() {
	local id
	for id in a b; do
		talks "$id" http://192.0.2.2/
		talks "$id" 'http://[2001:db8::2]/'
		talks "$id" http://10.8.0.1:81/
	done
	talks outside http://192.0.2.1:8080/
	talks outside 'http://[2001:db8::1]:8080/'
	talks b http://10.8.0.2/
	talks b http://192.0.2.1:8080/
	# and no more than without firewalld
	is_refused outside http://10.8.0.2/
	is_refused outside http://192.0.2.1:81/
}

@test "all traffic, with firewalld's rules in nftables" {
	start_firewalld nftables
	define
	make_traffic
	assert_equal "$(zone_of web0)" trusted
	check_traffic
}

@test "all traffic, with firewalld's rules in iptables" {
	start_firewalld iptables
	define
	make_traffic
	assert_equal "$(zone_of web0)" trusted
	check_traffic
}

@test "reload: firewalld forgets; check says so, the next attach mends it for all" {
	for backend in nftables iptables; do
		start_firewalld $backend
		define
		make_traffic
		reload_firewalld
		assert_equal "$(zone_of web0)" ""
		is_refused a http://10.8.0.1:81/
		run -1 "$NETNS_TOOL" check
		[[ $output == *"firewalld: web0 in zone trusted (it is in none)"* ]]
		container c
		attach c --network web
		assert_equal "$(zone_of web0)" trusted
		check_traffic
		run -0 "$NETNS_TOOL" check
		teardown
		common_setup
		mkdir -p /etc/ct-netns
	done
}

@test "repair: after firewalld was started again" {
	start_firewalld
	define
	make_traffic
	stop_firewalld
	start_firewalld
	is_refused a http://10.8.0.1:81/
	run -0 "$NETNS_TOOL" repair
	check_traffic
}

@test "firewalld that comes later is told at the next attach" {
	define
	make_traffic
	talks a http://10.8.0.1:81/
	start_firewalld
	container c
	attach c --network web
	assert_equal "$(zone_of web0)" trusted
	check_traffic
}

@test "rm: the bridge is in no zone any more, and no rule is left" {
	start_firewalld
	# firewalld makes a zone's chains when it first has an interface, and keeps them
	move_to_zone trusted other0
	nft list ruleset >before
	define
	"$NETNS_TOOL" create --network web
	assert_equal "$(zone_of web0)" trusted
	run -0 "$NETNS_TOOL" rm --network web
	[[ $output == *"firewalld: web0 in zone trusted"* ]]
	assert_equal "$(zone_of web0)" ""
	nft list ruleset | diff before -
	[ ! -e "$STATE_DIR/networks" ]
}

@test "rm: firewalld that is gone is no obstacle" {
	start_firewalld
	define
	"$NETNS_TOOL" create --network web
	stop_firewalld
	run -0 "$NETNS_TOOL" rm --network web
	[[ $output != *zone* ]]
	[ ! -e "$STATE_DIR/networks" ]
}

@test "firewalldZone: the zone decides what containers may do" {
	start_firewalld
	define '"firewalldZone": "drop",'
	make_dual_host
	mkdir -p www
	echo hello >www/index.html
	serve_http outside 80 "$PWD/www"
	container a
	container b
	attach a --network web
	assert_equal "$(zone_of web0)" drop
	is_refused a http://192.0.2.2/
	# another wish is seen to by the next attach
	define '"firewalldZone": "trusted",'
	attach b --network web
	assert_equal "$(zone_of web0)" trusted
	talks a http://192.0.2.2/
	define '"firewalldZone": "drop",'
	"$NETNS_TOOL" create --network web
	define
	"$NETNS_TOOL" create --network web
	assert_equal "$(zone_of web0)" trusted
	"$NETNS_TOOL" rm --network web --force
	assert_equal "$(zone_of web0)" ""
}

@test "--firewalld-zone: as the key, and before it" {
	start_firewalld
	define '"firewalldZone": "drop",'
	"$NETNS_TOOL" create --network web --firewalld-zone internal
	assert_equal "$(zone_of web0)" internal
	"$NETNS_TOOL" rm --network web
	assert_equal "$(zone_of web0)" ""
}

@test "firewalldZone none: firewalld is not spoken to, and what is forwarded gets through all the same" {
	start_firewalld
	define '"firewalldZone": "none",'
	make_traffic
	assert_equal "$(zone_of web0)" ""
	talks a http://192.0.2.2/
	talks outside http://192.0.2.1:8080/
	talks b http://10.8.0.2/
	is_refused a http://10.8.0.1:81/
	run -0 "$NETNS_TOOL" check
	# and a bridge that was in a zone leaves it
	define
	attach b --network web
	assert_equal "$(zone_of web0)" trusted
	define '"firewalldZone": "none",'
	attach b --network web
	assert_equal "$(zone_of web0)" ""
}

@test "a zone that somebody else chose is kept, at rm too" {
	start_firewalld
	move_to_zone internal web0
	define
	container a
	attach a --network web
	assert_equal "$(zone_of web0)" internal
	run -0 "$NETNS_TOOL" check
	detach a --network web
	"$NETNS_TOOL" rm --network web
	assert_equal "$(zone_of web0)" internal
	# unless the definition names another: it is put back
	define '"firewalldZone": "trusted",'
	"$NETNS_TOOL" create --network web
	assert_equal "$(zone_of web0)" trusted
	"$NETNS_TOOL" rm --network web
	assert_equal "$(zone_of web0)" internal
	# and so is what somebody chose in the meantime
	define
	ask_firewalld removeInterface string: string:web0
	"$NETNS_TOOL" create --network web
	move_to_zone home web0
	"$NETNS_TOOL" rm --network web
	assert_equal "$(zone_of web0)" home
}

@test "a zone that is not there: refused with what to do, and nothing is left" {
	start_firewalld
	define '"firewalldZone": "nonesuch",'
	container a
	snapshot | grep -v '^file: ' >before
	run -1 attach a --network web
	[[ $output == *"network 'web': "*"firewalld: "*"INVALID_ZONE: nonesuch"*'"firewalldZone": "none"'* ]]
	snapshot | grep -v '^file: ' | diff before -
	run find "$STATE_DIR" -name "firewalld*"
	[ -z "$output" ]
}

@test "firewalld that does not answer: refused after 8 seconds with what to do; rm goes on" {
	start_firewalld
	define
	container a
	container b
	attach a --network web
	reload_firewalld
	kill -STOP "$FIREWALLD_PID"
	SECONDS=0
	run -1 attach b --network web
	[[ $output == *"firewalld has not answered in 8 s"*'"firewalldZone": "none"'* ]]
	[ $SECONDS -le 12 ]
	inside b ip -o link | run ! grep eth0
	detach a --network web
	run -0 "$NETNS_TOOL" rm --network web
	[[ $output == *"may still be in firewalld's zone 'trusted'"*"ignoring"* ]]
	[ ! -e /sys/class/net/web0 ]
}

@test "a bus that does not answer: refused after 8 seconds with what to do; rm goes on" {
	start_firewalld
	define
	container a
	container b
	attach a --network web
	reload_firewalld
	kill -STOP "$(cat /run/dbus/pid)"
	SECONDS=0
	run -1 timeout 30 "$NETNS_TOOL" --network web <<<"$(state_json b creating "${PIDS[b]}")"
	[[ $output == *"the system bus has not answered in 8 s"*'"firewalldZone": "none"'* ]]
	[ $SECONDS -le 12 ]
	inside b ip -o link | run ! grep eth0
	detach a --network web
	run -0 timeout 30 "$NETNS_TOOL" rm --network web
	[[ $output == *"may still be in firewalld's zone 'trusted'"*"ignoring"* ]]
	[ ! -e /sys/class/net/web0 ]
}

@test "a full disk, wherever it is met: said, and rm leaves no note, no zone and no bridge" {
	local inodes said=""
	start_firewalld
	define
	container a
	mkdir -p "$STATE_DIR"
	for inodes in {12..40}; do
		mount -t tmpfs -o nr_inodes="$inodes" ct-test "$STATE_DIR"
		run attach a --network web
		[ "$status" -eq 0 ] || [[ $output == *"No space left on device"* ]] || fail "$output"
		said+=$output
		detach a
		"$NETNS_TOOL" rm --network web >/dev/null
		assert_equal "$(zone_of web0)$(find "$STATE_DIR" -type f)" ""
		[ ! -e /sys/class/net/web0 ]
		umount "$STATE_DIR"
		[ "$status" -ne 0 ] || break
	done
	[ "$status" -eq 0 ]
	[[ $said == *"rules: create '.firewalld.zone."* ]]
}

# calls_bus COMMAND...: does it speak to the bus, or as much as load the library for that?
calls_bus() {
	# LeakSanitizer traces itself, which only one can
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -qq -f -e trace=connect,openat -o trace "$@" >/dev/null
	grep -qE 'system_bus_socket|libsystemd' trace
}

@test "no D-Bus where firewalld is not installed, nor on the way of an attach that changes nothing" {
	define
	container a
	container b
	mv /etc/firewalld firewalld.away
	run ! calls_bus "$NETNS_TOOL" create --network web
	mv firewalld.away /etc/firewalld
	"$NETNS_TOOL" rm --network web >/dev/null
	start_firewalld
	calls_bus "$NETNS_TOOL" create --network web
	attach a --network web # sees its own change
	state_json b creating "${PIDS[b]}" >state
	run ! calls_bus "$NETNS_TOOL" --network web <state
	address_of b | grep 10.8.0.3
}

@test "root of a user namespace alone: firewalld of the host is no matter of its network" {
	start_firewalld
	define
	mkdir /run/own
	chown 65534 /run/own
	run -0 setpriv --reuid=65534 --regid=65534 --clear-groups \
		env XTABLES_LOCKFILE=/run/own/lock unshare --user --map-root-user --net \
		"$NETNS_TOOL" --state-dir /run/own create --network web
	[[ $output != *firewalld* ]]
	# nor is it when that root is the host's, for a network namespace that firewalld is not in
	rm -r /run/own
	unshare --net "$NETNS_TOOL" --state-dir /run/own create --network web
	rm -r /run/own
	assert_equal "$(zone_of web0)" ""
}

@test "no bus: nothing is said" {
	mv /run/dbus/system_bus_socket /run/dbus/away
	define
	run -0 "$NETNS_TOOL" create --network web
	[[ $output != *firewalld* ]]
	mv /run/dbus/away /run/dbus/system_bus_socket
}

@test "ingress open: let in past firewalld, which has no zone for that" {
	for backend in nftables iptables; do
		start_firewalld $backend
		define '"ingress": "open",'
		make_traffic
		talks outside http://10.8.0.2/
		talks outside 'http://[fd00:8::2]/'
		teardown
		common_setup
		mkdir -p /etc/ct-netns
	done
}

@test "a routed network: all its interfaces by the way their names begin" {
	for backend in nftables iptables; do
		start_firewalld $backend
		define '"mode": "routed",'
		make_traffic
		assert_equal "$(zone_of web0-+)" trusted
		check_traffic
		"$NETNS_TOOL" rm --network web --force
		assert_equal "$(zone_of web0-+)" ""
		teardown
		common_setup
		mkdir -p /etc/ct-netns
	done
}

@test "a table that a program owns is left to it, and check says so" {
	define
	mkfifo commands
	nft -i <commands >/dev/null 2>&1 3>&- &
	local pid=$!
	exec 7>commands
	echo 'add table inet other { flags owner; }' >&7
	echo 'add chain inet other f { type filter hook forward priority 20; policy drop; }' >&7
	wait_for 5 nft list chain inet other f
	container a
	run -0 attach a --network web
	[[ $output == *"nft inet other f drops what is forwarded, and a program owns it"* ]]
	run -1 "$NETNS_TOOL" check
	[[ $output == *"nft inet other f drops, and a program owns it"* ]]
	exec 7>&-
	kill $pid
	wait $pid || true
	run -0 "$NETNS_TOOL" check
}

@test "an unmanaged network has no zone to ask for" {
	ip link add br9 type bridge
	cat >/etc/ct-netns/web.json <<-'JSON'
	{ "cniVersion": "1.1.0", "name": "web", "type": "ct-netns", "bridge": "br9", "managed": false,
	  "ipam": { "type": "host-local", "subnet": "10.8.0.0/24" } }
	JSON
	container a
	run -1 attach a --network web --firewalld-zone trusted
	[[ $output == *"firewalldZone: an unmanaged network"* ]]
	ip link del br9
}
