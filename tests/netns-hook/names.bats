#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hosts file of a network, what the container may ask for by annotations, and resolv.conf.

load hook

setup() {
	common_setup
	HOSTS=$STATE_DIR/networks/default/hosts
	HEADER="# Names of the network's containers, kept by ct-netns.
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback"
}

teardown() {
	umount /etc/resolv.conf 2>/dev/null || true
	clean_host
}

# lines: the hosts file without its head and without what was taken out.
lines() {
	tail -n +4 "${1:-$HOSTS}" | sed '/^#/d; s/ *$//'
}

# mac_of ID
mac_of() {
	inside "$1" ip -j link show dev eth0 | jq -r '.[0].address'
}

# annotated ID JSON [FLAG...]: attach with annotations in the state.
annotated() {
	local id=$1 annotations=$2
	shift 2
	state_json "$id" creating "${PIDS[$id]}" | jq -c ".annotations = $annotations" | "$NETNS_TOOL" "$@"
}

# named ID HOSTNAME: its bundle's config.json.
named() {
	mkdir -p "/bundle/$1"
	echo "{\"hostname\": \"$2\", \"root\": {\"path\": \"rootfs\"}}" >"/bundle/$1/config.json"
}

# host_resolv TEXT: the host's resolv.conf.
host_resolv() {
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/resolv.conf"
	umount /etc/resolv.conf 2>/dev/null || true
	mount --bind "$BATS_TEST_TMPDIR/resolv.conf" /etc/resolv.conf
}

resolv_of() {
	cat "$STATE_DIR/containers/$1/resolv.conf"
}

# network_with JSON: network default with more keys, as --network has it.
network_with() {
	mkdir -p /etc/ct-netns
	jq -n '{cniVersion: "1.1.0", name: "web", type: "ct-netns", bridge: "web0",
		ipam: {type: "host-local", subnet: "10.9.0.0/24"}} + '"$1" >/etc/ct-netns/web.json
}

@test "names: a container is known by hostname, id, short id and aliases" {
	local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	named "$id" web
	container "$id"
	container plain
	attach "$id" --alias www --alias www.example.org
	attach plain
	assert_equal "$(head -n 3 "$HOSTS")" "$HEADER"
	assert_equal "$(lines)" "172.19.0.2 web $id 0123456789ab www www.example.org # $id/eth0
172.19.0.3 plain # plain/eth0"
	assert_equal "$(stat -c %a "$HOSTS")" 644
	assert_equal "$(jq -c '[.hostname, .aliases]' "$STATE_DIR/containers/$id/eth0.json")" \
		'["web",["www","www.example.org"]]'
}

@test "names: one line for each address, IPv6 too" {
	network_with '{ipam: {type: "host-local", ranges: [[{subnet: "10.9.0.0/24"}], [{subnet: "fd00:9::/64"}]]}}'
	container a
	attach a --network web
	assert_equal "$(lines "$STATE_DIR/networks/web/hosts")" "10.9.0.2 a # a/eth0
fd00:9::2 a # a/eth0"
	"$NETNS_TOOL" rm --force --network web >/dev/null
}

@test "names: what comes and goes leaves the others' lines where they are, in the same file" {
	local id inode
	for id in a b c; do
		container "$id"
		attach "$id"
	done
	inode=$(stat -c %i "$HOSTS")
	detach b
	assert_equal "$(sed -n '4,$p' "$HOSTS")" "172.19.0.2 a # a/eth0
#72.19.0.3 b # b/eth0
172.19.0.4 c # c/eth0"
	stop_container b
	container d
	attach d --static-ip 172.19.0.9
	assert_equal "$(lines)" "172.19.0.2 a # a/eth0
172.19.0.9 d # d/eth0
172.19.0.4 c # c/eth0"
	detach c
	detach d
	detach a
	assert_equal "$(cat "$HOSTS")" "$HEADER"
	assert_equal "$(stat -c %i "$HOSTS")" "$inode"
}

@test "names: attach again writes its lines once; a line of its address that somebody left goes" {
	container a
	attach a
	printf '172.19.0.3 ghost # ghost/eth0\n' >>"$HOSTS"
	attach a
	assert_equal "$(lines | head -n 1)" "172.19.0.2 a # a/eth0"
	container b
	attach b
	assert_equal "$(lines)" "172.19.0.2 a # a/eth0
172.19.0.3 b # b/eth0"
}

@test "names: gc takes out the lines of containers that are gone" {
	container a
	attach a
	printf '172.19.0.77 ghost # ghost/eth0\n172.19.0.78 nobody\n' >>"$HOSTS"
	run -0 "$NETNS_TOOL" gc
	assert_output_has "removed 2 names"
	assert_equal "$(lines)" "172.19.0.2 a # a/eth0"
}

@test "names: a damaged file is written anew in place, half a line is cut off" {
	container a
	attach a
	local inode
	inode=$(stat -c %i "$HOSTS")
	printf '#72.19.0.3 half' >>"$HOSTS"
	container b
	attach b
	assert_equal "$(lines | tail -n 1)" "172.19.0.3 b # b/eth0"
	echo garbage >"$HOSTS"
	attach a
	assert_equal "$(cat "$HOSTS")" "$HEADER
172.19.0.2 a # a/eth0"
	assert_equal "$(stat -c %i "$HOSTS")" "$inode"
}

@test "names: check says what repair puts back, in the same file, of every container" {
	local inode resolv
	named a web
	container a
	container b
	attach a --alias www --dns 192.0.2.53
	attach b
	run -0 "$NETNS_TOOL" check
	inode=$(stat -c %i "$HOSTS")
	resolv=$(stat -c %i "$STATE_DIR/containers/a/resolv.conf")
	echo garbage >"$HOSTS"
	echo garbage >"$STATE_DIR/containers/a/resolv.conf"
	run -1 "$NETNS_TOOL" check
	assert_output_has "container 'a': hosts file: is damaged"
	assert_output_has "container 'b': hosts file: is damaged"
	assert_output_has "container 'a': its resolv.conf: was changed"
	run -0 "$NETNS_TOOL" repair
	assert_output_has "mended: container 'b'"
	assert_equal "$(lines)" "172.19.0.2 web a www # a/eth0
172.19.0.3 b # b/eth0"
	assert_equal "$(resolv_of a | grep -v '^#' | head -n 1)" "nameserver 192.0.2.53"
	assert_equal "$(stat -c %i "$HOSTS" "$STATE_DIR/containers/a/resolv.conf")" "$inode"$'\n'"$resolv"
	rm "$HOSTS"
	run -1 "$NETNS_TOOL" check
	assert_output_has "container 'a': hosts file: is missing"
	run -0 "$NETNS_TOOL" repair
	run -0 "$NETNS_TOOL" check
	assert_equal "$(stat -c %i "$HOSTS")" "$(stat -c %i "$STATE_DIR/containers/a/hosts")"
	detach a
	run -0 "$NETNS_TOOL" check
}

@test "names: check leaves alone what the host changes, and a container that lost its first network" {
	host_resolv "nameserver 192.0.2.1"
	network_with '{}'
	container a
	attach a --network default --network web
	run -0 "$NETNS_TOOL" check
	echo "nameserver 192.0.2.2" >"$BATS_TEST_TMPDIR/resolv.conf"
	run -0 "$NETNS_TOOL" check
	echo '127.0.0.9 here' >>"$HOSTS"
	run -0 "$NETNS_TOOL" check
	"$NETNS_TOOL" del a --iface eth0
	run -0 "$NETNS_TOOL" check
}

@test "names: localhost, addresses and words that are no names are nobody's" {
	local name many=() long=()
	named a localhost
	container a
	attach a
	named b 10.0.0.1
	container b
	attach b
	container localhost
	attach localhost
	assert_equal "$(lines)" "172.19.0.2 a # a/eth0
172.19.0.3 b # b/eth0"
	container c
	for name in localhost LocalHost ip6-loopback 1.2.3.4 ::1 123 0x7f000001 a..b -x "a b" $'a\n6.6.6.6' "a#b" ""; do
		run -1 attach c --alias "$name"
		assert_output_has "--alias"
		assert_output_has "is no name"
	done
	for name in $(seq 33); do
		many+=(--alias "n$name")
	done
	run -1 attach c "${many[@]}"
	assert_output_has "more than 32 names"
	for name in $(seq 5); do
		long+=(--alias "n$name.$(printf '%0200d' 1).x")
	done
	run -1 attach c "${long[@]}"
	assert_output_has "too long for a line of /etc/hosts"
	run ! inside c ip link show eth0
	assert_equal "$(lines | wc -l)" 2
}

@test "names: a container that locks its hosts file, or holds a lease on it, stops nobody" {
	container a
	attach a
	local fifo=$BATS_TEST_TMPDIR/held
	mkfifo "$fifo"
	python3 -c '
import fcntl, os, signal, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_EX)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
signal.signal(signal.SIGIO, signal.SIG_IGN)
open(sys.argv[2], "w").close()
signal.pause()' "$HOSTS" "$fifo" 3>&- >/dev/null 2>&1 &
	TEST_PIDS+=($!)
	: <"$fifo"
	container b
	run -0 attach b
	assert_output_has "a container holds a lease on the hosts file"
	inside b ping -c 1 -W 2 172.19.0.1 >/dev/null
	assert_equal "$(lines)" "172.19.0.2 a # a/eth0"
}

# ---- resolv.conf ----

@test "resolv.conf: the host's servers but for its loopback, its search list and options" {
	host_resolv $'# x\nnameserver 127.0.0.1\nnameserver ::1\nnameserver 192.0.2.53\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\ndomain old.example\nsearch a.example b.example\noptions ndots:2 rotate'
	container a
	attach a
	assert_equal "$(resolv_of a)" "# Made by ct-netns.
nameserver 192.0.2.53
search a.example b.example
options ndots:2 rotate"
}

@test "resolv.conf: the servers of systemd-resolved where the host asks its stub" {
	mkdir -p /run/systemd/resolve
	printf 'nameserver 192.0.2.54\nsearch real.example\n' >/run/systemd/resolve/resolv.conf
	host_resolv $'nameserver 127.0.0.53\noptions edns0\nsearch stub.example'
	container a
	attach a
	assert_equal "$(resolv_of a)" "# Made by ct-netns.
nameserver 192.0.2.54
search real.example"
	rm -rf /run/systemd
}

@test "resolv.conf: what the network's dns has counts, and --dns before it" {
	host_resolv $'nameserver 192.0.2.53\nsearch host.example\noptions rotate'
	network_with '{dns: {nameservers: ["192.0.2.1", "2001:db8::1"], domain: "d.example",
		search: ["s.example", "t.example."], options: ["ndots:1"]}}'
	container a
	attach a --network web
	assert_equal "$(resolv_of a)" "# Made by ct-netns.
nameserver 192.0.2.1
nameserver 2001:db8::1
domain d.example
search s.example t.example.
options ndots:1"
	attach a --network web --dns 192.0.2.9
	assert_equal "$(resolv_of a | grep nameserver)" "nameserver 192.0.2.9"
	network_with '{dns: {search: ["only.example"]}}'
	attach a --network web
	assert_equal "$(resolv_of a)" "# Made by ct-netns.
nameserver 192.0.2.53
search only.example
options rotate"
	"$NETNS_TOOL" rm --force --network web >/dev/null
}

@test "resolv.conf: refuses a server, domain or option that is none" {
	local json
	container a
	run -1 attach a --dns resolver
	assert_output_has "--dns"
	while read -r json; do
		network_with "{dns: $json}"
		run -1 attach a --network web
		assert_output_has "web.json: dns."
	done <<'END'
{"nameservers": ["x"]}
{"nameservers": "192.0.2.1"}
{"nameservers": ["192.0.2.1\nnameserver 192.0.2.2"]}
{"nameservers": [1]}
{"domain": "a b"}
{"domain": 1}
{"search": ["-x"]}
{"search": ["a\noptions x"]}
{"options": ["a b"]}
{"options": [""]}
{"servers": []}
END
	run ! inside a ip link show eth0
}

# ---- annotations ----

@test "annotations: publish, ip, mac and aliases, with --annotations" {
	container a
	annotated a '{"ct.netns.publish": "8080:80,8443:443", "ct.netns.ip": "172.19.0.40",
		"ct.netns.mac": "02:00:00:00:00:40", "ct.netns.aliases": "web,www"}' --annotations
	assert_equal "$(address_of a)" 172.19.0.40
	assert_equal "$(mac_of a)" 02:00:00:00:00:40
	assert_equal "$(jq -c '[.ports[].hostPort]' "$STATE_DIR/containers/a/eth0.json")" '[8080,8443]'
	assert_equal "$(lines)" "172.19.0.40 a web www # a/eth0"
}

@test "annotations: do nothing without --annotations, which --debug says" {
	container a
	annotated a '{"ct.netns.ip": "172.19.0.40", "ct.netns.nonsense": "x", "other": "y"}'
	assert_equal "$(address_of a)" 172.19.0.2
	run -0 annotated a '{"ct.netns.ip": "172.19.0.40"}' --debug
	assert_output_has "'ct.netns.ip' does not count without --annotations"
}

@test "annotations: flags win" {
	container a
	annotated a '{"ct.netns.ip": "172.19.0.40", "ct.netns.publish": "1:1",
		"ct.netns.mac": "02:00:00:00:00:40", "ct.netns.aliases": "hers"}' --annotations \
		--static-ip 172.19.0.50 --publish 8081:81 --mac 02:00:00:00:00:50 --alias mine
	assert_equal "$(address_of a)" 172.19.0.50
	assert_equal "$(mac_of a)" 02:00:00:00:00:50
	assert_equal "$(jq -c '[.ports[].hostPort]' "$STATE_DIR/containers/a/eth0.json")" '[8081]'
	assert_equal "$(lines)" "172.19.0.50 a mine # a/eth0"
}

@test "annotations: refuses values that are wrong and keys that it does not know" {
	local key value
	container a
	while read -r key value; do
		run -1 annotated a "{\"ct.netns.$key\": $value}" --annotations
		assert_output_has "ct.netns.$key"
		run ! inside a ip link show eth0
	done <<'END'
publish ""
publish "80"
publish "80:80,"
publish "80:80, 81:81"
publish "80:80,80:81"
publish "--bridge=x"
ip ""
ip "172.19.0.40/16"
ip "172.19.0.40,"
ip "x"
mac ""
mac "02:00:00:00:00"
mac "01:00:00:00:00:01"
aliases ""
aliases "a,,b"
aliases "localhost"
aliases "a b"
aliases "a\n6.6.6.6 b"
network "other"
nonsense "x"
END
	run -1 annotated a '{"ct.netns.aliases": "a\u001b[2Jb\u007f"}' --annotations
	assert_output_has "'a [2Jb '"
	run -1 annotated a "{\"ct.netns.aliases\": \"$(printf 'n%s,' $(seq 300))z\"}" --annotations
	assert_output_has "more than 256 items"
	run ! inside a ip link show eth0
}
