# SPDX-License-Identifier: GPL-2.0-or-later
# SC2154: run sets status, output, lines. SC2119: up and down may go without arguments.
# shellcheck disable=SC2154,SC2119
bats_require_minimum_version 1.5.0

# On a host with a real firewalld.

setup_file() {
	load ../lib/common
	load ../lib/firewalld
	start_bus
}

teardown_file() {
	load ../lib/firewalld
	stop_bus
}

setup() {
	# shellcheck source=tests/bridge-setup/bridge.bash
	source "$BATS_TEST_DIRNAME/bridge.bash"
	load ../lib/common
	load ../lib/firewalld
	clean_host
	start_firewalld
}

teardown() {
	kill -CONT "$FIREWALLD_PID"
	clean_host
	stop_firewalld
	nft flush ruleset
}

# answer: what doctor says of firewalld, in the last run's output
answer() {
	grep -A1 -E '^(ok|note|problem) +firewalld ' <<<"$output"
}

@test "doctor: a host that is not set up is told that up will do it" {
	run -0 "$BRIDGE_SETUP" doctor
	[[ $(answer) == note*"has 'netns0' in no zone, not in zone trusted"*"bridge-setup up"* ]]
	assert_equal "$(zone_of netns0)" ""
}

@test "up, status, down: the bridge in its zone and out of it" {
	run -0 up --dry-run
	[[ $output == *"would change  firewalld: netns0 in zone trusted (it is in none)"* ]]
	assert_equal "$(zone_of netns0)" ""
	run -0 up
	[[ $output == *"changed  firewalld: netns0 in zone trusted"* ]]
	assert_equal "$(zone_of netns0)" trusted
	run -0 status
	[[ $output == *"firewalld: netns0 in zone trusted"* ]]
	run -0 up
	[[ $output == *"0 changed"* ]]
	run -0 down
	assert_equal "$(zone_of netns0)" ""
}

@test "up --firewalld-zone: another zone, and none" {
	up --firewalld-zone internal
	assert_equal "$(zone_of netns0)" internal
	up --firewalld-zone none
	assert_equal "$(zone_of netns0)" ""
	run -0 "$BRIDGE_SETUP" doctor --firewalld-zone none
	[[ $(answer) == note*"'netns0' in no zone; the network leaves that to you"* ]]
	run -1 up --firewalld-zone 'in valid'
	[[ $output == *"'in valid' is no name of a zone"* ]]
}

@test "doctor: what a reload will forget, with the command that keeps it" {
	up
	run -0 "$BRIDGE_SETUP" doctor
	[[ $(answer) == note*"'netns0' is in zone trusted until firewalld is reloaded"* ]]
	firewall-cmd --permanent --zone=trusted --change-interface=netns0
	answer | grep -qF "firewall-cmd --permanent --zone=trusted --change-interface=netns0"
	run -0 "$BRIDGE_SETUP" doctor
	[[ $(answer) == ok*"'netns0' is in zone trusted"* ]]
	reload_firewalld
	run -0 "$BRIDGE_SETUP" doctor
	run -0 status
	firewall-cmd --permanent --zone=trusted --remove-interface=netns0
}

@test "doctor, status: after a reload; up mends it" {
	up
	reload_firewalld
	run -1 status
	[[ $output == *"firewalld: netns0 in zone trusted (it is in none)  (not right)"* ]]
	run -1 "$BRIDGE_SETUP" doctor
	[[ $(answer) == problem*"has 'netns0' in no zone, not in zone trusted: it refuses what containers send"*"bridge-setup up"* ]]
	up
	run -0 "$BRIDGE_SETUP" doctor
}

@test "doctor: a zone of somebody else's choice" {
	move_to_zone internal netns0
	up
	run -0 "$BRIDGE_SETUP" doctor
	[[ $(answer) == note*"somebody has put 'netns0' into zone internal"*"firewall-cmd --zone=trusted --change-interface=netns0"* ]]
	run -1 "$BRIDGE_SETUP" doctor --firewalld-zone trusted
	[[ $(answer) == problem*"in zone internal, not in zone trusted"* ]]
	firewall-cmd --zone=internal --remove-interface=netns0
}

@test "doctor: firewalld that does not answer is a problem" {
	up
	kill -STOP "$FIREWALLD_PID"
	run -1 "$BRIDGE_SETUP" doctor
	[[ $(answer) == problem*"firewalld has not answered in 8 s"* ]]
}
