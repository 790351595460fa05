#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# process.selinuxLabel on a kernel that has SELinux. No policy is loaded: the kernel allows all then, and
# takes the names of its initial identifiers for labels, which is enough to see where they end up.
# vm-kernel: selinux=1 security=selinux

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load ../runtime/life

setup() {
	life_setup
	edit_config "$B" '.process.selinuxLabel = "netmsg"'
}
teardown() { life_teardown; }

@test "selinux: the process has the label, and keys are made with the default again" {
	in_container 'for a in current exec keycreate; do echo "$a=$(tr -d "\0" </proc/self/attr/$a)"; done'
	assert_success
	assert_equal "$output" $'current=netmsg\nexec=\nkeycreate='
}

@test "selinux: in a user namespace, for exec, after a restart" {
	use_userns
	set_args "$B" /bin/sleep 1000
	create
	start
	rt exec "$C" /bin/cat /proc/self/attr/current
	assert_match "$output" '^netmsg'
	kill_and_wait
	rt restart "$C"
	assert_success
	assert_equal "$(tr -d '\0' <"/proc/$(container_pid "$C")/attr/current")" netmsg
	delete
}

@test "selinux: hooks do not have it" {
	sh_hook startContainer 'tr -d "\0" </proc/self/attr/current >/log/hook'
	in_container true
	assert_success
	assert_equal "$(<"$(hook_log startContainer hook)")" kernel
}
