# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host before and after: what a program must not leave behind, as text that diff can show.
#
#	snapshot_host          # keeps it in $TEST_DIR
#	...
#	assert_same_host
#
# SNAPSHOT_IGNORE='ERE' drops matching lines; a line is "<section>: <text>".

# section NAME: prefix of every line of stdin.
section() {
	sed "s|^|$1: |"
}

# Rules without counters. A built-in chain that accepts and a table without rules are what the kernel
# shows once anybody looked, so they are no difference.
legacy_rules() {
	"$1" 2>/dev/null | awk '
		/^\*/ { table = substr($1, 2); next }
		/^#/ || /^COMMIT/ || /^:[A-Z]+ ACCEPT / { next }
		{ sub(/ \[[0-9]+:[0-9]+\]$/, ""); print table, $0 }'
}

host_links() {
	# What is configured; counters, timers and queue sizes are not. Nor is the carrier: the kernel
	# tells it some time after a port has come or gone (linkwatch), and the ports are in here.
	{ ip -j -d link; ip -j addr; } | jq -rn '(input | sort_by(.ifname)[] | "link: " + ([.ifname,
		.linkinfo.info_kind // "-", "mtu \(.mtu)", "group \(.group)", .address, "master \(.master // "-")",
		"promiscuity \(.promiscuity)", .inet6_addr_gen_mode, .ifalias // "",
		(.flags - ["LOWER_UP", "NO-CARRIER"] | sort | join(","))] | join(" "))),
		(input | sort_by(.ifname)[] | .ifname as $i | .addr_info[] |
		"address: \($i) \(.local)/\(.prefixlen) \(.scope) \(.broadcast // "")")'
}

host_routes() {
	ip -4 route show table all | sed 's/ linkdown//; s/^/route4: /'
	ip -6 route show table all | sed 's/ linkdown//; s/^/route6: /' | sort
	ip -4 rule | section rule4
	ip -6 rule | section rule6
	ip neigh show nud permanent | section neighbour
}

host_firewall() {
	legacy_rules iptables-legacy-save | section iptables
	legacy_rules ip6tables-legacy-save | section ip6tables
	nft -s list ruleset 2>/dev/null | section nft
}

host_sysctls() {
	local paths=(/proc/sys/net/ipv4/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf)
	[ ! -d /proc/sys/net/bridge ] || paths+=(/proc/sys/net/bridge)
	grep -rs --exclude=stable_secret . "${paths[@]}" | sort | section sysctl
}

host_files() {
	# Mounts: root, place, flags, kind; ids and peer groups are numbers that nobody configures.
	awk '{ out = $4 " " $5 " " $6
		for (i = 7; $i != "-"; i++) { split($i, f, ":"); out = out " " f[1] }
		print out " " $(i + 1) " " $(i + 2) }' /proc/self/mountinfo | section mount
	find /run /var/lib/cni /etc/ct-netns /etc/cni "${RUNTIME_ROOT:-/run}" \
		! -path /run/xtables.lock ! -path '/run/mount*' ! -path /run -printf '%p %y %m\n' 2>/dev/null | sort -u | section file
	find /sys/fs/cgroup -mindepth 1 -type d 2>/dev/null | sort | section cgroup
}

print_host() {
	host_links
	host_routes
	host_firewall
	host_sysctls
	host_files
}

# Without what is bats's own and comes and goes: its shells with their dead children, and the sleep that is
# a test's time limit.
host_processes() {
	awk -v limit="sleep ${BATS_TEST_TIMEOUT:-120}" '
		{ pid = $1; parent[pid] = $2; kind[pid] = $3 ~ /^Z/ ? "zombie" : "process"
		  sub(/^ *[0-9]+ +[0-9]+ +[^ ]+ +/, ""); args[pid] = $0 }
		args[pid] ~ /bats-core/ { bats[pid] = 1 }
		END { for (pid in args) {
			if (pid in bats || args[pid] == limit || args[pid] ~ /^ps -eo pid=/) continue
			if (kind[pid] == "zombie" && parent[pid] in bats) continue
			print kind[pid] ": " args[pid] } }' | sort
}

# host_now FILE
host_now() {
	local processes
	# Taken alone, so that no pipe of this snapshot is in it.
	processes=$(ps -eo pid=,ppid=,stat=,args=)
	{
		host_processes <<<"$processes"
		print_host
	} | grep -vE "${SNAPSHOT_IGNORE:-^$}" >"$1"
}

snapshot_host() {
	host_now "${1:-$TEST_DIR/.host}"
}

assert_same_host() {
	local before=${1:-$TEST_DIR/.host} difference
	host_now "$TEST_DIR/.host-now"
	difference=$(diff "$before" "$TEST_DIR/.host-now" | grep '^[<>]') || true
	[ -z "$difference" ] || fail "the host is not as it was ('<' is missing, '>' is new):" "$difference"
}
