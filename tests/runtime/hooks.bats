#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a hook is given: order, namespaces, state, arguments, environment, descriptors.

# shellcheck disable=SC2016 # the hook's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# states_field FILTER: a line per kind
assert_states() {
	local kind
	for kind in "${ALL_KINDS[@]}"; do
		assert_equal "$(jq -r "$1" "$(hook_log "$kind" "$kind")")" "$2" "$kind: $1"
	done
}

@test "hooks: run in the order of the specification, kind by kind and as listed" {
	local kind
	for kind in prestart createRuntime createContainer poststart poststop; do
		sh_hook "$kind" "echo $kind-0 >>\$B/log/order"
		sh_hook "$kind" "echo $kind-1 >>\$B/log/order"
	done
	whole_life
	assert_equal "$(paste -sd ' ' "$B/log/order")" "prestart-0 prestart-1 createRuntime-0 createRuntime-1 createContainer-0 createContainer-1 poststart-0 poststart-1 poststop-0 poststop-1"
}

@test "hooks: startContainer runs at start, before the process" {
	sh_hook startContainer 'echo hook >>/log/order'
	set_args "$B" /bin/sh -c 'echo process >>/log/order'
	create
	assert_missing "$B/rootfs/log/order"
	start
	wait_for 5 grep -q process "$B/rootfs/log/order"
	assert_equal "$(paste -sd ' ' "$B/rootfs/log/order")" "hook process"
	delete
}

@test "hooks: prestart, createRuntime, poststart and poststop run in the runtime's namespaces" {
	local kind ns
	every_hook 'for ns in mnt net pid ipc uts; do readlink /proc/self/ns/$ns; done >$B/log/$KIND'
	whole_life
	for kind in prestart createRuntime poststart poststop; do
		assert_equal "$(paste -sd ' ' "$B/log/$kind")" \
			"$(for ns in mnt net pid ipc uts; do readlink "/proc/self/ns/$ns"; done | paste -sd ' ')" "$kind"
	done
}

@test "hooks: createContainer and startContainer run in the container's namespaces" {
	local kind ns pid
	every_hook 'for ns in mnt net pid ipc uts; do readlink /proc/self/ns/$ns; done >$B/log/$KIND'
	set_args "$B" /bin/sleep 1000
	create
	start
	pid=$(container_pid "$C")
	for kind in createContainer startContainer; do
		assert_equal "$(paste -sd ' ' "$(hook_log "$kind" "$kind")")" \
			"$(for ns in mnt net pid ipc uts; do readlink "/proc/$pid/ns/$ns"; done | paste -sd ' ')" "$kind"
	done
	delete
}

@test "hooks: createContainer finds its program on the host and the mounts done" {
	sh_hook createContainer 'grep -q " $B/rootfs/dev/pts " /proc/self/mountinfo && touch $B/log/mounted'
	create
	assert_exists "$B/log/mounted"
	delete
}

@test "hooks: status is creating, created, running, stopped" {
	local kind statuses=""
	every_hook 'cat >$B/log/$KIND'
	whole_life
	for kind in "${ALL_KINDS[@]}"; do
		statuses+=" $(jq -r .status "$(hook_log "$kind" "$kind")")"
	done
	assert_equal "$statuses" " creating creating creating created running stopped"
}

@test "hooks: pid is the one that the hook's own namespace knows" {
	local kind
	every_hook 'cat >$B/log/$KIND'
	whole_life
	for kind in prestart createRuntime poststart; do
		assert_equal "$(jq -r .pid "$B/log/$kind")" "$PID" "$kind"
	done
	for kind in createContainer startContainer; do
		assert_equal "$(jq -r .pid "$(hook_log "$kind" "$kind")")" 1 "$kind"
	done
	assert_equal "$(jq -r '.pid // 0' "$B/log/poststop")" 0 poststop
}

@test "hooks: ociVersion is a whole version number" {
	local kind
	every_hook 'cat >$B/log/$KIND'
	whole_life
	for kind in "${ALL_KINDS[@]}"; do
		assert_match "$(jq -r .ociVersion "$(hook_log "$kind" "$kind")")" '^1\.[0-9]+\.[0-9]+' "$kind"
	done
}

@test "hooks: id, bundle and annotations are the container's" {
	every_hook 'cat >$B/log/$KIND'
	edit_config "$B" '.annotations = {"org.example.key": "value \"quoted\" ä", "empty": ""}'
	whole_life
	assert_states .id "$C"
	assert_states .bundle "$B"
	assert_states '.annotations["org.example.key"]' 'value "quoted" ä'
	assert_states '.annotations.empty' ''
}

@test "hooks: args is the whole argv, its first entry too" {
	# busybox is what its argv[0] says.
	add_hook "$B" createRuntime "$(command -v busybox)" touch "$B/log/a b" "$B/log/c"
	create
	assert_exists "$B/log/a b"
	assert_exists "$B/log/c"
	delete
}

@test "hooks: without args argv is the path alone" {
	make_script "$B/hook" <<-EOS
		#!/bin/sh
		tr '\\0' '\\n' </proc/\$\$/cmdline >$B/log/argv
	EOS
	add_hook "$B" createRuntime "$B/hook"
	create
	assert_equal "$(paste -sd ' ' "$B/log/argv")" "/bin/sh $B/hook"
	delete
}

@test "hooks: a relative path is refused" {
	add_hook "$B" createRuntime true
	rt create --bundle "$B" "$C"
	assert_failure
}

@test "hooks: no program is looked for in PATH" {
	mkdir "$B/path"
	make_script "$B/path/hook" <<-EOS
		#!/bin/sh
		touch $B/log/ran
	EOS
	add_hook "$B" createRuntime /hook
	PATH=$B/path:$PATH rt create --bundle "$B" "$C"
	assert_failure
	assert_missing "$B/log/ran"
}

@test "hooks: a timeout of 0 or less is refused" {
	local timeout
	add_hook "$B" createRuntime /bin/true
	for timeout in 0 -1; do
		edit_config "$B" ".hooks.createRuntime[0].timeout = $timeout"
		rt create --bundle "$B" "$C"
		assert_failure
	done
}

@test "hooks: env absent: the runtime's own environment" {
	sh_hook createRuntime 'echo "$CT_LIFE" >$B/log/env'
	CT_LIFE=inherited rt create --bundle "$B" "$C"
	assert_success
	assert_equal "$(<"$B/log/env")" inherited
	delete
}

@test "hooks: env given: exactly that" {
	# A shell would add to it.
	add_hook "$B" createRuntime "$(command -v busybox)" awk \
		"BEGIN { for (k in ENVIRON) print k \"=\" ENVIRON[k] >\"$B/log/env\" }"
	edit_config "$B" '.hooks.createRuntime[0].env = ["ONE=1", "TWO=a b"]'
	CT_LIFE=inherited rt create --bundle "$B" "$C"
	assert_success
	assert_equal "$(sort "$B/log/env" | paste -sd '|')" "ONE=1|TWO=a b"
	delete
}

@test "hooks: startContainer without env has the process's" {
	sh_hook startContainer 'echo "$MINE $CT_LIFE" >/log/env'
	edit_config "$B" '.process.env += ["MINE=yes"]'
	CT_LIFE=inherited in_container true
	assert_success
	assert_equal "$(<"$B/rootfs/log/env")" "yes "
}

@test "hooks: working directory is the bundle, in the container the rootfs and process.cwd" {
	every_hook 'pwd >$B/log/$KIND'
	edit_config "$B" '.process.cwd = "/tmp"'
	whole_life
	assert_equal "$(<"$B/log/createRuntime")" "$B"
	assert_equal "$(<"$B/log/createContainer")" "$B/rootfs"
	assert_equal "$(<"$B/rootfs/log/startContainer")" /tmp
}

@test "hooks: have descriptors 0 to 2 and no other" {
	local kind
	every_hook 'n=0 open=; while [ $n -lt 64 ]; do [ -e /proc/self/fd/$n ] && open="$open $n"; n=$((n + 1)); done
		echo "$open" >$B/log/$KIND'
	exec 7<"$B/config.json"
	whole_life
	exec 7<&-
	for kind in "${ALL_KINDS[@]}"; do
		assert_equal "$(<"$(hook_log "$kind" "$kind")")" " 0 1 2" "$kind"
	done
}

@test "hooks: no signal is blocked or ignored" {
	local kind
	# No shell between: it would change them.
	for kind in "${ALL_KINDS[@]}"; do
		sh_hook "$kind" ''
		edit_config "$B" '.hooks[$kind][0].args = ["awk", "/^Sig(Blk|Ign)/ { print $2 >\"\($base)/log/\($kind)\" }", "/proc/self/status"]' \
			--arg kind "$kind" --arg base "$(hook_base "$kind")"
	done
	trap '' USR1 PIPE
	whole_life
	trap - USR1 PIPE
	for kind in "${ALL_KINDS[@]}"; do
		assert_equal "$(paste -sd ' ' "$(hook_log "$kind" "$kind")")" \
			"0000000000000000 0000000000000000" "$kind"
	done
}

@test "hooks: a state of 200 KB to hooks that never read it" {
	local kind
	every_hook 'exit 0'
	edit_config "$B" '.annotations = ([range(2000) | {key: "key-\(.)", value: ("x" * 100)}] | from_entries)'
	whole_life
}

@test "hooks: a state of 200 KB arrives whole" {
	sh_hook createRuntime 'cat >$B/log/state'
	edit_config "$B" '.annotations = ([range(2000) | {key: "key-\(.)", value: ("x" * 100)}] | from_entries)'
	create
	assert_equal "$(jq '.annotations | length' "$B/log/state")" 2000
	delete
}

@test "hooks: poststart sees the user's program, every time" {
	sh_hook poststart 'readlink /proc/$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" | head -n 1)/exe >>$B/log/exe'
	sh_hook startContainer 'true'
	set_args "$B" /bin/sleep 1000
	for _ in {1..100}; do
		rt run --detach --bundle "$B" "$C"
		assert_success
		delete
	done
	assert_equal "$(sort "$B/log/exe" | uniq -c | awk '{ print $1, $2 }')" "100 /bin/busybox"
}

@test "hooks: a profile that forbids fork does not stop startContainer hooks" {
	sh_hook startContainer 'ls / >/log/ran'
	edit_config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["clone", "clone3", "fork", "vfork"], action: "SCMP_ACT_ERRNO"}]}'
	in_container 'exec /bin/true'
	assert_success
	assert_exists "$B/rootfs/log/ran"
}

@test "hooks: startContainer works though the process has no capabilities and a foreign uid" {
	chmod 0700 "$B/rootfs/log"
	sh_hook startContainer 'id -u >/log/uid'
	edit_config "$B" '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	in_container 'id -u'
	assert_success
	assert_equal "$output" 1000
	assert_equal "$(<"$B/rootfs/log/uid")" 0
}

@test "hooks: createRuntime can reach the network namespace by the pid" {
	sh_hook createRuntime 'nsenter --net=/proc/$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" | head -n 1)/ns/net ip addr add 10.1.2.3/24 dev lo'
	in_container 'ip addr show dev lo | grep -q 10.1.2.3'
	assert_success
}

@test "hooks: poststop can still enter the network namespace by its pin" {
	[ "$(runtime_name)" = ct ] || skip "pins are ours"
	sh_hook poststop "nsenter --net=$RUNTIME_ROOT/$C/ns/net cat /proc/self/net/dev >\$B/log/dev; readlink /proc/self/ns/net >\$B/log/own
		nsenter --net=$RUNTIME_ROOT/$C/ns/net readlink /proc/self/ns/net >\$B/log/net"
	whole_life
	assert_equal "$(<"$B/log/net")" "$NETNS"
	grep -q 'lo:' "$B/log/dev"
}

@test "hooks: a Go program that enters the network namespace from one of its threads, in prestart" {
	GO111MODULE=off GOCACHE=$TEST_DIR/go go build -o "$B/netns-hook" "$TOP/tests/lib/netns-hook.go"
	make_script "$B/hook" <<<"#!/bin/sh
exec $B/netns-hook gobr0 >$B/log/seen"
	add_hook "$B" prestart "$B/hook"
	set_args "$B" /bin/ls /sys/class/net
	rt run --bundle "$B" "$C"
	assert_success
	assert_output_has gobr0
	assert_match "$(<"$B/log/seen")" '(^| )lo( |$)'
	[ ! -e /sys/class/net/gobr0 ] || fail "the bridge is the host's"
}
