#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The machine that the files of this folder count on.
# vm-kernel: apparmor=1 security=apparmor ct.word=seen

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "vm: the kernel is another one, with the command line of the file" {
	[[ $(</proc/cmdline) == *" ct.word=seen"* ]]
	[[ $(uname -r) == 6.1.* ]]
}

@test "vm: cgroup v2 is the only one, with all its controllers" {
	assert_equal "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs
	assert_equal "$(</sys/fs/cgroup/cgroup.controllers)" \
		"cpuset cpu io memory hugetlb pids rdma misc"
	run ! grep -q ' cgroup ' /proc/self/mountinfo
}

@test "vm: AppArmor is on" {
	assert_equal "$(</sys/module/apparmor/parameters/enabled)" Y
}

@test "vm: what is written stays inside" {
	echo inside >/etc/ct-vm-was-here
	assert_equal "$(</etc/ct-vm-was-here)" inside
}

@test "vm: modules of the kernel load" {
	modprobe loop
	[ -e /dev/loop-control ]
}

@test "vm: a container runs" {
	make_bundle b
	set_args b /bin/uname -r
	run -0 --separate-stderr runtime run --bundle b c1
	assert_equal "$output" "$(uname -r)"
}
