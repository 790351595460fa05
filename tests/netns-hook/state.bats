#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What comes on standard input: every runtime's dialect is understood, everything else is refused
# before anything is touched.

load hook

setup() {
	common_setup
	container a
}

teardown() {
	clean_host
}

# refused TEXT: exit status 1, one line on stderr, and the host as it was, the state directory included.
refused() {
	snapshot_quickly >"$BATS_TEST_TMPDIR/before"
	printf '%b' "$1" >"$BATS_TEST_TMPDIR/stdin"
	run -1 "$NETNS_TOOL" <"$BATS_TEST_TMPDIR/stdin"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == ct-netns:* ]]
	snapshot_quickly | diff "$BATS_TEST_TMPDIR/before" -
	[ ! -e "$STATE_DIR" ]
}

@test "state: a container without a network namespace of its own is refused, the host untouched" {
	snapshot >"$BATS_TEST_TMPDIR/whole"
	refused "$(state_json a creating $$)"
	snapshot | diff "$BATS_TEST_TMPDIR/whole" -
	[[ $output == *"no network namespace of its own"*'"network"'* ]]
}

@test "state: ids that are paths or nonsense are refused" {
	local id
	for id in ../../etc .. . "" a/b "a b" -x .hidden 'a\\u0000b' 'a\\nb' "$(printf 'x%.0s' {1..300})"; do
		refused '{"ociVersion":"1.0.2","id":"'"$id"'","status":"creating","pid":'"${PIDS[a]}"'}'
		refused '{"ociVersion":"1.0.2","id":"'"$id"'","status":"stopped"}'
	done
	refused '{"ociVersion":"1.0.2","id":7,"status":"creating","pid":'"${PIDS[a]}"'}'
	refused '{"ociVersion":"1.0.2","status":"creating","pid":'"${PIDS[a]}"'}'
}

@test "state: pids that are negative, huge, fractional, strings or dead are refused" {
	local pid
	for pid in -1 -9223372036854775808 4194305 4294967297 1e300 1.5 '"1"' '"self"' true [] {} NaN 0x1; do
		refused '{"ociVersion":"1.0.2","id":"a","status":"creating","pid":'"$pid"'}'
	done
	stop_container a
	refused '{"ociVersion":"1.0.2","id":"a","status":"creating","pid":4194304}'
}

@test "state: attach without a pid is refused" {
	refused '{"ociVersion":"1.0.2","id":"a","status":"creating"}'
	refused '{"ociVersion":"1.0.2","id":"a","status":"created","pid":0}'
}

@test "state: duplicate keys, unknown status and other types are refused" {
	local p=${PIDS[a]}
	refused '{"id":"a","status":"creating","pid":'"$p"',"pid":1}'
	refused '{"id":"a","id":"b","status":"creating","pid":'"$p"'}'
	refused '{"id":"a","status":"flying","pid":'"$p"'}'
	refused '{"id":"a","status":3,"pid":'"$p"'}'
	refused '{"id":"a","pid":'"$p"'}'
	refused '[]'
	refused '"creating"'
	refused 'null'
	refused '{"id":"a","status":"creating","pid":'"$p"',"annotations":[]}'
}

@test "state: truncated, empty, trailing, binary and deep input is refused" {
	local whole length
	whole=$(state_json a creating "${PIDS[a]}")
	# Not i: bats' run has one of its own.
	for ((length = 0; length < ${#whole}; length += 5)); do
		refused "${whole:0:length}"
	done
	refused "$whole garbage"
	refused "$whole$whole"
	refused '\x00'
	refused "${whole%\}}\x00}"
	refused '\xff\xfe{}'
	refused "$(printf '[%.0s' {1..5000})"
	refused '{"id":"a","x":'"$(printf '{"x":%.0s' {1..200})1$(printf '}%.0s' {1..200})"'}'
}

@test "state: a pin that is no network namespace is refused" {
	refused '{"id":"a","status":"created","namespaces":{"net":"/etc/passwd"}}'
	refused '{"id":"a","status":"created","namespaces":{"net":"/proc/self/ns/uts"}}'
	refused '{"id":"a","status":"created","namespaces":{"net":"/proc/self/ns/net"}}'
}

@test "state: runc's, crun's, youki's and our own dialect attach and detach" {
	local p=${PIDS[a]}
	"$NETNS_TOOL" <<<'{"ociVersion":"1.0.2-dev","id":"a","status":"creating","pid":'"$p"',"bundle":"/b","annotations":{"x":"y"}}'
	"$NETNS_TOOL" <<<'{"ociVersion":"1.0.2-dev","id":"a","status":"stopped","bundle":"/b"}'
	wait_for 5 no_veth
	"$NETNS_TOOL" <<<'{"ociVersion":"1.0","id":"a","pid":'"$p"',"root":"/b/rootfs","bundle":"/b","status":"created"}'
	"$NETNS_TOOL" <<<'{"ociVersion":"1.0","id":"a","pid":0,"root":"/b/rootfs","bundle":"/b","status":"stopped"}'
	wait_for 5 no_veth
	"$NETNS_TOOL" <<<'{"ociVersion":"v1.0.2","id":"a","status":"creating","pid":'"$p"',"bundle":"/b","annotations":null}'
	"$NETNS_TOOL" <<<'{"ociVersion":"v1.0.2","id":"a","status":"stopped","pid":'"$p"',"bundle":"/b"}'
	wait_for 5 no_veth
	"$NETNS_TOOL" <<<'{"id":"a","status":"creating","pid":'"$p"',"bundle":"/b","new":{"key":[1,2]}}'
	[ "$(address_of a)" = 172.19.0.5 ]
}

@test "state: a pin in place of a pid attaches" {
	touch /run/pin
	mount --bind "/proc/${PIDS[a]}/ns/net" /run/pin
	"$NETNS_TOOL" <<<'{"id":"a","status":"created","namespaces":{"net":"/run/pin"}}'
	umount /run/pin
	[ "$(address_of a)" = 172.19.0.2 ]
}

@test "state: more than 64 KiB is fine" {
	local long
	long=$(printf 'x%.0s' {1..1000})
	{
		printf '{"id":"a","status":"creating","pid":%s,"annotations":{' "${PIDS[a]}"
		for i in $(seq 300); do
			printf '"key%d":"%s",' "$i" "$long"
		done
		printf '"last":""}}'
	} >"$BATS_TEST_TMPDIR/state"
	"$NETNS_TOOL" <"$BATS_TEST_TMPDIR/state"
	[ "$(address_of a)" = 172.19.0.2 ]
}

@test "state: an empty environment, any working directory, closed stdout and stderr are fine" {
	cd /proc
	state_json a creating "${PIDS[a]}" >/tmp/state.$$
	env -i "$NETNS_TOOL" </tmp/state.$$ >&- 2>&-
	[ "$(address_of a)" = 172.19.0.2 ]
	rm /tmp/state.$$
	run -0 ls -A "$STATE_DIR/containers/a"
	assert_equal "$output" $'eth0.json\nhosts\nresolv.conf\nresolv.conf.made'
}

@test "state: a working directory that is gone is fine" {
	mkdir "$BATS_TEST_TMPDIR/gone"
	cd "$BATS_TEST_TMPDIR/gone"
	rmdir "$BATS_TEST_TMPDIR/gone"
	attach a
	[ "$(address_of a)" = 172.19.0.2 ]
}

@test "state: closed standard input is an error, not a hang" {
	# shellcheck disable=SC2016 # for the inner shell
	run -1 timeout 10 sh -c '"$0" <&-' "$NETNS_TOOL"
	[[ $output == ct-netns:* ]]
}

@test "hook: SIGTERM, SIGINT and SIGHUP do not interrupt it" {
	mkfifo "$BATS_TEST_TMPDIR/stdin"
	"$NETNS_TOOL" <"$BATS_TEST_TMPDIR/stdin" 3>&- &
	hook=$!
	exec 7>"$BATS_TEST_TMPDIR/stdin"
	wait_for 5 grep -q '^SigIgn:.*[1-9a-f].*' "/proc/$hook/status"
	wait_for 5 sh -c "[ \$((0x\$(awk '/^SigIgn/ { print \$2 }' /proc/$hook/status) & 0x4003)) -eq $((0x4003)) ]"
	kill -TERM "$hook"
	kill -INT "$hook"
	kill -HUP "$hook"
	state_json a creating "${PIDS[a]}" >&7
	exec 7>&-
	wait "$hook"
	[ "$(address_of a)" = 172.19.0.2 ]
}

@test "hook: a damaged record does not stop detach, and leaves nothing" {
	attach a
	echo '{"container":' >"$STATE_DIR/containers/a/eth0.json"
	run -0 detach a
	[[ $output == *"record of container 'a'"*damaged* ]]
	wait_for 5 no_veth
	[ ! -e "$STATE_DIR/containers/a" ]
	[ -z "$(ls "$STATE_DIR/networks/default/leases")" ]
}

@test "hook: a damaged record does not stop attach either" {
	attach a
	echo 'garbage' >"$STATE_DIR/containers/a/eth0.json"
	attach a
	inside a ping -c 1 -W 2 172.19.0.1
	[ "$(find "$STATE_DIR/networks/default/leases" -type f | wc -l)" -eq 1 ]
}
