#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman with its CNI back end: what libcni hands to ct-netns as the plugin of a network.

load podman

setup_file() {
	podman_setup_file
	sed -i "s|^network_backend = .*|network_backend = \"cni\"\ncni_plugin_dirs = [\"$BATS_FILE_TMPDIR/plugins\"]|" \
		"$CONTAINERS_CONF"
	mkdir "$BATS_FILE_TMPDIR/plugins"
	ln -s "$CT_NETNS_BIN" "$BATS_FILE_TMPDIR/plugins/ct-netns"
	cat >"$BATS_FILE_TMPDIR/networks/ours.conflist" <<-'JSON'
		{ "cniVersion": "1.0.0", "name": "ours", "plugins": [ {
		  "type": "ct-netns", "bridge": "ours0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
		  "backend": "", "egressRate": 80000000, "egressBurst": 8000000,
		  "capabilities": { "portMappings": true, "aliases": true, "ips": true, "mac": true },
		  "ipam": { "type": "host-local", "routes": [{ "dst": "0.0.0.0/0" }],
		    "ranges": [[{ "subnet": "10.52.0.0/24" }], [{ "subnet": "fd00:52::/64" }]] } } ] }
	JSON
}

teardown_file() { podman_teardown_file; }

setup() {
	podman_setup
	make_host
}

teardown() {
	podman_teardown
	"$CT_NETNS_BIN" rm --all --force >/dev/null 2>&1 || true
}

@test "podman, CNI: addresses, MAC, published ports and aliases of its command line, and nothing stays" {
	pm run -d --name "$C" --network ours:alias=web,alias=db,mac=02:00:00:00:00:52,ip=10.52.0.9,ip=fd00:52::9 \
		--publish 8080:80 box sh -c 'echo it is me >/home/me; exec busybox httpd -f -p 80 -h /home' >/dev/null
	wait_for 10 podman exec "$C" wget -q -O /dev/null http://127.0.0.1/me
	assert_equal "$("$CT_NETNS_BIN" ls --json | jq -c '.[0] | [.network, .mac, [.addresses[].address], .bandwidth.egressRate]')" \
		'["ours","02:00:00:00:00:52",["10.52.0.9/24","fd00:52::9/64"],80000000]'
	assert_equal "$(outside timeout 20 busybox wget -qO- http://192.0.2.1:8080/me)" "it is me"
	grep -E '^10\.52\.0\.9 .* web db' /run/ct-netns/networks/ours/hosts
	run --separate-stderr pm run --rm --network ours box timeout 20 wget -qO- http://10.52.0.9/me
	assert_equal "$output" "it is me"
	"$CT_NETNS_BIN" check
	pm rm --force --time 0 "$C" >/dev/null
	assert_equal "$("$CT_NETNS_BIN" ls --json)" "[]"
	run ! grep '^10' /run/ct-netns/networks/ours/hosts
	run ! outside timeout 2 busybox wget -qO- http://192.0.2.1:8080/me
}
