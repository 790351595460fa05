#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the programs say of themselves, and what man pages, completions and the README say of them.

load ../lib/common

setup() {
	common_setup
	PATH=$BUILD:$PATH
}

teardown() {
	common_teardown
}

folder_of() {
	case $1 in
	ct-runtime) echo "$TOP/runtime" ;;
	ct-netns) echo "$TOP/netns-hook" ;;
	bridge-setup) echo "$TOP/bridge-setup" ;;
	esac
}

commands_of() {
	"$1" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

# options_in TEXT: every --option in it, once.
options_in() {
	grep -oE -- '--[a-z][a-z0-9-]*' <<<"$1" | sort -u
}

# options_of PROGRAM [COMMAND]: of one command, or of all.
options_of() {
	local program=$1 command text
	if [ $# -gt 1 ]; then
		text=$("$program" "$2" --help | grep '^ ')
	else
		text=$("$program" --help | grep '^ ')
		for command in $(commands_of "$program"); do
			text+=$'\n'$("$program" "$command" --help | grep '^ ')
		done
		text+=' --version --help'
	fi
	options_in "$text"
}

# Without troff's marks, and without lines that show rules of iptables or commands of firewalld.
man_text() {
	sed -E 's/\\-/-/g; s/\\f.//g; /conntrack|firewall-cmd|--comment|\\\(dq|-j [A-Z]/d' "$(folder_of "$1")/$1.8"
}

# missing WORDS HAYSTACK: those that are no whole word of it.
missing() {
	local word
	for word in $1; do
		grep -qE -- "(^|[^a-z-])$word([^a-z-]|$)" <<<"$2" || echo "$word"
	done
}

man_agrees_with_help() {
	local man unknown
	man=$(man_text "$1")
	assert_equal "$(missing "$(commands_of "$1")" "$man")" "" "commands that $1.8 does not name"
	assert_equal "$(missing "$(options_of "$1")" "$man")" "" "options that $1.8 does not name"
	unknown=$(comm -23 <(options_in "$man") <(options_of "$1"))
	assert_equal "$unknown" "" "options of $1.8 that $1 does not have"
}

# complete WORD...: what the shell would offer in the place of the last one.
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"_${1//-/_}"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

completion_agrees_with_help() {
	local command
	# shellcheck source=/dev/null
	source "$(folder_of "$1")/completion.bash"
	assert_equal "$(missing "$(commands_of "$1")" "$(complete_words "$1" "")")" "" \
		"commands that are not offered"
	for command in $(commands_of "$1"); do
		assert_equal "$(complete_words "$1" "$command" --)" "$(options_of "$1" "$command")" \
			"options offered for $1 $command"
	done
}

@test "ct-runtime: the man page names every command and option, and no other" {
	man_agrees_with_help ct-runtime
}

@test "ct-netns: the man page names every command and option, and no other" {
	man_agrees_with_help ct-netns
}

@test "bridge-setup: the man page names every command and option, and no other" {
	man_agrees_with_help bridge-setup
}

@test "ct-runtime: completion offers every command and the options of each" {
	completion_agrees_with_help ct-runtime
}

@test "ct-netns: completion offers every command and the options of each" {
	completion_agrees_with_help ct-netns
}

@test "bridge-setup: completion offers every command and the options of each" {
	completion_agrees_with_help bridge-setup
}

@test "ct-runtime: completion offers the ids of --root's containers" {
	# shellcheck source=/dev/null
	source "$TOP/runtime/completion.bash"
	make_bundle "$TEST_DIR/b"
	ct-runtime --root "$RUNTIME_ROOT" create --bundle "$TEST_DIR/b" first </dev/null >/dev/null 3>&-
	assert_equal "$(complete_words ct-runtime --root "$RUNTIME_ROOT" start f)" first
}

@test "all three: --version says the version of the Makefile" {
	local version program
	version=$(sed -n 's/^VERSION *:= *//p' "$TOP/Makefile")
	for program in ct-runtime ct-netns bridge-setup; do
		run "$program" --version
		assert_success
		assert_output_has " $version"
	done
}

@test "README: every command line of our programs is one that they know" {
	local line program rest word
	while read -r line; do
		program=${line%% *}
		rest=${line#"$program"}
		for word in $rest; do
			case $word in
			--*) assert_equal "$(missing "${word%%=*}" "$(options_of "$program")")" "" "$line" ;;
			[a-z]*)
				assert_equal "$(missing "$word" "$(commands_of "$program")")" "" "$line"
				break
				;;
			esac
		done
	done < <(awk '/^```/ { on = !on } on' "$TOP/README.md" |
		sed -nE 's/^ *(\$ )?(sudo )?((ct-runtime|ct-netns|bridge-setup)( .*)?)$/\3/p')
}

@test "README: every file and folder of this tree that it names is there" {
	local name
	# shellcheck disable=SC2016 # backticks of markdown
	while read -r name; do
		assert_exists "$TOP/$name"
	done < <(grep -oE '`(runtime|netns-hook|bridge-setup|common|tests|scripts)/[a-z0-9./_-]*`' "$TOP/README.md" |
		tr -d '`')
}

@test "demo: every step does what it says, and the host is not touched" {
	snapshot_host
	run "$TOP/scripts/demo"
	assert_success
	assert_output_has "all 10 steps did what they say"
	assert_same_host
}

@test "demo: fails when a step does not do what it says" {
	mkdir "$TEST_DIR/bin"
	cp "$BUILD"/{ct-runtime,bridge-setup} "$TEST_DIR/bin"
	printf '#!/bin/sh\n' | make_script "$TEST_DIR/bin/ct-netns"
	CT_BUILD=$(realpath --relative-to="$TOP" "$TEST_DIR/bin") run "$TOP/scripts/demo"
	assert_failure
	assert_output_has FAILED
}
