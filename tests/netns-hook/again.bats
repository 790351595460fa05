#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A container that is attached again after its network's definition was changed.

load hook

setup() {
	common_setup
	export CT_NETNS_CONFIG_DIR=$BATS_TEST_TMPDIR/networks
	mkdir -p "$CT_NETNS_CONFIG_DIR"
}

teardown() {
	"$CT_NETNS_BIN" rm --all --force >/dev/null 2>&1 || true
	clean_host
}

# define 'KEYS' ['IPAM KEYS']: network `s` on bridge s0, with more keys (each with its comma in front).
define() {
	printf '{"cniVersion":"1.0.0","name":"s","type":"ct-netns","bridge":"s0"%s,"ipam":{"type":"host-local","subnet":"10.44.0.0/24"%s}}' \
		"$1" "${2-}" >"$CT_NETNS_CONFIG_DIR/s.json"
}

@test "routes: attached again without a default route, it is gone; one through another is in its place" {
	echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	container a
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]]'
	attach a --network s
	define ',"isDefaultGateway":false' ',"ranges":[[{"subnet":"fd00:44::/64"}]]'
	attach a --network s
	[ -z "$(inside a ip route show default; inside a ip -6 route show default)" ]
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]]'
	attach a --network s
	[[ $(inside a ip -6 route show default) == *"via fd00:44::1"* ]]
	define '' ',"ranges":[[{"subnet":"fd00:44::/64"}]],"routes":[{"dst":"0.0.0.0/0","gw":"10.44.0.9"}]'
	run -0 attach a --network s
	[ "$(inside a ip route show default | xargs)" = "default via 10.44.0.9 dev eth0" ] || fail "$output $(inside a ip route)"
}

@test "tuning: attached again, what is not asked for any more is put back; what others set stays" {
	container a
	define ',"promisc":true,"allmulti":true,"txQLen":123'
	attach a --network s
	define ',"allmulti":true'
	attach a --network s
	run -0 inside a ip -j -d link show eth0
	[ "$(jq -c '[.[0].txqlen, .[0].promiscuity, .[0].allmulti]' <<<"$output")" = "[1000,0,1]" ] || fail "$output"
	define ''
	attach a --network s
	run -0 inside a ip -j -d link show eth0
	[ "$(jq -c '[.[0].txqlen, .[0].promiscuity, .[0].allmulti]' <<<"$output")" = "[1000,0,0]" ] || fail "$output"
	inside a ip link set eth0 promisc on txqueuelen 55
	attach a --network s
	run -0 inside a ip -j -d link show eth0
	[ "$(jq -c '[.[0].txqlen, .[0].promiscuity]' <<<"$output")" = "[55,1]" ] || fail "$output"
}
