#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# User namespaces: new with maps, and joined by path.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	use_userns
}
teardown() { life_teardown; }

@test "userns: the process is root inside and nobody special outside" {
	in_container 'id -u; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map'
	assert_success
	assert_equal "$output" $'0\n0 100000 65536\n0 100000 65536'
}

@test "userns: on the host the process has the mapped id" {
	set_args "$B" /bin/sleep 1000
	create
	start
	assert_equal "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$(container_pid "$C")/status")" "100000 100000 100000 100000"
	delete
}

@test "userns: files of the process belong to the mapped id" {
	in_container 'touch /log/file'
	assert_success
	assert_equal "$(stat -c %u:%g "$B/rootfs/log/file")" 100000:100000
}

@test "userns: another user, with groups" {
	edit_config "$B" '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6]}'
	in_container 'id -u; id -g; id -G'
	assert_success
	assert_equal "$output" $'1000\n1000\n1000 5 6'
}

@test "userns: several extents" {
	edit_config "$B" '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}, {containerID: 1, hostID: 200000, size: 10}]
		| .linux.gidMappings = .linux.uidMappings'
	in_container 'cat /proc/self/uid_map | wc -l'
	assert_success
	assert_equal "$output" 2
}

@test "userns: without mappings it is refused" {
	edit_config "$B" 'del(.linux.uidMappings, .linux.gidMappings)'
	rt create --bundle "$B" "$C"
	assert_failure
}

@test "userns: the network namespace belongs to it" {
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
	in_container 'ip addr add 10.9.9.9/32 dev lo && ip addr show dev lo'
	assert_success
	assert_output_has 10.9.9.9
}

@test "userns: hooks of the runtime are root of the host, those of the container root of the container" {
	chmod 0711 "$B"
	sh_hook createRuntime 'id -u >$B/log/runtime; cat /proc/self/uid_map >$B/log/map'
	sh_hook startContainer 'id -u >$B/log/inside; cat /proc/self/uid_map >$B/log/map'
	in_container true
	assert_success
	assert_equal "$(awk '{ print $2 }' "$B/log/map")" 0
	assert_equal "$(awk '{ print $2 }' "$B/rootfs/log/map")" 100000
}

@test "userns: another container's is joined by path" {
	local other="$B/other"
	set_args "$B" /bin/sleep 1000
	create
	start
	make_bundle "$other"
	chmod 755 "$other"
	chown -R 100000:100000 "$other/rootfs"
	edit_config "$other" '.linux.namespaces += [{type: "user", path: $p}]' \
		--arg p "/proc/$(container_pid "$C")/ns/user"
	set_args "$other" /bin/readlink /proc/self/ns/user
	rt run --bundle "$other" other
	assert_success
	assert_equal "$output" "$(readlink "/proc/$(container_pid "$C")/ns/user")"
	delete
}

@test "userns: as many extents as the kernel takes, and not one more" {
	edit_config "$B" '.linux.uidMappings = [range(340) | {containerID: ., hostID: (. + 1), size: 1}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R 1:1 "$B/rootfs"
	chmod 755 "$B"
	in_container 'cat /proc/self/uid_map /proc/self/gid_map | wc -l'
	assert_success
	assert_equal "$output" 680
	edit_config "$B" '.linux.gidMappings += [{containerID: 340, hostID: 341, size: 1}]'
	rt create --bundle "$B" "$C"
	assert_failure
	our_text
	assert_output_has 'linux.gidMappings: has 341 entries'
	# The kernel reads a map in one piece, which is shorter than a page.
	edit_config "$B" '.linux.gidMappings = [range(300) | {containerID: (. * 2 + 100000), hostID: (. * 2 + 100000), size: 1}]'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has 'linux.gidMappings: takes 4800 bytes'
}

@test "userns: an id of the process that is not mapped is refused by its place" {
	local place
	edit_config "$B" '(.linux.uidMappings, .linux.gidMappings)[0].size = 100'
	for place in uid gid additionalGids; do
		cp "$B/config.json" "$B/before"
		edit_config "$B" '.process.user[$p] = if $p == "additionalGids" then [5, 100] else 100 end' --arg p "$place"
		rt create --bundle "$B" "$C"
		assert_failure
		our_text
		assert_output_has "config.json: process.user.$place"
		mv "$B/before" "$B/config.json"
	done
}

@test "userns: a new one beside a network of the host's joined by path" {
	make_netns joined
	ip -n joined link add mark type bridge
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/joined"
		| del(.mounts[] | select(.type == "sysfs"))'
	in_container 'id -u; ls /proc/sys/net/ipv4/conf; ip link add more type bridge'
	assert_failure
	assert_output_has $'\nmark\n'
	# Its root is none over what belongs to the host.
	assert_output_has 'ermitted'
	run ip -n joined link show more
	assert_failure
}

@test "userns: one joined by path comes with the network that it owns" {
	local other="$B/other" pid
	set_args "$B" /bin/sleep 1000
	create
	start
	pid=$(container_pid "$C")
	make_bundle "$other"
	chmod 755 "$other"
	chown -R 100000:100000 "$other/rootfs"
	edit_config "$other" '.linux.namespaces |= (map(select(.type != "network")) +
		[{type: "user", path: "/proc/\($p)/ns/user"}, {type: "network", path: "/proc/\($p)/ns/net"}])
		| .process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])' --arg p "$pid"
	set_args "$other" /bin/sh -c 'id -u; ip link add of-both type bridge && readlink /proc/self/ns/net'
	rt run --bundle "$other" other
	assert_success
	assert_equal "$output" $'0\n'"$(readlink "/proc/$pid/ns/net")"
	delete
}

@test "userns: mappings without a new user namespace are refused" {
	edit_config "$B" '.linux.namespaces -= [{type: "user"}]'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has uidMappings
}
