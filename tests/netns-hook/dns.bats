#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ct-netns dns as a createContainer hook of ct-runtime, runc and crun: what a container reads, that an image
# leads it nowhere, and that nothing stays behind.

load ../lib/common

setup() {
	common_setup
	printf 'nameserver 192.0.2.53\nsearch host.example\n' >"$TEST_DIR/resolv.conf"
	mount --bind "$TEST_DIR/resolv.conf" /etc/resolv.conf
	use "$CT_RUNTIME_BIN"
}

teardown() {
	local id
	for id in a b c; do
		timeout -s KILL 20 "${engine[@]}" delete --force "$id" >/dev/null 2>&1 || true
	done
	wait_for 5 no_veth
	umount /etc/resolv.conf
	"$CT_NETNS_BIN" rm --force >/dev/null 2>&1 || true
	rm -rf /run/ct-netns
	common_teardown
}

no_veth() {
	[ -z "$(ip -o link show type veth)" ]
}

# use ENGINE
use() {
	prepare_engine "$1"
	engine=("$1" --root "$TEST_DIR/engine")
}

# bundle ID [JQ-FILTER...]: sleeps, networked and with names; DNS_BIN is the program of the dns hook.
bundle() {
	local id=$1
	shift
	make_bundle "$TEST_DIR/$id" "$@"
	set_args "$TEST_DIR/$id" /bin/sleep 1000
	hooks "$id"
}

# hooks ID [FLAG...]
hooks() {
	local id=$1
	shift
	edit_config "$TEST_DIR/$id" 'del(.hooks)'
	add_hook "$TEST_DIR/$id" createRuntime "$CT_NETNS_BIN" ct-netns "$@"
	add_hook "$TEST_DIR/$id" createContainer "${DNS_BIN:-$CT_NETNS_BIN}" ct-netns dns
	# The leak check wants a /proc of its own pid namespace, which that hook does not have yet.
	# shellcheck disable=SC2016 # jq's
	[ -z "${ASAN_OPTIONS:-}" ] || edit_config "$TEST_DIR/$id" \
		'.hooks.createContainer[0].env = ["ASAN_OPTIONS=" + $options]' \
		--arg options "$ASAN_OPTIONS:detect_leaks=0"
	add_hook "$TEST_DIR/$id" poststop "$CT_NETNS_BIN" ct-netns
}

# Without a terminal the container keeps the files of its creator: not bats' pipes.
create() {
	"${engine[@]}" create --bundle "$TEST_DIR/$1" "$1" >"$TEST_DIR/out.$1" 2>&1 </dev/null 3>&- || {
		cat "$TEST_DIR/out.$1"
		return 1
	}
}

start() {
	create "$1"
	"${engine[@]}" start "$1" 3>&-
}

# inside ID COMMAND...: with the container's own programs.
inside() {
	local id=$1
	shift
	nsenter --mount --net --root --wd=/ --target "$("${engine[@]}" state "$id" | jq .pid)" -- "$@"
}

# tree ID: every node of its image.
tree() {
	(cd "$TEST_DIR/$1/rootfs" && find . -mindepth 1 -printf '%p %y %m %u %l\n' | sort)
}

# nothing_left ID: neither mounts nor state of it; its image is as `tree ID >FILE` saw it.
nothing_left() {
	run ! "${engine[@]}" state "$1"
	assert_equal "$(grep -c "$TEST_DIR/$1/rootfs" /proc/self/mountinfo)" 0
	assert_equal "$(find /run/ct-netns/containers -mindepth 1)" ""
	assert_equal "$(tree "$1" | diff "$2" -)" ""
}

containers_know_each_other() {
	use "$1"
	bundle a '.hostname = "alpha"'
	bundle b '.hostname = "beta"'
	hooks b --alias www
	start a
	assert_equal "$(inside a /bin/cat /etc/resolv.conf)" "# Made by ct-netns.
nameserver 192.0.2.53
search host.example"
	assert_equal "$(inside a /bin/sed -n 2p /etc/hosts)" "127.0.0.1 localhost"
	local inode name
	inode=$(inside a /bin/stat -c %i /etc/hosts)
	run ! inside a /bin/grep -w beta /etc/hosts
	start b
	for name in b beta www; do
		inside a /bin/ping -c 1 -W 2 "$name"
	done
	for name in a alpha localhost; do
		inside b /bin/ping -c 1 -W 2 "$name"
	done
	"${engine[@]}" delete --force b
	run ! inside a /bin/grep -w beta /etc/hosts
	run ! inside a /bin/ping -c 1 -W 2 beta
	inside a /bin/grep -w alpha /etc/hosts
	assert_equal "$(inside a /bin/stat -c %i /etc/hosts)" "$inode"
}

@test "dns: containers know each other by hostname, id and alias, in one file while they run" {
	containers_know_each_other "$CT_RUNTIME_BIN"
}

@test "dns, runc: containers know each other by hostname, id and alias, in one file while they run" {
	containers_know_each_other runc
}

@test "dns, crun: containers know each other by hostname, id and alias, in one file while they run" {
	containers_know_each_other crun
}

@test "dns: both files are mounts, read-only, nosuid, nodev, noexec, and nothing reaches the host" {
	bundle a
	local before
	before=$(cat /proc/self/mountinfo)
	start a
	local file
	for file in /etc/hosts /etc/resolv.conf; do
		inside a /bin/grep -E " $file [a-z]+ ro,nosuid,nodev,noexec" /proc/1/mounts
		run ! inside a /bin/sh -c "echo x >$file"
		assert_output_has "Read-only file system"
	done
	assert_equal "$(grep -v " $TEST_DIR/engine" /proc/self/mountinfo)" "$before"
	assert_equal "$(stat -c %s "$TEST_DIR/a/rootfs/etc/hosts")" 0
}

@test "dns: an image without /etc gets two empty files to bind over, and nothing else" {
	bundle a
	rm -r "$TEST_DIR/a/rootfs/etc"
	tree a >before
	start a
	inside a /bin/grep -w localhost /etc/hosts
	"${engine[@]}" delete --force a
	assert_equal "$(tree a | diff before - | grep '^[<>]')" "> ./etc d 755 root 
> ./etc/hosts f 644 root 
> ./etc/resolv.conf f 644 root "
	assert_equal "$(cat "$TEST_DIR"/a/rootfs/etc/*)" ""
}

@test "dns: works with root.readonly, and in an image that is read-only but has the files" {
	bundle a '.root.readonly = true'
	start a
	inside a /bin/grep -w localhost /etc/hosts
	"${engine[@]}" delete --force a
	bundle b
	touch "$TEST_DIR/b/rootfs/etc/hosts" "$TEST_DIR/b/rootfs/etc/resolv.conf"
	mount --bind "$TEST_DIR/b/rootfs" "$TEST_DIR/b/rootfs"
	mount -o remount,bind,ro "$TEST_DIR/b/rootfs"
	start b
	inside b /bin/grep -w localhost /etc/hosts
	"${engine[@]}" delete --force b
	umount "$TEST_DIR/b/rootfs"
}

@test "dns: an image that is read-only and has no such file is refused with the way out" {
	bundle a
	tree a >before
	mount --bind "$TEST_DIR/a/rootfs" "$TEST_DIR/a/rootfs"
	mount -o remount,bind,ro "$TEST_DIR/a/rootfs"
	run create a
	assert_failure
	assert_output_has "the image has no '/etc/resolv.conf' and cannot be written to: add an empty file"
	umount "$TEST_DIR/a/rootfs"
	nothing_left a before
}

@test "dns: links of the image lead nowhere outside of it" {
	local link
	mkdir canary
	echo canary >canary/hosts
	echo canary >shadow
	local n=0
	for link in ../../../../../../../../../../../../../../../..$TEST_DIR/shadow "$TEST_DIR/shadow" \
		"$TEST_DIR/canary/new"; do
		bundle a
		ln -s "$link" "$TEST_DIR/a/rootfs/etc/resolv.conf"
		ln -s "$TEST_DIR/canary/hosts" "$TEST_DIR/a/rootfs/etc/hosts"
		start a
		inside a /bin/grep -w 192.0.2.53 /etc/resolv.conf
		inside a /bin/grep -w localhost /etc/hosts
		"${engine[@]}" delete --force a
		rm -r "$TEST_DIR/a"
		n=$((n + 1))
	done
	bundle a
	rm -r "$TEST_DIR/a/rootfs/etc"
	ln -s "$TEST_DIR/canary" "$TEST_DIR/a/rootfs/etc"
	start a
	inside a /bin/grep -w localhost /etc/hosts
	assert_equal "$(cat canary/hosts shadow)" $'canary\ncanary'
	assert_equal "$(ls canary)" hosts
	assert_equal "$n" 3
}

@test "dns: a link into /proc, to a device or to a folder is refused, and leaves nothing" {
	local link why
	while read -r link why; do
		bundle a
		ln -s "$link" "$TEST_DIR/a/rootfs/etc/hosts"
		tree a | grep -v '^./dev' >before
		run create a
		assert_failure
		assert_output_has "'/etc/hosts'"
		[[ $output == *"$why"* ]] || fail "$link: $output"
		run ! "${engine[@]}" state a
		assert_equal "$(tree a | grep -v '^./dev' | diff before -)" ""
		rm -r "$TEST_DIR/a"
	done <<'END'
/proc/self/attr/current a file of the kernel
/proc/self/fd/0 below the rootfs
/proc/version a file of the kernel
/dev/null no regular file
/tmp no regular file
hosts below the rootfs
END
}

@test "dns: a mount of config.json over one of the files stays, which --debug says" {
	bundle a
	echo "192.0.2.7 mine" >mine
	# shellcheck disable=SC2016 # jq's
	edit_config "$TEST_DIR/a" '.mounts += [{destination: "/etc/hosts", type: "bind",
		source: $mine, options: ["bind", "ro"]}]' --arg mine "$TEST_DIR/mine"
	# shellcheck disable=SC2016 # jq's
	edit_config "$TEST_DIR/a" '.hooks.createContainer[0].args += ["--debug", "--log", $log]' \
		--arg log "$TEST_DIR/log"
	start a
	assert_equal "$(inside a /bin/cat /etc/hosts)" "192.0.2.7 mine"
	inside a /bin/grep 192.0.2.53 /etc/resolv.conf
	grep "'/etc/hosts' is a mount of config.json already" log
}

@test "dns: warns when the host has no server but on its loopback" {
	printf 'nameserver 127.0.0.1\n' >"$TEST_DIR/resolv.conf"
	bundle a
	# shellcheck disable=SC2016 # jq's
	edit_config "$TEST_DIR/a" '.hooks.createContainer[0].args += ["--log", $log]' --arg log "$TEST_DIR/log"
	start a
	grep "container 'a' has no name server" log
	assert_equal "$(inside a /bin/cat /etc/resolv.conf)" "# Made by ct-netns."
}

@test "dns: without an attach before it, it fails and says in which order" {
	bundle a
	edit_config "$TEST_DIR/a" 'del(.hooks.createRuntime)'
	run create a
	assert_failure
	assert_output_has "ct-netns comes first, as a createRuntime hook"
}

@test "dns: as any other hook it refuses to work, and nothing is mounted on the host" {
	bundle a
	edit_config "$TEST_DIR/a" '.hooks.createRuntime += .hooks.createContainer | del(.hooks.createContainer)'
	run create a
	assert_failure
	assert_output_has "'ct-netns dns' is a createContainer hook"
	assert_equal "$(grep -c "$TEST_DIR/a/rootfs" /proc/self/mountinfo)" 0
}

@test "dns: in a user namespace" {
	bundle a '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R -h 100000:100000 "$TEST_DIR/a/rootfs"
	bundle b '.hostname = "beta"'
	start a
	start b
	inside a /bin/grep -w beta /etc/hosts
	inside a /bin/grep 192.0.2.53 /etc/resolv.conf
}

@test "dns: a container on two networks has the hosts file of the first" {
	bundle a
	# shellcheck disable=SC2016 # jq's
	edit_config "$TEST_DIR/a" '.hooks.createRuntime += [{path: $bin, args: ["ct-netns", "--bridge", "other0",
		"--ip", "10.9.0.1/24", "--iface", "eth1", "--dns", "192.0.2.99"]}]' --arg bin "$CT_NETNS_BIN"
	start a
	inside a /bin/grep '^172.19.0.2 .*# a/eth0' /etc/hosts
	run ! inside a /bin/grep '^10.9.0.2' /etc/hosts
	run ! inside a /bin/grep 192.0.2.99 /etc/resolv.conf
	"${engine[@]}" delete --force a
	"$CT_NETNS_BIN" rm --force --bridge other0 --ip 10.9.0.1/24
}

@test "dns: a failure at any step of it leaves zero difference" {
	[ -x "$FAULT_BIN/ct-netns" ] || skip "no fault tree: make fault"
	local point
	DNS_BIN=$FAULT_BIN/ct-netns
	bundle a
	rm -r "$TEST_DIR/a/rootfs/etc"
	# The mount points that the runtime makes are there from the first time on.
	DNS_BIN=/bin/false hooks a
	run create a
	assert_failure
	hooks a
	tree a >before
	for point in dns.container dns.sources dns.targets dns.targets.done dns.bind \
		dns.bind/etc/resolv.conf dns.bind/etc/hosts dns.bind.done; do
		# shellcheck disable=SC2016 # jq's
		edit_config "$TEST_DIR/a" '.hooks.createContainer[0].env = ["CT_FAULT=" + $point + ":fail"]' \
			--arg point "$point"
		run create a
		assert_failure
		assert_output_has "failure injected at '$point'"
		nothing_left a before
	done
}
