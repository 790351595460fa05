#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's containerd and its client ctr, with ct-runtime as the runc of the shim.

load containerd

setup_file() { containerd_setup_file; }
teardown_file() { containerd_teardown_file; }
setup() { containerd_setup; }
teardown() { containerd_teardown; }

# cgroup_file ID FILE: where it is in the v1 hierarchy of its first word.
cgroup_file() {
	echo "/sys/fs/cgroup/${2%%.*}/default/$1/$2"
}

holds() {
	[ "$(<"$1")" = "$2" ]
}

@test "containerd: run prints what the process prints and ends as it ends" {
	run run_box --rm "$C" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output_has out
	assert_output_has err
	run run_box --rm "$C" true
	assert_success
	run run_box --rm "$C" sh -c 'kill -KILL $$; exit 3'
	assert_status 3 # process 1 of a pid namespace cannot do that
	run run_box --rm "$C" head -n 1 <<<"from stdin"
	assert_output_has "from stdin"
}

@test "containerd: a program that is not there or may not run is named, and nothing is left" {
	run run_box --rm "$C" nosuch
	assert_failure
	assert_output_has 'exec: "nosuch": executable file not found in $PATH'
	run run_box --rm "$C" /etc
	assert_failure
	assert_output_has 'exec: "/etc": permission denied'
	run ctr task ls -q
	assert_equal "$output" ""
	assert_missing "$RUNC_ROOT/$C"
	assert_missing "$(dirname "$(cgroup_file "$C" pids.max)")"
}

@test "containerd: what the runtime refuses is told in its words" {
	run run_box --rm --mount=type=bind,src=/nosuch,dst=/mnt,options=bind "$C" true
	assert_failure
	assert_output_has "OCI runtime create failed"
	assert_output_has "/nosuch"
	refute_output_has '"level"'
}

@test "containerd: a detached task runs, is killed and ends with 128 and the signal" {
	start_box --pid-file="$TEST_DIR/pid" "$C" sleep 1000
	task_is "$C" RUNNING
	assert_equal "$(<"$TEST_DIR/pid")" "$(task_pid "$C")"
	assert_equal "$(tr '\0' ' ' <"/proc/$(task_pid "$C")/cmdline")" "sleep 1000 "
	run ctr task ps "$C"
	assert_output_has "$(task_pid "$C")"
	ctr task kill -s KILL "$C"
	assert_equal "$(end_of "$C")" 137
	run ctr task kill "$C"
	assert_failure
	assert_output_has "not found"
}

@test "containerd: a signal reaches the process, kill --all every process" {
	start_box "$C" sh -c 'trap "exit 5" TERM; touch /tmp/ready; while :; do :; done'
	wait_for 5 test -e "/proc/$(task_pid "$C")/root/tmp/ready"
	ctr task kill -s TERM "$C"
	assert_equal "$(end_of "$C")" 5
	ctr container rm "$C"
	start_box "$C" sh -c 'sleep 1000 & sleep 1001 & wait; exit 6'
	wait_for 5 sh -c "[ \$(ctr task ps $C | wc -l) = 4 ]"
	ctr task kill --all -s TERM "$C"
	assert_equal "$(end_of "$C")" 6
}

@test "containerd: exec has its own user, folder, status and streams, and the task's cgroup" {
	start_box "$C" sleep 1000
	run_exec exec_box "$C" sh -c 'echo out; echo err >&2; exit 3'
	assert_status 3
	assert_output_has out
	assert_output_has err
	run_exec ctr task exec --exec-id u --user 1000:5 --cwd /home "$C" sh -c 'id -u; id -g; pwd'
	assert_equal "${lines[*]}" "1000 5 /home"
	run_exec exec_box "$C" cat /proc/self/cgroup
	assert_output_has "pids:/default/$C"
	run exec_box "$C" head -n 1 <<<"from stdin"
	assert_output_has "from stdin"
	run_exec exec_box "$C" nosuch
	assert_failure
	assert_output_has 'exec: "nosuch": executable file not found in $PATH'
	run_exec exec_box nosuch true
	assert_failure
	assert_output_has "not found"
	task_is "$C" RUNNING
}

@test "containerd: a detached exec is killed by its name, and the task goes on" {
	local pid
	start_box "$C" sleep 1000
	ctr task exec --detach --fifo-dir "$TEST_DIR" --exec-id one "$C" sleep 1001 </dev/null >/dev/null
	wait_for 5 pgrep -xf "sleep 1001"
	pid=$(pgrep -xf "sleep 1001")
	run ctr task ps "$C"
	assert_output_has "$pid"
	ctr task kill --exec-id one -s KILL "$C"
	wait_exit "$pid"
	task_is "$C" RUNNING
}

@test "containerd: run with a terminal has its size, and follows it" {
	run "$TOP/tests/lib/on-pty" size=33x101 expect='33 101' size=44x111 expect='44 111' 'send=\x03' 'send=exit 7\n' -- \
		ctr run --rm -t --runc-binary "$CT_RUNTIME_BIN" "$IMAGE" "$C" sh -c "tty; $SHOW_SIZES"
	assert_status 7
	assert_output_has /dev/pts/0
}

@test "containerd: exec with a terminal" {
	start_box "$C" sleep 1000
	run "$TOP/tests/lib/on-pty" size=30x90 expect='30 90' 'send=\x03' 'send=echo a$((1+1))b; exit 4\n' \
		expect=a2b -- ctr task exec -t --exec-id t "$C" sh -c "tty; $SHOW_SIZES"
	assert_status 4
	assert_output_has /dev/pts/
}

@test "containerd: a paused task stands still, refuses exec, and goes on" {
	start_box "$C" sleep 1000
	ctr task pause "$C"
	task_is "$C" PAUSED
	holds "$(cgroup_file "$C" freezer.state)" FROZEN
	run exec_box "$C" true
	assert_failure
	ctr task resume "$C"
	task_is "$C" RUNNING
	holds "$(cgroup_file "$C" freezer.state)" THAWED
	run exec_box "$C" true
	assert_success
}

@test "containerd: a paused task can be killed" {
	start_box "$C" sleep 1000
	ctr task pause "$C"
	ctr task kill -s KILL "$C"
	assert_equal "$(end_of "$C")" 137
}

@test "containerd: metrics and limits are those of the task's cgroup" {
	start_box --memory-limit=50331648 --cpu-shares=512 "$C" sleep 1000
	holds "$(cgroup_file "$C" memory.limit_in_bytes)" 50331648
	holds "$(cgroup_file "$C" cpu.shares)" 512
	run ctr task metrics "$C"
	assert_success
	assert_match "$output" 'memory.limit_in_bytes +50331648'
	assert_match "$output" 'memory.usage_in_bytes +[1-9]'
	assert_match "$output" 'pids.current +1'
	assert_match "$output" 'cpuacct.usage +[1-9]'
}

@test "containerd: the end by lack of memory is an event" {
	command ctr events >"$TEST_DIR/events" 2>&1 3>&- &
	TEST_PIDS+=($!)
	start_box --memory-limit=16777216 "$C" sh -c 'until [ -e /tmp/go ]; do :; done; exec tail /dev/zero'
	touch "/proc/$(task_pid "$C")/root/tmp/go" # the shim watches once start has returned
	assert_equal "$(end_of "$C")" 137
	wait_for 5 grep -q "/tasks/oom.*$C" "$TEST_DIR/events"
	wait_for 5 grep -q "/tasks/exit.*$C" "$TEST_DIR/events"
}

@test "containerd: a checkpoint that CRIU cannot make says so, and the task runs on" {
	start_box "$C" sleep 1000
	run ctr task checkpoint "$C"
	assert_failure
	[[ ${output,,} == *criu* ]]
	assert_output_has "'$C'"
	task_is "$C" RUNNING
	exec_box "$C" true
}

@test "containerd: tasks outlive a restart of containerd, and one's end meanwhile is not lost" {
	local pid
	start_box "$C" sleep 1000
	start_box other sh -c 'until [ -e /tmp/go ]; do sleep 0.05; done; exit 9'
	start_box last sleep 1000
	pid=$(task_pid "$C")
	stop_containerd KILL
	touch "/proc/$(pgrep -f 'until \[ -e /tmp/go')/root/tmp/go"
	wait_for 5 sh -c "! pgrep -f 'until \[ -e /tmp/go'"
	start_containerd
	task_is "$C" RUNNING
	assert_equal "$(task_pid "$C")" "$pid"
	run exec_box "$C" sh -c 'echo in; exit 3'
	assert_status 3
	ctr task kill -s KILL "$C"
	assert_equal "$(end_of "$C")" 137
	assert_equal "$(end_of other)" 9
	task_is last RUNNING
}

@test "containerd: a shim that was killed takes its container along" {
	local pid
	start_box "$C" sleep 1000
	pid=$(task_pid "$C")
	kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")"
	wait_exit "$pid"
	wait_for 10 test ! -e "$RUNC_ROOT/$C"
	wait_for 10 test ! -e "$(dirname "$(cgroup_file "$C" pids.max)")"
}

@test "containerd: delete leaves no process, mount, cgroup or file" {
	snapshot_host
	start_box "$C" sleep 1000
	exec_box "$C" true
	ctr task pause "$C"
	ctr task resume "$C"
	ctr task kill -s KILL "$C"
	end_of "$C"
	ctr container rm "$C"
	wait_for 10 assert_same_host || assert_same_host
}

@test "containerd: what a config asks for is there: user, capabilities, mounts, read-only, seccomp" {
	mkdir "$TEST_DIR/folder"
	echo hello >"$TEST_DIR/folder/file"
	run run_box --rm --read-only --seccomp --cap-drop=CAP_CHOWN --env=A=b --cwd=/home \
		--mount="type=bind,src=$TEST_DIR/folder,dst=/mnt,options=rbind:ro" --device=/dev/kmsg \
		"$C" sh -c 'touch /x; touch /mnt/x; cat /mnt/file; chown 1 /tmp; echo $A; pwd
			ls -l /dev/kmsg; grep -E "Seccomp:|CapBnd|NoNewPrivs" /proc/self/status; hostname'
	assert_output_has "/x: Read-only file system"
	assert_output_has "/mnt/x: Read-only file system"
	assert_output_has hello
	assert_output_has "chown: /tmp: "
	assert_match "$output" $'\nb\n/home\n'
	assert_match "$output" '1, +11 .*/dev/kmsg'
	assert_match "$output" $'NoNewPrivs:\t1'
	assert_match "$output" $'Seccomp:\t2'
	assert_match "$output" $'CapBnd:\t00000000a80425fa'
}

@test "containerd: a second container in the namespaces of a first, as in a pod" {
	local pid
	start_box "$C" sleep 1000
	pid=$(task_pid "$C")
	run run_box --rm --with-ns="network:/proc/$pid/ns/net" --with-ns="ipc:/proc/$pid/ns/ipc" \
		--with-ns="pid:/proc/$pid/ns/pid" second sh -c \
		'readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; tr "\0" " " </proc/1/cmdline'
	assert_output_has "$(readlink "/proc/$pid/ns/net")"
	assert_output_has "$(readlink "/proc/$pid/ns/ipc")"
	assert_output_has "sleep 1000"
	task_is "$C" RUNNING
}

@test "containerd: with user id maps root inside is another outside" {
	start_box --uidmap=0:100000:65536 --gidmap=0:100000:65536 "$C" sleep 1000
	assert_equal "$(stat -c %u "/proc/$(task_pid "$C")")" 100000
	run_exec exec_box "$C" cat /proc/self/uid_map
	assert_success
	assert_match "$output" '^ +0 +100000 +65536'
}

@test "containerd: a config of one's own with ct-netns in its hooks has our network" {
	make_bundle "$TEST_DIR/bundle"
	add_hook "$TEST_DIR/bundle" createRuntime "$CT_NETNS_BIN"
	add_hook "$TEST_DIR/bundle" poststop "$CT_NETNS_BIN"
	set_args "$TEST_DIR/bundle" /bin/sh -c '{ ip addr show eth0; ping -c 1 172.19.0.1; } >/out'
	edit_config "$TEST_DIR/bundle" '.root.path = $path' --arg path "$TEST_DIR/bundle/rootfs"
	run ctr run --rm --config "$TEST_DIR/bundle/config.json" --runc-binary "$CT_RUNTIME_BIN" "$C"
	assert_success
	assert_match "$(<"$TEST_DIR/bundle/rootfs/out")" "inet 172.19.0.2/16.*1 packets received"
	assert_equal "$(find /run/ct-netns -path '*/leases/*' -o -path '*/containers/*')" ""
	"$CT_NETNS_BIN" rm --force
}

@test "containerd: eight at a time" {
	local n status pids=()
	for n in {1..8}; do
		run_box --rm "$C-$n" sh -c "exit $n" </dev/null >"$TEST_DIR/log.$n" 2>&1 &
		pids+=($!)
	done
	for n in {1..8}; do
		status=0
		wait "${pids[n - 1]}" || status=$?
		assert_equal "$status" "$n" "$(cat "$TEST_DIR/log.$n")"
	done
}

@test "containerd: the lines of README" {
	sudo() { "$@"; }
	awk '/^### containerd/ { on = 1; next } /^##/ { on = 0 } on && /^```/ { code = !code; next }
		on && code' "$TOP/README.md" >"$TEST_DIR/lines"
	assert_equal "$(wc -l <"$TEST_DIR/lines")" 3
	sed -i "s#/usr/local/bin/ct-runtime#$CT_RUNTIME_BIN#" "$TEST_DIR/lines"
	# shellcheck source=/dev/null
	run source "$TEST_DIR/lines"
	assert_success
	assert_output_has "sleep 1000"
	run ctr container ls -q
	assert_equal "$output" ""
}
