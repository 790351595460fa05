#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Who drops on the forward path, and which back end the rules go to.

load hook

setup() {
	common_setup
	make_host
	FIREWALL=nftables
}

teardown() {
	"$NETNS_TOOL" rm --force >/dev/null 2>&1 || true
	nft flush ruleset
	iptables-legacy -P FORWARD ACCEPT
	iptables-legacy -F
	iptables-legacy -t nat -F
	clean_host
}

reaches_outside() {
	inside a ping -c 1 -W 2 192.0.2.2 >/dev/null
}


chosen() {
	jq -r .firewall "$STATE_DIR/networks/default/bridge.json"
}

@test "auto: the legacy tables where nothing else is used" {
	container a
	attach a
	[ "$(chosen)" = iptables ]
	reaches_outside
}

@test "auto: nf_tables where its chains are on the forward path, and no legacy table is" {
	unshare --net sh -c '
		nft add table inet mine
		nft "add chain inet mine f { type filter hook forward priority 0 ; }"
		"$0" create >/dev/null
		cat "$1"/networks/default/bridge.json
		nft list table inet ct-netns | grep -q masquerade
		! cat /proc/net/ip_tables_names | grep -q .
		"$0" rm >/dev/null
		! nft list table inet ct-netns 2>/dev/null' "$NETNS_TOOL" "$STATE_DIR" | grep -q '"firewall":"nftables"'
}

@test "a DROP policy of the legacy tables is answered there" {
	iptables-legacy -P FORWARD DROP
	container a
	attach a
	[ "$(chosen)" = iptables ]
	reaches_outside
}

@test "a DROP policy of iptables-nft, as docker sets it: an ACCEPT goes to its top, and iptables can still list it" {
	iptables-nft -P FORWARD DROP
	container a
	attach a
	reaches_outside
	iptables-nft -S FORWARD | grep -x -- '-A FORWARD -i netns0 .*-j ACCEPT\|-A FORWARD -i netns0 -j ACCEPT'
	attach a
	[ "$(nft list chain ip filter FORWARD | grep -c ct-netns)" -eq 2 ]
	"$NETNS_TOOL" rm --force >/dev/null
	[ "$(nft list chain ip filter FORWARD | grep -c ct-netns)" -eq 0 ]
	iptables-nft -S FORWARD | grep -x -- '-P FORWARD DROP'
}

@test "a chain of nf_tables that drops by its last rule" {
	nft add table inet other
	nft 'add chain inet other f { type filter hook forward priority 10 ; }'
	nft add rule inet other f ip saddr 198.51.100.7 accept
	nft add rule inet other f counter drop
	container a
	attach a
	reaches_outside
	[ "$(nft list chain inet other f | grep -c ct-netns)" -eq 2 ]
}

@test "a rule that rejects, of iptables-nft" {
	iptables-nft -A FORWARD -j REJECT
	container a
	attach a
	reaches_outside
}

@test "DROP in both: legacy policy and an nf_tables chain" {
	iptables-legacy -P FORWARD DROP
	nft add table inet other
	nft 'add chain inet other f { type filter hook forward priority 0 ; policy drop ; }'
	container a
	attach a
	reaches_outside
	[ "$(chosen)" = iptables ]
}

@test "a DROP that comes later is answered by the next attach" {
	container a
	container b
	attach a
	iptables-nft -P FORWARD DROP
	run ! inside a ping -c 1 -W 0.3 192.0.2.2
	attach b
	reaches_outside
}

@test "a chain that drops only some packets, or none, is left alone" {
	nft add table inet other
	nft 'add chain inet other f { type filter hook forward priority 0 ; }'
	nft add rule inet other f ip saddr 198.51.100.7 drop
	before=$(nft list table inet other)
	container a
	attach a
	[ "$(nft list table inet other)" = "$before" ]
}

@test "the bridge alone is let through, nothing else" {
	iptables-nft -P FORWARD DROP
	echo 1 >/proc/sys/net/ipv4/ip_forward
	make_netns third
	ip link add third0 type veth peer name up0 netns third
	ip addr add 203.0.113.1/24 dev third0
	ip link set third0 up
	ip -n third addr add 203.0.113.9/24 dev up0
	ip -n third link set up0 up
	ip -n third route add default via 203.0.113.1
	ip -n outside route add 203.0.113.0/24 via 192.0.2.1
	outside ping -c 1 -W 10 203.0.113.1 >/dev/null
	container a
	attach a
	reaches_outside
	run ! outside ping -c 1 -W 0.3 203.0.113.9
}

@test "nftables asked for, with a DROP in the legacy tables: said, with what to do" {
	iptables-legacy -P FORWARD DROP
	container a
	export CT_NETNS_FIREWALL=nftables
	run -0 attach a
	[[ $output == *"the legacy tables drop what is forwarded"*iptables* ]]
}

@test "\"firewall\": another one than the network has is refused until it is down" {
	mkdir -p /etc/ct-netns
	cat >/etc/ct-netns/web.json <<-'JSON'
	{ "cniVersion": "1.1.0", "name": "web", "type": "ct-netns", "bridge": "web0", "firewall": "iptables",
	  "ipam": { "type": "host-local", "subnet": "10.8.0.0/24" } }
	JSON
	"$NETNS_TOOL" create --network web >/dev/null
	sed -i 's/"iptables"/"nftables"/' /etc/ct-netns/web.json
	run -1 "$NETNS_TOOL" create --network web
	[[ $output == *"network 'web' is up already"*"'bridge-setup down --network web'"* ]]
	"$NETNS_TOOL" rm --network web >/dev/null
	"$NETNS_TOOL" create --network web >/dev/null
	nft list table inet ct-netns | grep -q 10.8.0.0/24
	"$NETNS_TOOL" rm --network web >/dev/null
	run ! nft list table inet ct-netns
	sed -i 's/"nftables"/"ufw"/' /etc/ct-netns/web.json
	run -1 "$NETNS_TOOL" create --network web
	[[ $output == *"firewall"* ]]
	rm -rf /etc/ct-netns
}

@test "CT_NETNS_FIREWALL: a value that is none is refused" {
	container a
	export CT_NETNS_FIREWALL=ufw
	run -1 attach a
	[[ $output == *"CT_NETNS_FIREWALL: 'ufw' is none of auto, iptables, nftables"* ]]
}
