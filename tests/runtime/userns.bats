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
