# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Helpers for ct-netns as a black box: containers are sleeping processes with a network namespace,
# and the state JSON that a runtime would write is made by hand.

# shellcheck source=tests/lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

NETNS_TOOL=$CT_NETNS_BIN
STATE_DIR=/run/ct-netns
declare -gA PIDS=()
declare -ga SERVERS=()

# choose_firewall: the same tests on both back ends; X-nft.bats is a link to X.bats.
choose_firewall() {
	FIREWALL=iptables
	[[ $BATS_TEST_FILENAME != *-nft.bats ]] || FIREWALL=nftables
	export CT_NETNS_FIREWALL=$FIREWALL
}

# rules [FAMILY]: what the back end has, without counters and handles.
rules() {
	if [ "$FIREWALL" = nftables ]; then
		nft list ruleset
	elif [ "${1:-4}" = 6 ]; then
		ip6tables-legacy-save | sed 's/\[.*//; /^#/d'
	else
		iptables-legacy-save | sed 's/\[.*//; /^#/d'
	fi
}

# flush_rules: as an administrator does.
flush_rules() {
	if [ "$FIREWALL" = nftables ]; then
		nft flush ruleset
		return
	fi
	iptables-legacy -F
	iptables-legacy -t nat -F
	ip6tables-legacy -F
	ip6tables-legacy -t nat -F
}

# drop_forward: the back end's forward path drops what nobody accepts.
drop_forward() {
	if [ "$FIREWALL" = nftables ]; then
		nft 'add table inet other; add chain inet other guard { type filter hook forward priority 5 ; policy drop ; }'
		return
	fi
	iptables-legacy -P FORWARD DROP
	ip6tables-legacy -P FORWARD DROP
}

undrop_forward() {
	nft delete table inet other 2>/dev/null || true
	iptables-legacy -P FORWARD ACCEPT
	ip6tables-legacy -P FORWARD ACCEPT
}

# container ID: a process in a namespace of its own, from now on in PIDS[ID].
container() {
	local fifo=$BATS_TEST_TMPDIR/ready.$1 pid
	mkfifo "$fifo"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --net -- sh -c 'echo $$ >"$0"; exec sleep 1000' "$fifo" >/dev/null 2>&1 3>&- &
	read -r pid <"$fifo"
	rm "$fifo"
	PIDS[$1]=$pid
}

# state_json ID STATUS [PID]: without PID the key is left out, as runc does when it has stopped.
state_json() {
	printf '{"ociVersion":"1.0.2","id":"%s","status":"%s"%s,"bundle":"/bundle/%s"}' \
		"$1" "$2" "${3:+,\"pid\":$3}" "$1"
}

# attach ID [FLAG...], detach ID [FLAG...]
attach() {
	local id=$1
	shift
	state_json "$id" creating "${PIDS[$id]}" | "$NETNS_TOOL" "$@"
}

detach() {
	local id=$1
	shift
	state_json "$id" stopped | "$NETNS_TOOL" "$@"
}

# inside ID COMMAND...
inside() {
	local id=$1
	shift
	nsenter --net="/proc/${PIDS[$id]}/ns/net" -- "$@"
}

stop_container() {
	kill -KILL "${PIDS[$1]}" 2>/dev/null || true
	wait "${PIDS[$1]}" 2>/dev/null || true
	unset "PIDS[$1]"
}

# address_of ID [IFNAME]
address_of() {
	inside "$1" ip -4 -o addr show dev "${2:-eth0}" | sed 's/.* inet \([0-9.]*\).*/\1/'
}

veths() {
	[ "$(ip -o link show type veth | wc -l)" -eq "$1" ]
}

no_veth() {
	veths 0
}

# What the hook may change on the host, in one text.
snapshot() {
	print_host
	ip -4 neigh show dev netns0 2>/dev/null | sed '/FAILED/d'
}

# The parts of it that an attach would touch first, for tests that look many times.
snapshot_quickly() {
	ip -o link
	ip -o addr
	ip route show table all
	find /run -path /run/xtables.lock -o -print | sort
}

same_as() {
	snapshot | cmp -s "$1" -
}

# unchanged_since FILE: the host looks as it did when FILE was written. A veth takes a moment to go,
# and the bridge's carrier another to follow.
unchanged_since() {
	wait_for 20 same_as "$1" || snapshot | diff "$1" -
}

# serve ID: an HTTP server that answers "hello from ID" and writes its clients' addresses to a log.
serve() {
	mkdir -p "$BATS_TEST_TMPDIR/www.$1"
	echo "hello from $1" >"$BATS_TEST_TMPDIR/www.$1/index.html"
	nsenter --net="/proc/${PIDS[$1]}/ns/net" -- \
		busybox httpd -f -vv -p 80 -h "$BATS_TEST_TMPDIR/www.$1" \
		>/dev/null 2>"$BATS_TEST_TMPDIR/log.$1" 3>&- &
	SERVERS+=("$!")
	wait_for 20 inside "$1" sh -c "ss -tln | grep -q ':80 '"
}

# pings FROM ADDRESS, no_ping FROM ADDRESS; FROM is a container or "host". Twice: an IPv6 address without
# duplicate address detection is usable once a worker of the kernel has come to it.
pings() {
	ping_for 10 "$@"
}

no_ping() {
	! ping_for 1 "$@" || fail "$1 reaches $2"
}

ping_for() {
	if [ "$2" = host ]; then
		ping -c 2 -i 0.2 -W "$1" "$3"
	else
		inside "$2" ping -c 2 -i 0.2 -W "$1" "$3"
	fi
}

# fetch ID HOST
fetch() {
	inside "$1" timeout 20 busybox wget -q -O - "http://$2/"
}

# clients_of ID: addresses that its server saw.
clients_of() {
	grep -o '\[::ffff:[0-9.]*\]' "$BATS_TEST_TMPDIR/log.$1" | tr -d '[]' | sed 's/::ffff://' | sort -u
}

# make_host's outside, with a server whose log is read by `clients_of outside`.
serve_outside() {
	make_host
	PIDS[outside]=$(ip netns exec outside sh -c 'sleep 1000 >/dev/null 2>&1 3>&- & echo $!')
	serve outside
}

# make_host, and IPv6: 2001:db8::1 here, ::2 outside.
make_dual_host() {
	make_host
	ip addr add 2001:db8::1/64 dev up0 nodad
	ip -n outside addr add 2001:db8::2/64 dev up0 nodad
	ip route add ::/0 via 2001:db8::2
	wait_for 20 ping -6 -c 1 -W 1 2001:db8::2
}

# answer ID PORT [udp|sctp]: a server in the container that says its id to whoever sends something.
answer() {
	local id=$1 port=$2 kind=${3:-tcp} flag=S
	nsenter --net="/proc/${PIDS[$id]}/ns/net" -- "$TOP/tests/lib/talk.py" serve "$kind" "$port" "$id" \
		>/dev/null 2>&1 3>&- &
	SERVERS+=("$!")
	[ "$kind" = sctp ] || flag=${kind:0:1}
	wait_for 20 inside "$id" sh -c "ss -Hln$flag 'sport = :$port' | grep -q ."
}

# ask WHERE HOST PORT [udp|sctp]: what the server says; WHERE is a container, "outside" or "host".
ask() {
	local enter=()
	case $1 in
	host) ;;
	outside) enter=(ip netns exec outside) ;;
	*) enter=(nsenter --net="/proc/${PIDS[$1]}/ns/net" --) ;;
	esac
	"${enter[@]}" "$TOP/tests/lib/talk.py" ask "${4:-tcp}" "$2" "$3"
}

bridge_rests() {
	[[ $(ip -o link show netns0) == *" state DOWN "* ]]
}

# A network that was used once: its folders are there, and the bridge has had a carrier and lost it.
# Without IPv6: duplicate address detection on the bridge ends when it likes.
warm_up() {
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	"$CT_NETNS_BIN" create >/dev/null
	container warm
	attach warm
	detach warm
	wait_for 20 no_veth
	wait_for 20 bridge_rests
	stop_container warm
}

clean_host() {
	local id
	[ ${#SERVERS[@]} -eq 0 ] || kill -KILL "${SERVERS[@]}" 2>/dev/null || true
	SERVERS=()
	for id in "${!PIDS[@]}"; do
		stop_container "$id"
	done
	common_teardown
	wait_for 20 no_veth
	"$NETNS_TOOL" rm --force >/dev/null 2>&1 || true
	rm -rf "$STATE_DIR"
}
