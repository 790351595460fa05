#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.maskedPaths and linux.readonlyPaths.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir -p "$B/canary" "$B/rootfs/secrets/inner" "$B/rootfs/more"
	echo canary >"$B/canary/file"
	echo secret | tee "$B/rootfs/secrets/file" "$B/rootfs/secrets/inner/file" "$B/rootfs/a-secret" >/dev/null
}

teardown() { life_teardown; }

mask() {
	edit_config "$B" '.linux.maskedPaths = ($o | split(" "))' --arg o "$*"
}

readonly_paths() {
	edit_config "$B" '.linux.readonlyPaths = ($o | split(" "))' --arg o "$*"
}

@test "masks: a masked file reads empty and keeps nothing that is written" {
	mask /a-secret /secrets/file
	in_container 'cat /a-secret /secrets/file; echo x >/a-secret; cat /a-secret; stat -c "%t:%T" /a-secret'
	assert_success
	assert_equal "$output" 1:3
	assert_equal "$(cat "$B/rootfs/a-secret")" secret
}

@test "masks: a masked folder is empty and read-only" {
	mask /secrets
	in_container 'ls -A /secrets; ! touch /secrets/x'
	assert_success
	assert_output_has "Read-only file system"
	refute_output_has inner
	assert_missing "$B/rootfs/secrets/x"
}

@test "masks: all masked folders share one file system" {
	mask /secrets /more /tmp
	in_container "awk '/ \\/(secrets|more|tmp) / { print \$3 }' /proc/self/mountinfo | sort -u | wc -l; grep -cE ' /(secrets|more|tmp) ' /proc/self/mountinfo"
	assert_success
	assert_match "$output" '^[0-9]+.3$'
	[ "$(runtime_name)" != ct ] || assert_equal "$output" $'1\n3'
}

@test "masks: files and folders that are not there are skipped" {
	mask /missing /missing/deeper /a-secret/below-a-file /a-secret
	readonly_paths /missing /missing/deeper /etc
	in_container 'cat /a-secret; ! touch /etc/x'
	assert_success
	refute_output_has secret
}

@test "masks: the usual lists of engines work" {
	mask /proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list \
		/proc/timer_stats /proc/sched_debug /sys/firmware /proc/scsi
	readonly_paths /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger
	in_container 'cat /proc/keys /proc/timer_list; ls -A /sys/firmware
		! echo x >/proc/sys/kernel/hostname && echo sealed'
	assert_success
	assert_output_has sealed
	assert_output_has "Read-only file system"
}

@test "masks: a /dev/null of the image is not what masks" {
	edit_config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .mounts += [{destination: "/dev", type: "none", source: "hostile", options: ["bind"]}]'
	mkdir "$B/hostile"
	ln -s /proc/sys/kernel/core_pattern "$B/hostile/null"
	mask /a-secret
	in_container 'cat /a-secret; stat -c "%t:%T" /a-secret; readlink /dev/null'
	assert_success
	assert_equal "$output" $'1:3\n/proc/sys/kernel/core_pattern'
}

@test "masks: a host whose /dev/null is something else is refused" {
	mask /a-secret
	set_args "$B" /bin/cat /a-secret
	run unshare -m --propagation private sh -c '
		mount --bind "$1/canary/file" /dev/null; shift
		exec "$@" <&-' sh "$B" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" c1
	assert_failure
	assert_output_has /dev/null
	refute_output_has secret
}

@test "masks: a path behind a link of the image stays in the image" {
	mkdir -p "$B/rootfs$B/canary"
	echo inside >"$B/rootfs$B/canary/file"
	ln -s "$B/canary/file" "$B/rootfs/link"
	mask /link
	in_container "cat $B/canary/file; echo end"
	assert_success
	assert_equal "$output" end
	assert_equal "$(cat "$B/canary/file")" canary
}

@test "masks: a read-only path is read-only with all that is mounted below it" {
	edit_config "$B" '.mounts += [{destination: "/secrets/inner", type: "tmpfs", source: "tmpfs"}]'
	readonly_paths /secrets
	in_container '! touch /secrets/x && ! touch /secrets/inner/x && touch /more/x && cat /secrets/file'
	assert_success
	assert_output_has secret
}

@test "masks: a read-only path keeps the other restrictions of its mount" {
	edit_config "$B" '.mounts += [{destination: "/t", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "nodev", "noatime"]}]'
	readonly_paths /t
	in_container "grep ' /t ' /proc/self/mountinfo | tail -n 1"
	assert_success
	assert_output_has " ro,nosuid,nodev,noexec,noatime "
}

@test "masks: a link of the image that leads into the kernel's own links is an error, nothing is left open" {
	ln -s /proc/self/root/a-secret "$B/rootfs/magic"
	ln -s loop "$B/rootfs/loop"
	local path
	for path in /magic /loop; do
		mask "$path"
		in_container 'cat /a-secret'
		assert_failure
		assert_output_has "config.json: linux.maskedPaths[0] '$path'"
		refute_output_has "secret"$'\n'
		edit_config "$B" 'del(.linux.maskedPaths)'
		readonly_paths "$path"
		in_container true
		assert_failure
		assert_output_has "config.json: linux.readonlyPaths[0] '$path'"
		edit_config "$B" 'del(.linux.readonlyPaths)'
	done
}

@test "masks: folders that are swapped for links meanwhile cover nothing outside of the image" {
	mkdir -p "$B/rootfs/a/b"
	ln -s "$B/canary" "$B/rootfs/link"
	mask /a/b /a/file
	readonly_paths /a
	set_args "$B" /bin/true
	swap_for_a_link
	local i
	for i in $(seq 30); do
		runtime run --bundle "$B" "race$i" 2>/dev/null || true
		[ "$(cat "$B/canary/file")" = canary ]
		: >>"$B/canary/file"
	done
	stop_swapping
	assert_equal "$(grep -c "$B/canary" /proc/self/mountinfo)" 0
}

@test "masks: they hold in a read-only root" {
	edit_config "$B" '.root.readonly = true'
	mask /secrets /a-secret
	in_container 'ls -A /secrets; cat /a-secret; ! touch /x'
	assert_success
	refute_output_has inner
}

@test "masks: they hold in a user namespace" {
	use_userns
	mask /secrets /a-secret /proc/keys
	readonly_paths /proc/sys /etc
	in_container 'ls -A /secrets; cat /a-secret /proc/keys; ! touch /etc/x; ! echo x >/proc/sys/kernel/hostname'
	assert_success
	refute_output_has inner
	refute_output_has "secret"
}

@test "masks: the rootfs itself is refused, under whatever name" {
	local path
	ln -s / "$B/rootfs/top"
	for path in / /.. /secrets/.. /top; do
		edit_config "$B" '.linux.maskedPaths = [$p] | .linux.readonlyPaths = []' --arg p "$path"
		in_container true
		assert_status 1
		assert_output_has "config.json: linux.maskedPaths[0] '$path': is the rootfs itself; use root.readonly"
		edit_config "$B" '.linux.readonlyPaths = [$p] | .linux.maskedPaths = []' --arg p "$path"
		in_container true
		assert_status 1
		assert_output_has "config.json: linux.readonlyPaths[0] '$path': is the rootfs itself; use root.readonly"
	done
}
