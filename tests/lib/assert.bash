# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Assertions. Those without a subject look at $status and $output of bats' run.

# fail TEXT...: say why and fail.
fail() {
	printf '%s\n' "$@" >&2
	return 1
}

show_run() {
	printf 'status: %s\noutput:\n%s\n' "${status:-}" "${output:-}"
	[ -z "${stderr:-}" ] || printf 'stderr:\n%s\n' "$stderr"
}

assert_status() {
	[ "${status:?}" -eq "$1" ] || fail "expected exit status $1" "$(show_run)"
}

assert_success() {
	assert_status 0
}

# A refusal. Statuses of a program that is not there, of signals and of a sanitizer's report (99) are
# none.
assert_failure() {
	if [ "${status:?}" -eq 0 ] || [ "$status" -ge 126 ] || [ "$status" -eq 99 ]; then
		fail "expected a failure" "$(show_run)"
	fi
}

assert_output_has() {
	[[ ${output-} == *"$1"* || ${stderr-} == *"$1"* ]] || fail "expected in the output: $1" "$(show_run)"
}

refute_output_has() {
	[[ ${output-} != *"$1"* && ${stderr-} != *"$1"* ]] || fail "not expected in the output: $1" "$(show_run)"
}

# assert_equal ACTUAL EXPECTED [WHAT]
assert_equal() {
	[ "$1" = "$2" ] || fail "${3:-value}: expected '$2'" "${3:-value}: got      '$1'"
}

# assert_match TEXT ERE [WHAT]
assert_match() {
	[[ $1 =~ $2 ]] || fail "${3:-value}: expected to match '$2'" "${3:-value}: got '$1'"
}

assert_exists() {
	[ -e "$1" ] || [ -L "$1" ] || fail "should exist: $1"
}

assert_missing() {
	if [ -e "$1" ] || [ -L "$1" ]; then
		fail "should not exist: $1"
	fi
}
