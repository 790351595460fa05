#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every option of a mount that config.md names, read back in the container.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir "$B/source"
}
teardown() {
	! mountpoint -q "$B/source" || umount -R "$B/source"
	life_teardown
}

# add_mount DESTINATION TYPE SOURCE OPTION...
add_mount() {
	local destination=$1 type=$2 source=$3
	shift 3
	edit_config "$B" '.mounts += [{destination: $d, type: $t, source: $s, options: ($o | split(" "))}]' \
		--arg d "$destination" --arg t "$type" --arg s "$source" --arg o "$*"
}

# line DESTINATION: of mountinfo in $output, from the mount's options on.
line() {
	awk -v d="$1" '$5 == d { $1 = $2 = $3 = $4 = $5 = ""; print substr($0, 6) }' <<<"$output" | tail -n 1
}

# One container with a mount per row of stdin, "OPTIONS|what mountinfo must match"; all at once.
check_table() {
	local type=$1 source=$2 n=0 options expect rows=()
	while IFS='|' read -r options expect; do
		# shellcheck disable=SC2086 # one word an option
		add_mount "/m$n" "$type" "$source" $options
		rows+=("$options|$expect")
		n=$((n + 1))
	done
	in_container 'cat /proc/self/mountinfo'
	assert_success
	for n in "${!rows[@]}"; do
		assert_match "$(line "/m$n")" "${rows[n]#*|}" "${rows[n]%%|*}"
	done
}

@test "options: of a fresh file system" {
	check_table tmpfs tmpfs <<-'END'
		defaults|^rw,relatime - tmpfs
		ro|^ro,relatime - tmpfs tmpfs ro
		ro rw|^rw,relatime -
		rw|^rw,relatime -
		nosuid|^rw,nosuid,relatime -
		nosuid suid|^rw,relatime -
		suid nosuid|^rw,nosuid,relatime -
		nodev|^rw,nodev,relatime -
		nodev dev|^rw,relatime -
		noexec|^rw,noexec,relatime -
		noexec exec|^rw,relatime -
		noatime|^rw,noatime -
		noatime atime|^rw,relatime -
		nodiratime|^rw,nodiratime,relatime -
		nodiratime diratime|^rw,relatime -
		relatime|^rw,relatime -
		norelatime|^rw,relatime -
		strictatime|^rw -
		strictatime nostrictatime|^rw,relatime -
		nosymfollow|^rw,relatime,nosymfollow -
		nosymfollow symfollow|^rw,relatime -
		sync|- tmpfs tmpfs rw,sync
		sync async|- tmpfs tmpfs rw$
		dirsync|- tmpfs tmpfs rw,dirsync
		lazytime|- tmpfs tmpfs rw,lazytime
		lazytime nolazytime|- tmpfs tmpfs rw$
		silent loud|^rw,relatime -
		nomand|^rw,relatime -
		rro rnosuid rnodev rnoexec|^ro,nosuid,nodev,noexec,relatime -
		shared|^rw,relatime shared:[0-9]+ -
		private|^rw,relatime -
		rprivate|^rw,relatime -
		unbindable|^rw,relatime unbindable -
		runbindable|^rw,relatime unbindable -
		slave|^rw,relatime -
		size=64k mode=0710 nr_inodes=77 uid=3 gid=4|size=64k,nr_inodes=77,mode=710,uid=3,gid=4
	END
}

@test "options: iversion and noiversion reach the file system" {
	# tmpfs says no word of it; the flag is the kernel's business alone.
	add_mount /a tmpfs tmpfs iversion
	add_mount /b tmpfs tmpfs iversion noiversion
	in_container 'touch /a/x /b/x'
	assert_success
}

@test "options: of a bind and, with r before it, of all the tree" {
	local n options upper lower rows=() i=0
	mount -t tmpfs -o noatime ct-test "$B/source"
	mkdir "$B/source/below"
	mount -t tmpfs -o nosuid,nodev,noexec,noatime,nodiratime,nosymfollow ct-test "$B/source/below"
	while read -r options upper lower; do
		add_mount "/m$i" none source rbind "${options//+/ }"
		rows+=("$options $upper $lower")
		i=$((i + 1))
	done <<-'END'
		rw         rw,noatime                rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		ro         ro,noatime                rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rro        ro,noatime                ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rro+rw     rw,noatime                ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rro+rrw    rw,noatime                rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rnosuid    rw,nosuid,noatime         rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rsuid      rw,noatime                rw,nodev,noexec,noatime,nodiratime,nosymfollow
		rnodev     rw,nodev,noatime          rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rdev       rw,noatime                rw,nosuid,noexec,noatime,nodiratime,nosymfollow
		rnoexec    rw,noexec,noatime         rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rexec      rw,noatime                rw,nosuid,nodev,noatime,nodiratime,nosymfollow
		rnodiratime rw,noatime,nodiratime    rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rdiratime  rw,noatime                rw,nosuid,nodev,noexec,noatime,nosymfollow
		rnosymfollow rw,noatime,nosymfollow  rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		rsymfollow rw,noatime                rw,nosuid,nodev,noexec,noatime,nodiratime
		rrelatime  rw,relatime               rw,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
		rnorelatime rw,relatime              rw,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
		ratime     rw,relatime               rw,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
		rstrictatime rw                      rw,nosuid,nodev,noexec,nodiratime,nosymfollow
		rstrictatime+rnostrictatime rw,relatime rw,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
		rnoatime   rw,noatime                rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		relatime   rw,relatime               rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
		nosuid+nodev+noexec+nodiratime+nosymfollow rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	END
	in_container 'cat /proc/self/mountinfo'
	assert_success
	for n in "${!rows[@]}"; do
		read -r options upper lower <<<"${rows[n]}"
		assert_match "$(line "/m$n")" "^$upper (master|- )" "$options"
		assert_match "$(line "/m$n/below")" "^$lower (master|- )" "$options below"
	done
}

@test "options: what the table of the program has is what the runtime says it has" {
	local name
	[ "$(runtime_name)" = ct ] || skip "features of ours"
	for name in async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime \
		noexec noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate \
		rshared rslave runbindable rw shared silent slave strictatime suid sync unbindable nosymfollow symfollow \
		ratime rdev rdiratime rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow \
		rrelatime rro rrw rstrictatime rsuid rsymfollow idmap ridmap nomand tmpcopyup; do
		runtime features | jq -e --arg n "$name" '.mountOptions | index($n) != null' >/dev/null ||
			fail "features has no $name"
	done
	runtime features | jq -e '.mountOptions | index("mand") == null' >/dev/null
}

@test "options: proc, sysfs, mqueue, devpts, overlay and tmpfs take theirs" {
	mkdir "$B/lower" "$B/upper" "$B/work"
	echo lower >"$B/lower/file"
	add_mount /p proc proc hidepid=invisible subset=pid nosuid
	add_mount /s sysfs sysfs ro nosuid noexec
	add_mount /dev/mqueue mqueue mqueue nosuid noexec nodev
	add_mount /pts devpts devpts newinstance ptmxmode=0600 mode=0640 gid=7 max=3
	add_mount /o overlay overlay "lowerdir=$B/lower" "upperdir=$B/upper" "workdir=$B/work"
	add_mount /t tmpfs tmpfs size=1m huge=never
	in_container 'cat /proc/self/mountinfo; ls -d /p/sys 2>&1; echo changed >/o/file; stat -c "%a" /pts/ptmx /dev/mqueue'
	assert_success
	assert_match "$(line /p)" 'rw,nosuid,relatime - proc proc rw,hidepid=invisible,subset=pid'
	assert_match "$(line /s)" 'ro,nosuid,noexec,relatime - sysfs'
	assert_match "$(line /dev/mqueue)" 'nosuid,nodev,noexec,relatime - mqueue mqueue'
	assert_match "$(line /pts)" 'devpts devpts rw,gid=7,mode=640,ptmxmode=600,max=3'
	assert_match "$(line /o)" 'overlay overlay rw,lowerdir='
	assert_match "$(line /t)" 'size=1024k'
	assert_output_has $'600\n1777'
	assert_output_has "No such file"
	assert_equal "$(cat "$B/upper/file" "$B/lower/file")" $'changed\nlower'
}

@test "options: data that is longer than a page is refused, not cut" {
	add_mount /t tmpfs tmpfs "$(printf 'x%.0s' {1..4100})"
	in_container true
	assert_failure
	assert_output_has "config.json: mounts[4]: "
	assert_output_has "the kernel takes 4095"
}

@test "options: wrong types are refused by their place" {
	local filter text
	cp "$B/config.json" "$B/good.json"
	while IFS='#' read -r filter text; do
		cp "$B/good.json" "$B/config.json"
		edit_config "$B" '.mounts += [{destination: "/t", type: "tmpfs", source: "tmpfs", options: ["ro"]}]'
		edit_config "$B" "$filter"
		in_container true
		assert_failure
		assert_output_has "config.json: $text"
	done <<-'END'
		.mounts = {}#mounts: must be an array
		.mounts[4] = "tmpfs"#mounts[4]: must be an object
		del(.mounts[4].destination)#mounts[4].destination: is required
		.mounts[4].destination = ""#mounts[4].destination: must not be empty
		.mounts[4].destination = 1#mounts[4].destination: must be a string
		.mounts[4].type = ["tmpfs"]#mounts[4].type: must be a string
		del(.mounts[4].type)#mounts[4].type: is required
		.mounts[4].type = "bind"#mounts[4].type: 'bind' makes no bind mount
		.mounts[4].source = 1 #mounts[4].source: must be a string
		del(.mounts[4].source) | .mounts[4].options = ["bind"]#mounts[4].source: is required
		.mounts[4].options = "ro"#mounts[4].options: must be an array
		.mounts[4].options = [true]#mounts[4].options[0]: must be a string
		.mounts[4].options = ["mand"]#mounts[4]: option 'mand' is not applied
	END
}

@test "options: mountLabel without SELinux is refused" {
	! mountpoint -q /sys/fs/selinux || fail "this test is for a host without SELinux"
	edit_config "$B" '.linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
	in_container true
	assert_failure
	assert_output_has "config.json: linux.mountLabel: SELinux is not enabled on this host"
}

@test "options: tmpcopyup in a user namespace copies what that may see" {
	mkdir "$B/rootfs/data"
	touch "$B/rootfs/data/program"
	use_userns
	python3 - "$B/rootfs/data/program" <<-'END'
		import os, struct, sys
		os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
		os.setxattr(sys.argv[1], "trusted.mark", b"1")
		os.setxattr(sys.argv[1], "user.note", b"x")
	END
	add_mount /data tmpfs tmpfs tmpcopyup
	set_args "$B" /bin/sleep 1000
	create
	run python3 -c 'import os, sys; print(sorted(os.listxattr(sys.argv[1])))' "/proc/$(container_pid "$C")/root/data/program"
	assert_equal "$output" "['security.capability', 'user.note']"
	delete
}

@test "options: tmpcopyup brings extended attributes and capabilities along" {
	mkdir -p "$B/rootfs/data/folder"
	touch "$B/rootfs/data/program"
	chown 5:6 "$B/rootfs/data/program"
	# cap_net_raw=ep, as linux/capability.h has it on disk
	python3 - "$B/rootfs/data" <<-'END'
		import os, struct, sys
		program, folder = sys.argv[1] + "/program", sys.argv[1] + "/folder"
		os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
		os.setxattr(program, "trusted.mark", b"1")
		os.setxattr(program, "user.note", b"a b")
		os.setxattr(folder, "user.note", b"")
	END
	add_mount /data tmpfs tmpfs tmpcopyup
	set_args "$B" /bin/sleep 1000
	create
	run python3 - "/proc/$(container_pid "$C")/root/data" <<-'END'
		import os, sys
		program, folder = sys.argv[1] + "/program", sys.argv[1] + "/folder"
		print(sorted(os.listxattr(program)), os.listxattr(folder))
		print(os.getxattr(program, "security.capability")[4:8], os.getxattr(program, "trusted.mark"),
			os.getxattr(program, "user.note"), os.getxattr(folder, "user.note"))
	END
	assert_output_has "['security.capability', 'trusted.mark', 'user.note'] ['user.note']"
	assert_output_has "b'\x00 \x00\x00' b'1' b'a b' b''"
	delete
}
