#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# restart: the process again, in the same namespaces.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	[ "$(runtime_name)" = ct ] || skip "restart is ours"
	# Says what it sees, then stays.
	set_args "$B" /bin/sh -c '{ ip addr show dev lo | grep -o "inet [0-9./]*" | paste -sd " " -; hostname; cut -d " " -f 5 /proc/self/mountinfo | sort | paste -sd " " -
		set -- /proc/[0-9]*; echo $#; echo $$; ls /data; } >/data/seen.new; mv /data/seen.new /log/seen; exec sleep 1000'
	edit_config "$B" '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs"}]'
	sh_hook createRuntime 'nsenter --net=$(sed "s/.*\"net\": *\"\([^\"]*\)\".*/\1/" | head -n 1) ip addr add 10.1.2.3/24 dev lo; echo createRuntime >>$B/log/order'
}
teardown() { life_teardown; }

life_and_death() {
	create
	start
	wait_for 5 test -e "$B/rootfs/log/seen"
	cp "$B/rootfs/log/seen" "$B/first"
	PID=$(container_pid "$C")
	kill_and_wait
	rm "$B/rootfs/log/seen"
}

restart() {
	rt restart "$C"
	assert_success
	wait_for 5 test -e "$B/rootfs/log/seen"
}

@test "restart: same addresses, host name, mounts; fresh pids with their own /proc" {
	life_and_death
	grep -q 10.1.2.3 "$B/first"
	restart
	assert_equal "$(<"$B/rootfs/log/seen")" "$(<"$B/first")"
	[ "$(container_pid "$C")" != "$PID" ]
	assert_equal "$(container_status "$C")" running
	delete
}

@test "restart: again and again" {
	life_and_death
	for _ in 1 2 3; do
		restart
		assert_equal "$(<"$B/rootfs/log/seen")" "$(<"$B/first")"
		kill_and_wait
		rm "$B/rootfs/log/seen"
	done
	delete
}

@test "restart: create's hooks do not run again, startContainer and poststart do" {
	local kind
	for kind in prestart createContainer poststart poststop; do
		sh_hook "$kind" "echo $kind >>\$B/log/order"
	done
	sh_hook startContainer 'echo startContainer >>/log/inside'
	life_and_death
	restart
	delete
	assert_equal "$(paste -sd ' ' "$B/log/order")" "prestart createRuntime createContainer poststart poststart poststop"
	assert_equal "$(wc -l <"$B/rootfs/log/inside")" 2
}

@test "restart: refused while running, and for one that is not started" {
	create
	rt restart "$C"
	assert_failure
	assert_output_has "it is created"
	start
	rt restart "$C"
	assert_failure
	assert_output_has "it is running"
	delete
}

@test "restart: refused without pins" {
	rt create --no-persist --bundle "$B" "$C"
	edit_config "$B" 'del(.hooks)'
	delete
	rt create --no-persist --bundle "$B" "$C"
	assert_success
	start
	kill_and_wait
	rt restart "$C"
	assert_failure
	assert_output_has --no-persist
	delete
}

@test "restart: refused when the pid namespace was joined" {
	edit_config "$B" 'del(.hooks) | (.linux.namespaces[] | select(.type == "pid")).path = "/proc/self/ns/pid"'
	create
	start
	kill_and_wait
	rt restart "$C"
	assert_failure
	assert_output_has "pid namespace"
	delete
}

@test "restart: of an unknown id" {
	rt restart nobody
	assert_failure
	assert_output_has "does not exist"
}

@test "restart: refused with a reason when a pin is gone" {
	life_and_death
	umount "$RUNTIME_ROOT/$C/ns/net"
	rt restart "$C"
	assert_failure
	assert_output_has net
	assert_equal "$(container_status "$C")" stopped
	delete
}

@test "restart: one that fails leaves the container stopped, and the next one works" {
	life_and_death
	mv "$B/rootfs/bin/busybox" "$B/rootfs/bin/hidden"
	rt restart "$C"
	assert_failure
	assert_equal "$(container_status "$C")" stopped
	mv "$B/rootfs/bin/hidden" "$B/rootfs/bin/busybox"
	restart
	delete
}

@test "restart: the process has its user, capabilities and limits again" {
	set_args "$B" /bin/sh -c '{ id -u; grep -E "^(Cap|NoNewPrivs)" /proc/self/status; ulimit -n; umask; } >/log/new; mv /log/new /log/seen; exec sleep 1000'
	edit_config "$B" '.process.user = {uid: 1000, gid: 1000, umask: 63}
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 99}]'
	life_and_death
	restart
	assert_equal "$(<"$B/rootfs/log/seen")" "$(<"$B/first")"
	grep -qx 77 "$B/first"
	delete
}

@test "restart: masked and read-only paths stay" {
	edit_config "$B" '.linux.maskedPaths = ["/proc/keys"] | .linux.readonlyPaths = ["/proc/sys"]'
	set_args "$B" /bin/sh -c '{ wc -c </proc/keys; stat -c %t:%T /proc/keys; echo 1 >/proc/sys/kernel/domainname || echo refused; } >/log/new 2>/dev/null; mv /log/new /log/seen; exec sleep 1000'
	life_and_death
	restart
	assert_equal "$(paste -sd ' ' "$B/rootfs/log/seen")" "0 1:3 refused"
	delete
}

@test "restart: in a user namespace" {
	use_userns
	chmod 1777 "$B/rootfs/log"
	set_args "$B" /bin/sh -c '{ id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user; ip addr show dev lo | grep -o "inet [0-9./]*"; } >/log/new; mv /log/new /log/seen; exec sleep 1000'
	life_and_death
	restart
	assert_equal "$(<"$B/rootfs/log/seen")" "$(<"$B/first")"
	grep -q 100000 "$B/first"
	delete
}
