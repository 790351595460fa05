#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No key of config.json is ignored: tests/lib/every-key.json has every one that version 1.3.0 of the
# runtime-spec knows for Linux, each with a good value, but for linux.netDevices. That a good value is
# applied is in the tests of its property.

# shellcheck disable=SC2016 # jq's variables

load ../lib/common

setup() {
	common_setup
	mkdir -p b/rootfs
}

teardown() {
	common_teardown
}

# documents VALUE: a line for every key and every element of a list: its place as an error names it
# ("linux.devices[0].type"), and the document with VALUE (jq's, of the good one) there instead.
documents() {
	jq -r '. as $all
		| def name: reduce .[] as $key (""; if $key | type == "number" then "\(.)[\($key)]"
			elif . == "" then $key else "\(.).\($key)" end);
		paths | . as $path | [name, ($all | setpath($path; getpath($path) | '"$1"') | tojson)] | @tsv' \
		"$TOP/tests/lib/every-key.json" | sed 's/\\\\/\\/g'
}

create() {
	printf '%s' "$1" >b/config.json
	run "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle b c
}

@test "every key: a value of another type is an error that names its place" {
	local place document n=0 wrong=()
	while IFS=$'\t' read -r place document; do
		create "$document"
		[[ $status -eq 1 && $output == *"config.json: $place: "* ]] || wrong+=("$place: $output")
		n=$((n + 1))
	done < <(documents 'if type == "string" then 7 else "absurd" end')
	[ ${#wrong[@]} -eq 0 ] || fail "${#wrong[@]} of $n, the first:" "${wrong[@]:0:5}"
	[ "$n" -gt 280 ] || fail "only $n places"
	assert_missing "$RUNTIME_ROOT/c"
}

@test "every key: null is as if the key were not there" {
	local place document wrong=()
	while IFS=$'\t' read -r place document; do
		# Not the elements of lists, nor what has a name of the user's own.
		[[ $place != *']' && $place != annotations.* && $place != linux.sysctl.* &&
			$place != linux.resources.unified.* && $place != linux.resources.rdma.* ]] || continue
		create "$document"
		[[ $output != *"config.json: $place: must be"* ]] || wrong+=("$place: $output")
	done < <(documents null)
	[ ${#wrong[@]} -eq 0 ] || fail "${#wrong[@]}, the first:" "${wrong[@]:0:5}"
}

@test "every key: networks are for hooks" {
	jq '.linux.netDevices = {eth0: {name: "eth1"}}' "$TOP/tests/lib/every-key.json" >b/config.json
	run "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle b c
	assert_failure
	assert_output_has 'config.json: linux.netDevices: '
}

@test "every key: one that nobody knows is passed over" {
	jq '.unheardOf = {a: 1} | .process.unheardOf = [1] | .linux.unheardOf = "x" | .linux.resources.unheardOf = 1
		| .root.path = "missing" | .linux.unheardOf = {}' "$TOP/tests/lib/config.json" >b/config.json
	run "$CT_RUNTIME_BIN" --root "$RUNTIME_ROOT" create --bundle b c
	assert_failure
	assert_output_has "root.path 'missing' does not exist"
}
