#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checkpoint and restore with the real CRIU (3.17 of Debian 12 does not start on newer kernels; what needs
# no working one is in tests/runtime/checkpoint.bats).

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common

# One rootfs for all: making it takes longer here than most tests.
setup_file() {
	make_rootfs "$BATS_FILE_TMPDIR/rootfs"
}

setup() {
	common_setup
	mkdir b
	jq '.root.path = $r' --arg r "$BATS_FILE_TMPDIR/rootfs" "$TOP/tests/lib/config.json" >b/config.json
	# It counts in memory and shows it in the file that the test names to it.
	set_args b /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.05; done'
	edit_config b '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
}
teardown() { common_teardown; }

start_one() {
	runtime run --detach --bundle b c1 >"$TEST_DIR/out" 2>&1 </dev/null 3>&-
	wait_for 20 counted c1 3
}

restore() {
	runtime restore --detach --bundle b --image-path img "$@" >"$TEST_DIR/restore.out" 2>&1 \
		</dev/null 3>&- || fail "$(cat "$TEST_DIR/restore.out")"
}

# inside ID COMMAND...
inside() {
	local id=$1
	shift
	runtime exec "$id" "$@" 2>&1 </dev/null
}

# Read from outside: nothing is started for it.
count() {
	local n=0
	read -r n <"/proc/$(container_pid "$1")/root/tmp/count" || true
	echo "${n:-0}"
}

# counted ID N: it has come to N.
counted() {
	[ "$(count "$1")" -ge "$2" ]
}

@test "checkpoint: the container is gone, restore goes on where it was, as often as one likes" {
	start_one
	wait_for 20 counted c1 20
	run -0 runtime checkpoint --image-path img c1
	assert_equal "$output" ""
	run ! runtime state c1
	assert_missing "$RUNTIME_ROOT/c1"
	assert_missing /sys/fs/cgroup/ct-c1
	restore --pid-file "$TEST_DIR/pid" c1
	assert_equal "$(container_status c1)" running
	assert_equal "$(cat pid)" "$(container_pid c1)"
	[ "$(count c1)" -ge 20 ]
	wait_for 20 counted c1 30
	assert_equal "$(cat "/proc/$(cat pid)/cgroup")" "0::/ct-c1"
	assert_equal "$(inside c1 hostname)" container
	# Pinned as if created: what enters them finds the same namespaces.
	local type
	for type in net ipc uts mnt; do
		assert_equal "$(stat -L -c %i "$RUNTIME_ROOT/c1/ns/$type")" \
			"$(stat -L -c %i "/proc/$(cat pid)/ns/$type")" "$type"
	done
	run -0 runtime kill c1 KILL
	wait_for 10 test "$(container_status c1)" = stopped
	run -0 runtime delete c1
	restore c2
	[ "$(count c2)" -lt 1000 ]
	assert_equal "$(cat "/proc/$(container_pid c2)/cgroup")" "0::/ct-c2"
	run -0 runtime delete --force c2
	assert_missing "$RUNTIME_ROOT/c2"
	assert_missing /sys/fs/cgroup/ct-c2
}

@test "checkpoint: --leave-running, and a pre-dump before it, let the container go on" {
	start_one
	local pid
	pid=$(container_pid c1)
	run -0 runtime checkpoint --image-path pre --pre-dump c1
	assert_equal "$(container_status c1)" running
	run -0 runtime checkpoint --image-path img --parent-path ../pre --work-path work \
		--leave-running c1
	assert_exists work/dump.log
	assert_equal "$(container_status c1)" running
	assert_equal "$(container_pid c1)" "$pid"
	wait_for 20 counted c1 $(($(count c1) + 3))
	# Beside the one that runs.
	restore c2
	wait_for 20 counted c2 $(($(count c2) + 3))
}

@test "restore: binds, masks, read-only paths, limits and the cgroup mount are those of the bundle" {
	mkdir src
	echo one >src/file
	echo two >alone
	edit_config b '.mounts += [{destination: "/data/sub", type: "bind", source: ($t + "/src"), options: ["rbind", "ro"]},
		{destination: "/etc/alone", type: "bind", source: ($t + "/alone"), options: ["bind"]},
		{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]
		| .linux.namespaces += [{type: "cgroup"}]
		| .linux.maskedPaths = ["/proc/kcore", "/proc/acpi", "/sys/firmware", "/no/such"]
		| .linux.readonlyPaths = ["/proc/sys"]
		| .linux.resources = {pids: {limit: 77}}' --arg t "$TEST_DIR"
	start_one
	run -0 runtime checkpoint --image-path img c1
	# Another root file system, and other sources.
	make_rootfs other
	mkdir src2
	echo three >src2/file
	edit_config b '.root.path = $r | (.mounts[] | select(.destination == "/data/sub") | .source) = $s' \
		--arg r "$TEST_DIR/other" --arg s "$TEST_DIR/src2"
	restore c2
	assert_equal "$(inside c2 cat /data/sub/file)" three
	assert_equal "$(inside c2 cat /etc/alone)" two
	run inside c2 touch /data/sub/x
	assert_output_has "Read-only"
	run inside c2 sh -c 'echo x >/proc/sys/kernel/domainname'
	assert_output_has "Read-only"
	assert_equal "$(inside c2 wc -c /proc/kcore)" "0 /proc/kcore"
	assert_equal "$(inside c2 ls /sys/firmware)" ""
	assert_equal "$(cat /sys/fs/cgroup/ct-c2/pids.max)" 77
	assert_equal "$(inside c2 cat /sys/fs/cgroup/pids.max)" 77
}

@test "restore: network hooks run again, with a pid and a pin of the new network namespace" {
	make_host
	add_hook b createRuntime "$CT_NETNS_BIN"
	add_hook b poststop /bin/sh sh -c "jq -r '\"\(.id) \(.status)\"' >>$TEST_DIR/ended"
	add_hook b poststop "$CT_NETNS_BIN"
	start_one
	run -0 runtime checkpoint --image-path img c1
	assert_equal "$output" ""
	assert_equal "$(cat ended)" "c1 stopped"
	restore c2
	run -0 "$CT_NETNS_BIN" ls
	assert_output_has c2
	assert_match "$(inside c2 ip -o -4 addr show dev eth0)" "172.19.0"
	run -0 inside c2 ping -c 1 -W 5 172.19.0.1
	run -0 runtime delete --force c2
	assert_equal "$(tail -n 1 ended)" "c2 stopped"
}

@test "restore: a network namespace joined by path is the one of the bundle" {
	make_netns one
	make_netns two
	edit_config b '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/one"'
	start_one
	run -0 runtime checkpoint --image-path img c1
	edit_config b '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/two"'
	restore c1
	assert_equal "$(stat -L -c %i "/proc/$(container_pid c1)/ns/net")" \
		"$(stat -L -c %i /run/netns/two)"
}

@test "restore: in the foreground with the streams of who calls; its exit status is the process's" {
	mkfifo in
	set_args b /bin/sh -c 'echo 1 >/tmp/count; read a; echo "got $a"; exit 7'
	exec 9<>in
	runtime run --detach --bundle b c1 2>/dev/null 3>&- 9>&- < <(cat in) | cat >out 3>&- 9>&- &
	TEST_PIDS+=("$!")
	wait_for 20 counted c1 1
	run -0 runtime checkpoint --image-path img c1
	exec 9>&-
	status=0
	output=$(echo word | runtime restore --bundle b --image-path img c1 2>&1 3>&-) || status=$?
	assert_equal "$output" "got word"
	assert_status 7
	run ! runtime state c1
}

@test "restore: what CRIU refuses leaves no difference, and says why" {
	start_one
	run -0 runtime checkpoint --image-path img c1
	rm img/core-1.img
	add_hook b poststop /bin/sh sh -c "cat >$TEST_DIR/ended"
	run ! runtime restore --detach --bundle b --image-path img c1 3>&-
	assert_output_has "Error ("
	assert_output_has "img/restore.log"
	assert_missing "$RUNTIME_ROOT/c1"
	assert_missing /sys/fs/cgroup/ct-c1
	assert_equal "$(jq -r .status ended)" stopped
}

@test "checkpoint: what CRIU refuses leaves the container running, and says why" {
	# CRIU keeps removed files of up to 1 MB.
	set_args b /bin/sh -c 'exec 5>/home/big; dd if=/dev/zero bs=1M count=2 >&5; rm /home/big; echo 1 >/tmp/count
		exec sleep 1000'
	runtime run --detach --bundle b c1 >"$TEST_DIR/out" 2>&1 </dev/null 3>&-
	wait_for 20 counted c1 1
	run ! runtime checkpoint --image-path img c1
	assert_output_has "Error ("
	assert_equal "$(container_status c1)" running
	assert_equal "$(count c1)" 1
}

@test "restore: killed at any turn, delete --force takes all of it away, poststop hooks run" {
	[ -x "$FAULT_BIN/ct-runtime" ] || skip "make fault has not been run"
	start_one
	run -0 runtime checkpoint --image-path img c1
	add_hook b createRuntime /bin/true
	add_hook b poststop /bin/sh sh -c "cat >$TEST_DIR/ended"
	local at
	for at in restore.state.done restore.held.done restore.process restore.process.done \
		restore.pins.done; do
		rm -f ended
		run ! env CT_FAULT="$at:kill" "$FAULT_BIN/ct-runtime" --root "$RUNTIME_ROOT" restore \
			--detach --bundle b --image-path img c1 </dev/null 3>&-
		run -0 runtime delete --force c1
		assert_missing "$RUNTIME_ROOT/c1"
		assert_missing /sys/fs/cgroup/ct-c1
		assert_equal "$(grep -c . ended 2>/dev/null || true)" \
			"$([ "$at" = restore.state.done ] || echo 1)" "$at"
	done
	run ! pgrep -f 'i=0; while'
}
