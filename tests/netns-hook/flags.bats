#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The netns tool's flags and commands, and ours.

load hook

setup() {
	common_setup
}

teardown() {
	local bridge
	cd /
	! mountpoint -q "$BATS_TEST_TMPDIR/bundle" || umount "$BATS_TEST_TMPDIR/bundle"
	! mountpoint -q /run/pin || umount /run/pin
	"$NETNS_TOOL" rm --force >/dev/null 2>&1 || true
	for bridge in br7 web0 netns0; do
		ip link del "$bridge" 2>/dev/null || true
	done
	clean_host
	rm -rf /etc/ct-netns
}

@test "flags: --bridge, --ip, --mtu and --iface" {
	container a
	attach a --bridge br7 --ip 10.7.0.1/24 --mtu 1400 --iface net1
	[ "$(address_of a net1)" = 10.7.0.2 ]
	run -0 ip -j addr show dev br7
	[ "$(jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"' <<<"$output")" = 10.7.0.1/24 ]
	[ "$(jq -r '.[0].mtu' <<<"$output")" = 1400 ]
	[ "$(ip -j link show type veth | jq -r '.[0].mtu')" = 1400 ]
	[ "$(inside a ip -j link show net1 | jq -r '.[0].mtu')" = 1400 ]
	inside a ping -c 1 -W 2 10.7.0.1
	stop_container a
	"$NETNS_TOOL" rm --force --bridge br7 --ip 10.7.0.1/24
	run ! ip link show br7
}

@test "flags: one dash and a blank, as Go's flags are written" {
	container a
	attach a -bridge br7 -ip 10.7.0.1/24 -iface net1 -d 2>/dev/null
	[ "$(address_of a net1)" = 10.7.0.2 ]
	"$NETNS_TOOL" rm -force -bridge=br7 -ip=10.7.0.1/24
}

@test "flags: --state-dir" {
	container a
	attach a --state-dir /run/elsewhere
	[ -e /run/elsewhere/containers/a/eth0.json ]
	[ "$(stat -c %a /run/elsewhere)" = 711 ]
	[ "$(stat -c %a /run/elsewhere/containers/a/eth0.json)" = 600 ]
	[ ! -e "$STATE_DIR" ]
	detach a --state-dir /run/elsewhere
	wait_for 5 no_veth
	"$NETNS_TOOL" rm --state-dir /run/elsewhere
	rm -rf /run/elsewhere
}

@test "flags: --ipfile holds the address without a newline, and goes with the container" {
	container a
	attach a --ipfile "$BATS_TEST_TMPDIR/address"
	[ "$(od -c -An "$BATS_TEST_TMPDIR/address" | tr -d ' ')" = 172.19.0.2 ]
	detach a
	[ ! -e "$BATS_TEST_TMPDIR/address" ]
}

@test "flags: --ipfile that somebody else has written to since stays" {
	container a
	attach a --ipfile "$BATS_TEST_TMPDIR/address"
	echo mine >"$BATS_TEST_TMPDIR/address"
	detach a
	[ "$(cat "$BATS_TEST_TMPDIR/address")" = mine ]
}

@test "flags: --ipfile that names a device or a folder is refused, and that stays" {
	# never the real one: /dev is the machine's
	mknod -m 666 "$BATS_TEST_TMPDIR/null" c 1 3
	mkdir "$BATS_TEST_TMPDIR/folder"
	container a
	for name in null folder; do
		run -1 attach a --ipfile "$BATS_TEST_TMPDIR/$name"
		[[ $output == *"/$name' is no regular file, and is not replaced by one"* ]]
	done
	[ -c "$BATS_TEST_TMPDIR/null" ]
	[ ! -e "$STATE_DIR/containers/a" ]
}

@test "flags: without --ipfile it is .ip in the bundle, and nowhere else" {
	container a
	container b
	mkdir "$BATS_TEST_TMPDIR/bundle" "$BATS_TEST_TMPDIR/other"
	state() {
		printf '{"id":"%s","status":"creating","pid":%s,"bundle":"%s"}' "$1" "${PIDS[$1]}" \
			"$BATS_TEST_TMPDIR/bundle"
	}
	cd "$BATS_TEST_TMPDIR/other"
	state a | "$NETNS_TOOL"
	[ -z "$(ls -A)" ]
	cd "$BATS_TEST_TMPDIR/bundle"
	state b | "$NETNS_TOOL"
	[ "$(cat .ip)" = 172.19.0.3 ]
}

@test "flags: a read-only bundle does not fail the attach, a named --ipfile there does" {
	container a
	container b
	mkdir "$BATS_TEST_TMPDIR/bundle"
	mount -t tmpfs -o ro none "$BATS_TEST_TMPDIR/bundle"
	cd "$BATS_TEST_TMPDIR/bundle"
	printf '{"id":"a","status":"creating","pid":%s,"bundle":"%s"}' "${PIDS[a]}" "$PWD" |
		"$NETNS_TOOL"
	[ "$(address_of a)" = 172.19.0.2 ]
	snapshot >"$BATS_TEST_TMPDIR/before"
	run -1 attach b --ipfile address
	[[ $output == *"address file"*"Read-only"* ]]
	wait_for 5 same_as "$BATS_TEST_TMPDIR/before"
	cd /
	umount "$BATS_TEST_TMPDIR/bundle"
}

@test "flags: --static-ip" {
	container a
	container b
	attach a --static-ip 172.19.7.7
	[ "$(address_of a)" = 172.19.7.7 ]
	attach b
	[ "$(address_of b)" = 172.19.0.2 ]
}

@test "flags: --static-ip that cannot be is refused, the host untouched" {
	warm_up
	container a
	container b
	attach a --static-ip 172.19.0.9
	snapshot >"$BATS_TEST_TMPDIR/before"
	for address in 172.19.0.0 172.19.0.1 172.19.255.255 10.0.0.5 172.19.0 fe80::1 nonsense; do
		run -1 attach b --static-ip "$address"
		[[ $output == *"$address"* ]]
	done
	run -1 attach b --static-ip 172.19.0.9
	[[ $output == *"leased to container 'a'"* ]]
	snapshot | diff -u "$BATS_TEST_TMPDIR/before" -
}

@test "flags: values that cannot be are refused by name" {
	container a
	run -1 attach a --mtu 70000
	[[ $output == *mtu*70000* ]]
	run -1 attach a --iface an-interface-name-too-long
	[[ $output == *an-interface-name-too-long* ]]
	run -1 attach a --bridge a/b
	[[ $output == *a/b* ]]
	for wrong in all default 'a b' 'br%d' ..; do
		run -1 attach a --bridge "$wrong"
		[[ $output == *"bridge: '$wrong' is not an interface name"* ]]
		run -1 attach a --iface "$wrong"
		[[ $output == *"interface: '$wrong' is not an interface name"* ]]
	done
	run -1 attach a --ip 172.19.0.1
	[[ $output == *172.19.0.1* ]]
	run -1 attach a --network nosuch
	[[ $output == *nosuch* ]]
	run -1 attach a --network ../x
	run -1 attach a --nosuchflag
	[[ $output == *nosuchflag* ]]
	[ ! -e "$STATE_DIR/containers" ]
	run ! ip link show netns0
}

@test "flags: --network reads the definition" {
	mkdir -p /etc/ct-netns
	cat >/etc/ct-netns/web.json <<-'JSON'
	{ "cniVersion": "1.1.0", "name": "web", "type": "ct-netns", "bridge": "web0", "mtu": 1300,
	  "isDefaultGateway": true, "ipMasq": true,
	  "ipam": { "type": "host-local",
	            "ranges": [[{ "subnet": "10.8.0.0/24", "rangeStart": "10.8.0.50", "gateway": "10.8.0.1" }]],
	            "routes": [{ "dst": "10.99.0.0/16" }] } }
	JSON
	container a
	attach a --network web
	[ "$(address_of a)" = 10.8.0.50 ]
	[ "$(inside a ip -j link show eth0 | jq '.[0].mtu')" = 1300 ]
	inside a ip route show 10.99.0.0/16 | grep -q 'via 10.8.0.1'
	detach a
	wait_for 5 no_veth
	[ -z "$(ls "$STATE_DIR/networks/web/leases")" ]
	"$NETNS_TOOL" rm --network web
	run ! ip link show web0
}

@test "flags: an existing bridge with another address is refused and left alone" {
	ip link add netns0 type bridge
	ip addr add 10.1.1.1/24 dev netns0
	container a
	snapshot >"$BATS_TEST_TMPDIR/before"
	run -1 attach a --ip 172.19.0.1/16
	[[ $output == *netns0*10.1.1.1/24* ]]
	rm -rf "$STATE_DIR"
	snapshot | diff -u "$BATS_TEST_TMPDIR/before" -
	ip link del netns0
}

@test "flags: a foreign interface of the bridge's name is refused" {
	ip link add netns0 type veth peer name stranger
	container a
	run -1 attach a
	[[ $output == *netns0* ]]
	ip link del netns0
}

@test "flags: a stranger's interface under our veth name is left alone" {
	container a
	attach a
	name=$(ip -j link show type veth | jq -r '.[0].ifname')
	detach a
	wait_for 5 no_veth
	ip link add "$name" type bridge
	attach a
	inside a ping -c 1 -W 2 172.19.0.1
	detach a
	wait_for 5 no_veth
	ip link show "$name" type bridge | grep -q "$name"
	ip link del "$name"
}

@test "flags: an interface of that name inside is refused, and is not ours to remove" {
	warm_up
	container a
	inside a ip link add eth0 type bridge
	snapshot >"$BATS_TEST_TMPDIR/before"
	run -1 attach a
	[[ $output == *"has an interface 'eth0' already"* ]]
	snapshot | diff -u "$BATS_TEST_TMPDIR/before" -
	inside a ip link show eth0
}

@test "flags: --log and --log-format json" {
	container a
	run -1 attach a --log "$BATS_TEST_TMPDIR/log" --log-format json --static-ip 1.2.3.4
	[ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
	[[ "$(jq -r .msg "$BATS_TEST_TMPDIR/log")" == *1.2.3.4* ]]
	[[ $output == *1.2.3.4* ]]
}

@test "commands: create and rm, each twice" {
	run -0 "$NETNS_TOOL" create
	[[ $output == *netns0* ]]
	ip link show netns0
	run -0 "$NETNS_TOOL" create
	[ -z "$output" ]
	run -0 "$NETNS_TOOL" rm
	run ! ip link show netns0
	run -0 "$NETNS_TOOL" rm
	run ! grep -q ct-netns <(iptables-legacy-save)
}

@test "commands: rm refuses while a container is attached" {
	container a
	attach a
	run -1 "$NETNS_TOOL" rm
	[[ $output == *netns0* ]]
	inside a ping -c 1 -W 2 172.19.0.1
	"$NETNS_TOOL" rm --force
}

@test "commands: ls has the netns tool's columns" {
	run -0 "$NETNS_TOOL" ls
	[[ ${lines[0]} == IP*"LOCAL VETH"*PID*STATUS*"NS FD"* ]]
	container a
	attach a
	run -0 "$NETNS_TOOL" ls
	read -r ip veth pid status _ <<<"${lines[1]}"
	[ "$ip" = 172.19.0.2/16 ]
	ip link show "$veth"
	[ "$pid" = "${PIDS[a]}" ]
	[ "$status" = running ]
	[[ ${lines[1]} == *a ]]
	stop_container a
	wait_for 5 no_veth
	run -0 "$NETNS_TOOL" ls
	[[ ${lines[1]} == *destroyed* ]]
}

@test "commands: ls --json" {
	run -0 "$NETNS_TOOL" ls --json
	[ "$(jq length <<<"$output")" = 0 ]
	container a
	attach a
	run -0 "$NETNS_TOOL" ls --json
	[ "$(jq -r '.[0] | "\(.container) \(.addresses[0].address) \(.status)"' <<<"$output")" = "a 172.19.0.2/16 running" ]
}

@test "commands: gc removes what is left of dead containers and nothing else" {
	container a
	container b
	attach a
	attach b
	run -0 "$NETNS_TOOL" gc
	[ "$output" = "nothing to collect" ]
	stop_container a
	wait_for 5 veths 1
	run -0 "$NETNS_TOOL" gc
	[[ $output == *"container 'a' is gone"* ]]
	[ ! -e "$STATE_DIR/containers/a" ]
	[ "$(ls "$STATE_DIR/networks/default/leases")" = 172.19.0.3 ]
	inside b ping -c 1 -W 2 172.19.0.1
}

@test "commands: gc keeps a pinned namespace whose process is dead" {
	container a
	attach a
	touch /run/pin
	mount --bind "/proc/${PIDS[a]}/ns/net" /run/pin
	stop_container a
	run -0 "$NETNS_TOOL" gc
	[ "$output" = "nothing to collect" ]
	nsenter --net=/run/pin ping -c 1 -W 2 172.19.0.1
	umount /run/pin
}

@test "commands: gc removes records and leases of another boot" {
	container a
	attach a
	sed -i 's/"bootId":"[^"]*"/"bootId":"another"/' "$STATE_DIR/containers/a/eth0.json" \
		"$STATE_DIR/networks/default/leases/172.19.0.2"
	run -0 "$NETNS_TOOL" gc
	[ ! -e "$STATE_DIR/containers/a" ]
	[ -z "$(ls "$STATE_DIR/networks/default/leases")" ]
}

@test "detach: after a reboot, with a record of another boot" {
	container a
	attach a
	stop_container a
	wait_for 5 no_veth
	ip link delete netns0
	sed -i 's/"bootId":"[^"]*"/"bootId":"another"/' "$STATE_DIR/containers/a/eth0.json" \
		"$STATE_DIR/networks/default/leases/172.19.0.2"
	run -0 detach a
	[ -z "$output" ]
	[ ! -e "$STATE_DIR/containers/a" ]
	[ -z "$(ls "$STATE_DIR/networks/default/leases")" ]
}

@test "leases: a full pool takes over the address of a container that died without a detach" {
	for id in a b c d e f; do
		container "$id"
	done
	for id in a b c d e; do
		attach "$id" --ip 10.9.0.1/29
	done
	stop_container c
	wait_for 5 veths 4
	attach f --ip 10.9.0.1/29
	[ "$(address_of f)" = 10.9.0.4 ]
	detach c
	inside f ping -c 1 -W 2 10.9.0.1
	[ -e "$STATE_DIR/networks/default/leases/10.9.0.4" ]
	for id in a b d e f; do
		detach "$id"
	done
	wait_for 5 no_veth
	"$NETNS_TOOL" rm --ip 10.9.0.1/29
}

@test "commands: explain prints the steps and does nothing" {
	run -0 "$NETNS_TOOL" explain web1 --iface eth7
	[[ $output == *netns0*172.19.0.1/16* ]]
	[[ $output == *eth7* ]]
	[[ $output == *web1* ]]
	[ ! -e "$STATE_DIR" ]
	run ! ip link show netns0
}

@test "environment: an empty CT_NETNS_CONFIG_DIR is none" {
	CT_NETNS_CONFIG_DIR='' run ! "$NETNS_TOOL" create --network nosuch
	[[ $output == *"there is no /etc/ct-netns/nosuch.json"* ]]
}

@test "commands: version and --version" {
	run -0 "$NETNS_TOOL" version
	[[ $output == "ct-netns "[0-9]* ]]
	run -0 "$NETNS_TOOL" --version
	[[ $output == "ct-netns "[0-9]* ]]
}

@test "man page: every command and option of the help is in it" {
	man=$TOP/netns-hook/ct-netns.8
	for word in hook add del create rm ls inspect check repair gc explain completion version; do
		"$NETNS_TOOL" --help | grep -qw "$word"
		grep -qw "$word" "$man"
	done
	"$NETNS_TOOL" --help | grep -o -- '--[a-z-]*' | sort -u | while read -r option; do
		sed 's/\\-/-/g' "$man" | grep -q -- "$option" || {
			echo "$option is not in the man page"
			exit 1
		}
	done
}
