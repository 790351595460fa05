# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian's dockerd with the runtime under test as its default, all of its folders below the test
# file's own and the private /run; bridge and firewall rules are in the private network namespace. No
# registry: the image is a busybox. Files start with
#
#	setup_file() { docker_setup_file; }
#	teardown_file() { docker_teardown_file; }
#	setup() { docker_setup; }
#	teardown() { docker_teardown; }

# shellcheck source=tests/lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=${BATS_FILE_TMPDIR:-}/client
RUNC_ROOT=/run/docker/runtime-runc/moby

# The client of the same package; whatever waits for ever in the engine fails one test, not all.
docker() {
	timeout -s KILL 60 /usr/bin/docker "$@" 3>&-
}

start_dockerd() {
	# BuildKit runs the "runc" of PATH.
	PATH=$BATS_FILE_TMPDIR/bin:$PATH dockerd --host "$DOCKER_HOST" --pidfile /run/docker.pid \
		--data-root "$BATS_FILE_TMPDIR/data" --exec-root /run/docker \
		--config-file /etc/docker/daemon.json --storage-driver overlay2 --live-restore \
		--shutdown-timeout 1 >>"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
	wait_for 30 docker version
}

# Containers and their shims stay (--live-restore).
stop_dockerd() {
	local pid
	pid=$(</run/docker.pid)
	kill "$pid"
	wait_exit "$pid"
}

docker_setup_file() {
	local dir=$BATS_FILE_TMPDIR
	mkdir -p "$dir/bin" /etc/docker
	# shellcheck disable=SC2016 # jq's variable
	jq -n '{runtimes: {ct: {path: $path}}, "default-runtime": "ct"}' --arg path "$CT_RUNTIME_BIN" \
		>/etc/docker/daemon.json
	ln -s "$CT_RUNTIME_BIN" "$dir/bin/runc"
	start_dockerd
	make_rootfs "$dir/box"
	tar -C "$dir/box" -c . | docker import --change 'ENV PATH=/bin' - busybox
	# Folders that the engine makes for its first container and keeps.
	docker run --rm busybox true
}

docker_teardown_file() {
	stop_dockerd
	umount --recursive --lazy "$BATS_FILE_TMPDIR/data" 2>/dev/null || true
}

docker_setup() {
	common_setup
	C=c$BATS_TEST_NUMBER
}

docker_teardown() {
	local ids
	ids=$(docker ps --all --quiet)
	# shellcheck disable=SC2086 # several words
	[ -z "$ids" ] || docker rm --force $ids >/dev/null
	common_teardown
}

# start_box NAME [FLAG...] IMAGE COMMAND...: detached.
start_box() {
	local name=$1
	shift
	docker run --detach --name "$name" "$@" >/dev/null
}

# inspect NAME TEMPLATE
inspect() {
	docker inspect --format "$2" "$1"
}

is() {
	[ "$(inspect "$1" "$2")" = "$3" ]
}

# box_pid NAME: of the container's process, outside.
box_pid() {
	inspect "$1" '{{.State.Pid}}'
}
