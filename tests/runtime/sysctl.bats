#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# linux.sysctl and linux.timeOffsets: what belongs to the container's namespaces.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() { life_setup; }
teardown() { life_teardown; }

# sysctl KEY VALUE
sysctl() {
	edit_config "$B" '.linux.sysctl += {($k): $v}' --arg k "$1" --arg v "$2"
}

# refused TEXT...
refused() {
	local text
	rt create --bundle "$B" "$C"
	assert_failure
	for text; do
		assert_output_has "$text"
	done
	assert_missing "$RUNTIME_ROOT/$C"
}

@test "sysctl: every parameter of a namespace is set in the container and not on the host" {
	local key value path before after
	before=$(cat /proc/sys/kernel/{msgmax,msgmnb,msgmni,sem,shmall,shmmax,shmmni,shm_rmid_forced,domainname} \
		/proc/sys/fs/mqueue/* /proc/sys/net/ipv4/ip_forward)
	local script=""
	while read -r key value; do
		sysctl "$key" "$value"
		path=${key//./\/}
		script+="cat /proc/sys/$path | tr '\\t' ' ';"
	done <<-'END'
		kernel.msgmax 8193
		kernel.msgmnb 16385
		kernel.msgmni 101
		kernel.sem 251 32001 33 129
		kernel.shmall 123456
		kernel.shmmax 7654321
		kernel.shmmni 4097
		kernel.shm_rmid_forced 1
		kernel.domainname example.test
		fs.mqueue.queues_max 255
		fs/mqueue/msg_max 11
		net.ipv4.ip_forward 1
		net/ipv4/ping_group_range 5 6
		net.core.somaxconn 4097
	END
	in_container "$script"
	assert_success
	assert_equal "$output" "$(printf '%s\n' 8193 16385 101 '251 32001 33 129' 123456 7654321 4097 1 example.test \
		255 11 1 '5 6' 4097)"
	after=$(cat /proc/sys/kernel/{msgmax,msgmnb,msgmni,sem,shmall,shmmax,shmmni,shm_rmid_forced,domainname} \
		/proc/sys/fs/mqueue/* /proc/sys/net/ipv4/ip_forward)
	assert_equal "$after" "$before" "the host's"
}

@test "sysctl: slashes name an interface with a dot in it" {
	sysctl net.ipv4.conf.lo.forwarding 1
	sysctl net/ipv4/conf/lo/rp_filter 2
	add_hook "$B" createContainer "$(command -v ip)" ip link add name d0.5 type veth peer name d1
	sysctl net.ipv4.conf.d0/5.forwarding 1
	sysctl net/ipv4/conf/d0.5/rp_filter 1
	in_container 'cd /proc/sys/net/ipv4/conf; cat lo/forwarding lo/rp_filter d0.5/forwarding d0.5/rp_filter'
	assert_success
	assert_equal "$output" $'1\n2\n1\n1'
}

@test "sysctl: it is set before the container's /proc/sys becomes read-only, and without a /proc too" {
	sysctl kernel.msgmax 8193
	edit_config "$B" '.linux.readonlyPaths = ["/proc/sys"] | .linux.maskedPaths = ["/proc/sys/kernel"]'
	in_container 'ls -A /proc/sys/kernel; ! touch /proc/sys/net/x'
	assert_success
	edit_config "$B" '.mounts |= map(select(.destination != "/proc")) | del(.linux.readonlyPaths, .linux.maskedPaths)'
	set_args "$B" /bin/sleep 1000
	create
	assert_equal "$(nsenter --ipc="/proc/$(container_pid "$C")/ns/ipc" cat /proc/sys/kernel/msgmax)" 8193
	delete
}

# A run on a host where something lies over its kernel parameters.
covered_run() {
	unshare -m --propagation private sh -c '
		mount --bind "$1/canary/net" /proc/sys/net; shift
		exec "$@" <&-' sh "$B" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" c1
}

@test "sysctl: nothing that the image or a mount puts in the way is written" {
	mkdir -p "$B/canary/net/ipv4"
	echo canary | tee "$B/canary/net/ipv4/ip_forward" "$B/canary/ip_forward" >/dev/null
	sysctl net.ipv4.ip_forward 1
	edit_config "$B" '.mounts |= map(select(.destination != "/proc"))'
	rmdir "$B/rootfs/proc"
	mkdir "$B/rootfs/real"
	edit_config "$B" '.mounts += [{destination: "/real", type: "proc", source: "proc"}]'
	ln -s "$B/canary" "$B/rootfs/proc"
	in_container 'cat /real/sys/net/ipv4/ip_forward'
	assert_success
	assert_equal "$output" 1
	# The host's own /proc with something over the files: what is below is written, or nothing.
	run covered_run
	assert_success
	assert_equal "$output" 1
	use_userns
	edit_config "$B" '.mounts |= map(select(.destination != "/real")) | .process.args = ["/bin/true"]'
	run covered_run
	assert_failure
	assert_output_has "config.json: linux.sysctl.net.ipv4.ip_forward: something is mounted over"
	# A /proc of the host that is none.
	run unshare -m --propagation private sh -c '
		mkdir "$1/fake"; mount --rbind /proc "$1/fake"; mount -t tmpfs tmpfs /proc; mkdir -p /proc/self /proc/sys/net/ipv4
		cp "$1/canary/ip_forward" /proc/sys/net/ipv4; mount --rbind "$1/fake/self" /proc/self; shift
		exec "$@" <&-' sh "$B" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" run --bundle "$B" c1
	assert_failure
	assert_equal "$(cat "$B/canary/net/ipv4/ip_forward" "$B/canary/ip_forward")" $'canary\ncanary'
}

@test "sysctl: a value that the kernel refuses, and a parameter that it does not have, are errors that name it" {
	sysctl net.ipv4.ip_forward maybe
	refused "config.json: linux.sysctl.net.ipv4.ip_forward: write 'maybe'"
	edit_config "$B" '.linux.sysctl = {"net.ipv4.no_such": "1"}'
	refused "config.json: linux.sysctl.net.ipv4.no_such: this kernel has no such parameter"
	edit_config "$B" '.linux.sysctl = {"net.ipv4": "1"}'
	refused "config.json: linux.sysctl.net.ipv4: "
	edit_config "$B" '.linux.sysctl = {"kernel.domainname": $d}' --arg d "$(printf 'x%.0s' {1..65})"
	refused "config.json: linux.sysctl.kernel.domainname: set 'xxx"
}

@test "sysctl: what would change the host is refused" {
	local key word
	while read -r key word; do
		edit_config "$B" '.linux.sysctl = {($k): "1"}' --arg k "$key"
		refused "config.json: linux.sysctl.$key: $word"
	done <<-'END'
		vm.swappiness belongs to no namespace
		kernel.core_pattern belongs to no namespace
		fs.file-max belongs to no namespace
		kernel.hostname is set by the property
		net.ipv4/../../../kernel/core_pattern is no name
		net/../kernel/core_pattern is no name
	END
	edit_config "$B" '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	refused "config.json: linux.sysctl.net.ipv4.ip_forward: would be set on the host; add 'network'"
	edit_config "$B" '.linux.namespaces += [{type: "network", path: "/proc/self/ns/net"}]'
	refused "config.json: linux.sysctl.net.ipv4.ip_forward: would be set on the host, whose network"
}

@test "sysctl: in a network namespace joined by path it is set there" {
	make_netns joined
	edit_config "$B" '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/joined"
		| .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward'
	assert_success
	assert_equal "$output" 1
	assert_equal "$(ip netns exec joined cat /proc/sys/net/ipv4/ip_forward)" 1
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward)" 0
}

@test "sysctl: in a user namespace it is set as well" {
	use_userns
	sysctl net.ipv4.ip_forward 1
	sysctl net.core.somaxconn 99
	sysctl kernel.msgmax 8193
	sysctl kernel.domainname mine
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/sys/kernel/domainname'
	assert_success
	assert_equal "$output" $'1\n99\n8193\nmine'
}

# near NUMBER EXPECTED: within ten seconds.
near() {
	local d=$(($1 - $2))
	[ "${d#-}" -lt 10000 ] || fail "$1 is not near $2"
}

@test "time: the clocks of a new time namespace are shifted, those of the host are not" {
	local here there
	cp "$PROBES/clocks" "$B/rootfs/bin/clocks"
	edit_config "$B" '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {monotonic: {secs: 172800, nanosecs: 500000000}, boottime: {secs: 604800}}'
	here=$("$PROBES/clocks")
	in_container clocks
	assert_success
	there=$output
	near "${there% *}" $((${here% *} + 172800500))
	near "${there#* }" $((${here#* } + 604800000))
	here=$("$PROBES/clocks")
	[ "${here#* }" -lt "$((${there#* } - 300000000))" ]
}

@test "time: a clock can be set back, and one alone" {
	local here
	cp "$PROBES/clocks" "$B/rootfs/bin/clocks"
	edit_config "$B" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -1}}'
	here=$("$PROBES/clocks")
	in_container 'clocks; cat /proc/self/timens_offsets | tr -s " "'
	assert_success
	near "${output%% *}" "${here% *}"
	assert_output_has "monotonic 0 0"
	assert_output_has "boottime -1 0"
}

@test "time: in a user namespace, with other namespaces joined, and again after a restart" {
	local pid
	make_netns joined
	use_userns
	edit_config "$B" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 1000}}
		| (.linux.namespaces[] | select(.type == "network")).path = "/run/netns/joined"
		| .mounts |= map(select(.destination != "/sys"))'
	set_args "$B" /bin/sleep 1000
	create
	start
	pid=$(container_pid "$C")
	[ "$(readlink "/proc/$pid/ns/time")" != "$(readlink /proc/self/ns/time)" ]
	assert_equal "$(tr -s ' ' <"/proc/$pid/timens_offsets")" $'monotonic 1000 0\nboottime 0 0'
	kill_and_wait
	rt restart "$C"
	assert_success
	assert_equal "$(tr -s ' ' <"/proc/$(container_pid "$C")/timens_offsets")" $'monotonic 1000 0\nboottime 0 0'
	delete
}

@test "time: the pin is the namespace that the process is in" {
	edit_config "$B" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 1000}}'
	set_args "$B" /bin/sleep 1000
	create
	assert_equal "$(stat -L -c %i "$(runtime state "$C" | jq -r .namespaces.time)")" \
		"$(stat -L -c %i "/proc/$(container_pid "$C")/ns/time")"
	delete
}

@test "time: offsets that the kernel or the config does not allow are refused" {
	edit_config "$B" '.linux.timeOffsets = {monotonic: {secs: 1}}'
	refused "config.json: linux.timeOffsets: needs 'time' in linux.namespaces"
	edit_config "$B" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: -4000000000}}'
	refused "config.json: linux.timeOffsets: a clock would be below 0"
	edit_config "$B" '.linux.timeOffsets = {monotonic: {secs: 1, nanosecs: 1000000000}}'
	refused "config.json: linux.timeOffsets.monotonic.nanosecs: must be an integer 0..999999999"
}
