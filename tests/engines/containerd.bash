# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's containerd with the runtime under test as the runc of its shim, all of its folders below
# the test file's own and the private /run. No registry: the image is a busybox. Files start with
#
#	setup_file() { containerd_setup_file; }
#	teardown_file() { containerd_teardown_file; }
#	setup() { containerd_setup; }
#	teardown() { containerd_teardown; }

# shellcheck source=tests/lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

IMAGE=docker.io/library/busybox:latest
RUNC_ROOT=/run/containerd/runc/default
export CONTAINERD_ADDRESS=/run/containerd/containerd.sock

# The plugins left out want devices, folders in /opt or collectors of their own.
containerd_configure() {
	cat >"$1/config.toml" <<-CONF
		version = 2
		root = "$1/containerd"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt",
			"io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
			"io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
	CONF
}

# Whatever waits for ever in the engine fails one test, not all of them.
ctr() {
	timeout -s KILL 60 ctr "$@" 3>&-
}

start_containerd() {
	containerd --config "$BATS_FILE_TMPDIR/config.toml" >>"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	wait_for 20 ctr version
}

# stop_containerd SIGNAL: containers and their shims stay.
stop_containerd() {
	kill "-$1" "$(<"$BATS_FILE_TMPDIR/pid")"
	wait_exit "$(<"$BATS_FILE_TMPDIR/pid")"
}

# make_image ROOTFS FILE: as "docker save" writes one.
make_image() {
	local dir=$2.d id
	mkdir "$dir"
	tar -C "$1" -cf "$dir/layer.tar" .
	id=$(sha256sum "$dir/layer.tar" | cut -d' ' -f1)
	# shellcheck disable=SC2016 # jq's variable
	jq -n '{architecture: "amd64", os: "linux", config: {Env: ["PATH=/bin"], Cmd: ["sh"]},
		rootfs: {type: "layers", diff_ids: ["sha256:" + $id]}}' --arg id "$id" >"$dir/config.json"
	echo '[{"Config": "config.json", "RepoTags": ["busybox:latest"], "Layers": ["layer.tar"]}]' \
		>"$dir/manifest.json"
	tar -C "$dir" -cf "$2" manifest.json config.json layer.tar
}

containerd_setup_file() {
	local dir=$BATS_FILE_TMPDIR
	containerd_configure "$dir"
	make_rootfs "$dir/box"
	make_image "$dir/box" "$dir/box.tar"
	start_containerd
	ctr image import --no-unpack "$dir/box.tar"
	# Folders that containerd makes for its first container and keeps.
	run_box --rm first true
}

containerd_teardown_file() {
	stop_containerd TERM
}

containerd_setup() {
	common_setup
	C=c$BATS_TEST_NUMBER
}

containerd_teardown() {
	local id
	for id in $(ctr task ls -q); do
		ctr task rm --force "$id" >/dev/null 2>&1 || kill -KILL "$(task_pid "$id")" || true
	done
	for id in $(ctr container ls -q); do
		ctr container rm "$id" || true
	done
	common_teardown
}

# run_box [FLAG...] ID COMMAND...: the image, as ctr run has it.
run_box() {
	local flags=()
	while [[ $1 == -* ]]; do
		flags+=("$1")
		shift
	done
	ctr run --runc-binary "$CT_RUNTIME_BIN" "${flags[@]}" "$IMAGE" "$@"
}

# start_box [FLAG...] ID COMMAND...: detached; its output goes nowhere.
start_box() {
	run_box --detach --null-io "$@" >/dev/null
}

# exec_box ID COMMAND...
exec_box() {
	local id=$1
	shift
	ctr task exec --exec-id "e$RANDOM" "$id" "$@"
}

# run_exec COMMAND...: as run, for an exec that prints. ctr opens the pipe of its output in the
# background and loses all of it when the process has ended by then, whatever the runtime: once more.
run_exec() {
	local _
	for _ in 1 2 3; do
		run "$@"
		[ -z "${output:-}" ] || return 0
	done
}

task_status() {
	ctr task ls | awk -v id="$1" '$1 == id { print $3 }'
}

task_pid() {
	ctr task ls | awk -v id="$1" '$1 == id { print $2 }'
}

task_is() {
	[ "$(task_status "$1")" = "$2" ]
}

# end_of ID: the exit status of a task that has ended; the task goes.
end_of() {
	wait_for 10 task_is "$1" STOPPED || return
	ctr task rm "$1" 2>&1 | sed -n 's/.*exit with non-zero exit code //p' | tr -d '"' | grep . || echo 0
}
