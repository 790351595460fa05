# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for ct-netns: the words come from the program's own tables.
_ct_netns() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command="" word i
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		hook | dns | add | del | create | rm | ls | inspect | check | repair | gc | explain | completion | version)
			command=$word
			;;
		esac
	done
	COMPREPLY=()
	case $prev in
	--state-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--ipfile | --log)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W "bridge routed" -- "$cur")
		return
		;;
	--log-format)
		mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur")
		return
		;;
	--netns)
		mapfile -t COMPREPLY < <(compgen -f -- "${cur:-/run/netns/}")
		return
		;;
	--network | -n)
		word=$(cd /etc/ct-netns 2>/dev/null && printf '%s ' *.json)
		mapfile -t COMPREPLY < <(compgen -W "default ${word//.json/}" -- "$cur")
		return
		;;
	--bridge | --ip | --mtu | --vlan | --firewalld-zone | --iface | --static-ip | --publish | --mac | --alias | --dns | --pid | --sysctl) return ;;
	--device)
		word=$(cd /sys/class/net && printf '%s ' *)
		mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
		return
		;;
	esac
	case $command:$cur in
	*:-*) ;;
	completion:*)
		mapfile -t COMPREPLY < <(compgen -W bash -- "$cur")
		return
		;;
	del:* | inspect:* | check:* | repair:*)
		word=$(cd /run/ct-netns/containers 2>/dev/null && printf '%s ' *)
		mapfile -t COMPREPLY < <(compgen -W "${word//\*/}" -- "$cur")
		return
		;;
	esac
	word=$(ct-netns __complete ${command:+"$command"} 2>/dev/null | cut -f1)
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}
complete -F _ct_netns ct-netns
