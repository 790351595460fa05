# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every bats file starts with:
#
#	load ../lib/common
#	setup() { common_setup; }
#	teardown() { common_teardown; }
#
# The file runs in tests/lib/sandbox: root, own network, mounts, pids, cgroups, /run and /etc. Those
# are shared by the tests of one file; common_teardown takes back what make_host and make_netns made.

# shellcheck source=tests/lib/assert.bash
source "${BASH_SOURCE[0]%/*}/assert.bash"
# shellcheck source=tests/lib/snapshot.bash
source "${BASH_SOURCE[0]%/*}/snapshot.bash"
if [[ $BATS_VERSION == 1.8.2 && ${BATS_TRACE_LEVEL:-0} == 0 ]]; then
	# shellcheck source=tests/lib/trace.bash
	source "${BASH_SOURCE[0]%/*}/trace.bash"
fi

bats_require_minimum_version 1.5.0

# ---- programs ----

TOP=$(realpath "${BASH_SOURCE[0]%/*}/../..")
BUILD=$TOP/${CT_BUILD:-build}
CT_NETNS_BIN=$BUILD/ct-netns
BRIDGE_SETUP_BIN=$BUILD/bridge-setup
# The runtime under test; CT_RUNTIME=runc (or crun, or a path) runs the same tests on another one.
CT_RUNTIME_BIN=$BUILD/ct-runtime
[ -z "${CT_RUNTIME:-}" ] || CT_RUNTIME_BIN=$(command -v "$CT_RUNTIME") || CT_RUNTIME_BIN=$CT_RUNTIME
# The same programs, built so that CT_FAULT=<step>:fail|kill works (common/steps.h).
FAULT_BIN=$TOP/build-fault
# Test programs for containers, static (tests/lib/*.c).
PROBES=$BUILD/tests
export TOP BUILD CT_NETNS_BIN BRIDGE_SETUP_BIN CT_RUNTIME_BIN FAULT_BIN PROBES

# ct | runc | crun | …
runtime_name() {
	local name=${CT_RUNTIME_BIN##*/}
	[ "$name" != ct-runtime ] || name=ct
	echo "$name"
}

# The runtime under test, with this test's own root.
runtime() {
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" "$@"
}

# prepare_engine NAME: skip when it is not installed; crun before 1.9 refuses the hybrid layout of
# cgroups, so the v2 part of it goes.
prepare_engine() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
	if [[ ${1##*/} == crun ]] && mountpoint -q /sys/fs/cgroup/unified; then
		umount /sys/fs/cgroup/unified
	fi
}

common_setup() {
	TEST_DIR=$BATS_TEST_TMPDIR
	RUNTIME_ROOT=$TEST_DIR/root
	export TEST_DIR RUNTIME_ROOT
	[ -z "${CT_RUNTIME:-}" ] || prepare_engine "$CT_RUNTIME"
	cd "$TEST_DIR" || return
}

# Process ids that end with the test.
TEST_PIDS=()

common_teardown() {
	local id name pid
	for pid in "${TEST_PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	if [ -d "$RUNTIME_ROOT" ]; then
		for id in "$RUNTIME_ROOT"/*/; do
			id=${id%/}
			[ -d "$id" ] || continue
			timeout -s KILL 20 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force \
				"${id##*/}" >/dev/null 2>&1 || true
		done
	fi
	for name in "${TEST_NETNS[@]}"; do
		remove_netns "$name"
	done
	! ip link show up0 >/dev/null 2>&1 || ip link del up0
}

# ---- bundles ----

# make_rootfs DIR: busybox under every name, and the few files that programs look for.
make_rootfs() {
	mkdir -p "$1"/{bin,usr,dev,etc,home,proc,root,sys,tmp,var}
	cp "$(command -v busybox)" "$1/bin/busybox"
	chroot "$1" /bin/busybox --install -s /bin
	ln -s bin "$1/sbin"
	ln -s ../bin "$1/usr/bin"
	chmod 1777 "$1/tmp"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\ntty:x:5:\nuser:x:1000:\n' >"$1/etc/group"
}

# make_bundle DIR [JQ-FILTER...]: DIR/rootfs and a small DIR/config.json that runs /bin/true under
# any OCI runtime, then edited by the filters.
make_bundle() {
	local dir=$1
	shift
	mkdir -p "$dir"
	dir=$(realpath "$dir")
	make_rootfs "$dir/rootfs"
	cp "$TOP/tests/lib/config.json" "$dir/config.json"
	[ $# -eq 0 ] || edit_config "$dir" "$(printf '(%s) |' "$@") ."
}

# edit_config BUNDLE FILTER [jq options, e.g. --arg name value]
edit_config() {
	local bundle=$1 filter=$2
	shift 2
	jq "$filter" "$bundle/config.json" "$@" >"$bundle/config.json.new" || return
	mv "$bundle/config.json.new" "$bundle/config.json"
}

# json_list ARG...: a JSON array of strings
json_list() {
	# shellcheck disable=SC2016 # jq's variable
	jq -cn '$ARGS.positional' --args -- "$@"
}

# set_args BUNDLE ARG...: process.args
set_args() {
	local bundle=$1
	shift
	# shellcheck disable=SC2016
	edit_config "$bundle" '.process.args = $ARGS.positional' --args -- "$@"
}

# add_hook BUNDLE KIND PATH [ARG...]: ARGs are the whole argv, argv[0] too.
add_hook() {
	local bundle=$1 kind=$2 path=$3
	shift 3
	# shellcheck disable=SC2016
	edit_config "$bundle" '.hooks[$kind] += [{path: $path} +
		if $ARGS.positional == [] then {} else {args: $ARGS.positional} end]' \
		--arg kind "$kind" --arg path "$path" --args -- "$@"
}

# make_script PATH: stdin becomes an executable script.
make_script() {
	cat >"$1"
	chmod 755 "$1"
}

# oci_state ID STATUS [PID] [BUNDLE]: what a runtime gives a hook on stdin.
oci_state() {
	# shellcheck disable=SC2016
	jq -cn '{ociVersion: "1.0.2", id: $id, status: $status, bundle: $bundle}
		+ if $pid == "" then {} else {pid: ($pid | tonumber)} end' \
		--arg id "$1" --arg status "$2" --arg pid "${3:-}" --arg bundle "${4:-$PWD}"
}

# For a container's shell: the terminal's size now and whenever it has changed, then a shell at the
# first interrupt. An engine hands a size on some time after it has been set or the process has started.
# shellcheck disable=SC2089 # a script; nothing is split
SHOW_SIZES='trap "stty size" WINCH; trap "exec sh" INT; stty size; sleep 1000 >/dev/null 2>&1 & while :; do wait; done'
# shellcheck disable=SC2090
export SHOW_SIZES

# Without jq, which takes longer to start than all the rest of a test's step.
container_status() {
	[[ $(runtime state "$1") =~ \"status\":[[:space:]]*\"([a-z]+)\" ]] || return 0
	echo "${BASH_REMATCH[1]}"
}

container_pid() {
	[[ $(runtime state "$1") =~ \"pid\":[[:space:]]*([0-9]+) ]] || return 0
	echo "${BASH_REMATCH[1]}"
}

# ---- networks ----

TEST_NETNS=()

# make_netns NAME: a network namespace at /run/netns/NAME with lo up; goes with the test.
make_netns() {
	ip netns add "$1"
	TEST_NETNS+=("$1")
	ip -n "$1" link set lo up
}

# Removing a namespace by name lets the kernel take its links later; peers are gone at once here.
remove_netns() {
	local link
	[ -e "/run/netns/$1" ] || return 0
	while read -r link; do
		ip -n "$1" link del "$link" 2>/dev/null || true
	done < <(ip -n "$1" -o link show type veth | awk '{ sub(/[@:].*/, "", $2); print $2 }')
	ip netns del "$1"
}

# The test's own network namespace becomes a host with one uplink:
#
#	host: up0 192.0.2.1/24 ---- 192.0.2.2/24 up0 :outside, which also is 198.51.100.1
#
# The host's default route goes outside; outside knows 192.0.2.0/24 alone, so what is not
# masqueraded gets no reply.
OUTSIDE_ADDRESS=198.51.100.1
HOST_ADDRESS=192.0.2.1
export OUTSIDE_ADDRESS HOST_ADDRESS
make_host() {
	make_netns outside
	ip link add up0 type veth peer name up0 netns outside
	# No duplicate address detection: its end would be a change of the host later on.
	echo 0 >/proc/sys/net/ipv6/conf/up0/accept_dad
	ip addr add 192.0.2.1/24 dev up0
	ip link set up0 up
	ip -n outside addr add 192.0.2.2/24 dev up0
	ip -n outside addr add 198.51.100.1/32 dev lo
	ip -n outside link set up0 up
	ip route add default via 192.0.2.2
}

outside() {
	ip netns exec outside "$@"
}

# serve_http NETNS PORT DIR: busybox httpd in the namespace ("" is the host itself), for as long as the
# test runs; returns once it listens.
serve_http() {
	local enter=()
	[ -z "$1" ] || enter=(ip netns exec "$1")
	"${enter[@]}" busybox httpd -f -p "$2" -h "$3" 3>&- >/dev/null 2>&1 &
	TEST_PIDS+=($!)
	wait_for 20 "${enter[@]}" sh -c "ss -Hltn 'sport = :$2' | grep -q ."
}

# ---- waiting ----

# event_source COMMAND...: what tells that it may succeed by now, as tests/lib/events.c has it; nothing
# for most commands.
event_source() {
	local folder=${!#}
	case "$*" in
	no_veth | no_ifb | 'veths '*) echo link ;;
	'test -'[esSfd]' '* | 'test ! -'[esSfd]' '*)
		folder=$(dirname "$folder")
		[[ ! -d $folder || $(realpath "$folder") =~ ^/(proc|sys)/ ]] || echo "$folder"
		;;
	esac
}

# wait_event SECONDS SOURCE COMMAND...: try it whenever something happened there.
wait_event() {
	local fd pid
	exec {fd}< <(exec timeout "$1" "$PROBES/events" "$2" 3>&- 2>/dev/null)
	pid=$!
	shift 2
	while read -r -u "$fd" && ! "$@" >/dev/null 2>&1; do :; done
	exec {fd}<&-
	wait "$pid" || true
}

# wait_for SECONDS COMMAND...: until it succeeds. By the clock where nobody tells that it may; a fifo, a
# process's end (wait_exit) or a program's own answer is better.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) seconds=$1 source
	shift
	! "$@" >/dev/null 2>&1 || return 0
	source=$(event_source "$@")
	[ -z "$source" ] || wait_event "$seconds" "$source" "$@"
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then
			fail "gave up waiting for: $*"
			return 1
		fi
		read -r -t 0.02 <> <(:) || true
	done
}

# wait_exit PID [SECONDS]: a process that need not be a child of ours is gone.
wait_exit() {
	timeout "${2:-10}" tail -s 0.02 --pid="$1" -f /dev/null || fail "process $1 is still there"
}
