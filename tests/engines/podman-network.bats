#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman's own networks, and ct-netns as its hook: containers without a network of podman's get ours.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load podman

setup_file() { podman_setup_file; }
teardown_file() { podman_teardown_file; }

setup() {
	podman_setup
	make_host
	HOOKS=()
}

teardown() {
	podman_teardown
	"$CT_NETNS_BIN" rm --force >/dev/null 2>&1 || true
}

# serving OPTION...: $C, in the background, a web server.
serving() {
	pm "${HOOKS[@]}" run -d --name "$C" "$@" box sh -c 'echo it is me >/home/me; exec busybox httpd -f -p 80 -h /home' >/dev/null
	wait_for 10 podman exec "$C" wget -q -O /dev/null http://127.0.0.1/me
}

# address_of CONTAINER [INTERFACE]
address_of() {
	pm exec "$1" ip -4 -o addr show dev "${2:-eth0}" | awk '{ sub("/.*", "", $4); print $4 }'
}

# Names need aardvark-dns, which Debian 12 has not; podman warns of it on stderr.
@test "podman: its bridge: an address, another container, outside, a published port" {
	pm network create --subnet 10.50.0.0/24 own >/dev/null
	serving --network own --publish 8080:80
	assert_equal "$(address_of "$C")" 10.50.0.2
	run --separate-stderr pm run --rm --network own box timeout 20 wget -qO- "http://10.50.0.2/me"
	assert_equal "$output" "it is me"
	pm exec "$C" ping -c 1 -W 2 198.51.100.1 >/dev/null
	assert_equal "$(outside timeout 20 busybox wget -qO- http://192.0.2.1:8080/me)" "it is me"
	pm rm --force --time 0 "$C" >/dev/null
	pm network rm own >/dev/null
}

@test "podman: --network container:, ns:, host; connect and disconnect" {
	serving
	run pm run --rm --network "container:$C" box timeout 20 wget -qO- http://127.0.0.1/me
	assert_equal "$output" "it is me"
	run pm run --rm --network ns:/run/netns/outside box ip addr
	assert_output_has 198.51.100.1
	run pm run --rm --network host box ip addr
	assert_output_has 192.0.2.1
	pm network create --subnet 10.51.0.0/24 second >/dev/null 2>&1
	pm network connect second "$C" 2>/dev/null
	assert_equal "$(address_of "$C" eth1)" 10.51.0.2
	pm network disconnect second "$C" 2>/dev/null
	run pm exec "$C" ip addr
	refute_output_has eth1
	pm rm --force --time 0 "$C" >/dev/null
	pm network rm second >/dev/null
}

# hooks_for STAGE: a folder of podman's hooks, by which ct-netns is called at that stage and at the end.
hooks_for() {
	HOOKS=(--hooks-dir "$TEST_DIR/hooks.d")
	mkdir -p hooks.d
	jq -n --arg path "$CT_NETNS_BIN" --arg stage "$1" '{version: "1.0.0", hook: {path: $path},
		when: {always: true}, stages: [$stage, "poststop"]}' >hooks.d/ct-netns.json
}

@test "podman: with ct-netns as its hook --network none is our network" {
	local stage
	for stage in createRuntime prestart; do
		hooks_for "$stage"
		serving --network none
		assert_equal "$(address_of "$C")" 172.19.0.2
		pm exec "$C" ping -c 1 -W 2 172.19.0.1 >/dev/null
		pm exec "$C" ping -c 1 -W 2 198.51.100.1 >/dev/null
		run pm "${HOOKS[@]}" run --rm --network none box timeout 20 wget -qO- http://172.19.0.2/me
		assert_equal "$output" "it is me"
		pm stop --time 0 "$C" >/dev/null
		assert_equal "$("$CT_NETNS_BIN" ls --json | jq -c .)" "[]"
		pm rm "$C" >/dev/null
		"$CT_NETNS_BIN" rm
	done
}

@test "podman: a container that is started again has our network again, and no lease is left" {
	hooks_for createRuntime
	serving --network none
	pm "${HOOKS[@]}" restart --time 0 "$C" >/dev/null
	assert_match "$(address_of "$C")" '^172\.19\.0\.[23]$'
	pm kill --signal KILL "$C" >/dev/null
	pm wait "$C" >/dev/null
	wait_for 10 sh -c '[ "$("$CT_NETNS_BIN" ls --json)" = "[]" ]'
	assert_equal "$(find /run/ct-netns/networks/default/leases -type f)" ""
}

@test "podman: a hook that fails fails the container, and says why" {
	hooks_for createRuntime
	jq '.hook.args = ["ct-netns", "--static-ip", "10.9.9.9"]' hooks.d/ct-netns.json >new
	mv new hooks.d/ct-netns.json
	run pm "${HOOKS[@]}" run --name "$C" --network none box true
	assert_status 126
	assert_output_has 10.9.9.9
	assert_match "$("$CT_NETNS_BIN" ls --json)" '^\[\]'
}

# What the README has its reader type below that heading, one block after the other.
readme_blocks() {
	awk -v heading="$1" '/^##+ / { in_section = $0 == heading } /^```/ { on = !on; next } in_section && on' "$TOP/README.md"
}

@test "podman: the lines of the README do what it says" {
	mkdir usr-local usr-local.work box
	mount -t overlay -o "lowerdir=/usr/local,upperdir=$TEST_DIR/usr-local,workdir=$TEST_DIR/usr-local.work" none /usr/local
	install -D -t /usr/local/bin "$CT_RUNTIME_BIN" "$CT_NETNS_BIN"
	make_script /usr/local/bin/sudo <<<$'#!/bin/sh\nexec "$@"'
	make_rootfs box/rootfs
	readme_blocks "### podman" >lines
	assert_equal "$(wc -l <lines)" 6
	run env -u CONTAINERS_CONF bash -e lines 3>&-
	umount -l /usr/local
	rm -r /etc/containers/containers.conf.d /etc/containers/oci
	assert_success
	assert_output_has 10.88.0.2/16
	assert_output_has 172.19.0.2/16
	assert_equal "$("$CT_NETNS_BIN" ls --json)" "[]"
}
