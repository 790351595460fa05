# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where a test failed, at a tenth of the price. Before each command of a test, bats writes down the whole
# stack, frame by frame: longer than a fork takes, and most of the time of a test on an emulated processor.
# Here it is kept in one piece, and taken apart when something failed; what is shown is the same.
# These take the place of functions of bats 1.8.2 (tracing.bash): tests/lib/common.bash asks for it.

# The last command's place and the one before, as bash has them; [0] is the function that notes.
TRACE_NOTE='' TRACE_BEFORE=''

bats_debug_trap() {
	case $1 in "$BATS_ROOT"/lib/* | "$BATS_ROOT"/libexec/* | */lib/trace.bash) return 0 ;; esac
	[ -z "${BATS_INTERRUPTED-}${BATS_TIMED_OUT-}" ] || return 0
	TRACE_BEFORE=$TRACE_NOTE
	TRACE_NOTE="lines=(${BASH_LINENO[*]}) names=(${FUNCNAME[*]:1}) files=(${BASH_SOURCE[*]@Q})"
}

# The error trap may have been noted as a command of its own: the one before it is meant then.
bats_error_trap() {
	bats_check_status_from_trap
	if [ -z "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ] &&
		[[ $TRACE_NOTE == "lines=(${BASH_LINENO[*]}) names=(${FUNCNAME[*]:1}) files=(${BASH_SOURCE[*]@Q})" ]]; then
		TRACE_NOTE=$TRACE_BEFORE
	fi
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

# bats_get_failure_stack_trace VARIABLE: frames, "LINE FUNCTION FILE", innermost first.
bats_get_failure_stack_trace() {
	local -n frames=$1
	local note=$TRACE_BEFORE lines=() names=() files=() i
	[ -z "${BATS_DEBUG_LAST_STACK_TRACE_IS_VALID:-}" ] || note=$TRACE_NOTE
	frames=()
	eval "$note"
	for ((i = 0; i < ${#names[@]}; i++)); do
		frames+=("${lines[i]} ${names[i]} ${files[i + 1]:-$BATS_TEST_SOURCE}")
		case ${names[i]} in
		"${BATS_TEST_NAME-}" | setup | teardown | setup_file | teardown_file | setup_suite | teardown_suite)
			break
			;;
		source)
			[[ ${files[i + 2]-} != *bats-exec-file ]] || break
			;;
		esac
	done
}
