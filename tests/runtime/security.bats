#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a hostile image or config must not reach.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	SUM=$(sha256sum <"$CT_RUNTIME_BIN")
}
teardown() {
	[ "$(sha256sum <"$CT_RUNTIME_BIN")" = "$SUM" ] || fail "the runtime's program was changed"
	life_teardown
}

@test "security: a cwd through a descriptor of the runtime is refused" {
	local n
	cp "$B/config.json" "$B/good.json"
	for n in 3 4 5 6 7 8 9 10; do
		cp "$B/good.json" "$B/config.json"
		edit_config "$B" '.process.cwd = $d' --arg d "/proc/self/fd/$n"
		in_container 'cat ../../../../../../../../etc/hostname; ls ../../../../..; pwd'
		refute_output_has "$(hostname)"
		[ "$status" -ne 0 ] || [ "$output" = "" ] || fail "got in: $output"
	done
}

@test "security: the same by a link of the image" {
	local n
	for n in 3 4 5 6 7 8 9 10; do
		ln -sfn "/proc/self/fd/$n" "$B/rootfs/cwd"
		edit_config "$B" '.process.cwd = "/cwd"'
		in_container true
		assert_failure
	done
}

@test "security: an image whose program is /proc/self/exe cannot write the runtime" {
	make_script "$B/rootfs/bin/evil" <<<'#!/proc/self/exe'
	set_args "$B" /bin/evil
	rt run --bundle "$B" "$C"
	set_args "$B" /proc/self/exe state nobody
	rt run --bundle "$B" "$C"
	refute_output_has "ID"
}

@test "security: the process that waits for start cannot be opened for writing" {
	set_args "$B" /bin/sleep 1000
	create
	! sh -c 'exec 5>>"$1"' sh "/proc/$(container_pid "$C")/exe" 2>/dev/null ||
		[ "$(sha256sum <"$CT_RUNTIME_BIN")" = "$SUM" ]
	delete
}

@test "security: a rootfs whose /proc is a link mounts nothing outside" {
	rmdir "$B/rootfs/proc"
	mkdir "$B/canary"
	ln -s "../../../../../../../$B/canary" "$B/rootfs/proc"
	in_container true
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "security: the process cannot see the runtime's state" {
	in_container 'ls -d '"$RUNTIME_ROOT"' 2>/dev/null; ls /proc/1/fd | paste -sd " " -; true'
	refute_output_has "$RUNTIME_ROOT"
}

@test "security: the state folder is the owner's alone" {
	set_args "$B" /bin/sleep 1000
	create
	assert_equal "$(stat -c %a "$RUNTIME_ROOT/$C")" 700
	delete
}
