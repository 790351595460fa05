#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.intelRdt. What it does in resctrl is in tests/unit/test_intel_rdt.c: no machine of the tests has
# the CPU for it.

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

@test "intelRdt: without resctrl it is an error that says how to mount it, and nothing is left" {
	local rdt
	for rdt in '{}' '{closID: "gold"}' '{enableMonitoring: true}' '{schemata: ["L3:0=f"]}'; do
		edit_config "$B" ".linux.intelRdt = $rdt"
		rt create --bundle "$B" "$C"
		assert_failure
		our_text
		assert_output_has 'linux.intelRdt: no resctrl is mounted on /sys/fs/resctrl'
		assert_missing "$RUNTIME_ROOT/$C"
	done
}

@test "intelRdt: an ordinary folder in resctrl's place is not taken for it" {
	our_text
	mount -t tmpfs none /sys/fs
	mkdir /sys/fs/resctrl
	edit_config "$B" '.linux.intelRdt = {}'
	rt create --bundle "$B" "$C"
	umount /sys/fs
	assert_failure
	assert_output_has 'no resctrl is mounted'
}
