#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.devices, as the container's process finds them.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir "$B/canary"
}
teardown() {
	life_teardown
}

# add_device JSON: to linux.devices
add_device() {
	edit_config "$B" '.linux.devices += [$d]' --argjson d "$1"
}

# refused TEXT...: the run fails and says all of it.
refused() {
	local text
	in_container true
	assert_failure
	for text; do
		assert_output_has "$text"
	done
}

@test "devices: nodes of every type are made anywhere, with mode and owner" {
	add_device '{"type": "c", "path": "/dev/a", "major": 1, "minor": 3, "fileMode": 384, "uid": 7, "gid": 8}'
	add_device '{"type": "u", "path": "/new/folder/b", "major": 1, "minor": 5}'
	add_device '{"type": "b", "path": "/opt/c", "major": 4095, "minor": 1048575, "fileMode": 25008}'
	add_device '{"type": "p", "path": "/home/d", "fileMode": 436, "gid": 5}'
	in_container 'stat -c "%n %F %t:%T %a %u:%g" /dev/a /new/folder/b /opt/c /home/d; stat -c %a /new
		head -c 3 /new/folder/b | wc -c; echo hello >/home/d & cat /home/d'
	assert_success
	assert_output_has "/dev/a character special file 1:3 600 7:8"
	assert_output_has "/new/folder/b character special file 1:5 666 0:0"
	assert_output_has "/opt/c block special file fff:fffff 660 0:0"
	assert_output_has "/home/d fifo 0:0 664 0:5"
	assert_output_has $'755\n3\nhello'
}

@test "devices: one that is there already is kept, with the mode and owner asked for" {
	mknod -m 600 "$B/rootfs/opt-c" c 10 229
	mkfifo -m 600 "$B/rootfs/pipe"
	add_device '{"type": "c", "path": "/opt-c", "major": 10, "minor": 229, "fileMode": 432, "uid": 3, "gid": 4}'
	add_device '{"type": "p", "path": "/pipe", "fileMode": 438}'
	in_container 'stat -c "%F %t:%T %a %u:%g" /opt-c /pipe'
	assert_success
	assert_equal "$output" $'character special file a:e5 660 3:4\nfifo 0:0 666 0:0'
}

@test "devices: anything else under the name is refused" {
	local make device='{"type": "c", "path": "/home/x", "major": 1, "minor": 3}'
	add_device "$device"
	for make in 'touch' 'mkdir' 'mkfifo' "ln -s $B/canary/x" 'ln -s /dev/null' 'mknod_c15' 'mknod_b13'; do
		case $make in
		mknod_c15) mknod "$B/rootfs/home/x" c 1 5 ;;
		mknod_b13) mknod "$B/rootfs/home/x" b 1 3 ;;
		*) $make "$B/rootfs/home/x" ;;
		esac
		refused "config.json: linux.devices[0] '/home/x'" "is not the character device 1:3"
		rm -r "$B/rootfs/home/x"
	done
	edit_config "$B" '.linux.devices = [{type: "p", path: "/home/x"}]'
	touch "$B/rootfs/home/x"
	refused "config.json: linux.devices[0] '/home/x'" "is no fifo"
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "devices: a default device that is listed is made as the list says" {
	add_device '{"type": "c", "path": "/dev//./null", "major": 1, "minor": 3, "fileMode": 416, "uid": 9}'
	add_device '{"type": "c", "path": "/dev/ptmx", "major": 5, "minor": 2}'
	in_container 'stat -c "%t:%T %a %u" /dev/null; readlink /dev/ptmx'
	assert_success
	assert_equal "$output" $'1:3 640 9\npts/ptmx'
}

@test "devices: a path behind links of the image, or with .., stays in the image" {
	ln -s "$B/canary" "$B/rootfs/absolute"
	ln -s ../../../../../../../../../.."$B/canary" "$B/rootfs/relative"
	add_device '{"type": "c", "path": "/absolute/a", "major": 1, "minor": 3}'
	add_device '{"type": "p", "path": "/relative/b"}'
	add_device "{\"type\": \"p\", \"path\": \"/../../../..$B/canary/c\"}"
	in_container "ls $B/canary"
	assert_success
	assert_equal "$output" $'a\nb\nc'
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "devices: a folder that is swapped for a link meanwhile never leads out of the image" {
	mkdir "$B/rootfs/a"
	ln -s "$B/canary" "$B/rootfs/link"
	add_device '{"type": "c", "path": "/a/x/null", "major": 1, "minor": 3}'
	add_device '{"type": "p", "path": "/a/pipe"}'
	set_args "$B" /bin/true
	swap_for_a_link
	local i
	for i in $(seq 40); do
		runtime run --bundle "$B" "race$i" 2>/dev/null || true
		[ -z "$(ls -A "$B/canary")" ]
	done
	stop_swapping
}

@test "devices: what cannot be one is refused by its place in the list" {
	edit_config "$B" '.linux.devices = [{type: "p", path: "/ok"}, {type: "p", path: "/.."}]'
	refused "config.json: linux.devices[1] '/..'"
	edit_config "$B" '.linux.devices = [{type: "c", path: "/proc/sys/x", major: 1, minor: 3}]'
	refused "config.json: linux.devices[0] '/proc/sys/x'" "/proc is no place"
	edit_config "$B" '.linux.devices = [{type: "c", path: "/bin/busybox/x", major: 1, minor: 3}]'
	refused "config.json: linux.devices[0] '/bin/busybox/x'" "folder"
}

@test "devices: in a user namespace they are bound from the host, fifos are made" {
	use_userns
	touch "$B/rootfs/dev-file"
	add_device '{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438}'
	add_device '{"type": "p", "path": "/home/pipe", "fileMode": 384, "uid": 5}'
	in_container 'stat -c "%F %t:%T" /dev/fuse; stat -c "%F %a %u" /home/pipe'
	assert_success
	assert_equal "$output" $'character special file a:e5\nfifo 600 5'
}

@test "devices: in a user namespace one that the host does not have is refused" {
	use_userns
	add_device '{"type": "c", "path": "/dev/no-such", "major": 10, "minor": 229}'
	refused "config.json: linux.devices[0] '/dev/no-such'" "the host has no '/dev/no-such'"
	edit_config "$B" '.linux.devices = [{type: "c", path: "/dev/full", major: 1, minor: 3}]'
	refused "config.json: linux.devices[0] '/dev/full'" "the host's '/dev/full' is not the character device 1:3"
}

@test "devices: in a /dev of the host nothing is made, what is there will do" {
	edit_config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .mounts += [{destination: "/dev", type: "none", source: "canary", options: ["bind"]}]'
	mknod -m 600 "$B/canary/there" c 1 3
	add_device '{"type": "c", "path": "/dev/there", "major": 1, "minor": 3}'
	in_container 'stat -c %a /dev/there'
	assert_success
	assert_equal "$output" 600
	add_device '{"type": "c", "path": "/dev/other", "major": 1, "minor": 3}'
	refused "config.json: linux.devices[1] '/dev/other'"
	assert_equal "$(ls -A "$B/canary")" there
	edit_config "$B" '.linux.devices = [{type: "c", path: "/dev/there", major: 1, minor: 5}]'
	refused "is not the character device 1:5"
}

@test "devices: without CAP_MKNOD outside a user namespace the host's are bound" {
	add_device '{"type": "c", "path": "/opt/null", "major": 1, "minor": 3}'
	add_device '{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229}'
	set_args "$B" /bin/stat -c %t:%T /dev/fuse
	status=0
	output=$(setpriv --bounding-set -mknod --inh-caps -mknod "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" \
		run --bundle "$B" "$C" 2>&1 </dev/null 3>&-) || status=$?
	assert_failure
	assert_output_has "config.json: linux.devices[0] '/opt/null'"
	edit_config "$B" 'del(.linux.devices[0])'
	output=$(setpriv --bounding-set -mknod --inh-caps -mknod "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" \
		run --bundle "$B" "$C" 2>&1 </dev/null 3>&-)
	assert_equal "$output" a:e5
}
