#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Idmapped mounts: owners as the container sees them, and what it writes.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir -m 777 "$B/source" "$B/source/below"
	mount -t tmpfs -o mode=777 ct-test "$B/source"
	mkdir -m 777 "$B/source/below"
	mount -t tmpfs -o mode=777 ct-test "$B/source/below"
	touch "$B/source/root" "$B/source/user" "$B/source/below/root"
	chown 1000:1001 "$B/source/user"
}
teardown() {
	umount -R "$B/source"
	life_teardown
}

# add_idmap DESTINATION MAP OPTION...: MAP is "container host size", for both kinds of id; "": none.
add_idmap() {
	local destination=$1 map=$2
	shift 2
	edit_config "$B" '.mounts += [{destination: $d, source: "source", options: ($o | split(" "))}
		+ if $m == "" then {} else ($m | split(" ") | map(tonumber) |
			[{containerID: .[0], hostID: .[1], size: .[2]}] | {uidMappings: ., gidMappings: .}) end]' \
		--arg d "$destination" --arg m "$map" --arg o "$*"
}

@test "idmap: files have the mapped owners, and what is written comes back by the map" {
	add_idmap /t "0 5000 2000" bind idmap
	edit_config "$B" '.process.user = {uid: 5007, gid: 5008}'
	in_container 'stat -c "%n %u:%g" /t/root /t/user; touch /t/new; stat -c "%n %u:%g" /t/new'
	assert_success
	assert_equal "$output" $'/t/root 5000:5000\n/t/user 6000:6001\n/t/new 5007:5008'
	assert_equal "$(stat -c %u:%g "$B/source/new")" 7:8
}

@test "idmap: mappings alone are enough, and ids outside of them belong to nobody" {
	add_idmap /t "1000 2000 1" bind
	in_container 'stat -c "%n %u:%g" /t/root /t/user'
	assert_success
	assert_equal "$output" $'/t/root 65534:65534\n/t/user 2000:65534'
}

@test "idmap: idmap maps the upper mount, ridmap all of the tree" {
	add_idmap /top "0 5000 2000" rbind idmap
	add_idmap /tree "0 5000 2000" rbind ridmap
	in_container 'stat -c "%n %u" /top/root /top/below/root /tree/root /tree/below/root'
	assert_success
	assert_equal "$output" $'/top/root 5000\n/top/below/root 0\n/tree/root 5000\n/tree/below/root 5000'
}

@test "idmap: in a user namespace, with its maps and with others" {
	use_userns
	add_idmap /own "" bind idmap
	add_idmap /other "0 101000 2000" bind ro nosuid idmap
	in_container 'stat -c "%n %u:%g" /own/root /own/user /other/root; touch /own/new; ! touch /other/new
		grep -E " /(own|other) " /proc/self/mountinfo'
	assert_success
	assert_output_has $'/own/root 0:0\n/own/user 1000:1001\n/other/root 1000:1000'
	assert_output_has " /other ro,nosuid,relatime,idmapped "
	assert_equal "$(stat -c %u:%g "$B/source/new")" 0:0
}

@test "idmap: in a user namespace joined by path it has that one's maps" {
	use_userns
	set_args "$B" /bin/sleep 1000
	create
	start
	edit_config "$B" '(.linux.namespaces[] | select(.type == "user")).path = $p | del(.linux.uidMappings, .linux.gidMappings)' \
		--arg p "/proc/$(container_pid "$C")/ns/user"
	add_idmap /t "" bind idmap
	set_args "$B" /bin/stat -c %u:%g /t/root /t/user
	rt run --bundle "$B" other
	assert_success
	assert_equal "$output" $'0:0\n1000:1001'
	delete
}

@test "idmap: many extents, and gids of their own" {
	edit_config "$B" '.mounts += [{destination: "/t", source: "source", options: ["bind", "idmap"],
		uidMappings: [range(200) | {containerID: (. * 10), hostID: (100000 + . * 20), size: 10}],
		gidMappings: [{containerID: 1001, hostID: 7, size: 1}]}]'
	in_container 'stat -c "%u:%g" /t/user'
	assert_success
	assert_equal "$output" 102000:7
}

@test "idmap: what the container mounts below it does not reach the host" {
	mount --make-rshared "$B/source"
	add_idmap /t "0 5000 2000" rbind idmap
	edit_config "$B" '.mounts += [{destination: "/t/below", type: "tmpfs", source: "tmpfs"}]'
	in_container 'test ! -e /t/below/root'
	assert_success
	assert_exists "$B/source/below/root"
	assert_equal "$(grep -c " $B/source" /proc/self/mountinfo)" 2
}

@test "idmap: no process and no namespace is left, and the source is free" {
	add_idmap /t "0 5000 2000" bind idmap
	set_args "$B" /bin/sleep 1000
	create
	assert_equal "$(pgrep -f -c 'ct-runtime.*create')" 1
	delete
	umount -R "$B/source"
	mount -t tmpfs ct-test "$B/source"
}

@test "idmap: what cannot be idmapped is refused by name" {
	add_idmap /t "0 5000 2000" bind idmap
	edit_config "$B" '.mounts[4].source = "/proc/self/net"'
	in_container true
	assert_failure
	assert_output_has "config.json: mounts[4]: the file system of '/proc/self/net'"
	assert_output_has "does not support idmapped mounts"
	edit_config "$B" '.mounts[4].source = "missing"'
	in_container true
	assert_failure
	assert_output_has "config.json: mounts[4]: source 'missing' does not exist"
	edit_config "$B" '.mounts[4].source = "source" | .mounts[4].options = ["rbind", "ridmap"]'
	mount -t ramfs ct-test "$B/source/below" 2>/dev/null
	in_container true
	assert_failure
	assert_output_has "config.json: mounts[4]: the file system of 'source' (or one below it)"
	umount "$B/source/below"
}

@test "idmap: wrong mappings are refused by their place" {
	local filter text
	while IFS='#' read -r filter text; do
		edit_config "$B" '.mounts |= .[:4]'
		add_idmap /t "0 5000 2000" bind idmap
		edit_config "$B" "$filter"
		in_container true
		assert_failure
		assert_output_has "config.json: $text"
	done <<-'END'
		del(.mounts[4].gidMappings)#mounts[4].gidMappings: is required beside uidMappings
		del(.mounts[4].uidMappings, .mounts[4].gidMappings)#mounts[4].uidMappings: is required by an idmapped mount
		.mounts[4].uidMappings[0].size = 0#mounts[4].uidMappings[0].size: must be an integer
		.mounts[4].uidMappings[0].hostID = "0"#mounts[4].uidMappings[0].hostID: must be an integer
		.mounts[4].uidMappings += .mounts[4].uidMappings#mounts[4].uidMappings[1]: container ids overlap
		.mounts[4].options = ["rro"] | .mounts[4].type = "tmpfs"#mounts[4]: only a bind mount can be idmapped
	END
}
