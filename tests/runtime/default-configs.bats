#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runc, podman, containerd and docker write when nothing special is asked of them runs as it is. An
# engine is given a recorder for a runtime: it runs the bundle by the runtime under test at the very
# moment of `create`, with all that the engine has prepared around it, and then refuses, so that nothing
# of the engine's own way with a runtime is in here.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

# What each container is asked to say of itself. The last word is read by no test before it was written.
SAY='echo "user $(id -u)"; grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\t"
	: >/dev/null && echo "null $(stat -c %t:%T /dev/null)"; echo "host $(hostname)"
	mount | grep -qE "^[^ ]+ on / " && echo root; cat /proc/kcore 2>/dev/null | head -c 1 | wc -c | sed "s/^/kcore /"
	echo 1 >/proc/sys/kernel/panic 2>/dev/null || echo sys-ro; ls -d /sys/fs/cgroup /dev/shm /dev/mqueue; echo end'

setup_file() {
	export ENGINES=/run/engines
	mkdir -p "$ENGINES"
	make_rootfs "$ENGINES/rootfs"
	tar -C "$ENGINES/rootfs" -cf "$ENGINES/rootfs.tar" .
	# A rootfs in an engine's storage is on the same file system as what is bound into it.
	cat >"$ENGINES/recorder" <<-EOF
		#!/bin/bash
		export ASAN_OPTIONS='$ASAN_OPTIONS' UBSAN_OPTIONS='$UBSAN_OPTIONS'
		bundle='' previous=''
		for argument; do
			[ "\$previous" != --bundle ] || bundle=\$argument
			previous=\$argument
		done
		[[ " \$* " == *' create '* ]] || exit 1
		cp "\$bundle/config.json" "$ENGINES/config.json"
		cd "\$bundle" || exit 1
		if [ -e "$ENGINES/then" ]; then
			. "$ENGINES/then"
		else
			"$CT_RUNTIME_BIN" --root "$ENGINES/state" run --bundle "\$bundle" recorded </dev/null >"$ENGINES/out" 2>&1
			echo \$? >"$ENGINES/status"
		fi
		exit 1
	EOF
	chmod 755 "$ENGINES/recorder"
}

setup() {
	life_setup
	rm -f "$ENGINES"/{out,status,then,config.json}
	[ "$(runtime_name)" != crun ] || prepare_engine crun
}

teardown() {
	local pid
	for pid in "${ENGINE_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || continue
		wait_exit "$pid"
	done
	life_teardown
}

ENGINE_PIDS=()

# The container that an engine's configuration made has said what it should.
assert_recorded() {
	[ -e "$ENGINES/config.json" ] || fail "the engine never called its runtime:" "$(tr -d '\0' <"$ENGINES/engine.log")"
	status=$(<"$ENGINES/status")
	output=$(<"$ENGINES/out")
	assert_success
	refute_output_has warning
	assert_output_has $'user 0\n'
	assert_output_has "null 1:3"
	assert_output_has "host $(jq -r '.hostname // "testhost"' "$ENGINES/config.json")"
	assert_output_has $'\nroot\n'
	assert_output_has $'kcore 0\n'
	assert_output_has sys-ro
	assert_output_has /dev/mqueue
	assert_equal "$(tail -n 1 <<<"$output")" end
	assert_has_capabilities "$ENGINES/config.json"
	[ ! -d "$ENGINES/state" ] || assert_equal "$(ls "$ENGINES/state")" ""
}

# assert_has_capabilities CONFIG: the sets in it and in the output are the same.
assert_has_capabilities() {
	local set
	for set in bounding:CapBnd effective:CapEff; do
		assert_output_has "${set#*:}:$(capability_mask "$1" "${set%:*}")"
	done
	assert_output_has "NoNewPrivs:$(jq '.process.noNewPrivileges // false | if . then 1 else 0 end' "$1")"
	assert_output_has "Seccomp:$(jq '.linux.seccomp | if . then 2 else 0 end' "$1")"
}

# capability_mask CONFIG SET: as /proc has it. The order of features is the kernel's; this machine's root
# may lack some itself.
capability_mask() {
	local mask name i=0
	local -a names
	mapfile -t names < <("$BUILD/ct-runtime" features | jq -r '.linux.capabilities[]')
	mask=0
	for name in "${names[@]}"; do
		if jq -e --arg n "$name" --arg s "$2" '.process.capabilities[$s] | index($n)' "$1" >/dev/null; then
			mask=$((mask | 1 << i))
		fi
		i=$((i + 1))
	done
	printf '%016x' $((mask & 16#$(awk '/^CapBnd/ { print $2 }' /proc/self/status)))
}

# engine_fails COMMAND...: as the recorder makes it.
engine_fails() {
	! "$@" >"$ENGINES/engine.log" 2>&1 || fail "the engine did not call its runtime: $*"
}

podman_() {
	timeout 60 podman --root "$ENGINES/podman" --runroot "$ENGINES/podman-run" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend none --runtime "$ENGINES/recorder" "$@"
}

podman_prepare() {
	command -v podman >/dev/null || skip "podman is not installed"
	podman_ image exists busy || podman_ import "$ENGINES/rootfs.tar" busy >/dev/null 2>&1
}

# engine_start NAME COMMAND...: a daemon for this test
engine_start() {
	local name=$1
	shift
	"$@" >"$ENGINES/$name.log" 2>&1 </dev/null 3>&- 4>&- &
	ENGINE_PIDS=("$!" "${ENGINE_PIDS[@]}")
}

ctr_() {
	timeout 60 ctr --address "$ENGINES/containerd.sock" "$@"
}

containerd_start() {
	command -v containerd >/dev/null || skip "containerd is not installed"
	cat >"$ENGINES/containerd.toml" <<-EOF
		version = 2
		root = "$ENGINES/containerd"
		state = "$ENGINES/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$ENGINES/containerd.sock"
	EOF
	engine_start containerd containerd --config "$ENGINES/containerd.toml"
	wait_for 20 ctr_ version
}

docker_() {
	timeout 60 docker --host "unix://$ENGINES/docker.sock" "$@"
}

docker_start() {
	command -v dockerd >/dev/null || skip "docker is not installed"
	containerd_start
	engine_start dockerd dockerd --host "unix://$ENGINES/docker.sock" --containerd "$ENGINES/containerd.sock" \
		--data-root "$ENGINES/docker" --exec-root "$ENGINES/docker-exec" --pidfile "$ENGINES/docker.pid" \
		--iptables=false --ip6tables=false --bridge=none --storage-driver vfs \
		--add-runtime "recorder=$ENGINES/recorder"
	wait_for 20 docker_ version
	docker_ image inspect busy >/dev/null 2>&1 || docker_ import "$ENGINES/rootfs.tar" busy >/dev/null
}

@test "default configuration: runc spec" {
	command -v runc >/dev/null || skip "runc is not installed"
	rm "$B/config.json"
	runc spec --bundle "$B"
	cp "$B/config.json" "$ENGINES/config.json"
	# A terminal is asked for, so one is there; what is typed ends the shell.
	status=0
	output=$(echo "$SAY; exit 7" | timeout 60 script -qefc "'$CT_RUNTIME_BIN' --root '$RUNTIME_ROOT' run --bundle '$B' $C" \
		/dev/null 2>&1 | tr -d '\r'; exit "${PIPESTATUS[1]}") || status=$?
	assert_status 7
	assert_output_has $'\nuser 0\n'
	assert_output_has 'host runc'
	assert_output_has sys-ro
	assert_output_has $'kcore 0\n'
	assert_has_capabilities "$B/config.json"
}

@test "default configuration: podman" {
	podman_prepare
	engine_fails podman_ run --network none busy /bin/sh -c "$SAY"
	assert_recorded
	assert_equal "$(jq '.linux.seccomp != null and .linux.resources.pids.limit > 0' "$ENGINES/config.json")" true
}

@test "default configuration: podman with limits, a user, a host name and a read-only root" {
	podman_prepare
	engine_fails podman_ run --network none --memory 64m --pids-limit 50 --cpus 0.5 --user 1000:1000 --read-only \
		--hostname boxed busy /bin/sh -c \
		'id -u; hostname; touch /x 2>/dev/null || echo read-only; touch /run/x && echo run'
	status=$(<"$ENGINES/status") output=$(<"$ENGINES/out")
	assert_success
	assert_equal "$output" $'1000\nboxed\nread-only\nrun'
}

@test "default configuration: podman, privileged" {
	podman_prepare
	engine_fails podman_ run --network none --privileged busy /bin/sh -c 'id -u; grep -c . /proc/mounts >/dev/null; echo ok'
	status=$(<"$ENGINES/status") output=$(<"$ENGINES/out")
	assert_success
	assert_output_has ok
}

@test "default configuration: containerd" {
	containerd_start
	engine_fails ctr_ run --runc-binary "$ENGINES/recorder" --rootfs "$ENGINES/rootfs" c1 /bin/sh -c "$SAY"
	assert_recorded
	ctr_ container rm c1
}

@test "default configuration: ctr oci spec" {
	command -v ctr >/dev/null || skip "containerd is not installed"
	ctr oci spec >"$B/config.json"
	set_args "$B" /bin/sh -c "$SAY"
	rt run --bundle "$B" "$C"
	assert_success
	assert_has_capabilities "$B/config.json"
	assert_equal "$(tail -n 1 <<<"$output")" end
}

@test "default configuration: docker" {
	docker_start
	engine_fails docker_ run --rm --runtime recorder --network none busy /bin/sh -c "$SAY"
	assert_recorded
	assert_equal "$(jq '.linux.seccomp != null and (.hooks.prestart | length) == 1' "$ENGINES/config.json")" true
}

@test "default configuration: create of podman's takes no more memory than crun's" {
	command -v crun >/dev/null || skip "crun is not installed"
	podman_prepare
	prepare_engine crun
	cat >"$ENGINES/then" <<-EOF
		for round in first second; do
			"$PROBES/maxrss" "$ENGINES/ours-\$round" "$CT_RUNTIME_BIN" --root "$ENGINES/state" create ours </dev/null >"$ENGINES/out" 2>&1 || exit 1
			"$CT_RUNTIME_BIN" --root "$ENGINES/state" delete --force ours >>"$ENGINES/out" 2>&1
			"$PROBES/maxrss" "$ENGINES/crun-\$round" crun --root "$ENGINES/crun" create crun </dev/null >>"$ENGINES/out" 2>&1 || exit 1
			crun --root "$ENGINES/crun" delete --force crun >>"$ENGINES/out" 2>&1
		done
		echo 0 >"$ENGINES/status"
	EOF
	engine_fails podman_ run --network none busy /bin/true
	[ -e "$ENGINES/status" ] || fail "one of the two failed: $(<"$ENGINES/out")"
	local round ours theirs
	for round in first second; do
		ours=$(<"$ENGINES/ours-$round") theirs=$(<"$ENGINES/crun-$round")
		echo "# $round create: ct-runtime $ours KiB, crun $theirs KiB" >&3
		[ "${CT_BUILD:-build}" = build-san ] || [ "$ours" -le "$theirs" ] ||
			fail "$round create: $ours KiB, crun $theirs KiB"
	done
}
