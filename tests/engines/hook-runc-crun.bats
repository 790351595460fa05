#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ct-netns under Debian's runc and crun, at createRuntime and at prestart, with poststop.

load ../lib/common

setup() {
	common_setup
}

teardown() {
	local id
	for id in a b; do
		timeout -s KILL 20 "${engine[@]}" delete --force "$id" >/dev/null 2>&1 || true
	done
	wait_for 5 no_veth
	"$CT_NETNS_BIN" rm --force >/dev/null 2>&1 || true
	rm -rf /run/ct-netns
	common_teardown
}

no_veth() {
	[ -z "$(ip -o link show type veth)" ]
}

# use ENGINE
use() {
	prepare_engine "$1"
	engine=("$1" --root "$TEST_DIR/engine")
}

# networked BUNDLE KIND: sleeps, with our hook at KIND and at poststop.
networked() {
	make_bundle "$1"
	set_args "$1" /bin/sleep 1000
	add_hook "$1" "$2" "$CT_NETNS_BIN"
	add_hook "$1" poststop "$CT_NETNS_BIN"
}

# Without a terminal the container keeps the files of its creator: not bats' pipes.
start() {
	"${engine[@]}" create --bundle "$TEST_DIR/$1" "$1" >"$TEST_DIR/out.$1" 2>&1 </dev/null 3>&- || {
		cat "$TEST_DIR/out.$1"
		return 1
	}
	"${engine[@]}" start "$1" 3>&-
}

in_container() {
	local id=$1
	shift
	nsenter --net="/proc/$("${engine[@]}" state "$id" | jq .pid)/ns/net" -- "$@"
}

is_stopped() {
	[ "$("${engine[@]}" state "$1" | jq -r .status)" = stopped ]
}

two_containers_reach_each_other_and_go() {
	local id
	use "$1"
	networked "$TEST_DIR/a" "$2"
	networked "$TEST_DIR/b" "$2"
	start a
	start b
	in_container a ip -4 -o addr show eth0 | grep -q 172.19.0.2/16
	in_container b ip -4 -o addr show eth0 | grep -q 172.19.0.3/16
	in_container a ping -c 1 -W 2 172.19.0.3
	in_container b ping -c 1 -W 2 172.19.0.1
	[ "$(cat "$TEST_DIR/a/.ip")" = 172.19.0.2 ]
	for id in a b; do
		"${engine[@]}" kill "$id" KILL
		wait_for 10 is_stopped "$id"
		"${engine[@]}" delete "$id"
	done
	wait_for 5 no_veth
	assert_missing "$TEST_DIR/a/.ip"
	assert_equal "$(find /run/ct-netns/containers /run/ct-netns/networks/*/leases -mindepth 1)" ""
}

a_container_without_its_own_network_is_refused() {
	use "$1"
	networked "$TEST_DIR/a" "$2"
	edit_config "$TEST_DIR/a" 'del(.linux.namespaces[] | select(.type == "network"))'
	run "${engine[@]}" create --bundle "$TEST_DIR/a" a </dev/null 3>&-
	[ "$status" -ne 0 ] # crun says 255
	run ! ip link show netns0
	wait_for 5 no_veth
}

@test "runc, createRuntime: two containers get .2 and .3, reach each other, and leave nothing" {
	two_containers_reach_each_other_and_go runc createRuntime
}

@test "runc, prestart: two containers get .2 and .3, reach each other, and leave nothing" {
	two_containers_reach_each_other_and_go runc prestart
}

@test "crun, createRuntime: two containers get .2 and .3, reach each other, and leave nothing" {
	two_containers_reach_each_other_and_go crun createRuntime
}

@test "crun, prestart: two containers get .2 and .3, reach each other, and leave nothing" {
	two_containers_reach_each_other_and_go crun prestart
}

@test "runc: a container without a network namespace of its own is refused" {
	a_container_without_its_own_network_is_refused runc createRuntime
}

@test "crun: a container without a network namespace of its own is refused" {
	a_container_without_its_own_network_is_refused crun createRuntime
}
