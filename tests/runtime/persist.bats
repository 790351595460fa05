#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Pins: namespaces that outlive their process.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	[ "$(runtime_name)" = ct ] || skip "pins are ours"
	set_args "$B" /bin/sleep 1000
}
teardown() { life_teardown; }

pins() {
	find "$RUNTIME_ROOT/$C/ns" -type f -printf '%f\n' 2>/dev/null | sort | paste -sd ' '
}

is_ns() {
	nsenter --net="$1" true
}

@test "persist: every new namespace but pid has a pin, and state names it" {
	create
	assert_equal "$(pins)" "ipc mnt net uts"
	assert_equal "$(runtime state "$C" | jq -r '.namespaces.net')" "$RUNTIME_ROOT/$C/ns/net"
	assert_equal "$(nsenter --net="$RUNTIME_ROOT/$C/ns/net" readlink /proc/self/ns/net)" \
		"$(readlink "/proc/$(container_pid "$C")/ns/net")"
	delete
}

@test "persist: the state that hooks get names the pins" {
	sh_hook createRuntime 'cat >$B/log/state'
	create
	assert_equal "$(jq -r '.namespaces.net' "$B/log/state")" "$RUNTIME_ROOT/$C/ns/net"
	delete
}

@test "persist: pins outlive the process and go with delete" {
	create
	start
	kill_and_wait
	is_ns "$RUNTIME_ROOT/$C/ns/net"
	rt delete "$C"
	assert_success
	assert_equal "$(left_mounts)" ""
}

@test "persist: --no-persist makes none" {
	rt create --no-persist --bundle "$B" "$C"
	assert_success
	assert_equal "$(pins)" ""
	delete
}

@test "persist: a failed create leaves none" {
	sh_hook createContainer 'exit 1'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_equal "$(left_mounts)" ""
}

@test "persist: a container that binds the host's / recursively carries no pins" {
	local other="$B/other"
	make_bundle "$other"
	set_args "$other" /bin/sleep 1000
	rt create --bundle "$other" other
	assert_success
	edit_config "$B" '.mounts += [{destination: "/host", type: "none", source: "/", options: ["rbind", "rw"]}]'
	set_args "$B" /bin/sh -c "grep nsfs /proc/self/mountinfo; true"
	rt run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" "" "pins in the container"
	rt delete --force other
	assert_success
}

@test "persist: nor does one in a user namespace, where the state folder's mount is locked" {
	local other="$B/other"
	make_bundle "$other"
	set_args "$other" /bin/sleep 1000
	rt create --bundle "$other" other
	assert_success
	use_userns
	edit_config "$B" '.mounts += [{destination: "/host", type: "none", source: "/", options: ["rbind", "rw"]}]'
	set_args "$B" /bin/sh -c "grep -e nsfs -e /host/proc /proc/self/mountinfo | grep -c nsfs; ls /host$B/log"
	touch "$B/log/seen"
	rt run --bundle "$B" "$C"
	assert_equal "$output" "$(printf '0\nseen')" "pins, and what the host has"
	# The host has kept its own.
	nsenter --net="$RUNTIME_ROOT/other/ns/net" true
	rt delete --force other
	assert_success
}

@test "persist: pins of another root do not travel either, with and without a user namespace" {
	local other="$B/other"
	make_bundle "$other"
	set_args "$other" /bin/sleep 1000
	"$CT_RUNTIME_BIN" --root "$B/other root" create --bundle "$other" other >/dev/null 2>&1 3>&- 4>&- </dev/null
	edit_config "$B" '.mounts += [{destination: "/host", type: "none", source: "/", options: ["rbind", "rw"]}]'
	set_args "$B" /bin/sh -c "grep nsfs /proc/self/mountinfo; true"
	rt run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" ""
	use_userns
	rt run --bundle "$B" "$C"
	assert_success
	assert_equal "$output" "" "in a user namespace"
	"$CT_RUNTIME_BIN" --root "$B/other root" delete --force other
	assert_equal "$(grep -c "other.040root" /proc/self/mountinfo)" 0
}

@test "persist: a namespace that was joined by path is neither pinned nor removed" {
	make_netns joined
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/joined"'
	create
	assert_equal "$(pins)" "ipc mnt uts"
	assert_equal "$(readlink "/proc/$(container_pid "$C")/ns/net")" "$(ip netns exec joined readlink /proc/self/ns/net)"
	delete
	ip netns exec joined true
}

@test "persist: a path of the wrong type of namespace is refused" {
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has network
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/etc/passwd"'
	rt create --bundle "$B" "$C"
	assert_failure
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/no/such/ns"'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has /no/such/ns
}

@test "persist: delete of one container leaves the pins of another" {
	create
	rt create --bundle "$B" other
	assert_success
	rt delete --force other
	assert_success
	is_ns "$RUNTIME_ROOT/$C/ns/net"
	delete
}

@test "persist: delete works when somebody has unmounted the pins" {
	create
	umount "$RUNTIME_ROOT/$C/ns/net"
	delete
}

@test "persist: what a create that was killed leaves, delete --force takes" {
	local pid
	mkfifo "$B/log/ready"
	sh_hook createRuntime 'echo >$B/log/ready; exec sleep 1031'
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" "$C" >/dev/null 2>&1 3>&- &
	pid=$!
	read -r <"$B/log/ready"
	kill -KILL "$pid"
	wait "$pid" || true
	# Once the hook has been killed for it.
	wait_for 5 is_stopped
	delete
}

@test "persist: a new user namespace is pinned too" {
	use_userns
	create
	assert_equal "$(pins)" "ipc mnt net user uts"
	delete
}

# Ids of namespaces tell their age, and come in batches per CPU (runtime/mount_ns.h).
@test "persist: made in a mount namespace of another CPU, by a process that may not run there" {
	local ours theirs last
	last=$(($(nproc) - 1))
	set_args "$B" /bin/true
	for ours in 0 "$last"; do
		for theirs in 0 "$last"; do
			edit_config "$B" ".linux.resources.cpu.cpus = \"$theirs\""
			run taskset -c "$ours" unshare --mount taskset -c "$theirs" \
				"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" "$C"
			assert_success
		done
	done
}
