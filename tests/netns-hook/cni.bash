# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Helpers for the CNI plugin, driven as a container runtime drives one: environment and standard input
# in, JSON on standard output.

# shellcheck source=tests/netns-hook/hook.bash
source "${BASH_SOURCE[0]%/*}/hook.bash"

# cni_setup: containers a and b, and a definition.
cni_setup() {
	common_setup
	CONF=$BATS_TEST_TMPDIR/net.json
	RESULT=$BATS_TEST_TMPDIR/result.json
	container a
	container b
	net_conf 1.1.0
}

cni_teardown() {
	clean_host
	ip link del cni7 2>/dev/null || true
}

# net_conf VERSION [JQ FILTER]: the definition that is given to the plugin.
net_conf() {
	jq "${2:-.}" >"$CONF" <<-JSON
	{ "cniVersion": "$1", "name": "seven", "type": "ct-netns", "bridge": "cni7",
	  "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.7.0.0/24" }]] } }
	JSON
}

# mac_of LINK: of the host.
mac_of() {
	ip -j link show "$1" | jq -r '.[0].address'
}

both_families() {
	net_conf "$1" '.ipam.ranges += [[{ "subnet": "fd00:7::/64" }]]'
}

# cni COMMAND ID [VAR=VALUE...]
cni() {
	local command=$1 id=$2
	shift 2
	env CNI_COMMAND="$command" CNI_CONTAINERID="$id" CNI_NETNS="/proc/${PIDS[$id]:-none}/ns/net" \
		CNI_IFNAME=eth0 CNI_PATH=/nonexistent "$@" "$NETNS_TOOL" <"$CONF"
}

# add ID [VAR=VALUE...]: the result is kept for `result` and for CHECK.
add() {
	cni ADD "$@" >"$RESULT" || fail "$(cat "$RESULT")"
}

result() {
	jq -c "$1" "$RESULT"
}

# with_prev: the runtime gives CHECK and DEL what ADD printed.
with_prev() {
	local whole
	whole=$(jq --slurpfile prev "$RESULT" '.prevResult = $prev[0]' "$CONF")
	echo "$whole" >"$CONF"
}

# refused CODE TEXT COMMAND ID [VAR=VALUE...]
refused() {
	local code=$1 text=$2
	shift 2
	run -1 --separate-stderr cni "$@"
	[[ $(jq -r '.code' <<<"$output") == "$code" ]] || fail "not code $code: $output"
	[[ $(jq -r '.msg' <<<"$output") == *"$text"* ]] || fail "no '$text': $output"
	[[ $(jq -r '.cniVersion' <<<"$output") =~ ^[01]\.[0-9]\.[0-9]$ ]] || fail "$output"
}

nothing_attached() {
	wait_for 5 no_veth
	run "$NETNS_TOOL" ls --json
	assert_equal "$output" "[]"
}

# rate_of LINK: what its bucket lets through, in bytes a second; nothing without one.
rate_of() {
	tc -j qdisc show dev "$1" | jq -r '.[] | select(.kind == "tbf") | .options.rate'
}

# recorded KEY: of container a.
recorded() {
	jq -r ".$1" "$STATE_DIR/containers/a/eth0.json"
}

no_ifb() {
	[ -z "$(ip -o link show type ifb)" ]
}
