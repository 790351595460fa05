#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# process.apparmorProfile on a kernel that has AppArmor.
# vm-kernel: apparmor=1 security=apparmor

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load ../runtime/life

ATTR=/proc/self/attr/apparmor

setup_file() {
	apparmor_parser --skip-cache --replace <<-'PROFILE'
		profile ct-test-secret flags=(attach_disconnected) {
			file,
			capability,
			network,
			mount,
			signal,
			deny /etc/secret r,
		}
	PROFILE
}

setup() {
	life_setup
	echo hidden >"$B/rootfs/etc/secret"
	echo shown >"$B/rootfs/etc/open"
	edit_config "$B" '.process.apparmorProfile = "ct-test-secret"'
}
teardown() { life_teardown; }

LOOK="cat $ATTR/current; cat /etc/open; cat /etc/secret"

confined() {
	assert_output_has 'ct-test-secret (enforce)'
	assert_output_has shown
	assert_output_has "can't open '/etc/secret': Permission denied"
	refute_output_has hidden
}

@test "apparmor: the profile is in force, with no_new_privs and without" {
	in_container "$LOOK"
	confined
	edit_config "$B" '.process.noNewPrivileges = false'
	in_container "$LOOK"
	confined
}

@test "apparmor: in a user namespace too" {
	use_userns
	in_container "$LOOK"
	confined
}

@test "apparmor: for exec and after a restart too" {
	set_args "$B" /bin/sleep 1000
	create
	start
	rt exec "$C" /bin/sh -c "$LOOK"
	confined
	jq '.process | .args = ["/bin/sh", "-c", $look] | del(.apparmorProfile)' --arg look "$LOOK" \
		"$B/config.json" >"$TEST_DIR/process.json"
	rt exec --process "$TEST_DIR/process.json" "$C"
	confined
	kill_and_wait
	rt restart "$C"
	assert_success
	assert_equal "$(<"/proc/$(container_pid "$C")/attr/apparmor/current")" 'ct-test-secret (enforce)'
	delete
}

@test "apparmor: hooks are not under it" {
	sh_hook startContainer "cat $ATTR/current >/log/hook"
	in_container true
	assert_success
	assert_equal "$(<"$(hook_log startContainer hook)")" unconfined
}

@test "apparmor: a profile that is not loaded fails the start, in words that podman knows" {
	edit_config "$B" '.process.apparmorProfile = "ct-test-nosuch"'
	rt create --bundle "$B" "$C"
	assert_success
	rt start "$C"
	assert_failure
	assert_output_has "config.json: process.apparmorProfile: write 'exec ct-test-nosuch' to \`/proc/thread-self/attr/apparmor/exec\`"
	assert_output_has 'is the profile loaded?'
}

@test "apparmor: unconfined is a profile too" {
	edit_config "$B" '.process.apparmorProfile = "unconfined"'
	in_container "cat $ATTR/current"
	assert_equal "$output" unconfined
}

@test "apparmor: no mount over /proc of the container's takes it away" {
	mkdir -p "$B/fake"
	: >"$B/fake/exec"
	edit_config "$B" '.mounts += [{destination: "/proc/self/attr/apparmor", type: "bind", source: $f, options: ["bind"]}]' \
		--arg f "$B/fake"
	in_container "$LOOK"
	[ "$status" -ne 0 ]
	refute_output_has hidden
	assert_equal "$(<"$B/fake/exec")" ""
}

@test "apparmor: without a procfs in the container it is in force all the same" {
	edit_config "$B" '.mounts |= map(select(.destination != "/proc"))'
	in_container 'cat /etc/open; cat /etc/secret'
	assert_output_has shown
	assert_output_has 'Permission denied'
}
