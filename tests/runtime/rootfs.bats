#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The container's root: what it shows, its /dev, its propagation.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir "$B/canary"
}

teardown() { life_teardown; }

drop_dev() {
	edit_config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not))'
}

assert_default_devices() {
	in_container 'for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
			stat -c "%n:%t:%T %F %a" /dev/${d%%:*}
		done
		for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done
		head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x >/dev/null; ! echo x >/dev/full'
	assert_success
	local line
	for line in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		assert_output_has "/dev/$line character special file 666"
	done
	for line in /proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx; do
		assert_output_has "$line"
	done
}

@test "rootfs: a root.path that is missing or no folder is an error that says so" {
	edit_config "$B" '.root.path = "missing"'
	in_container true
	assert_failure
	assert_output_has missing
	touch "$B/a-file"
	edit_config "$B" '.root.path = "a-file"'
	in_container true
	assert_failure
	assert_output_has a-file
}

@test "rootfs: root.path may be absolute, or a link" {
	edit_config "$B" '.root.path = $p' --arg p "$B/rootfs"
	in_container 'cat /etc/group'
	assert_success
	assert_output_has tty
	ln -s rootfs "$B/link"
	edit_config "$B" '.root.path = "link"'
	in_container 'cat /etc/group'
	assert_success
	assert_output_has tty
}

@test "rootfs: nothing of the host's tree is left" {
	in_container "! test -e $B && cut -d' ' -f5 /proc/self/mountinfo | sort"
	assert_success
	assert_equal "$output" $'/\n/dev\n/dev/pts\n/proc\n/sys'
}

@test "rootfs: what is mounted below it is part of it" {
	mkdir "$B/rootfs/below"
	mount -t tmpfs ct-test "$B/rootfs/below"
	echo seen >"$B/rootfs/below/file"
	in_container 'cat /below/file'
	assert_success
	assert_equal "$output" seen
	umount "$B/rootfs/below"
}

@test "rootfs: root.readonly makes the root read-only and nothing else" {
	edit_config "$B" '.root.readonly = true | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	in_container '! touch /new && ! touch /etc/group && touch /tmp/x && touch /dev/x'
	assert_success
	assert_output_has "Read-only file system"
	assert_missing "$B/rootfs/new"
}

@test "rootfs: the default devices and links are there and work" {
	assert_default_devices
}

@test "rootfs: the default devices come without a mount on /dev too" {
	drop_dev
	assert_default_devices
}

@test "rootfs: a device of the image is kept when it is the right one, with the right mode" {
	drop_dev
	mknod -m 600 "$B/rootfs/dev/null" c 1 3
	assert_default_devices
}

@test "rootfs: anything else under a device's name is an error" {
	drop_dev
	echo file >"$B/rootfs/dev/null"
	in_container true
	assert_failure
	assert_output_has /dev/null
	rm "$B/rootfs/dev/null"
	mknod "$B/rootfs/dev/null" c 1 5
	in_container true
	assert_failure
	assert_output_has /dev/null
	rm "$B/rootfs/dev/null"
	ln -s "$B/canary/null" "$B/rootfs/dev/null"
	in_container true
	assert_failure
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "rootfs: a /dev that is a link leads to a folder of the image, never of the host" {
	drop_dev
	touch "$B/canary/ptmx"
	rmdir "$B/rootfs/dev"
	ln -s "$B/canary" "$B/rootfs/dev"
	in_container 'echo x >/dev/null && test -c /dev/zero'
	assert_equal "$(ls -A "$B/canary")" ptmx
	assert_equal "$(stat -c %F "$B/canary/ptmx")" "regular empty file"
	[ "$status" -ne 0 ] || assert_exists "$B/rootfs$B/canary/zero"
}

@test "rootfs: a tmpfs on a /dev that is a link leads to a folder of the image" {
	rmdir "$B/rootfs/dev"
	ln -s "../../../../../../../../../../$B/canary" "$B/rootfs/dev"
	in_container 'echo x >/dev/null && test -c /dev/zero'
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "rootfs: a link ptmx of the image is replaced, and what it leads to stays" {
	drop_dev
	touch "$B/canary/target"
	ln -s "$B/canary/target" "$B/rootfs/dev/ptmx"
	in_container 'readlink /dev/ptmx'
	assert_success
	assert_equal "$output" pts/ptmx
	assert_exists "$B/canary/target"
}

@test "rootfs: a /dev bound from the host is left as it is" {
	drop_dev
	edit_config "$B" '.mounts += [{destination: "/dev/", type: "none", source: "canary", options: ["bind"]}]'
	in_container 'ls -A /dev'
	assert_success
	assert_equal "$output" ""
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "rootfs: a read-only tmpfs on /dev has its devices and folders" {
	edit_config "$B" '(.mounts[] | select(.destination == "/dev") | .options) += ["ro"]'
	in_container 'echo x >/dev/null && test -e /dev/pts/ptmx && ! touch /dev/new'
	assert_success
	assert_output_has "Read-only file system"
}

@test "rootfs: rootfsPropagation is what mountinfo shows for /" {
	local propagation expect
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	while read -r propagation expect; do
		edit_config "$B" '.linux.rootfsPropagation = $p' --arg p "$propagation"
		in_container "grep ' / / \\|/rootfs / ' /proc/self/mountinfo"
		assert_success
		assert_match "$output" "$expect" "$propagation"
	done <<-'END'
		private / rw,[a-z,_]+ -
		rprivate / rw,[a-z,_]+ -
		slave / rw,[a-z,_]+ master:[0-9]+ -
		rslave / rw,[a-z,_]+ master:[0-9]+ -
		shared / rw,[a-z,_]+ shared:[0-9]+ -
		rshared / rw,[a-z,_]+ shared:[0-9]+ -
		unbindable / rw,[a-z,_]+ unbindable -
		runbindable / rw,[a-z,_]+ unbindable -
	END
	umount "$B/rootfs"
}

@test "rootfs: a shared root leaves the host's mounts as they were" {
	local before
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	before=$(cut -d' ' -f4- /proc/self/mountinfo | sort)
	edit_config "$B" '.linux.rootfsPropagation = "shared"'
	in_container true
	assert_success
	# The mount below the rootfs loses its peers in the container's namespace alone.
	assert_equal "$(cut -d' ' -f4- /proc/self/mountinfo | sort)" "$before"
	umount "$B/rootfs"
}

@test "rootfs: in a user namespace the devices work" {
	use_userns
	in_container 'id -u; echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; for d in null zero full random urandom tty; do test -c /dev/$d || echo missing; done; readlink /dev/ptmx'
	assert_success
	assert_equal "$output" $'0\n4\n4\npts/ptmx'
}

@test "rootfs: in a user namespace a file under a device's name is covered" {
	drop_dev
	use_userns
	touch "$B/rootfs/dev/null"
	in_container 'test -c /dev/null && echo x >/dev/null'
	assert_success
	assert_equal "$(stat -c %s "$B/rootfs/dev/null")" 0
}

@test "rootfs: sysfs in a user namespace that shares the host's network says what to do" {
	use_userns
	edit_config "$B" '.linux.namespaces |= map(select(.type != "network"))'
	in_container true
	assert_failure
	assert_output_has sysfs
	assert_output_has "network namespace"
}
