#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mounts of type cgroup and cgroup2, on whatever layout this host has.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

CG=/sys/fs/cgroup

setup() { life_setup; }
teardown() { life_teardown; }

# mount_cgroup TYPE OPTION...
mount_cgroup() {
	local type=$1
	shift
	edit_config "$B" '.mounts += [{destination: "/sys/fs/cgroup", type: $t, source: "cgroup", options: ($o | split(" "))}]' \
		--arg t "$type" --arg o "$*"
}

use_cgroup_namespace() {
	edit_config "$B" '.linux.namespaces += [{type: "cgroup"}]'
}

is_unified() {
	[ "$(stat -f -c %T $CG)" = cgroup2fs ]
}

# Folders of hierarchies, and the v2 one of a hybrid host.
expected_folders() {
	awk -F: '$2 != "" { sub(/^name=/, "", $2); print $2 }' /proc/self/cgroup
	[ "$(stat -f -c %T $CG/unified 2>/dev/null)" != cgroup2fs ] || echo unified
}

# assert_layout: what is mounted is what the host has, and $output has lines of mountinfo for it.
assert_layout() {
	local folder
	if is_unified; then
		assert_output_has " $CG "
		return
	fi
	for folder in $(expected_folders); do
		assert_match "$output" " $CG/$folder [a-z,]+ .*- cgroup2? "
	done
	assert_match "$output" " $CG [a-z,]+ .*- tmpfs "
}

@test "cgroup mounts: in a cgroup namespace its own root is mounted, everything of it" {
	use_cgroup_namespace
	mount_cgroup cgroup nosuid noexec nodev relatime ro
	in_container "grep ' $CG' /proc/self/mountinfo; cut -d: -f3 /proc/self/cgroup | sort -u"
	assert_success
	assert_layout
	assert_equal "$(awk '/ \/sys\/fs\/cgroup/ { print $4 }' <<<"$output" | sort -u)" /
	assert_equal "$(tail -n 1 <<<"$output")" /
}

@test "cgroup mounts: without a cgroup namespace the container's own groups are bound" {
	local folder mount=$CG
	mount_cgroup cgroup ro
	is_unified || mount=$CG/$(expected_folders | head -n 1)
	set_args "$B" /bin/sleep 1000
	create
	start
	run nsenter --mount="/proc/$(container_pid "$C")/ns/mnt" grep " $CG" /proc/self/mountinfo
	output=$(grep " $CG" "/proc/$(container_pid "$C")/mountinfo")
	assert_layout
	grep -q "^$(container_pid "$C")\$" "/proc/$(container_pid "$C")/root$mount/cgroup.procs"
	delete
}

@test "cgroup mounts: ro means that nothing in it can be made or written" {
	local kind
	mount_cgroup cgroup ro
	for kind in shared own; do
		[ "$kind" = shared ] || use_cgroup_namespace
		in_container "cd $CG && ! mkdir x && for f in . */; do
				! mkdir \$f/x || exit 1
				! test -e \$f/cgroup.procs || ! echo 0 >\$f/cgroup.procs || exit 1
			done"
		assert_success
		assert_output_has "Read-only file system"
	done
}

@test "cgroup mounts: cgroup2 is the v2 tree, with its own options" {
	mount_cgroup cgroup2 nosuid noexec nodev ro
	use_cgroup_namespace
	in_container "grep ' $CG' /proc/self/mountinfo; cat $CG/cgroup.controllers >/dev/null && ! mkdir $CG/x"
	assert_success
	assert_match "$output" " / $CG ro,nosuid,nodev,noexec,relatime - cgroup2 "
}

@test "cgroup mounts: in a user namespace they are there, and none of the host's can be written" {
	local type namespace
	use_userns
	for namespace in shared own; do
		[ "$namespace" = shared ] || use_cgroup_namespace
		for type in cgroup cgroup2; do
			edit_config "$B" '.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
			mount_cgroup "$type" nosuid
			in_container "grep -q ' $CG' /proc/self/mountinfo || exit 1
				find $CG -type d | while read -r d; do ! mkdir \$d/x 2>/dev/null || exit 1; done
				find $CG -name cgroup.procs | while read -r f; do ! echo 0 2>/dev/null >\$f || exit 1; done"
			assert_success
		done
	done
}

@test "cgroup mounts: the host's tree is as before" {
	local before
	before=$(grep -c " $CG" /proc/self/mountinfo; find $CG -type d | sort)
	mount_cgroup cgroup ro
	in_container true
	assert_success
	assert_equal "$(grep -c " $CG" /proc/self/mountinfo; find $CG -type d | sort)" "$before"
}

@test "cgroup mounts: controllers that share a hierarchy have a link each" {
	! is_unified || fail "this test is for a host with cgroup v1"
	# Hierarchies cannot be joined while they are in use, so the links are looked at where there are any.
	local name link
	mount_cgroup cgroup ro
	in_container "ls -l $CG | awk '/ -> / { print \$(NF - 2), \$NF }'"
	assert_success
	for name in $(expected_folders | grep ,); do
		for link in ${name//,/ }; do
			assert_output_has "$link $name"
		done
	done
}

@test "cgroup mounts: an option that the tree cannot have is refused" {
	! is_unified || fail "this test is for a host with cgroup v1"
	mount_cgroup cgroup nsdelegate
	in_container true
	assert_failure
	assert_output_has "config.json: mounts[4]: type cgroup on a host with cgroup v1 takes no option 'nsdelegate'"
}

@test "cgroup mounts: the container's own groups can be written, those that are the runtime's too cannot" {
	local line name want options
	mount_cgroup cgroup nosuid
	set_args "$B" /bin/sleep 1000
	create
	start
	while IFS= read -r line; do
		name=${line#*:}
		name=${name%%:*}
		name=${name#name=}
		[ -n "$name" ] || name=unified
		want=rw
		! grep -qxF "$line" /proc/self/cgroup || want=ro
		! is_unified || name=
		options=$(awk -v d="$CG${name:+/$name}" '$5 == d { print $6 }' "/proc/$(container_pid "$C")/mountinfo" | tail -n 1)
		[ -z "$options" ] || assert_match "$options" "^$want," "$line"
	done <"/proc/$(container_pid "$C")/cgroup"
	delete
}
