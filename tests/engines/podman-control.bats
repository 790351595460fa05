#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Podman: what is done to a container that runs, pods, and pods from Kubernetes' YAML.

# shellcheck disable=SC2016 # the container's shell expands what is in single quotes

load podman

setup_file() { podman_setup_file; }
teardown_file() { podman_teardown_file; }
setup() { podman_setup; }
teardown() { podman_teardown; }

# In a container that ticks: has it ticked once more within a second?
ticks() {
	local before
	before=$(stat -c %s "$TEST_DIR/v/ticks")
	wait_for 1 sh -c "[ \$(stat -c %s '$TEST_DIR/v/ticks') -gt $before ]" 2>/dev/null
}

@test "podman: pause stops all processes, unpause lets them go on" {
	mkdir "$TEST_DIR/v"
	start_box -v "$TEST_DIR/v:/v" -- sh -c 'while :; do echo >>/v/ticks; sleep 0.02; done'
	wait_for 10 test -s "$TEST_DIR/v/ticks"
	ticks
	pm pause "$C" >/dev/null
	assert_equal "$(inspected .State.Status)" paused
	run ticks
	assert_failure
	run pm exec "$C" true
	assert_status 255
	assert_output_has "container state improper"
	run pm pause "$C"
	assert_status 125
	pm unpause "$C" >/dev/null
	ticks
}

@test "podman: a paused container is removed by force" {
	start_box
	pm pause "$C" >/dev/null
	pm rm --force --time 0 "$C" >/dev/null
	assert_equal "$(pm ps -aq)" ""
}

@test "podman: update changes limits, and says why it cannot" {
	start_box
	pm update --memory 20m --cpus 0.3 --cpu-shares 300 "$C" >/dev/null
	run pm exec "$C" sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares'
	assert_equal "$output" $'20971520\n30000\n300'
	run pm update --memory 4k "$C"
	assert_status 125
	assert_output_has busy
	assert_equal "$(inspected .State.Status)" running
}

@test "podman: stats of a running container" {
	start_box --pids-limit 50 -- sh -c 'sleep 1000 & wait'
	wait_for 10 sh -c "podman top $C args | grep -q 'sleep 1000'"
	run pm stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$C"
	assert_success
	assert_match "$output" '^2 [1-9][0-9.]*.B / '
}

@test "podman: a health check runs inside; its verdict is the last one's" {
	# Without systemd nobody runs it by the clock.
	start_box --health-cmd 'test -e /ok' --health-interval disable
	run pm healthcheck run "$C"
	assert_status 1
	pm exec "$C" touch /ok
	pm healthcheck run "$C"
	assert_equal "$(inspected .State.Health.Status)" healthy
}

@test "podman: --restart starts it again" {
	start_box --restart on-failure:2 -- sh -c 'echo run; exit 3'
	wait_for 20 sh -c "[ \"\$(podman logs $C | wc -l)\" = 3 ]"
	assert_equal "$(pm wait "$C")" 3
	assert_equal "$(inspected .RestartCount)" 2
}

@test "podman: init reaps, and hands signals on" {
	start_box --init -- sh -c 'trap "exit 8" TERM; (sleep 0.05 &); echo ready; while :; do sleep 0.1; done'
	wait_for 10 logged ready
	wait_for 10 sh -c "! podman top $C state args | grep -qE 'Z|0[.]05$'"
	pm stop "$C" >/dev/null
	assert_equal "$(inspected .State.ExitCode)" 8
}

@test "podman: what it cannot checkpoint it says" {
	start_box
	run pm container checkpoint "$C"
	assert_status 125
	assert_equal "$(inspected .State.Status)" running
}

@test "podman: --sdnotify container: what the process notifies comes out" {
	mkdir v
	cp "$PROBES/notify-send" v/
	"$PROBES/notify-recv" "$TEST_DIR/host.sock" >told 3>&- &
	TEST_PIDS+=($!)
	wait_for 10 test -S host.sock
	NOTIFY_SOCKET=$TEST_DIR/host.sock pm run -d --name "$C" --network none --sdnotify container -v "$PWD/v:/v" box \
		sh -c '/v/notify-send READY=1; exec sleep 1000' >/dev/null
	wait_for 10 grep -q READY=1 told
	assert_equal "$(inspected .State.Status)" running
}

# ---- pods ----

@test "podman: containers of a pod share net, ipc, uts and pid, and each has its own mounts" {
	pm pod create --name pod --share net,ipc,uts,pid --hostname inpod >/dev/null
	pm run -d --pod pod --name first box sh -c 'busybox httpd -f -p 127.0.0.1:80 -h /etc' >/dev/null
	wait_for 10 podman exec first wget -q -O /dev/null http://127.0.0.1/passwd
	run pm run --rm --pod pod box sh -c 'wget -qO- 127.0.0.1/passwd | head -n 1; hostname; pidof busybox httpd; readlink /proc/self/ns/mnt'
	assert_success
	assert_output_has root:x:0:0
	assert_output_has inpod
	refute_output_has "$(pm exec first readlink /proc/self/ns/mnt)"
	assert_match "$(pm pod top pod args)" "busybox httpd"
	assert_match "$(pm pod stats --no-stream pod)" first
}

# all_are STATE: the containers of the pod.
all_are() {
	[ "$(podman pod inspect pod | jq -r '[.Containers[].State] | unique | join(" ")')" = "$1" ]
}

@test "podman: a pod is paused, unpaused, killed, started, restarted and stopped as one" {
	pm pod create --name pod >/dev/null
	pm run -d --pod pod --name first --stop-timeout 0 box sleep 1000 >/dev/null
	pm run -d --pod pod --name second --init box sleep 1000 >/dev/null
	local verb state
	while read -r verb state; do
		# shellcheck disable=SC2086 # words
		pm pod ${verb//_/ } pod >/dev/null 2>&1 || fail "$verb"
		wait_for 10 all_are "$state" || fail "$verb: not all $state" "$(pm pod inspect pod)"
	done <<-'ROWS'
		pause paused
		unpause running
		kill exited
		start running
		restart running
		stop_--time=0 exited
	ROWS
}

@test "podman: generate kube, and play kube of it" {
	pm pod create --name pod >/dev/null
	pm run -d --pod pod --name first -e A=b --cap-add NET_ADMIN --memory 64m box sh -c 'echo "said $A"; exec sleep 1000' >/dev/null
	pm generate kube -f "$TEST_DIR/pod.yaml" pod
	pm pod rm --force --time 0 pod >/dev/null
	pm play kube "$TEST_DIR/pod.yaml" >/dev/null
	wait_for 10 sh -c 'podman logs pod-first | grep -q "said b"'
	assert_match "$(pm exec pod-first grep CapEff /proc/self/status)" '[13579bdf][0-9a-f]{3}$' # NET_ADMIN is bit 12
	pm play kube --down "$TEST_DIR/pod.yaml" >/dev/null
	assert_equal "$(pm ps -aq)" ""
}
