# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion of ct-runtime. The words come from the program itself (ct-runtime __complete), ids
# from its list.

_ct_runtime() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word i
	local program=${COMP_WORDS[0]} root=() ids=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--root) root=(--root "${COMP_WORDS[i + 1]}") ;;
		create | start | run | state | kill | delete | list | restart | spec | features | exec | \
			ps | pause | resume | update | events | checkpoint | restore)
			[ -n "$command" ] || command=$word
			;;
		esac
	done
	COMPREPLY=()
	case $prev in
	--root | --bundle | -b | --image-path | --work-path | --parent-path)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--log | --pid-file | --config | --process | --console-socket | --pidfd-socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--log-format)
		mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur")
		return
		;;
	--log-level)
		mapfile -t COMPREPLY < <(compgen -W "error warning info debug" -- "$cur")
		return
		;;
	--cgroup-manager)
		mapfile -t COMPREPLY < <(compgen -W "cgroupfs systemd disabled" -- "$cur")
		return
		;;
	--manage-cgroups-mode)
		mapfile -t COMPREPLY < <(compgen -W "soft full strict ignore" -- "$cur")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "table json" -- "$cur")
		return
		;;
	esac
	if [ "$prev" = --rootless ] && [ "$command" != spec ]; then
		mapfile -t COMPREPLY < <(compgen -W "true false auto" -- "$cur")
		return
	fi
	case $command in
	start | state | kill | delete | restart | exec | ps | pause | resume | update | events | checkpoint)
		ids=$("$program" "${root[@]}" list --quiet 2>/dev/null)
		;;
	esac
	word=$("$program" __complete ${command:+"$command"} 2>/dev/null | cut -f1)
	mapfile -t COMPREPLY < <(compgen -W "$word $ids" -- "$cur")
}

complete -F _ct_runtime ct-runtime
