# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A real firewalld on a system bus of the test's own: both see the sandbox's network, /run and /etc.

# start_bus, stop_bus: in setup_file and teardown_file. firewalld's log is nobody's.
start_bus() {
	mount -t tmpfs ct-test /var/log
	mkdir -p /run/dbus
	cat >/run/dbus/test.conf <<-'XML'
	<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
	  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig>
	  <type>system</type>
	  <listen>unix:path=/run/dbus/system_bus_socket</listen>
	  <auth>EXTERNAL</auth>
	  <policy context="default">
	    <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
	  </policy>
	</busconfig>
	XML
	dbus-daemon --config-file=/run/dbus/test.conf --nofork --nopidfile >/dev/null 2>&1 3>&- &
	echo $! >/run/dbus/pid
	wait_for 10 test -S /run/dbus/system_bus_socket
}

stop_bus() {
	kill "$(cat /run/dbus/pid)"
}

# ask_firewalld METHOD ARG...: of the zones in force, by its own name for it.
ask_firewalld() {
	dbus-send --system --print-reply=literal --dest=org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 \
		"org.fedoraproject.FirewallD1.zone.$1" "${@:2}"
}

# start_firewalld [nftables|iptables]: returns when it answers.
FIREWALLD_PID=
start_firewalld() {
	sed -i "s/^FirewallBackend=.*/FirewallBackend=${1:-nftables}/" /etc/firewalld/firewalld.conf
	firewalld --nofork --nopid >/dev/null 2>&1 3>&- &
	FIREWALLD_PID=$!
	wait_for 20 ask_firewalld getZoneOfInterface string:lo
}

# stop_firewalld [SIGNAL]: it takes its rules along, unless it is killed.
stop_firewalld() {
	[ -n "$FIREWALLD_PID" ] || return 0
	kill "-${1:-TERM}" "$FIREWALLD_PID"
	wait "$FIREWALLD_PID" 2>/dev/null || true
	FIREWALLD_PID=
}

# zone_of INTERFACE: "" when it is in none.
zone_of() {
	ask_firewalld getZoneOfInterface "string:$1" | tr -d ' '
}

# move_to_zone ZONE INTERFACE, as an administrator does.
move_to_zone() {
	ask_firewalld changeZoneOfInterface "string:$1" "string:$2" >/dev/null
}

reload_firewalld() {
	dbus-send --system --print-reply=literal --dest=org.fedoraproject.FirewallD1 \
		/org/fedoraproject/FirewallD1 org.fedoraproject.FirewallD1.reload
}
