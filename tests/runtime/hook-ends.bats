#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hooks whose runtime is killed, and hooks that never end: no process of theirs outlives the
# container, or a network hook half-way could go on adding after it was told to take all away.

# shellcheck disable=SC2016 # the hook's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	set_args "$B" /bin/sleep 1000
	mkfifo "$B/log/ready" "$B/rootfs/log/ready"
	chmod 666 "$B/log/ready" "$B/rootfs/log/ready"
}
teardown() { life_teardown; }

# A hook with descendants that left its session and its tree, one of them an orphan.
hang_in() {
	[ "$1" = poststop ] || sh_hook poststop 'echo ran >>$B/log/poststop'
	sh_hook "$1" 'setsid sleep 1041.5 & sh -c "setsid sleep 1041.5 & exit"; echo >$B/log/ready; exec sleep 1041.5'
}

# background COMMAND...: the runtime itself, no shell around it; its pid in PID.
background() {
	"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" "$@" >"$TEST_DIR/log" 2>&1 3>&- 4>&- </dev/null &
	PID=$!
}

# hung KIND: until the operation that runs the hook is in it.
hung() {
	hang_in "$1"
	case $1 in
	poststart | startContainer) create && background start "$C" ;;
	poststop) create && background delete "$C" ;;
	*) background create --bundle "$B" "$C" ;;
	esac
	read -r -t 10 <"$(hook_log "$1" ready)" || fail "the hook does not run" "$(cat "$TEST_DIR/log")"
	pgrep -f 'sleep 1041.5' >/dev/null || fail "no process of the hook"
}

assert_no_hook_lives() {
	run pgrep -af 'sleep 1041.5'
	assert_equal "$output" "" "processes of the hook $1"
}

kill_runtime_in() {
	hung "$1"
	kill -KILL "$PID"
	wait "$PID" || true
	[ "$1" != poststop ] || edit_state_free_of_hooks
	delete
	assert_no_hook_lives "$1"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left"
}

# The next delete would hang in the same hook.
edit_state_free_of_hooks() {
	jq -c 'del(.hooks)' "$RUNTIME_ROOT/$C/config.json" >"$TEST_DIR/config"
	cat "$TEST_DIR/config" >"$RUNTIME_ROOT/$C/config.json"
}

@test "killed runtime: a prestart hook and its descendants die with it" {
	kill_runtime_in prestart
}

@test "killed runtime: a createRuntime hook and its descendants die with it" {
	kill_runtime_in createRuntime
}

@test "killed runtime: a createContainer hook and its descendants die with it" {
	kill_runtime_in createContainer
}

@test "killed runtime: a startContainer hook and its descendants die with it" {
	kill_runtime_in startContainer
}

@test "killed runtime: a poststart hook and its descendants die with it" {
	kill_runtime_in poststart
}

@test "killed runtime: a poststop hook and its descendants die with it" {
	[ "$(runtime_name)" = ct ] || skip "the state is ours"
	kill_runtime_in poststop
}

@test "killed runtime: without a pid namespace of the container's own hooks in it die too" {
	local kind
	edit_config "$B" 'del(.linux.namespaces[] | select(.type == "pid"))'
	cp "$B/config.json" "$B/plain.json"
	for kind in createContainer startContainer; do
		cp "$B/plain.json" "$B/config.json"
		kill_runtime_in "$kind"
	done
}

@test "killed init: hooks in the container die with it, and the operation fails" {
	local kind rc ns
	cp "$B/config.json" "$B/plain.json"
	for ns in pid none; do
		edit_config "$B" 'del(.linux.namespaces[] | select(.type == $ns))' --arg ns "$ns"
		for kind in createContainer startContainer; do
			cp "$B/plain.json" "$B/config.json"
			hung "$kind"
			kill -KILL "$(jq .pid "$RUNTIME_ROOT/$C/state.json")"
			rc=0
			wait "$PID" || rc=$?
			assert_equal "$rc" 1 "exit status, $kind"
			assert_no_hook_lives "$kind"
			[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $kind"
		done
	done
}

@test "killed init: a hook of create ends, and create fails" {
	hung createRuntime
	kill -KILL "$(jq .pid "$RUNTIME_ROOT/$C/state.json")"
	local rc=0
	wait "$PID" || rc=$?
	assert_equal "$rc" 1 "exit status"
	assert_no_hook_lives createRuntime
	assert_exists "$B/log/poststop"
}

# delete_hung KIND: delete --force ends it soon, its operation fails by itself, poststop has run once.
delete_hung() {
	local rc=0
	hung "$1"
	run timeout 5 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force "$C"
	assert_success
	assert_no_hook_lives "$1"
	wait "$PID" || rc=$?
	assert_equal "$rc" 1 "exit status of the other, $1"
	assert_equal "$(cat "$B/log/poststop")" ran "poststop, $1"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left after $1"
}

@test "hanging hook: delete --force ends a create in prestart" {
	delete_hung prestart
}

@test "hanging hook: delete --force ends a create in createRuntime" {
	delete_hung createRuntime
	grep -q "createRuntime hook #0" "$TEST_DIR/log" || fail "$(cat "$TEST_DIR/log")"
}

@test "hanging hook: delete --force ends a create in createContainer" {
	delete_hung createContainer
}

@test "hanging hook: delete --force ends a start in startContainer" {
	delete_hung startContainer
}

@test "hanging hook: delete --force ends a start in poststart, and no further hook runs" {
	sh_hook poststart 'exit 0'
	hang_in poststart
	sh_hook poststart 'touch $B/log/further'
	edit_config "$B" '.hooks.poststop = []'
	create
	background start "$C"
	read -r -t 10 <"$B/log/ready"
	run timeout 5 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force "$C"
	assert_success
	assert_no_hook_lives poststart
	assert_missing "$B/log/further"
	local rc=0
	wait "$PID" || rc=$?
	assert_equal "$rc" 1
	grep -q "poststart hook #1.*removed" "$TEST_DIR/log" || fail "$(cat "$TEST_DIR/log")"
}

@test "hanging hook: delete --force ends a restart in poststart" {
	[ "$(runtime_name)" = ct ] || skip "restart is ours"
	create
	start
	kill_and_wait
	hang_in poststart
	cat "$B/config.json" >"$RUNTIME_ROOT/$C/config.json"
	background restart "$C"
	read -r -t 10 <"$B/log/ready"
	run timeout 5 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force "$C"
	assert_success
	assert_no_hook_lives poststart
	wait "$PID" && fail "restart has succeeded"
	[ -z "$(ls -A "$RUNTIME_ROOT")" ] || fail "state is left"
}

@test "hanging hook: state says creating, and kill is refused" {
	hung createRuntime
	assert_equal "$(container_status "$C")" creating
	run runtime kill "$C" KILL
	assert_failure
	edit_config "$B" 'del(.hooks)'
	delete
	wait "$PID" || true
}

@test "hanging hook: two deletes at once run poststop once" {
	sh_hook poststop 'echo ran >>$B/log/poststop; read -t 1 line <$B/log/ready'
	create
	background delete --force "$C"
	wait_for 5 test -e "$B/log/poststop"
	echo >"$B/log/ready" &
	run timeout 5 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" delete --force "$C"
	assert_success
	wait "$PID"
	assert_equal "$(cat "$B/log/poststop")" ran
}

@test "timeout: a daemon of an earlier hook and children that the runtime came with live on" {
	sh_hook createRuntime 'setsid sleep 1042.5 >/dev/null 2>&1 & echo $! >$B/log/daemon'
	sh_hook createRuntime 'exec sleep 1041.5'
	edit_config "$B" '.hooks.createRuntime[1].timeout = 1'
	# The shell's child is the runtime's after exec.
	run bash -c 'sleep 1043.5 3>&- >/dev/null 2>&1 & echo $! >"$1"; exec "${@:2}"' - "$B/log/own" \
		"$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" "$C"
	assert_failure
	assert_no_hook_lives createRuntime
	kill "$(cat "$B/log/daemon")" || fail "the daemon is gone"
	kill "$(cat "$B/log/own")" || fail "the runtime's own child is gone"
}
