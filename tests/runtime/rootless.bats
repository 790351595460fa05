#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers of a normal user, and of the root of a user namespace.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

USER_ID=1234

setup() {
	life_setup
	[ "$(runtime_name)" = ct ] || skip "for our own runtime"
	# Nobody else's files are in the user's way, wherever this tree lies.
	HOME_DIR=/run/home-$BATS_TEST_NUMBER
	mkdir -p "$HOME_DIR/run"
	cp "$CT_RUNTIME_BIN" "$HOME_DIR/ct-runtime"
	if [ ! -e "$BATS_FILE_TMPDIR/user" ]; then
		echo "tester:x:$USER_ID:$USER_ID::$HOME_DIR:/bin/sh" >>/etc/passwd
		echo "tester:x:$USER_ID:" >>/etc/group
		echo "tester:300000:65536" >/etc/subuid
		echo "tester:400000:65536" >/etc/subgid
		: >"$BATS_FILE_TMPDIR/user"
	fi
	edit_config "$B" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 1234, size: 1}]
		| .linux.gidMappings = .linux.uidMappings
		| (.mounts[].options // []) -= ["gid=5"]'
	chown -R "$USER_ID:$USER_ID" "$B" "$HOME_DIR"
	ROOT=$HOME_DIR/run/ct-runtime
}

teardown() {
	local id
	for id in "$ROOT"/*/; do
		[ ! -d "$id" ] || timeout 20 "$CT_RUNTIME_BIN" --root "$ROOT" delete --force "$(basename "$id")" || true
	done
	rm -rf "$HOME_DIR"
	life_teardown
}

# as_user COMMAND...: a sanitizer's report goes where the user may write.
as_user() {
	setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --inh-caps=-all \
		env ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99 HOME="$HOME_DIR" USER=tester \
		XDG_RUNTIME_DIR="$HOME_DIR/run" PATH="$PATH" "$@"
}

# ours COMMAND...: ct-runtime as the user; as rt of life.bash.
ours() {
	status=0
	as_user "$HOME_DIR/ct-runtime" "$@" >"$TEST_DIR/rt.out" 2>&1 </dev/null 3>&- 4>&- || status=$?
	output=$(<"$TEST_DIR/rt.out")
}

# inside SCRIPT: run to its end, as the user.
inside() {
	set_args "$B" /bin/sh -c "$1"
	ours run --bundle "$B" "$C"
}

# Ids 0 and 1 to 9 of the container: the user, and those that subuid and subgid give it.
use_ranges() {
	edit_config "$B" '.linux.uidMappings = [{containerID: 0, hostID: 1234, size: 1}, {containerID: 1, hostID: 300000, size: 9}]
		| .linux.gidMappings = [{containerID: 0, hostID: 1234, size: 1}, {containerID: 1, hostID: 400000, size: 9}]'
}

field() {
	as_user "$HOME_DIR/ct-runtime" state "$C" | jq -r "$1"
}

@test "rootless: what spec --rootless writes runs as that very user without a change" {
	local bundle=$HOME_DIR/spec
	mkdir "$bundle"
	cp -r "$B/rootfs" "$bundle"
	chown -R "$USER_ID:$USER_ID" "$bundle"
	ours spec --rootless --bundle "$bundle"
	assert_success
	run as_user "$HOME_DIR/ct-runtime" run --bundle "$bundle" "$C" <<<'id -u; cat /proc/self/uid_map /proc/self/gid_map; stat -c %t:%T /dev/null; hostname; ls /sys/kernel >/dev/null && : >/dev/shm/x && echo mounts'
	assert_success
	assert_equal "$(tr -s ' ' <<<"$output")" $'0\n 0 1234 1\n 0 1234 1\n1:3\nct-runtime\nmounts'
}

@test "rootless: spec --rootless runs under crun and runc as well" {
	local engine bundle=$HOME_DIR/spec
	mkdir "$bundle"
	cp -r "$B/rootfs" "$bundle"
	chown -R "$USER_ID:$USER_ID" "$bundle"
	ours spec --rootless --bundle "$bundle"
	for engine in crun runc; do
		prepare_engine "$engine"
		run as_user "$engine" --root "$HOME_DIR/$engine" run --bundle "$bundle" "$C" <<<'echo ran'
		assert_success
		assert_output_has ran
	done
}

@test "rootless: spec refuses --rootless with --net" {
	ours spec --rootless --net --bundle "$HOME_DIR"
	assert_failure
	assert_output_has --net
	assert_missing "$HOME_DIR/config.json"
}

@test "rootless: a whole life leaves nothing, and the state is below XDG_RUNTIME_DIR" {
	snapshot_host
	set_args "$B" /bin/sleep 1000
	ours create --bundle "$B" --pid-file "$HOME_DIR/pid" "$C"
	assert_success
	assert_exists "$ROOT/$C/state.json"
	assert_equal "$(field .status)" created
	assert_equal "$(field .pid)" "$(<"$HOME_DIR/pid")"
	ours start "$C"
	assert_success
	assert_equal "$(field .status)" running
	ours list --quiet
	assert_equal "$output" "$C"
	ours kill "$C" KILL
	assert_success
	wait_exit "$(<"$HOME_DIR/pid")"
	ours delete "$C"
	assert_success
	rm -r "$HOME_DIR/pid" "$ROOT"
	assert_same_host
}

@test "rootless: without XDG_RUNTIME_DIR the error names it, and --root does" {
	set_args "$B" /bin/true
	ours run --bundle "$B" "$C"
	assert_success
	run as_user env -u XDG_RUNTIME_DIR "$HOME_DIR/ct-runtime" run --bundle "$B" "$C"
	assert_failure
	assert_output_has XDG_RUNTIME_DIR
	run as_user env -u XDG_RUNTIME_DIR "$HOME_DIR/ct-runtime" --root "$HOME_DIR/own" run --bundle "$B" "$C"
	assert_success
}

@test "rootless: without a user namespace the error says that one is needed" {
	edit_config "$B" '.linux.namespaces -= [{type: "user"}] | del(.linux.uidMappings, .linux.gidMappings)'
	ours run --bundle "$B" "$C"
	assert_failure
	assert_output_has "linux.namespaces: has no 'user'"
	assert_output_has 'spec --rootless'
	assert_missing "$ROOT/$C"
}

@test "rootless: with a single mapping, setgroups is forbidden" {
	inside 'cat /proc/self/setgroups; id -G'
	assert_success
	assert_equal "$output" $'deny\n0'
}

@test "rootless: an id that is not the user's own is refused, with the file that would give it" {
	edit_config "$B" '.linux.uidMappings[0].hostID = 0'
	inside true
	assert_failure
	assert_output_has linux.uidMappings
	assert_output_has /etc/subuid
	edit_config "$B" '.linux.uidMappings[0].hostID = 1234 | .linux.gidMappings[0].hostID = 0'
	inside true
	assert_failure
	assert_output_has linux.gidMappings
	assert_output_has /etc/subgid
	assert_equal "$(find "$ROOT" -mindepth 1)" ""
}

@test "rootless: more ids are mapped through newuidmap and newgidmap" {
	use_ranges
	edit_config "$B" '.process.user = {uid: 3, gid: 4, additionalGids: [5]}'
	inside 'id -u; id -G; touch /log/file; awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map'
	assert_success
	assert_equal "$output" $'3\n4 5\n0 1234 1\n1 300000 9\n0 1234 1\n1 400000 9'
	assert_equal "$(stat -c %u:%g "$B/rootfs/log/file")" 300002:400003
}

@test "rootless: the user is not mapped, only its ranges are" {
	edit_config "$B" '.linux.uidMappings = [{containerID: 0, hostID: 300000, size: 10}]
		| .linux.gidMappings = [{containerID: 0, hostID: 400000, size: 10}]'
	chmod 755 "$B" "$HOME_DIR"
	chown -R 300000:400000 "$B/rootfs"
	edit_config "$B" '.process.oomScoreAdj = 900'
	inside 'id -u; cat /proc/self/oom_score_adj'
	assert_success
	assert_equal "$output" $'0\n900'
}

@test "rootless: a hundred extents" {
	edit_config "$B" '.linux.uidMappings = [range(100) | {containerID: (. * 2), hostID: (300000 + . * 3), size: 2}]
		| .linux.gidMappings = [range(100) | {containerID: (. * 2), hostID: (400000 + . * 3), size: 2}]'
	chown -R 300000:400000 "$B/rootfs"
	chmod 755 "$B" "$HOME_DIR"
	inside 'cat /proc/self/uid_map /proc/self/gid_map | wc -l'
	assert_success
	assert_equal "$output" 200
}

@test "rootless: without newuidmap the error says how to get it" {
	use_ranges
	set_args "$B" /bin/true
	run as_user env PATH="$HOME_DIR" "$HOME_DIR/ct-runtime" run --bundle "$B" "$C"
	assert_failure
	assert_output_has "'newuidmap', which is not in PATH"
	assert_output_has uidmap
	assert_equal "$(find "$ROOT" -mindepth 1)" ""
}

@test "rootless: a range of somebody else is refused in newuidmap's words" {
	use_ranges
	edit_config "$B" '.linux.uidMappings[1].hostID = 500000'
	inside true
	assert_failure
	assert_output_has 'newuidmap'
	assert_output_has '500000'
	assert_output_has /etc/subuid
}

@test "rootless: a container of another id is killed and deleted by its user" {
	use_ranges
	edit_config "$B" '.process.user = {uid: 3, gid: 4}'
	set_args "$B" /bin/sleep 1000
	ours create --bundle "$B" "$C"
	assert_success
	ours start "$C"
	assert_success
	local pid
	pid=$(field .pid)
	ours delete "$C"
	assert_failure
	ours delete --force "$C"
	assert_success
	wait_exit "$pid"
	assert_missing "$ROOT/$C"
}

@test "rootless: namespaces are not pinned, and restart says why it cannot" {
	set_args "$B" /bin/true
	ours --debug create --bundle "$B" "$C"
	assert_success
	assert_output_has 'not pinned'
	assert_equal "$(field 'has("namespaces")')" false
	assert_missing "$ROOT/$C/ns"
	ours start "$C"
	assert_success
	wait_for 5 eval '[ "$(field .status)" = stopped ]'
	ours restart "$C"
	assert_failure
	assert_output_has 'right to mount'
	ours delete "$C"
	assert_success
}

@test "rootless: hooks of the user enter the container's namespaces" {
	chmod 755 "$HOME_DIR"
	make_script "$HOME_DIR/hook" <<-'EOF'
		#!/bin/sh
		pid=$(jq .pid)
		nsenter --user="/proc/$pid/ns/user" --net="/proc/$pid/ns/net" --preserve-credentials \
			ip link add from-hook type bridge
	EOF
	add_hook "$B" createRuntime "$HOME_DIR/hook"
	sh_hook poststop 'id -u >$B/log/poststop'
	inside 'ip link show from-hook'
	assert_success
	assert_output_has from-hook
	assert_equal "$(<"$B/log/poststop")" "$USER_ID"
}

@test "rootless: several extents and hooks that enter" {
	use_ranges
	make_script "$HOME_DIR/hook" <<-'EOF'
		#!/bin/sh
		readlink "/proc/$(jq .pid)/ns/net" >&2
	EOF
	add_hook "$B" createRuntime "$HOME_DIR/hook"
	inside true
	assert_success
}

@test "rootless: while it waits for start, nobody but the machine's root looks into it" {
	set_args "$B" /bin/true
	ours create --bundle "$B" "$C"
	assert_success
	run as_user readlink "/proc/$(field .pid)/exe"
	assert_failure
	ours delete "$C"
}

@test "rootless: an oom score that only root may lower is left as it is, a higher one is set" {
	edit_config "$B" '.process.oomScoreAdj = -900'
	inside 'cat /proc/self/oom_score_adj'
	assert_success
	assert_equal "$output" "$(cat /proc/self/oom_score_adj)"
	ours --rootless=false run --bundle "$B" "$C"
	assert_failure
	assert_output_has process.oomScoreAdj
	edit_config "$B" '.process.oomScoreAdj = 700'
	inside 'cat /proc/self/oom_score_adj'
	assert_equal "$output" 700
}

@test "rootless: --rootless takes true, false and auto" {
	set_args "$B" /bin/true
	local when
	for when in true auto false; do
		ours --rootless "$when" run --bundle "$B" "$C"
		assert_success
	done
	ours --rootless maybe run --bundle "$B" "$C"
	assert_failure
	assert_output_has "--rootless: 'maybe'"
}

@test "rootless: another user namespace of the user's is joined by path" {
	local other=$HOME_DIR/other
	set_args "$B" /bin/sleep 1000
	ours create --bundle "$B" "$C"
	assert_success
	ours start "$C"
	assert_success
	cp -r "$B" "$other"
	edit_config "$other" '(.linux.namespaces[] | select(.type == "user")).path = $p
		| del(.linux.uidMappings, .linux.gidMappings)' --arg p "/proc/$(field .pid)/ns/user"
	set_args "$other" /bin/sh -c 'id -u; readlink /proc/self/ns/user'
	chown -R "$USER_ID:$USER_ID" "$other"
	ours run --bundle "$other" other
	assert_success
	assert_equal "$output" $'0\n'"$(readlink "/proc/$(field .pid)/ns/user")"
	ours delete --force "$C"
	assert_success
}

@test "rootless: root of a user namespace without mounts of its own does without pins" {
	set_args "$B" /bin/sh -c 'cat /proc/self/uid_map'
	edit_config "$B" '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
	status=0
	output=$(as_user unshare --user --map-root-user "$HOME_DIR/ct-runtime" --debug run --bundle "$B" "$C" 2>&1 </dev/null) || status=$?
	assert_success
	assert_output_has 'not pinned'
}

@test "rootless: root of a user namespace needs none in config.json" {
	edit_config "$B" '.linux.namespaces -= [{type: "user"}] | del(.linux.uidMappings, .linux.gidMappings)'
	set_args "$B" /bin/sh -c 'id -u; hostname'
	status=0
	output=$(as_user unshare --user --map-root-user "$HOME_DIR/ct-runtime" run --bundle "$B" "$C" 2>&1 </dev/null) || status=$?
	assert_success
	assert_equal "$output" $'0\ncontainer'
}

@test "rootless: root of a user namespace with mounts of its own pins, and restarts" {
	edit_config "$B" '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0'
	set_args "$B" /bin/sh -c 'ip -o link; ip link add kept type bridge'
	make_script "$HOME_DIR/steps" <<-'EOF'
		#!/bin/sh -e
		rt=$1 bundle=$2
		"$rt" run --keep --bundle "$bundle" c
		"$rt" state c | jq -r '.namespaces | keys | join(" ")'
		"$rt" restart c
		for i in 1 2 3 4 5 6 7 8 9 10; do
			[ "$("$rt" state c | jq -r .status)" != stopped ] || break
			read -t 0.1 x <> /dev/fd/9 || true
		done 9<>"$3"
		"$rt" delete --force c
		! grep ct-runtime/ /proc/self/mountinfo
	EOF
	as_user mkfifo "$HOME_DIR/fifo"
	sed -i 's|^#!/bin/sh -e|#!/bin/bash -e|' "$HOME_DIR/steps"
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
	chown -R "$USER_ID" "$B"
	status=0
	output=$(as_user unshare --user --map-root-user --mount "$HOME_DIR/steps" "$HOME_DIR/ct-runtime" "$B" "$HOME_DIR/fifo" 2>&1 </dev/null) || status=$?
	assert_success
	assert_output_has 'ipc mnt net user uts'
	assert_output_has ': kept:'
}

@test "rootless: a create that was killed is deleted without a trace" {
	local step
	[ -x "$FAULT_BIN/ct-runtime" ] || fail "build-fault is not built (make fault)"
	cp "$FAULT_BIN/ct-runtime" "$HOME_DIR/ct-fault"
	set_args "$B" /bin/sleep 1000
	snapshot_host
	for step in create.state create.process.done create.maps.done create.hooks create.ready.done; do
		run as_user env CT_FAULT="$step:kill" "$HOME_DIR/ct-fault" create --bundle "$B" "$C" </dev/null
		assert_status 137
		ours delete --force "$C"
		assert_success
		assert_missing "$ROOT/$C"
	done
	rmdir "$ROOT"
	assert_same_host
}

@test "rootless: kernel parameters of its own namespaces, clocks, masks and devices of the host" {
	edit_config "$B" '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"}
		| .linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 5000000}}
		| .linux.maskedPaths = ["/proc/version", "/proc/fs"] | .linux.readonlyPaths = ["/proc/sys"]
		| .linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]'
	inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
		[ "$(cut -d. -f1 /proc/uptime)" -lt 5000000 ] || echo clock; cat /proc/version; ls /proc/fs
		awk "/^monotonic/ { print \$2 }" /proc/self/timens_offsets
		echo 1 >/proc/sys/net/ipv4/ip_forward || echo read-only; stat -c %t:%T /dev/kmsg'
	assert_success
	assert_output_has $'1\n9000\n'
	assert_output_has 5000000
	assert_output_has 'Read-only'
	assert_output_has 1:b
}

@test "rootless: a device that the host does not have is refused" {
	edit_config "$B" '.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3}]'
	inside true
	assert_failure
	assert_output_has linux.devices
}

@test "rootless: an idmapped mount is refused, since only the file system's owner may make one" {
	edit_config "$B" '.mounts += [{destination: "/mnt", source: "/usr", type: "none", options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1234, size: 1}], gidMappings: [{containerID: 0, hostID: 1234, size: 1}]}]'
	inside true
	assert_failure
	assert_output_has 'mounts['
}

@test "rootless: exec enters as the user, as root of the container and as another id of it" {
	use_ranges
	edit_config "$B" '.process.oomScoreAdj = -900'
	set_args "$B" /bin/sleep 1000
	ours create --bundle "$B" "$C"
	assert_success
	ours start "$C"
	assert_success
	ours exec "$C" /bin/sh -c 'id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user; readlink /proc/1/ns/user'
	assert_success
	assert_equal "$(head -n 3 <<<"$output" | tr -s ' ')" $'0\n 0 1234 1\n 1 300000 9'
	assert_equal "$(tail -n 2 <<<"$output" | uniq | wc -l)" 1
	ours exec --user 3:4 "$C" /bin/sh -c 'id -u; id -g'
	assert_success
	assert_equal "$output" $'3\n4'
	ours delete --force "$C"
	assert_success
}

@test "rootless: what is seen of the host's cgroups can be changed by nobody in the container" {
	edit_config "$B" '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
		options: ["nosuid", "noexec", "nodev", "rw"]}]'
	inside 'find /sys/fs/cgroup -maxdepth 3 -name cgroup.procs | while read f; do { echo 0 >$f; } 2>/dev/null && echo "wrote $f"; done
		mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x 2>/dev/null && echo made; echo end'
	assert_success
	assert_equal "$output" end
}
