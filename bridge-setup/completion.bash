# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion of bridge-setup. The words come from the program itself (bridge-setup __complete).

_bridge_setup() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word name
	local names=()

	case $prev in
	--network)
		for name in "${CT_NETNS_CONFIG_DIR:-/etc/ct-netns}"/*.json; do
			[ -e "$name" ] || continue
			name=${name##*/}
			names+=("${name%.json}")
		done
		mapfile -t COMPREPLY < <(compgen -W "default ${names[*]}" -- "$cur")
		return
		;;
	--bridge)
		mapfile -t COMPREPLY < <(compgen -W "$(printf '%s ' /sys/class/net/*/bridge |
			sed 's,/sys/class/net/,,g; s,/bridge,,g')" -- "$cur")
		return
		;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W "bridge routed" -- "$cur")
		return
		;;
	--state-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	esac
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		up | down | status | doctor)
			command=$word
			break
			;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W \
		"$("${COMP_WORDS[0]}" __complete ${command:+"$command"} 2>/dev/null | cut -f1)" -- "$cur")
}

complete -F _bridge_setup bridge-setup
