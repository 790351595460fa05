#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ct-runtime features: what it says is what the other commands do, no more and no less.

# shellcheck disable=SC2016 # jq's variables

load ../lib/common
load life

setup() {
	life_setup
	[ "$(runtime_name)" = ct ] || skip "for our own runtime"
	"$CT_RUNTIME_BIN" features >"$TEST_DIR/features"
}
teardown() { life_teardown; }

# feature FILTER: words of it.
feature() {
	jq -r "$1" "$TEST_DIR/features"
}

# list FILTER: as a JSON array
list() {
	jq -c "$1" "$TEST_DIR/features"
}

# accepted FILTER [jq options]: create takes the config.json edited so, and says nothing. Under the
# name of the test's first one, so that nothing of before is in the way.
accepted() {
	cp "$B/config.json" "$B/config.json.as-it-was"
	edit_config "$B" "$@"
	rt create --bundle "$B" "$C"
	assert_success
	assert_equal "$output" ""
	runtime delete --force "$C"
	mv "$B/config.json.as-it-was" "$B/config.json"
}

# The runtime-spec's own words, config.md "Linux mount options": must, should, may.
SPEC_OPTIONS="async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev
	nodiratime noexec noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime
	remount ro rprivate rshared rslave runbindable rw shared silent slave strictatime suid sync
	unbindable nosymfollow symfollow ratime rdev rdiratime rexec rnoatime rnodev rnodiratime rnoexec
	rnorelatime rnostrictatime rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow
	nomand tmpcopyup idmap ridmap"

@test "features: one JSON document with versions, of no other keys than the specification's" {
	run "$CT_RUNTIME_BIN" features
	assert_success
	jq -e . <<<"$output" >/dev/null
	assert_equal "$(feature .ociVersionMin)" 1.0.0
	assert_equal "$(feature .ociVersionMax)" 1.3.0
	assert_equal "$(list 'keys - ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations", "potentiallyUnsafeConfigAnnotations"]')" '[]'
	assert_equal "$(list '.linux | keys - ["namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices"]')" '[]'
}

@test "features: takes no arguments, asks neither the host nor who calls" {
	run "$CT_RUNTIME_BIN" features extra
	assert_failure
	cp "$CT_RUNTIME_BIN" /run/ct-runtime-of-anybody
	run setpriv --reuid 1234 --regid 1234 --clear-groups env -i ASAN_OPTIONS=exitcode=99 \
		/run/ct-runtime-of-anybody features
	rm /run/ct-runtime-of-anybody
	assert_success
	assert_equal "$output" "$(<"$TEST_DIR/features")"
}

@test "features: the lowest and the highest version are taken, and what is between and beyond" {
	local version
	for version in "$(feature .ociVersionMin)" "$(feature .ociVersionMax)" 1.1.0 1.99.0; do
		accepted '.ociVersion = $v' --arg v "$version"
	done
}

@test "features: every hook is called" {
	local kind
	assert_equal "$(feature '.hooks | join(" ")')" "${ALL_KINDS[*]}"
	for kind in $(feature '.hooks[]'); do
		sh_hook "$kind" "echo $kind >>\$B/log/hooks"
	done
	in_container true
	assert_success
	assert_equal "$(cat "$B/log/hooks" "$B/rootfs/log/hooks" | sort)" "$(feature '.hooks[]' | sort)"
}

@test "features: every mount option of the specification is listed" {
	local option missing=""
	for option in $SPEC_OPTIONS; do
		feature '.mountOptions[]' | grep -qx "$option" || missing+=" $option"
	done
	assert_equal "$missing" ""
}

@test "features: every mount option is known: none reaches the file system, which would refuse it" {
	accepted '.mounts += [$options[]
		| . as $o
		| {destination: "/mnt/\($o)", type: "tmpfs", source: "tmpfs", options: [$o]}
		| if $o == "bind" or $o == "rbind" then .source = "/usr" | .type = "none"
		  elif $o == "idmap" or $o == "ridmap" then .source = "/usr" | .options = ["bind", $o]
			| .uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .gidMappings = .uidMappings
		  elif $o == "remount" then .destination = "/mnt/ro"
		  else . end] | .mounts |= sort_by(.options == ["remount"])' \
		--argjson options "$(list .mountOptions)"
}

@test "features: what is no mount option is data of the file system" {
	local option
	edit_config "$B" '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=64k"]}]'
	in_container 'grep -c "/mnt tmpfs.*size=64k" /proc/mounts'
	assert_success
	for option in acl norbind unheard-of; do
		assert_equal "$(list ".mountOptions | index(\"$option\")")" null
		edit_config "$B" '.mounts[-1].options = [$o]' --arg o "$option"
		in_container true
		assert_failure
		assert_output_has "$option"
	done
}

@test "features: every namespace is made" {
	local type
	assert_equal "$(feature '.linux.namespaces | sort | join(" ")')" "cgroup ipc mount network pid time user uts"
	for type in $(feature '.linux.namespaces[]'); do
		accepted '.linux.namespaces |= (. + [{type: $t}] | unique)
			| if $t == "user" then .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
				| .linux.gidMappings = .linux.uidMappings else . end' --arg t "$type"
	done
}

@test "features: every capability is known, and no other is" {
	assert_equal "$(feature '.linux.capabilities[0], .linux.capabilities[40]')" $'CAP_CHOWN\nCAP_CHECKPOINT_RESTORE'
	# In a user namespace, where each can be granted.
	accepted '.process.capabilities = {bounding: $c, permitted: $c, effective: $c, inheritable: $c, ambient: []}
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
		--argjson c "$(list .linux.capabilities)"
	edit_config "$B" '.process.capabilities = {bounding: ["CAP_UNHEARD_OF"]}'
	in_container true
	assert_success
	assert_output_has CAP_UNHEARD_OF
}

@test "features: labels of security modules, and memory policies" {
	assert_equal "$(list '.linux | {apparmor, selinux}')" '{"apparmor":{"enabled":true},"selinux":{"enabled":true}}'
	assert_equal "$(feature '.linux.memoryPolicy.modes | sort | join(" ")')" \
		"MPOL_BIND MPOL_DEFAULT MPOL_INTERLEAVE MPOL_LOCAL MPOL_PREFERRED MPOL_PREFERRED_MANY MPOL_WEIGHTED_INTERLEAVE"
	local flag
	for flag in $(feature '.linux.memoryPolicy.flags[]'); do
		accepted '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$f]}' --arg f "$flag"
	done
}

@test "features: every action, operator and flag of seccomp is taken" {
	local name
	assert_equal "$(list '.linux.seccomp | [.enabled, (.archs | index("SCMP_ARCH_X86_64") != null), .knownFlags == .supportedFlags]')" '[true,true,true]'
	for name in $(feature '.linux.seccomp.actions[]'); do
		accepted '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/agent", syscalls: [{names: ["mkdir"], action: $n}]}' --arg n "$name"
	done
	for name in $(feature '.linux.seccomp.operators[]'); do
		accepted '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 1, op: $n}]}]}' --arg n "$name"
	done
	for name in $(feature '.linux.seccomp.knownFlags[]'); do
		accepted '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: [$n]}' --arg n "$name"
	done
}

@test "features: networks are left to hooks" {
	assert_equal "$(list .linux.netDevices)" '{"enabled":false}'
	edit_config "$B" '.linux.netDevices = {eth0: {name: "eth1"}}'
	in_container true
	assert_failure
	assert_output_has 'linux.netDevices'
	assert_output_has ct-netns
}

@test "features: intelRdt with schemata and monitoring" {
	assert_equal "$(list .linux.intelRdt)" '{"enabled":true,"schemata":true,"monitoring":true}'
}

@test "features: idmapped mounts" {
	assert_equal "$(list .linux.mountExtensions)" '{"idmap":{"enabled":true}}'
	mkdir "$B/source"
	mount -t tmpfs ct-test "$B/source"
	edit_config "$B" '.mounts += [{destination: "/t", source: "source", options: ["bind", "idmap"]}
		+ ([{containerID: 0, hostID: 5000, size: 10}] | {uidMappings: ., gidMappings: .})]'
	in_container 'stat -c %u /t'
	umount "$B/source"
	assert_success
	assert_equal "$output" 5000
}

@test "features: control groups, and the annotations that reach systemd" {
	assert_equal "$(list '.linux.cgroup | keys')" '["rdma","systemd","systemdUser","v1","v2"]'
	assert_equal "$(list '.linux.cgroup | .v1, .rdma')" $'true\ntrue'
	assert_equal "$(list '.linux.cgroup.systemd == (.potentiallyUnsafeConfigAnnotations | index("org.systemd.property.") != null)')" true
	edit_config "$B" 'del(.linux.cgroupsPath)'
	if [ "$(feature .linux.cgroup.systemd)" = false ]; then
		rt --systemd-cgroup create --bundle "$B" "$C"
		assert_failure
		assert_output_has systemd
	fi
}

@test "features: says its version" {
	assert_equal "$("$CT_RUNTIME_BIN" --version | head -1)" \
		"ct-runtime version $(feature '.annotations["org.ct-runtime.version"]')"
	assert_match "$(feature '.annotations["io.github.seccomp.libseccomp.version"]')" '^[0-9]+\.[0-9]+\.[0-9]+$'
}
