#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman: options of run, each with its effect read back inside.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load podman

setup_file() { podman_setup_file; }
teardown_file() { podman_teardown_file; }
setup() { podman_setup; }
teardown() { podman_teardown; }

# rows: of OPTIONS | COMMAND | what it prints, in one line; DIR is the test's folder. Each is a container.
rows() {
	local line options command
	while IFS= read -r line; do
		options=${line%%|*}
		command=${line#*|}
		command=${command%|*}
		# shellcheck disable=SC2086 # words
		run pm run --rm --network none ${options//DIR/$TEST_DIR} box sh -c "$command"
		assert_equal "$(tr '\n' ' ' <<<"$output")" "${line##*|} " "$line"
	done
}

@test "podman: options: volumes, tmpfs, read-only" {
	mkdir "$TEST_DIR/v"
	echo shared >"$TEST_DIR/v/file"
	rows <<-'ROWS'
		-v DIR/v:/v|echo new >/v/new; cat /v/file /v/new|shared new
		-v DIR/v:/v:ro|touch /v/x 2>&1|touch: /v/x: Read-only file system
		-v DIR/v:/v:noexec,nosuid|grep ' /v ' /proc/self/mountinfo | cut -d' ' -f6|rw,nosuid,noexec,relatime
		-v DIR/v:/v:rshared|grep -c ' /v .* shared:' /proc/self/mountinfo|1
		-v DIR/v:/v:O|echo new >/v/upper; ls /v|file new upper
		-v DIR/v:/v:U --user 1000|stat -c %u /v|1000
		-v named:/data|touch /data/kept|
		-v named:/data|ls /data|kept
		--mount type=image,source=box,destination=/image|ls /image/etc|group passwd
		--read-only|touch /x 2>&1; touch /tmp/x /run/x && echo but tmp|touch: /x: Read-only file system but tmp
		--read-only --read-only-tmpfs=false|touch /tmp/x 2>&1|touch: /tmp/x: Read-only file system
		--tmpfs /t:size=64k,mode=700|stat -c %a /t; df -k /t | awk '/t$/ { print $2 }'|700 64
		--tmpfs /etc|ls /etc/passwd|/etc/passwd
		--mount type=tmpfs,dst=/etc,notmpcopyup|ls /etc/passwd 2>&1|ls: /etc/passwd: No such file or directory
		--shm-size 1m|df -k /dev/shm | awk '/shm$/ { print $2 }'|1024
		-v /:/host:ro|ls -d /host/proc/1; touch /host/x 2>&1|/host/proc/1 touch: /host/x: Read-only file system
	ROWS
	[ ! -e "$TEST_DIR/v/upper" ] || fail "what was written to the overlay came through"
	pm volume rm named >/dev/null
}

@test "podman: options: users, capabilities, privileges, seccomp, what is masked" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >"$TEST_DIR/s.json"
	rows <<-'ROWS'
		--user 1000:5|id -u; id -g|1000 5
		--user user|id -un|user
		--user 4242|grep -c :4242: /etc/passwd; id -u|1 4242
		--group-add 44|id -G|0 44
		--cap-drop all|grep Cap /proc/self/status | sort -u -k2 | cut -f2|0000000000000000
		--cap-drop all --cap-add NET_ADMIN|grep CapEff /proc/self/status|CapEff:	0000000000001000
		--cap-drop CHOWN|chown 1 /tmp 2>&1|chown: /tmp: Operation not permitted
		--cap-drop all --cap-add NET_BIND_SERVICE --user 1000|grep CapAmb /proc/self/status|CapAmb:	0000000000000400
		--privileged|mount -t tmpfs none /home && ls -d /dev/kmsg; grep Seccomp: /proc/self/status|/dev/kmsg Seccomp:	0
		--security-opt no-new-privileges|grep NoNew /proc/self/status|NoNewPrivs:	1
		--security-opt seccomp=DIR/s.json|mkdir /x 2>&1|mkdir: can't create directory '/x': Operation not permitted
		--security-opt seccomp=unconfined|grep Seccomp: /proc/self/status|Seccomp:	0
		--init=false|grep Seccomp: /proc/self/status|Seccomp:	2
		--security-opt mask=/etc/passwd|cat /etc/passwd|
		--security-opt unmask=ALL|grep -c ' /proc/' /proc/self/mountinfo|0
		--security-opt proc-opts=hidepid=2|grep -c '^proc /proc .*hidepid=invisible' /proc/mounts|1
		--umask 0077|umask|0077
	ROWS
}

@test "podman: options: namespaces" {
	printf 'containers:200000:65536\n' >>/etc/subuid
	printf 'containers:200000:65536\n' >>/etc/subgid
	rows <<-'ROWS'
		--uidmap 0:100000:5000|awk '{ print $1, $2, $3 }' /proc/self/uid_map; stat -c %u /bin/busybox|0 100000 5000 0
		--userns auto|awk '{ print $1, ($2 >= 200000), $3 }' /proc/self/uid_map; id -u|0 1 1024 0
		--userns host|awk '{ print $2 }' /proc/self/uid_map|0
		--hostname named|hostname; grep -c named /etc/hosts|named 1
		--uts host|hostname|testhost
		--ipc none|ls /dev/shm 2>&1|ls: /dev/shm: No such file or directory
		--cgroupns private|cut -d: -f3 /proc/self/cgroup | sort -u|/
		--sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=9000|cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax|1 9000
	ROWS
	start_box --pid host --ipc host
	local kind
	for kind in pid ipc; do
		assert_equal "$(pm exec "$C" readlink /proc/self/ns/$kind)" "$(readlink /proc/self/ns/$kind)"
	done
	in_box --sysctl kernel.nosuch=1 -- true
	assert_status 125
	in_box --sysctl net.ipv4.nosuch=1 -- true
	[ "$status" -ge 126 ] || fail "a parameter that is not there" "$(show_run)"
	assert_output_has net.ipv4.nosuch
}

# Where RLIMIT_NPROC and RLIMIT_NOFILE are both given: podman raises the one that is not.
@test "podman: options: limits, devices and control groups" {
	rows <<-'ROWS'
		--pids-limit 20|cat /sys/fs/cgroup/pids/pids.max|20
		--memory 64m|cat /sys/fs/cgroup/memory/memory.limit_in_bytes|67108864
		--memory 64m --memory-swap 64m --memory-reservation 32m|cd /sys/fs/cgroup/memory; cat memory.memsw.limit_in_bytes memory.soft_limit_in_bytes|67108864 33554432
		--cpus 0.5|cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us|50000
		--cpu-shares 512 --cpu-period 50000 --cpu-quota 10000|cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu/cpu.cfs_quota_us|512 10000
		--cpuset-cpus 0|grep Cpus_allowed_list /proc/self/status|Cpus_allowed_list:	0
		--oom-score-adj 500|cat /proc/self/oom_score_adj|500
		--ulimit nofile=100:200 --ulimit nproc=50:60|ulimit -n; ulimit -Hn; ulimit -u|100 200 50
		--ulimit host|ulimit -Hn|20000
		--device /dev/null:/dev/mine|echo x >/dev/mine; stat -c %t:%T:%a /dev/mine|1:3:666
		--cap-add MKNOD|mknod /dev/sda b 8 0; head -c 1 /dev/sda 2>&1|head: /dev/sda: Operation not permitted
		--cgroup-parent /outer|grep -c ':pids:/outer/libpod-' /proc/self/cgroup|1
		--cgroups no-conmon|grep -c ':pids:.*/libpod-' /proc/self/cgroup|1
		--workdir /etc|pwd|/etc
		-e A=b|echo $A $container|b podman
		--init|cat /proc/1/comm|podman-init
		--annotation a=b --tz UTC|date +%Z|UTC
		--log-driver none|echo x|x
		--systemd always|grep -c ' /sys/fs/cgroup/systemd rw,' /proc/self/mountinfo|1
	ROWS
}

@test "podman: options: no control group of its own, descriptors passed on" {
	echo handed on >handed
	run podman --runtime "$CT_RUNTIME_BIN" run --rm --network none --preserve-fds 1 box cat /proc/self/fd/3 3<handed
	assert_equal "$output" "handed on"
	[ "$(runtime_name)" = ct ] || return 0 # runc has no --cgroup-manager disabled
	in_box --cgroups disabled -- cat /proc/self/cgroup
	assert_success
	refute_output_has libpod
}
