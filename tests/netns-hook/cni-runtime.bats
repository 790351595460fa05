#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The CNI plugin: what a runtime asks for, and what definitions of other plugins do.

load cni

setup() {
	cni_setup
}

teardown() {
	cni_teardown
}

@test "CNI ADD: addresses by CNI_ARGS, args and runtimeConfig, with and without a length" {
	add a CNI_ARGS="IP=10.7.0.50"
	assert_equal "$(address_of a)" 10.7.0.50
	cni DEL a
	net_conf 1.1.0 '.args.cni.ips = ["10.7.0.51/24"]'
	add a CNI_ARGS="IP=10.7.0.51"
	assert_equal "$(address_of a)" 10.7.0.51
	cni DEL a
	net_conf 1.1.0 '.capabilities.ips = true | .runtimeConfig.ips = ["10.7.0.52/24"]'
	add a
	assert_equal "$(address_of a)" 10.7.0.52
	refused 11 "10.7.0.52" ADD b
	net_conf 1.1.0 '.runtimeConfig.ips = ["10.9.0.2"]'
	refused 7 "10.9.0.2" ADD b
	net_conf 1.1.0 '.runtimeConfig.ips = ["ten"]'
	refused 7 "ten" ADD b
	net_conf 1.1.0 '.runtimeConfig.ips = "10.7.0.9"'
	refused 7 "runtimeConfig: ips" ADD b
}

@test "CNI ADD: a MAC by CNI_ARGS, args and runtimeConfig, the last of these counts" {
	net_conf 1.1.0 '.args.cni.mac = "02:00:00:00:00:02"'
	add a CNI_ARGS="MAC=02:00:00:00:00:01"
	assert_equal "$(result .interfaces[2].mac)" '"02:00:00:00:00:02"'
	net_conf 1.1.0
	add b CNI_ARGS="MAC=02:00:00:00:00:01"
	assert_equal "$(inside b ip -j link show eth0 | jq -r '.[0].address')" 02:00:00:00:00:01
	cni DEL b
	net_conf 1.1.0 '.runtimeConfig.mac = "02:00:00:00:00:03" | .args.cni.mac = "02:00:00:00:00:02"'
	add b
	assert_equal "$(result .interfaces[2].mac)" '"02:00:00:00:00:03"'
	net_conf 1.1.0 '.runtimeConfig.mac = "02:00"'
	cni DEL b
	refused 7 "mac" ADD b
}

@test "CNI ADD: portMappings are published, and gone after DEL" {
	net_conf 1.1.0 '.capabilities.portMappings = true | .runtimeConfig.portMappings =
		[{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
		 {"hostPort": 5353, "containerPort": 53, "protocol": "UDP", "hostIP": ""},
		 {"hostPort": 8443, "containerPort": 443, "hostIP": "127.0.0.1"}]'
	add a
	serve a
	assert_equal "$(timeout 20 busybox wget -q -O - http://127.0.0.1:8080/)" "hello from a"
	assert_equal "$("$NETNS_TOOL" ls --json | jq -c '[.[].ports[] | [.protocol, .hostIP, .hostPort]]')" \
		'[["tcp",null,8080],["udp",null,5353],["tcp","127.0.0.1",8443]]'
	refused 11 "container 'a' has it already" ADD b
	cni DEL a
	run ! timeout 2 busybox wget -q -O - http://127.0.0.1:8080/
	net_conf 1.1.0
	add b
}

@test "CNI ADD: refuses portMappings that are none" {
	local bad
	for bad in '{"hostPort":0,"containerPort":80}' '{"hostPort":80}' '{"hostPort":80,"containerPort":65536}' \
		'{"hostPort":80,"containerPort":80,"protocol":"icmp"}' \
		'{"hostPort":80,"containerPort":80,"hostIP":"all"}' '"80:80"'; do
		net_conf 1.1.0 ".runtimeConfig.portMappings = [$bad]"
		refused 7 "portMappings[0]" ADD a
	done
	net_conf 1.1.0 '.runtimeConfig.portMappings = [{"hostPort":80,"containerPort":1},{"hostPort":80,"containerPort":2}]'
	refused 7 "same port of the host" ADD a
	nothing_attached
}

@test "CNI ADD: ipRanges stand behind those of the definition" {
	net_conf 1.1.0 '.runtimeConfig.ipRanges = [[{"subnet": "fd00:77::/64"}]]'
	add a
	assert_equal "$(result '[.ips[].address]')" '["10.7.0.2/24","fd00:77::2/64"]'
	net_conf 1.1.0 'del(.ipam.ranges) | .runtimeConfig.ipRanges = "all"'
	refused 7 "ipRanges" ADD b
	net_conf 1.1.0 '.runtimeConfig.ipRanges = [[{"subnet": "10.7.0.128/25"}]]'
	refused 7 "overlaps" ADD b
}

@test "CNI ADD: dns is passed on, and the runtime's goes over the definition's" {
	net_conf 1.1.0 '.dns = {"nameservers": ["10.7.0.1"], "domain": "a.example", "search": ["b.example"], "options": ["ndots:2"]}'
	add a
	assert_equal "$(result .dns)" '{"nameservers":["10.7.0.1"],"domain":"a.example","search":["b.example"],"options":["ndots:2"]}'
	net_conf 1.1.0 '.dns = {"nameservers": ["10.7.0.1"], "search": ["b.example"]} |
		.runtimeConfig.dns = {"servers": ["192.0.2.53"], "searches": ["c.example"]}'
	add a
	assert_equal "$(result .dns)" '{"nameservers":["192.0.2.53"],"search":["c.example"]}'
	net_conf 1.1.0 '.dns = {"nameservers": "10.7.0.1"}'
	refused 7 "dns.nameservers" ADD a
	net_conf 1.1.0 '.runtimeConfig.dns = {"servers": ["ten"]}'
	refused 7 "runtimeConfig: dns.servers[0]" ADD a
}

@test "CNI ADD: what dns says is the container's resolv.conf too" {
	net_conf 1.1.0 '.dns = {"nameservers": ["10.7.0.1"], "search": ["b.example"]} |
		.runtimeConfig.dns = {"servers": ["192.0.2.53"]}'
	add a
	assert_equal "$(grep -v '^#' "$STATE_DIR/containers/a/resolv.conf" | sort)" \
		$'nameserver 192.0.2.53\nsearch b.example'
}

@test "CNI ADD: bandwidth of the runtime, both directions; DEL takes it off" {
	net_conf 1.1.0 '.capabilities.bandwidth = true | .runtimeConfig.bandwidth =
		{"ingressRate": 8000000, "ingressBurst": 2147483647, "egressRate": 16000000, "egressBurst": 800000}'
	add a
	assert_equal "$(rate_of "$(recorded veth)")" 1000000
	assert_equal "$(rate_of "$(recorded ifb)")" 2000000
	assert_equal "$(recorded bandwidth | jq -c .)" \
		'{"ingressRate":8000000,"ingressBurst":2147483647,"egressRate":16000000,"egressBurst":800000}'
	with_prev
	cni CHECK a
	cni DEL a
	nothing_attached
	wait_for 5 no_ifb
}

@test "CNI ADD: a limit of the definition stands, the runtime's counts where it has none" {
	net_conf 1.1.0 '.ingressRate = 8000000 | .runtimeConfig.bandwidth =
		{"ingressRate": 80000000, "ingressBurst": 800000, "egressRate": 16000000, "egressBurst": 800000}'
	run -0 --separate-stderr cni ADD a
	[[ $stderr == *"ingressRate: ignoring 80000000"* ]] || fail "$stderr"
	assert_equal "$(rate_of "$(recorded veth)")" 1000000
	assert_equal "$(rate_of "$(recorded ifb)")" 2000000
	net_conf 1.1.0 '.runtimeConfig.bandwidth = {"egressRate": 8000000}'
	add a
	assert_equal "$(rate_of "$(recorded veth)")" ""
	assert_equal "$(rate_of "$(recorded ifb)")" 1000000
	net_conf 1.1.0
	add a
	no_ifb
}

@test "CNI ADD: refuses a bandwidth that is none" {
	local bad
	for bad in '{"ingressRate":-1}' '{"ingressRate":"1M"}' '{"egressBurst":8000}' '{"rate":1}' 7; do
		net_conf 1.1.0 ".runtimeConfig.bandwidth = $bad"
		refused 7 "runtimeConfig: bandwidth" ADD a
	done
	net_conf 1.1.0 '.runtimeConfig.bandwidth = {"egressRate": 8000000, "egressBurst": 8000}'
	refused 7 "bandwidth.egressBurst" ADD a
	net_conf 1.1.0 '.runtimeConfig.bandwidth = {"egressRate": 80000, "shapedSubnets": ["10.0.0.0/8"]}'
	refused 2 "bandwidth.shapedSubnets" ADD a
	nothing_attached
	no_ifb
}

@test "CNI CHECK: bandwidth, and repair gives it back" {
	net_conf 1.1.0 '.runtimeConfig.bandwidth = {"ingressRate": 8000000, "egressRate": 16000000}'
	add a
	with_prev
	tc qdisc del dev "$(recorded veth)" root
	refused 100 "is not held to the ingressRate of 8000000 bit/s" CHECK a
	"$NETNS_TOOL" repair a
	cni CHECK a
	tc qdisc replace dev "$(recorded ifb)" root handle 1: tbf rate 80mbit burst 100k latency 25ms
	refused 100 "is not held to the egressRate of 16000000 bit/s" CHECK a
	"$NETNS_TOOL" repair a
	cni CHECK a
	tc qdisc del dev "$(recorded veth)" ingress
	refused 100 "is not led through $(recorded ifb)" CHECK a
	ip link del "$(recorded ifb)"
	refused 100 "$(recorded ifb): is missing on the host" CHECK a
	"$NETNS_TOOL" repair a
	cni CHECK a
	assert_equal "$(rate_of "$(recorded veth)")" 1000000
	assert_equal "$(rate_of "$(recorded ifb)")" 2000000
}

@test "CNI ADD: aliases are names in the network, as a list and as podman gives them" {
	local hosts=$STATE_DIR/networks/seven/hosts
	net_conf 1.1.0 '.capabilities.aliases = true | .runtimeConfig.aliases = ["web", "db.example", "a"]'
	add a
	assert_equal "$(grep -v '^#' "$hosts" | grep 10.7)" "10.7.0.2 a web db.example # a/eth0"
	net_conf 1.1.0 '.runtimeConfig.aliases = {"seven": ["cache"], "eight": ["other"]}'
	add b
	assert_equal "$(grep 10.7.0.3 "$hosts")" "10.7.0.3 b cache # b/eth0"
	net_conf 1.1.0 '.runtimeConfig.aliases = {"eight": ["other"]}'
	add a
	run ! grep -w web "$hosts"
	cni DEL a
	cni DEL b
	run ! grep '^10' "$hosts"
}

@test "CNI ADD: refuses aliases that are no names; the beginning of an id is none of them" {
	local bad
	for bad in '["a b"]' '["10.0.0.1"]' '["localhost"]' '[7]' '"web"' '{"seven": "web"}'; do
		net_conf 1.1.0 ".runtimeConfig.aliases = $bad"
		refused 7 "aliases" ADD a
	done
	nothing_attached
	net_conf 1.1.0 '.runtimeConfig.aliases = ["web", "123456789012"]'
	add a CNI_CONTAINERID="123456789012$(printf 'f%.0s' {1..52})"
	grep -w web "$STATE_DIR/networks/seven/hosts"
}

@test "CNI ADD: an alias that an id begins with is a name like any other" {
	net_conf 1.1.0 '.runtimeConfig.aliases = ["web", ""]'
	refused 7 "aliases" ADD a CNI_CONTAINERID=web-frontend
	net_conf 1.1.0 '.runtimeConfig.aliases = ["web"]'
	add a CNI_CONTAINERID=web-frontend
	assert_equal "$(grep 10.7.0.2 "$STATE_DIR/networks/seven/hosts")" "10.7.0.2 web-frontend web # web-frontend/eth0"
}

@test "CNI ADD: what goes wrong after the attach leaves no interface behind, nor takes one away" {
	mkdir -p "$STATE_DIR/networks/seven/definition.json/in-the-way"
	refused 999 "definition.json" ADD a
	run ! inside a ip link show eth0
	nothing_attached
	rm -r "$STATE_DIR/networks/seven/definition.json"
	add a
	rm "$STATE_DIR/networks/seven/definition.json"
	mkdir -p "$STATE_DIR/networks/seven/definition.json/in-the-way"
	run -1 --separate-stderr cni ADD a
	inside a ping -c 1 -W 2 10.7.0.1
	cni DEL a
}

@test "CNI ADD: a MAC in the definition, as tuning has it, counts when the runtime has none" {
	net_conf 1.1.0 '.mac = "02:00:00:00:00:07"'
	add a
	assert_equal "$(result .interfaces[2].mac)" '"02:00:00:00:00:07"'
	add b CNI_ARGS="MAC=02:00:00:00:00:08"
	assert_equal "$(result .interfaces[2].mac)" '"02:00:00:00:00:08"'
	cni DEL b
	net_conf 1.1.0 '.mac = 7'
	refused 7 "mac: must be a string" ADD b
}

@test "CNI ADD: what a runtime adds for others is let be" {
	net_conf 1.1.0 '.args = {"cni": {"labels": [{"key": "app", "value": "web"}], "future": 7}, "org.example": [1]} |
		.runtimeConfig = {"cgroupPath": "/kubelet.slice/pod1", "io.kubernetes.cri.pod-annotations": {"a": "b"}, "unheardOf": true}'
	add a CNI_ARGS="IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=a;K8S_POD_UID=;IP=10.7.0.40;MAC=02:00:00:00:00:0a"
	assert_equal "$(address_of a)" 10.7.0.40
	assert_equal "$(result .interfaces[2].mac)" '"02:00:00:00:00:0a"'
	net_conf 1.1.0 '.runtimeConfig.infinibandGUID = "c2:11:22:33:44:55:66:77"'
	refused 2 "runtimeConfig: infinibandGUID" ADD b
}

# What bridge, portmap, firewall, bandwidth and tuning have in their definitions, in one.
whole_list() {
	net_conf "$1" '.capabilities = {"portMappings": true, "bandwidth": true, "aliases": true, "ips": true, "mac": true} |
		. += {"isGateway": true, "isDefaultGateway": true, "forceAddress": false, "ipMasq": true,
			"hairpinMode": true, "promiscMode": false, "mtu": 1400, "vlan": 0, "vlanTrunk": [],
			"macspoofchk": true, "disableContainerInterface": false, "preserveDefaultVlan": true,
			"snat": true, "masqAll": false, "markMasqBit": 13, "externalSetMarkChain": "KUBE-MARK-MASQ",
			"conditionsV4": null, "conditionsV6": null,
			"backend": "iptables", "ingressPolicy": "same-bridge", "iptablesAdminChainName": "", "firewalldZone": "",
			"ingressRate": 80000000, "ingressBurst": 8000000, "egressRate": 80000000, "egressBurst": 8000000,
			"unshapedSubnets": [], "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}, "promisc": false,
			"allmulti": true, "txQLen": 500, "disableCheck": false} |
		.ipam.routes = [{"dst": "0.0.0.0/0"}] | .args.cni.labels = [] |
		.runtimeConfig = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": ""}],
			"ips": ["10.7.0.30/24"], "mac": "02:00:00:00:00:30", "aliases": ["web"]}'
}

@test "CNI ADD: takes the keys of bridge, portmap, firewall, bandwidth and tuning all at once" {
	local version
	for version in 0.4.0 1.0.0 1.1.0; do
		whole_list $version
		add a
		assert_equal "$(result '[.ips[0].address, .interfaces[2].mac]')" \
			'["10.7.0.30/24","02:00:00:00:00:30"]'
		assert_equal "$(inside a cat /proc/sys/net/ipv4/conf/eth0/arp_filter)" 1
		assert_equal "$(inside a ip -j link show eth0 | jq -c '.[0] | [.mtu, .txqlen]')" '[1400,500]'
		assert_equal "$(rate_of "$(recorded veth)")" 10000000
		serve a
		assert_equal "$(timeout 20 busybox wget -q -O - http://127.0.0.1:8080/)" "hello from a"
		with_prev
		cni CHECK a
		cni DEL a
		nothing_attached
	done
}

# chain VERB: as libcni calls a list: one plugin after the other, each with the result of the one before
# it; DEL the other way round, with the last one. portmap's CHECK fails without an IPv6 address.
chain() {
	local verb=$1 type prev=$RESULT plugins=(portmap firewall bandwidth tuning)
	[ "$verb" != CHECK ] || plugins=(firewall bandwidth tuning)
	[ "$verb" != DEL ] || plugins=(tuning bandwidth firewall portmap)
	for type in "${plugins[@]}"; do
		jq --slurpfile prev "$prev" --arg type "$type" '{cniVersion, name, type: $type, prevResult: $prev[0]} +
			({portmap: {snat: true, runtimeConfig: {portMappings: [{hostPort: 8080, containerPort: 80, protocol: "tcp"}]}},
			firewall: {backend: "iptables"}, bandwidth: {ingressRate: 80000000, ingressBurst: 8000000},
			tuning: {sysctl: {"net.ipv4.conf.eth0.arp_filter": "1"}}}[$type])' "$CONF" >"$CONF.$type"
		env CNI_COMMAND="$verb" CNI_CONTAINERID=a CNI_NETNS="/proc/${PIDS[a]}/ns/net" CNI_IFNAME=eth0 \
			CNI_PATH=/usr/lib/cni "/usr/lib/cni/$type" <"$CONF.$type" >"$RESULT.$type" || fail "$type: $(cat "$RESULT.$type")"
		[ "$verb" != ADD ] || prev=$RESULT.$type
	done
	[ "$verb" != ADD ] || cp "$prev" "$RESULT.last"
}

@test "CNI: CNI's own portmap, firewall, bandwidth and tuning work behind it in a list" {
	net_conf 1.0.0
	add a
	chain ADD
	serve a
	assert_equal "$(timeout 20 busybox wget -q -O - http://127.0.0.1:8080/)" "hello from a"
	assert_equal "$(inside a cat /proc/sys/net/ipv4/conf/eth0/arp_filter)" 1
	cp "$RESULT.last" "$RESULT"
	chain CHECK
	with_prev
	cni CHECK a
	chain DEL
	cni DEL a
	nothing_attached
}
