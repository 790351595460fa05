#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ct-runtime fails or is killed at every step of create, start, restart and delete; delete --force
# then brings the host back to what it was.

load ../lib/common

STEPS_CREATE="create.reserve create.state create.unpin create.rdt create.poststop create.idmaps create.cgroup create.process create.enter create.resources create.maps
	create.rdt-enter create.time create.oom create.limits create.pins create.proceed create.hooks create.ready create.pid-file create.commit"
STEPS_INIT="init.cgroup init.namespaces init.keyring init.names init.lo init.rootfs init.mounts init.devices init.cwd
	init.runtime-hooks init.createContainer init.procfs init.pivot init.sysctl init.terminal init.seal init.program"
STEPS_START="start.exec start.poststart init.cwd-enter init.startContainer init.scheduling init.labels
	init.identity init.exec init.execve"
STEPS_RESTART="restart.cgroup restart.process restart.enter restart.rdt-enter restart.oom restart.limits restart.proceed restart.ready restart.commit init.proc"

# A kill at each of 400 system calls takes its time on a busy machine.
setup_file() { export BATS_TEST_TIMEOUT=240; }

setup() {
	[ -x "$FAULT_BIN/ct-runtime" ] || skip "make fault has not been run"
	common_setup
	CT_RUNTIME_BIN=$FAULT_BIN/ct-runtime
	mkdir -m 700 "$RUNTIME_ROOT"
	make_bundle "$TEST_DIR/bundle"
	set_args "$TEST_DIR/bundle" sleep 1000
	edit_config "$TEST_DIR/bundle" '.linux.cgroupsPath = "/outer/c" | .linux.resources = {pids: {limit: 50},
		memory: {limit: 100000000}, devices: [{allow: false, access: "rwm"}]}
		| .linux.namespaces += [{type: "cgroup"}]'
	make_script "$TEST_DIR/poststop" <<-EOF
		#!/bin/sh
		echo ran >>"$TEST_DIR/poststop.log"
	EOF
	add_hook "$TEST_DIR/bundle" createRuntime /bin/true
	add_hook "$TEST_DIR/bundle" createContainer /bin/true
	add_hook "$TEST_DIR/bundle" startContainer /bin/true
	add_hook "$TEST_DIR/bundle" poststart /bin/true
	add_hook "$TEST_DIR/bundle" poststop "$TEST_DIR/poststop"
	touch "$TEST_DIR/poststop.log" "$TEST_DIR/pid"
	snapshot_host before
	MOUNTS=$(wc -l </proc/self/mountinfo)
}

teardown() {
	CT_RUNTIME_BIN=$BUILD/ct-runtime
	common_teardown
}

# faulty WHERE COMMAND...: quiet, and away from the test's own descriptors.
faulty() {
	local where=$1
	shift
	CT_FAULT=$where runtime "$@" >"$TEST_DIR/log" 2>&1 3>&- </dev/null
}

# A killed runtime's init sees that on its socket and goes by itself; what is left, delete takes.
assert_clean_after_delete() {
	runtime delete --force c || fail "delete --force after $1" "$(cat "$TEST_DIR/log")"
	# Orphans are reaped by whoever is pid 1 here, when it gets to it.
	wait_for 5 sh -c "! pgrep -f 'ct-runtime.*(create|start|restart|run) ' >/dev/null && ! pgrep -r Z . >/dev/null"
	: >"$TEST_DIR/poststop.log"
	: >"$TEST_DIR/pid"
	rm -f "$TEST_DIR/log"
	assert_same_host before || fail "not as before after $1"
}

# The same, N of many: the whole host is compared at every 20th. Meanwhile nothing may be left that the next
# one's delete could take along.
assert_gone_after_delete() {
	local n=$1 what=$2
	if [ $((n % 20)) -eq 0 ]; then
		assert_clean_after_delete "$what"
		return
	fi
	runtime delete --force c || fail "delete --force after $what" "$(cat "$TEST_DIR/log")"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $what"
	[ "$(wc -l </proc/self/mountinfo)" = "$MOUNTS" ] || fail "mounts, $what" "$(cat /proc/self/mountinfo)" "$(cat "$TEST_DIR/log")"
	run ! compgen -G '/sys/fs/cgroup/*/outer'
}

make_container() {
	runtime create --bundle "$TEST_DIR/bundle" c >/dev/null 2>&1 3>&- </dev/null
}

@test "faults: create fails at any of its steps and has undone itself" {
	local step
	for step in $STEPS_CREATE $STEPS_INIT; do
		! faulty "$step:fail" create --bundle "$TEST_DIR/bundle" --pid-file "$TEST_DIR/pid" c ||
			fail "create succeeded with a failure at $step"
		grep -q "failure injected at '$step'" "$TEST_DIR/log" ||
			fail "no word of $step: $(cat "$TEST_DIR/log")"
		[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $step"
		assert_clean_after_delete "$step:fail"
	done
}

@test "faults: create is killed before or after any of its steps" {
	local step
	for step in $STEPS_CREATE $STEPS_INIT; do
		faulty "$step:kill" create --bundle "$TEST_DIR/bundle" c || true
		assert_clean_after_delete "$step:kill"
		faulty "$step.done:kill" create --bundle "$TEST_DIR/bundle" c || true
		assert_clean_after_delete "$step.done:kill"
	done
}

@test "faults: start fails at any of its steps: the container is gone and poststop has run" {
	local step
	for step in $STEPS_START; do
		CT_FAULT=$step:fail make_container # init has its environment from create
		! faulty "$step:fail" start c || fail "start succeeded with a failure at $step"
		grep -q "failure injected at '$step'" "$TEST_DIR/log" ||
			fail "no word of $step: $(cat "$TEST_DIR/log")"
		assert_equal "$(cat "$TEST_DIR/poststop.log")" ran "poststop after $step"
		[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $step"
		assert_clean_after_delete "$step:fail"
	done
}

@test "faults: start or init is killed at any step of start" {
	local step
	for step in $STEPS_START; do
		CT_FAULT=$step:kill make_container
		faulty "$step:kill" start c || true
		assert_clean_after_delete "$step:kill"
	done
}

@test "faults: init that is killed before execve was not started, however late" {
	local step
	for step in init.exec init.execve; do
		for _ in {1..10}; do
			CT_FAULT=$step:kill make_container
			! runtime start c >"$TEST_DIR/log" 2>&1 || fail "started after $step"
			[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $step"
			! faulty "$step:kill" run --bundle "$TEST_DIR/bundle" c || fail "run after $step"
			grep -q "died" "$TEST_DIR/log" || fail "$step: $(cat "$TEST_DIR/log")"
			assert_equal "$(cat "$TEST_DIR/poststop.log")" "$(printf 'ran\nran')" "$step"
			: >"$TEST_DIR/poststop.log"
		done
	done
	assert_clean_after_delete "$step"
}

@test "faults: delete is killed at any step of its way, and done again" {
	local step
	for step in create.commit create.process create.cgroup create.poststop create.unpin create.reserve; do
		make_container
		faulty "$step.undo:kill" delete --force c || true
		assert_clean_after_delete "$step.undo:kill"
	done
}

@test "faults: restart fails or is killed at any step; the container can be restarted again" {
	local step how
	for step in $STEPS_RESTART; do
		for how in fail kill; do
			make_container
			runtime start c
			runtime kill c KILL
			wait_for 5 sh -c "'$CT_RUNTIME_BIN' --root '$RUNTIME_ROOT' state c | grep -q stopped"
			faulty "$step:$how" restart c || true
			wait_for 5 sh -c "'$CT_RUNTIME_BIN' --root '$RUNTIME_ROOT' state c | grep -q -e stopped -e created"
			if [ "$(container_status c)" = stopped ]; then
				runtime restart c >/dev/null 2>&1 3>&- </dev/null ||
					fail "restart after $step:$how"
				assert_equal "$(container_status c)" running
			fi
			assert_clean_after_delete "restart $step:$how"
		done
	done
}

@test "faults: create is killed at each of its system calls" {
	command -v strace >/dev/null || skip "strace is not installed"
	local total n step=1
	strace -o "$TEST_DIR/trace" -f -c true 2>/dev/null || skip "strace cannot trace here"
	rm -f "$TEST_DIR/trace"
	# The runtime's own calls, once it runs from its protected copy.
	strace -o "$TEST_DIR/trace" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create \
		--bundle "$TEST_DIR/bundle" c >/dev/null 2>&1 3>&- </dev/null
	total=$(wc -l <"$TEST_DIR/trace")
	rm "$TEST_DIR/trace"
	assert_clean_after_delete "a traced create"
	# A sanitized program makes thousands more of its own.
	[ "$total" -lt 1500 ] || step=$((total / 150))
	for n in $(seq 1 "$step" "$total"); do
		strace -o /dev/null -e inject=all:signal=KILL:when="$n" "$CT_RUNTIME_BIN" \
			--root "$RUNTIME_ROOT" create --bundle "$TEST_DIR/bundle" c \
			>"$TEST_DIR/log" 2>&1 3>&- </dev/null || true
		assert_gone_after_delete "$n" "a kill at system call $n of $total"
	done
	assert_clean_after_delete "a kill at each of $total system calls"
}

@test "faults: delete is killed at each of its system calls, and done again" {
	local total n step=1
	make_container
	strace -o "$TEST_DIR/trace" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force c
	total=$(wc -l <"$TEST_DIR/trace")
	rm "$TEST_DIR/trace"
	[ "$total" -lt 1500 ] || step=$((total / 150))
	for n in $(seq 1 "$step" "$total"); do
		make_container
		strace -o /dev/null -e inject=all:signal=KILL:when="$n" "$CT_RUNTIME_BIN" \
			--root "$RUNTIME_ROOT" delete --force c >"$TEST_DIR/log" 2>&1 3>&- </dev/null || true
		assert_gone_after_delete "$n" "a kill at system call $n of $total"
	done
	assert_clean_after_delete "a kill at each of $total system calls"
}

@test "faults: init is killed at each of its system calls during create" {
	local total n step=1
	"$PROBES/kill-init" 0 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create \
		--bundle "$TEST_DIR/bundle" c >"$TEST_DIR/log" 2>&1 3>&- </dev/null
	total=$(<"$TEST_DIR/log")
	[ "$total" -gt 50 ] || fail "init made $total system calls"
	assert_equal "$(container_status c)" created
	assert_clean_after_delete "a traced init"
	# A sanitized program makes thousands more of its own.
	[ "$total" -lt 1500 ] || step=$((total / 150))
	for n in $(seq 1 "$step" "$total"); do
		# A moment after its last word it may be killed, too: then the container is stopped.
		"$PROBES/kill-init" "$n" "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create \
			--bundle "$TEST_DIR/bundle" c >"$TEST_DIR/log" 2>&1 3>&- </dev/null
		assert_gone_after_delete "$n" "a kill at system call $n of $total"
	done
	assert_clean_after_delete "a kill at each of $total system calls of init"
}
