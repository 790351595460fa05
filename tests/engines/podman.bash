# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman with the runtime under test, all of its folders below the test file's own; no registry: the
# image "box" is a busybox. Engine files start with
#
#	setup_file() { podman_setup_file; }
#	teardown_file() { podman_teardown_file; }
#	setup() { podman_setup; }
#	teardown() { podman_teardown; }

# shellcheck source=tests/lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

# A basename that runtime_supports_json lists gets --log-format json, and its log is read.
podman_configure() {
	cat >"$1/containers.conf" <<-CONF
		[containers]
		log_driver = "k8s-file"
		[network]
		network_backend = "netavark"
		network_config_dir = "$1/networks"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		infra_image = ""
		helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman"]
		runtime_supports_json = ["ct-runtime", "runc", "crun"]
		runtime_supports_nocgroup = ["ct-runtime", "$CT_RUNTIME_BIN"]
		tmp_dir = "/run/libpod"
	CONF
	cat >"$1/storage.conf" <<-CONF
		[storage]
		driver = "overlay"
		graphroot = "$1/graph"
		runroot = "/run/containers/storage"
	CONF
}

podman_setup_file() {
	local dir=$BATS_FILE_TMPDIR
	podman_configure "$dir"
	mkdir "$dir/networks"
	export CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf
	make_rootfs "$dir/box"
	tar -C "$dir/box" -c . | podman import - box >/dev/null 2>&1
}

podman_teardown_file() {
	umount -l "$BATS_FILE_TMPDIR/graph/overlay" || true
}

podman_setup() {
	common_setup
	[ "$(runtime_name)" != crun ] || skip "crun 1.8 refuses this layout of cgroups"
	C=c$BATS_TEST_NUMBER
}

# What a test leaves running goes, and then the runtime must have forgotten all of it.
podman_teardown() {
	pm pod rm --all --force --time 0 >/dev/null 2>&1 || true
	pm rm --all --force --time 0 >/dev/null 2>&1 || true
	common_teardown
	local left
	left=$("$CT_RUNTIME_BIN" list -q 2>/dev/null)
	left+=$(find /sys/fs/cgroup -path '*/libpod-*' -type d ! -path '*/libpod-*-conmon' 2>/dev/null)
	[ -z "$left" ] || fail "left behind:" "$left"
}

# Descriptor 3 is bats' own: a conmon that had it would keep the file from its end.
pm() {
	timeout -s KILL 60 podman --runtime "$CT_RUNTIME_BIN" "$@" 3>&-
}

# in_box [OPTION...] -- COMMAND...: run in a new container without a network.
in_box() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run pm run --rm --network none "${options[@]}" box "$@"
}

# start_box [OPTION...] [-- COMMAND...]: $C, in the background; sleeps when no command is given.
start_box() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	[ $# -gt 0 ] || set -- sleep 1000
	pm run -d --name "$C" --network none "${options[@]}" box "$@" >/dev/null
}

# inspected FORMAT [CONTAINER]
inspected() {
	pm inspect --format "{{$1}}" "${2:-$C}"
}

# on_pty STEP... -- COMMAND...
on_pty() {
	run timeout -s KILL 60 "$TOP/tests/lib/on-pty" "$@" 3>&-
}

# logged TEXT: the container has said it.
logged() {
	podman logs "$C" 2>&1 | grep -q "$1"
}
