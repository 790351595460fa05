#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hooks and programs that fail: the operation fails, the container is gone, poststop has run.

# shellcheck disable=SC2016 # the hook's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	sh_hook poststop 'touch $B/log/poststop'
	set_args "$B" /bin/sleep 1000
}
teardown() { life_teardown; }

assert_undone() {
	assert_exists "$B/log/poststop"
	rt state "$C"
	assert_failure
	assert_equal "$(left_mounts; left_processes)" ""
	[ ! -d "$RUNTIME_ROOT/$C" ] || fail "the container's folder is still there"
}

failing_create() {
	sh_hook "$1" 'exit 0'
	sh_hook "$1" 'echo the reason >&2; exit 7'
	rt create --bundle "$B" "$C"
	assert_failure
}

failing_start() {
	sh_hook "$1" 'exit 0'
	sh_hook "$1" 'echo the reason >&2; exit 7'
	create
	rt start "$C"
	assert_failure
}

# assert_named KIND
assert_named() {
	assert_output_has "$1 hook #1"
	assert_output_has busybox
	assert_output_has "exit status 7"
	assert_output_has "the reason"
}

@test "failures: prestart: create fails, all is undone" {
	failing_create prestart
	assert_undone
}

@test "failures: createRuntime: create fails, all is undone" {
	failing_create createRuntime
	assert_undone
}

@test "failures: createContainer: create fails, all is undone" {
	failing_create createContainer
	assert_undone
}

@test "failures: startContainer: start fails, all is undone" {
	failing_start startContainer
	assert_undone
}

@test "failures: poststart: start fails, all is undone" {
	failing_start poststart
	assert_undone
}

@test "failures: run fails with any of the hooks" {
	local kind
	cp "$B/config.json" "$B/good.json"
	for kind in prestart createRuntime createContainer startContainer poststart; do
		cp "$B/good.json" "$B/config.json"
		rm -f "$B/log/poststop"
		sh_hook "$kind" 'exit 1'
		rt run --bundle "$B" "$C"
		assert_failure
		assert_undone
	done
}

@test "failures: the error of a create hook names kind, index, path, status and stderr" {
	our_text
	failing_create createRuntime
	assert_named createRuntime
	assert_output_has "runtime namespace"
}

@test "failures: the error of a container's hook names kind, index, path, status and stderr" {
	our_text
	failing_start startContainer
	assert_named startContainer
	assert_output_has "container namespace"
}

@test "failures: the error of a poststart hook names kind, index, path, status and stderr" {
	our_text
	failing_start poststart
	assert_named poststart
}

@test "failures: a hook that dies of a signal is one" {
	sh_hook createRuntime 'kill -SEGV $$'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_undone
}

@test "failures: a hook that is not there is one, by its path" {
	add_hook "$B" createRuntime /no/such/hook
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has /no/such/hook
	assert_undone
}

@test "failures: a hook that may not be executed is one" {
	echo >"$B/hook"
	add_hook "$B" createContainer "$B/hook"
	rt create --bundle "$B" "$C"
	assert_failure
	assert_undone
}

@test "failures: later hooks of the kind do not run" {
	sh_hook createRuntime 'exit 1'
	sh_hook createRuntime 'touch $B/log/second'
	sh_hook createContainer 'touch $B/log/third'
	rt create --bundle "$B" "$C"
	assert_failure
	assert_missing "$B/log/second"
	assert_missing "$B/log/third"
}

@test "failures: the process does not run when a startContainer hook fails" {
	set_args "$B" /bin/touch /log/process
	sh_hook startContainer 'exit 1'
	create
	rt start "$C"
	assert_failure
	assert_missing "$B/rootfs/log/process"
}

@test "failures: the id can be used again" {
	failing_start startContainer
	edit_config "$B" 'del(.hooks.startContainer)'
	create
	start
	delete
}

@test "failures: a poststop hook that fails warns, the next ones and delete go on" {
	edit_config "$B" '.hooks.poststop = []'
	sh_hook poststop 'echo sorry >&2; exit 3'
	sh_hook poststop 'touch $B/log/poststop'
	create
	delete
	assert_output_has "sorry"
	assert_undone
}

@test "failures: a poststop hook that is not there does not keep delete from its work" {
	edit_config "$B" '.hooks.poststop |= [{path: "/no/such/hook"}] + .'
	create
	start
	delete
	assert_undone
}

# ---- time limits ----

# Ends within a second of the time limit of one second, or it hangs on what the hook left behind.
timed() {
	local begin=${EPOCHREALTIME/./} took
	rt "$@"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	if [ "$took" -lt 1000 ] || [ "$took" -ge 2000 ]; then
		fail "took $took ms"
	fi
}

no_sleepers() {
	! pgrep -f "sleep $1" >/dev/null
}

@test "failures: a hook beyond its timeout is killed and the operation fails" {
	sh_hook createRuntime 'exec sleep 8.11'
	edit_config "$B" '.hooks.createRuntime[0].timeout = 1'
	timed create --bundle "$B" "$C"
	assert_failure
	no_sleepers 8.11
	assert_undone
}

@test "failures: the error says that time was up" {
	our_text
	sh_hook createRuntime 'exec sleep 8.12'
	edit_config "$B" '.hooks.createRuntime[0].timeout = 1'
	rt create --bundle "$B" "$C"
	assert_output_has "timed out after 1 s"
}

@test "failures: a timeout takes descendants along that left the session and keep stdout open" {
	sh_hook createRuntime 'setsid sleep 8.13 & sh -c "setsid setsid sleep 8.13 & exit" & wait; exec sleep 8.13'
	edit_config "$B" '.hooks.createRuntime[0].timeout = 1'
	timed create --bundle "$B" "$C"
	assert_failure
	no_sleepers 8.13
	assert_undone
}

@test "failures: the same in the container, before pivot_root" {
	sh_hook createContainer 'setsid sleep 8.14 & sh -c "setsid sleep 8.14 & exit" & exec sleep 8.14'
	edit_config "$B" '.hooks.createContainer[0].timeout = 1'
	timed create --bundle "$B" "$C"
	assert_failure
	no_sleepers 8.14
	assert_undone
}

@test "failures: the same for startContainer" {
	sh_hook startContainer 'setsid sleep 8.15 & sh -c "setsid sleep 8.15 & exit" & exec sleep 8.15'
	edit_config "$B" '.hooks.startContainer[0].timeout = 1'
	create
	timed start "$C"
	assert_failure
	no_sleepers 8.15
	assert_undone
}

@test "failures: the same for poststart, which spares the container until then" {
	sh_hook poststart 'setsid sleep 8.16 & exec sleep 8.16'
	edit_config "$B" '.hooks.poststart[0].timeout = 1'
	create
	timed start "$C"
	assert_failure
	no_sleepers 8.16
	assert_undone
}

@test "failures: the same for poststop, and delete succeeds" {
	edit_config "$B" '.hooks.poststop = []'
	sh_hook poststop 'setsid sleep 8.17 & exec sleep 8.17'
	sh_hook poststop 'touch $B/log/poststop'
	edit_config "$B" '.hooks.poststop[0].timeout = 1'
	create
	timed delete "$C"
	assert_success
	no_sleepers 8.17
	assert_undone
}

@test "failures: a hook that leaves a process behind does not hold the runtime up" {
	sh_hook createRuntime 'setsid sleep 8.18 & exit 0'
	timeout 5 "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle "$B" "$C" >/dev/null 2>&1 3>&-
	pkill -f "sleep 8.18"
	delete
}

# ---- execve ----

fails_to_start() {
	create
	rt start "$C"
	assert_failure
	assert_undone
}

@test "failures: start: a program that is not there" {
	set_args "$B" /no/such/program
	rt run --bundle "$B" "$C"
	assert_failure
	assert_output_has /no/such/program
	assert_undone
}

# create_says ARGS TEXT: with process.args of that JSON create fails, with this text.
create_says() {
	edit_config "$B" ".process.args = $1"
	rt create --bundle "$B" "$C"
	assert_failure
	assert_output_has "$2"
	assert_undone
}

@test "failures: create says that there is no such program, and that it is none" {
	our_text
	create_says '["nosuch"]' 'exec: "nosuch": executable file not found in $PATH'
	create_says '["/bin/nosuch"]' 'exec: "/bin/nosuch": no such file or directory'
	create_says '["/bin/sh/nosuch"]' 'exec: "/bin/sh/nosuch": Not a directory'
	create_says '["/etc"]' 'exec: "/etc": permission denied'
	create_says '["/etc/passwd"]' 'exec: "/etc/passwd": permission denied'
	create_says '[""]' 'exec: "": executable file not found in $PATH'
	cp "$B/rootfs/etc/passwd" "$B/rootfs/bin/plain"
	create_says '["plain"]' 'exec: "plain": permission denied'
	edit_config "$B" '.process.env = ["PATH=/bin", "PATH=/nosuch"]'
	create_says '["sh"]' 'exec: "sh": executable file not found in $PATH'
}

@test "failures: start, not create, says so when a hook may still bring it, or when it is relative" {
	our_text
	edit_config "$B" '.process.env += ["PATH=bin:/nosuch"] | .process.args = ["nosuch"]'
	fails_to_start
	set_args "$B" ./nosuch
	fails_to_start
	edit_config "$B" '.process.env = ["PATH=/bin"]'
	set_args "$B" /bin/program
	sh_hook startContainer 'cp /bin/busybox /bin/program; echo "#!/bin/true" >/bin/program'
	rt run --bundle "$B" "$C"
	assert_success
}

@test "failures: start: a bad ELF file" {
	{ printf '\177ELF'; head -c 100 /dev/zero; } >"$B/rootfs/bin/bad"
	chmod 755 "$B/rootfs/bin/bad"
	set_args "$B" /bin/bad
	fails_to_start
}

@test "failures: start: a script whose interpreter is missing" {
	make_script "$B/rootfs/bin/bad" <<<'#!/no/such/interpreter'
	set_args "$B" /bin/bad
	fails_to_start
}

@test "failures: start: a file that became unexecutable after create" {
	cp "$B/rootfs/bin/busybox" "$B/rootfs/bin/program"
	set_args "$B" /bin/program
	create
	chmod 644 "$B/rootfs/bin/program"
	rt start "$C"
	assert_failure
	assert_undone
}

@test "failures: start: a program that vanished after create" {
	cp "$B/rootfs/bin/busybox" "$B/rootfs/bin/program"
	set_args "$B" /bin/program
	create
	rm "$B/rootfs/bin/program"
	rt start "$C"
	assert_failure
	assert_undone
}

@test "failures: start says which program and why" {
	our_text
	make_script "$B/rootfs/bin/bad" <<<'#!/no/such/interpreter'
	set_args "$B" /bin/bad
	create
	rt start "$C"
	assert_output_has '"/bin/bad": no such file or directory'
}
