# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the files about a container's life: a bundle below /run that any user may pass to, and at the
# end of each test a look at what was left.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

# crun refuses with 255, which is no failure of a program of ours.
assert_failure() {
	case ${status:?} in
	0 | 99 | 126 | 127 | 137) fail "expected a failure" "$(show_run)" ;;
	esac
}

# A text that no specification asks for.
our_text() {
	[ "$(runtime_name)" = ct ] || skip "the text is ours"
}

life_setup() {
	common_setup
	B=/run/bundle-$BATS_TEST_NUMBER
	C=c$BATS_TEST_NUMBER
	make_bundle "$B"
	mkdir -m 1777 "$B/log" "$B/rootfs/log"
	export B C
}

life_teardown() {
	common_teardown
	local left="" dir
	left=$(left_mounts; left_processes; left_files)
	# They must not be the next test's.
	awk '/^process/ { print $2 }' <<<"$left" | xargs -r kill -KILL
	awk -v top="$B/" 'index($5, top) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount -l
	for dir in "$B"*; do
		rm -rf --one-file-system "$dir"
	done
	[ -z "$left" ] || fail "left behind:" "$left"
}

left_mounts() {
	awk -v root="$RUNTIME_ROOT/" -v top="$B/" \
		'index($5, root) == 1 || index($5, top "rootfs") == 1 { print "mount", $5 }' /proc/self/mountinfo
}

# .cache is kept, as the man page says.
left_files() {
	[ ! -d "$RUNTIME_ROOT" ] || find "$RUNTIME_ROOT" -mindepth 1 -maxdepth 1 ! -name .cache -printf 'file %p\n'
	[ ! -d /run/ct-runtime ] || find /run/ct-runtime -mindepth 1 -maxdepth 1 -printf 'file %p\n'
}

# Processes of other namespaces than ours are of a container. One without arguments has given its
# memory back: it was killed and is on its way out (crun does not wait for what it kills).
left_processes() {
	local own dir link words
	own=$(readlink /proc/self/ns/mnt)
	while read -r dir link; do
		[ "$link" != "$own" ] || continue
		dir=${dir%/ns/mnt}
		words=$(tr '\0' ' ' <"$dir/cmdline")
		[ -z "$words" ] || [ ! -e "$dir/exe" ] || echo "process ${dir##*/} $words"
	done 2>/dev/null < <(find /proc/[0-9]*/ns/mnt -maxdepth 0 -printf '%p %l\n' 2>/dev/null)
}

# rt COMMAND...: as bats' run, but a container's process that keeps stdout open holds nobody up.
# shellcheck disable=SC2034 # status and output are for the assertions
rt() {
	status=0
	runtime "$@" >"$TEST_DIR/rt.out" 2>&1 </dev/null 3>&- 4>&- || status=$?
	output=$(<"$TEST_DIR/rt.out")
}

create() {
	rt create --bundle "$B" "$C"
	assert_success
}

start() {
	rt start "$C"
	assert_success
}

kill_and_wait() {
	local pid
	pid=$(container_pid "$C")
	runtime kill "$C" KILL
	wait_exit "$pid"
	# Whoever made the container may be asked before the kernel has told that it ended.
	wait_for 5 is_stopped
}

is_stopped() {
	[ "$(container_status "$C")" = stopped ]
}

delete() {
	rt delete --force "$C"
	assert_success
}

# in_container SCRIPT: run it to its end.
in_container() {
	set_args "$B" /bin/sh -c "$1"
	rt run --bundle "$B" "$C"
}

use_userns() {
	edit_config "$B" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$B/rootfs"
}

# Until stop_swapping, the image's folder /a is now and then what its /link is, and the other way round.
swap_for_a_link() {
	(
		while [ ! -e "$TEST_DIR/stop" ]; do
			mv -T "$B/rootfs/a" "$B/rootfs/x" && mv -T "$B/rootfs/link" "$B/rootfs/a"
			mv -T "$B/rootfs/a" "$B/rootfs/link" && mv -T "$B/rootfs/x" "$B/rootfs/a"
		done
	) 2>/dev/null 3>&- &
	SWAPPER=$!
}

stop_swapping() {
	touch "$TEST_DIR/stop"
	wait "$SWAPPER" || true
}

# sh_hook KIND SCRIPT [ARG...]: SCRIPT sees $B (also in the container, where it is /).
sh_hook() {
	local kind=$1 script=$2 shell
	shift 2
	shell=$(command -v busybox)
	[ "$kind" != startContainer ] || shell=/bin/busybox
	add_hook "$B" "$kind" "$shell" sh -c "B=$(hook_base "$kind"); export PATH=/bin:/usr/bin:/sbin:/usr/sbin; $script" "$@"
}

hook_base() {
	if [ "$1" = startContainer ]; then echo ""; else echo "$B"; fi
}

# hook_log KIND NAME: where a hook of that kind finds $B/log/NAME on the host.
hook_log() {
	if [ "$1" = startContainer ]; then echo "$B/rootfs/log/$2"; else echo "$B/log/$2"; fi
}

ALL_KINDS=(prestart createRuntime createContainer startContainer poststart poststop)

# The same script for every kind; KIND is set.
every_hook() {
	local kind
	for kind in "${ALL_KINDS[@]}"; do
		sh_hook "$kind" "KIND=$kind; $1"
	done
}

# One whole life, with the process running between start and delete.
whole_life() {
	set_args "$B" /bin/sleep 1000
	create
	start
	PID=$(container_pid "$C")
	NETNS=$(readlink "/proc/$PID/ns/net")
	export PID NETNS
	delete
}
