#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's docker, with ct-runtime as its default runtime.

load docker

setup_file() { docker_setup_file; }
teardown_file() { docker_teardown_file; }
setup() { docker_setup; }
teardown() { docker_teardown; }

# cgroup_file NAME FILE: where it is in the v1 hierarchy of its first word.
cgroup_file() {
	echo "/sys/fs/cgroup/${2%%.*}/docker/$(inspect "$1" '{{.Id}}')/$2"
}

holds() {
	assert_equal "$(<"$1")" "$2" "$1"
}

@test "docker: info has the runtime and reads its version" {
	run docker info --format '{{.DefaultRuntime}} {{json .Runtimes}} {{.RuncCommit.ID}}'
	assert_success
	assert_match "$output" "^ct .*$CT_RUNTIME_BIN.* [0-9a-f]{7,}$"
	run docker version --format '{{range .Server.Components}}{{.Name}} {{.Version}} {{end}}'
	assert_match "$output" " ct [0-9]"
}

@test "docker: run ends as the process ends, or with 125, 126, 127 when it never ran" {
	run docker run --rm busybox sh -c 'echo out; echo err >&2'
	assert_success
	assert_output_has out
	assert_output_has err
	run docker run --rm busybox sh -c 'exit 1'
	assert_status 1
	run docker run --rm --memory 1k busybox true
	assert_status 125
	run docker run --rm busybox /etc
	assert_status 126
	assert_output_has 'exec: "/etc": permission denied'
	run -127 docker run --rm busybox nosuch
	assert_output_has 'exec: "nosuch": executable file not found in $PATH'
	run -127 docker run --rm busybox /no/such
	assert_output_has 'exec: "/no/such": no such file or directory'
	run docker run --rm -i busybox sh -c 'read -r x; echo "got $x"' <<<"from stdin"
	assert_output_has "got from stdin"
	assert_equal "$(docker ps -aq)" ""
}

@test "docker: what the runtime refuses is told in its words" {
	run docker run --rm --sysctl net.nosuch.key=1 busybox true
	assert_status 125
	assert_output_has "OCI runtime create failed"
	assert_output_has nosuch
	refute_output_has '"level"'
}

@test "docker: stop sends TERM and then KILL, kill any signal, inspect knows the end" {
	start_box "$C" busybox sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for 5 sh -c "/usr/bin/docker logs $C | grep ready"
	docker stop "$C"
	is "$C" '{{.State.Status}} {{.State.ExitCode}}' "exited 5"
	start_box "$C-init" --init busybox sleep 1000
	docker stop "$C-init"
	is "$C-init" '{{.State.ExitCode}}' 143
	start_box "$C-deaf" busybox sleep 1000
	docker stop --time 0 "$C-deaf"
	is "$C-deaf" '{{.State.ExitCode}}' 137
	docker start "$C-deaf"
	is "$C-deaf" '{{.State.Status}}' running
	docker kill "$C-deaf"
	wait_for 5 is "$C-deaf" '{{.State.Status}} {{.State.ExitCode}}' "exited 137"
	run docker kill "$C-deaf"
	assert_failure
	assert_output_has "is not running"
	start_box "$C-int" --init --stop-signal INT busybox sleep 1000
	docker stop "$C-int"
	is "$C-int" '{{.State.ExitCode}}' 130
}

@test "docker: logs are what was printed, in its order" {
	start_box "$C" busybox sh -c 'for i in $(seq 500); do echo "line $i"; done; echo last >&2'
	assert_equal "$(docker wait "$C")" 0
	assert_equal "$(docker logs "$C" 2>/dev/null)" "$(seq -f 'line %g' 500)"
	assert_equal "$(docker logs "$C" 2>&1 >/dev/null)" last
}

@test "docker: exec has its own user, folder, environment, streams and status" {
	start_box "$C" busybox sleep 1000
	run docker exec "$C" sh -c 'echo out; echo err >&2; exit 3'
	assert_status 3
	assert_output_has out
	assert_output_has err
	run docker exec -u 1000:5 -w /home -e A=b "$C" sh -c 'id -u; id -g; pwd; echo $A'
	assert_equal "${lines[*]}" "1000 5 /home b"
	run docker exec -i "$C" cat <<<"from stdin"
	assert_equal "$output" "from stdin"
	run docker exec "$C" cat /proc/self/cgroup
	assert_output_has "pids:/docker/$(inspect "$C" '{{.Id}}')"
	run docker exec "$C" sh -c 'kill -TERM $$'
	assert_status 143
	run docker exec "$C" nosuch
	assert_status 126 # as under runc; later versions of docker say 127
	assert_output_has 'exec: "nosuch": executable file not found in $PATH'
	run docker exec "$C" grep CapEff /proc/self/status
	assert_output_has 00000000a80425fb
	run docker exec --privileged "$C" grep CapEff /proc/self/status
	refute_output_has 00000000a80425fb
	docker exec -d "$C" sleep 1001
	wait_for 5 pgrep -xf "sleep 1001"
}

@test "docker: run and exec with a terminal" {
	run "$TOP/tests/lib/on-pty" size=33x101 'expect=33 101' 'send=\x03' 'send=echo a$((1+1))b; exit 7\n' \
		expect=a2b -- /usr/bin/docker run --rm -it busybox sh -c "tty; $SHOW_SIZES"
	assert_status 7
	assert_output_has /dev/pts/0
	start_box "$C" -t busybox sleep 1000
	run "$TOP/tests/lib/on-pty" size=30x90 expect=go 'send=echo a$((1+1))b; exit 4\n' expect=a2b -- \
		/usr/bin/docker exec -it "$C" sh -c 'tty; echo go; exec sh'
	assert_status 4
	assert_output_has /dev/pts/1
}

@test "docker: limits are in the cgroup, and update changes them" {
	start_box "$C" --memory 64m --pids-limit 20 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 \
		busybox sleep 1000
	holds "$(cgroup_file "$C" memory.limit_in_bytes)" 67108864
	holds "$(cgroup_file "$C" memory.memsw.limit_in_bytes)" 134217728
	holds "$(cgroup_file "$C" pids.max)" 20
	holds "$(cgroup_file "$C" cpu.cfs_quota_us)" 50000
	holds "$(cgroup_file "$C" cpu.shares)" 512
	holds "$(cgroup_file "$C" cpuset.cpus)" 0
	docker update --memory 128m --memory-swap 256m --pids-limit 50 --cpus 1 --cpuset-cpus 0-1 "$C"
	holds "$(cgroup_file "$C" memory.limit_in_bytes)" 134217728
	holds "$(cgroup_file "$C" memory.memsw.limit_in_bytes)" 268435456
	holds "$(cgroup_file "$C" pids.max)" 50
	holds "$(cgroup_file "$C" cpu.cfs_quota_us)" 100000
	holds "$(cgroup_file "$C" cpuset.cpus)" 0-1
	run docker update --memory 1k "$C"
	assert_failure
}

@test "docker: a process beyond --memory is killed, and inspect says why" {
	run docker run --name "$C" --memory 16m --memory-swap 16m busybox tail /dev/zero
	assert_status 137
	is "$C" '{{.State.OOMKilled}}' true
}

@test "docker: --pids-limit holds" {
	run docker run --rm --pids-limit 3 busybox sh -c 'sleep 5 & sleep 5 & sleep 5 & sleep 5'
	assert_output_has "can't fork"
}

@test "docker: stats, top, pause and unpause" {
	start_box "$C" busybox sleep 1000
	run docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' "$C"
	assert_match "$output" "^$C [1-9][0-9.]*[KM]iB / .* 1$"
	run docker top "$C"
	assert_output_has "$(box_pid "$C")"
	assert_output_has "sleep 1000"
	docker pause "$C"
	is "$C" '{{.State.Status}}' paused
	holds "$(cgroup_file "$C" freezer.state)" FROZEN
	run docker exec "$C" true
	assert_failure
	assert_output_has paused
	docker unpause "$C"
	is "$C" '{{.State.Status}}' running
	docker exec "$C" true
}

@test "docker: user, capabilities, seccomp, no-new-privileges, read-only and tmpfs" {
	run docker run --rm --user 1000:5 --group-add 7 busybox id
	assert_output_has "uid=1000(user) gid=5(tty) groups=5(tty),7"
	run docker run --rm --read-only --tmpfs /scratch:size=1m,mode=1777 --cap-drop ALL \
		--cap-add CHOWN --security-opt no-new-privileges busybox sh -c 'touch /x; touch /scratch/x
			ls /scratch; df -k /scratch; chown 1 /scratch/x; hostname x
			grep -E "Cap|NoNewPrivs|Seccomp:" /proc/self/status'
	assert_output_has "/x: Read-only file system"
	assert_match $'\n'"$output" $'\nx\n'
	assert_output_has " 1024 "
	assert_output_has "sethostname: Operation not permitted"
	refute_output_has "chown:"
	assert_match "$output" $'CapEff:\t0000000000000001'
	assert_match "$output" $'CapBnd:\t0000000000000001'
	assert_match "$output" $'NoNewPrivs:\t1'
	assert_match "$output" $'Seccomp:\t2'
	run docker run --rm busybox sh -c 'unshare -U true || mount -t tmpfs none /mnt'
	assert_failure
	run docker run --rm --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	assert_match "$output" $'Seccomp:\t0'
	run docker run --rm --privileged busybox sh -c 'mount -t tmpfs none /home && hostname x && ls /dev/kmsg'
	assert_success
}

@test "docker: volumes, read-only, named, and one that holds a mount" {
	mkdir -p "$TEST_DIR/folder/sub"
	echo hello >"$TEST_DIR/folder/file"
	mount -t tmpfs none "$TEST_DIR/folder/sub"
	touch "$TEST_DIR/folder/sub/deep"
	run docker run --rm -v "$TEST_DIR/folder:/rw" -v "$TEST_DIR/folder:/ro:ro" -v named:/named busybox sh -c \
		'cat /rw/file; ls /rw/sub; touch /rw/new; touch /ro/new2; touch /named/kept'
	umount "$TEST_DIR/folder/sub"
	assert_output_has hello
	assert_output_has deep
	assert_output_has "/ro/new2: Read-only file system"
	assert_exists "$TEST_DIR/folder/new"
	assert_equal "$(docker run --rm -v named:/named busybox ls /named)" kept
	docker volume rm named
}

@test "docker: hostname, environment, folder, sysctl, ulimit, shm, devices, oom score" {
	run docker run --rm --hostname box --domainname example.org --env A=b --workdir /made/here \
		--sysctl net.ipv4.ip_forward=0 --ulimit nofile=100:200 --shm-size 2m --device /dev/kmsg:/dev/f:r \
		--oom-score-adj 500 --init busybox sh -c 'hostname; cat /proc/sys/kernel/domainname; echo $A; pwd
			cat /proc/sys/net/ipv4/ip_forward; ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -1
			stat -c %t:%T /dev/f; cat /proc/self/oom_score_adj; tr "\0" " " </proc/1/cmdline'
	assert_success
	assert_output_has box
	assert_output_has example.org
	assert_output_has $'\nb\n/made/here\n0\n100\n200\n'
	assert_output_has " 2048 "
	assert_output_has 1:b
	assert_output_has $'\n500\n'
	assert_output_has docker-init
}

@test "docker: namespaces of another container and of the host" {
	local pid
	start_box "$C" --ipc shareable busybox sleep 1000
	pid=$(box_pid "$C")
	run docker run --rm --pid "container:$C" --network "container:$C" --ipc "container:$C" busybox sh -c \
		'for n in pid net ipc; do readlink /proc/self/ns/$n; done'
	assert_equal "$output" "$(for n in pid net ipc; do readlink "/proc/$pid/ns/$n"; done)"
	run docker run --rm --pid host --network host --uts host busybox sh -c \
		'for n in pid net uts; do readlink /proc/self/ns/$n; done'
	assert_equal "$output" "$(for n in pid net uts; do readlink "/proc/self/ns/$n"; done)"
	run docker run --rm --network none busybox ip -o link
	assert_equal "${#lines[@]}" 1
}

@test "docker: two containers on a network reach each other by address and by name" {
	local address
	docker network create net1 >/dev/null
	start_box web --network net1 busybox httpd -f -p 80 -h /etc
	address=$(inspect web '{{.NetworkSettings.Networks.net1.IPAddress}}')
	run docker run --rm --network net1 busybox sh -c \
		"wget -qO- http://$address/passwd; nslookup web; wget -qO- http://web/group"
	assert_success
	assert_output_has "root:x:0:0"
	assert_output_has "$address"
	assert_output_has "tty:x:5:"
	docker rm --force web
	docker network rm net1
}

@test "docker: a published port answers on the host" {
	start_box "$C" -p 127.0.0.1:8080:80 busybox httpd -f -p 80 -h /etc
	wait_for 5 curl -sf http://127.0.0.1:8080/passwd
	run curl -s http://127.0.0.1:8080/passwd
	assert_output_has "root:x:0:0"
}

@test "docker: restart policies bring the process back" {
	start_box "$C" --restart on-failure:2 busybox sh -c 'exit 4'
	wait_for 20 is "$C" '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' "exited 2 4"
	start_box "$C-always" --restart always busybox sleep 1000
	local pid
	pid=$(box_pid "$C-always")
	kill -KILL "$pid"
	wait_for 20 is "$C-always" '{{.State.Status}} {{.RestartCount}}' "running 1"
	refute_pid "$C-always" "$pid"
}

refute_pid() {
	[ "$(box_pid "$1")" != "$2" ] || fail "$1 still is process $2"
}

@test "docker: a health check is an exec that docker repeats" {
	start_box "$C" --health-cmd 'test -e /tmp/well' --health-interval 200ms --health-retries 1 busybox sh -c \
		'touch /tmp/well; sleep 1000'
	wait_for 10 is "$C" '{{.State.Health.Status}}' healthy
	docker exec "$C" rm /tmp/well
	wait_for 10 is "$C" '{{.State.Health.Status}}' unhealthy
}

dockerfile() {
	mkdir "$TEST_DIR/context"
	echo content >"$TEST_DIR/context/file"
	cat >"$TEST_DIR/context/Dockerfile" <<-'EOT'
		FROM busybox
		COPY file /file
		RUN cp /file /copy && ip -o link | wc -l >/links
		RUN echo second >>/copy
		USER user
		CMD cat /copy /links; id -un
	EOT
}

@test "docker: build runs its steps" {
	dockerfile
	DOCKER_BUILDKIT=0 docker build -t built "$TEST_DIR/context"
	run docker run --rm built
	assert_equal "${lines[*]}" "content second 2 user"
	printf 'FROM busybox\nRUN exit 9\n' >"$TEST_DIR/context/Dockerfile"
	DOCKER_BUILDKIT=0 run docker build "$TEST_DIR/context"
	assert_failure
	assert_output_has "returned a non-zero code: 9"
}

@test "docker: BuildKit runs its steps by the runc of its PATH" {
	dockerfile
	DOCKER_BUILDKIT=1 docker build -t built-too "$TEST_DIR/context"
	run docker run --rm built-too
	assert_equal "${lines[*]}" "content second 2 user"
	printf 'FROM busybox\nRUN exit 9\n' >"$TEST_DIR/context/Dockerfile"
	DOCKER_BUILDKIT=1 run docker build "$TEST_DIR/context"
	assert_failure
	assert_output_has "exit code: 9"
}

@test "docker: containers outlive a restart of dockerd, and are known again" {
	local pid
	start_box "$C" busybox sleep 1000
	pid=$(box_pid "$C")
	stop_dockerd
	kill -0 "$pid"
	start_dockerd
	is "$C" '{{.State.Status}} {{.State.Pid}}' "running $pid"
	run docker exec "$C" sh -c 'echo in; exit 3'
	assert_status 3
	docker kill "$C"
	wait_for 5 is "$C" '{{.State.ExitCode}}' 137
}

@test "docker: rm leaves no process, mount, cgroup or file" {
	# An empty file, which libnetwork removes a minute later.
	SNAPSHOT_IGNORE='file: /run/docker/netns/'
	snapshot_host
	start_box "$C" --memory 64m busybox sleep 1000
	docker exec "$C" true
	docker pause "$C"
	docker unpause "$C"
	docker rm --force "$C"
	wait_for 10 assert_same_host || assert_same_host
	assert_equal "$(ls "$RUNC_ROOT")" ""
}

@test "docker: the lines of README" {
	stop_dockerd
	echo '{}' >/etc/docker/daemon.json
	start_dockerd
	run docker run --rm --runtime ct busybox true
	assert_status 125
	sudo() { "$@"; }
	awk '/^### docker/ { on = 1; next } /^##/ { on = 0 } on && /^```/ { code = !code; next }
		on && code' "$TOP/README.md" >"$TEST_DIR/lines"
	assert_equal "$(wc -l <"$TEST_DIR/lines")" 3
	# The path is another; and dockerd reads its file some time after the signal.
	sed -i -e "s#/usr/local/bin/ct-runtime#$CT_RUNTIME_BIN#" \
		-e '/^sudo kill/a wait_for 10 sh -c "/usr/bin/docker info | grep -w ct"' "$TEST_DIR/lines"
	# shellcheck source=/dev/null
	run source "$TEST_DIR/lines"
	assert_success
	assert_equal "${lines[-1]}" hello
}
