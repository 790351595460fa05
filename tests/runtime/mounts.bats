#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# config.json's mounts, as seen in the container.

# shellcheck disable=SC2016 # the container's shell and jq expand what is in single quotes

load ../lib/common
load life

setup() {
	life_setup
	mkdir "$B/source" "$B/canary"
	echo from-source >"$B/source/file"
}

teardown() { life_teardown; }

# add_mount DESTINATION TYPE SOURCE [OPTION...]; "" leaves type or source out.
add_mount() {
	local destination=$1 type=$2 source=$3
	shift 3
	edit_config "$B" '.mounts += [{destination: $d}
		+ if $t == "" then {} else {type: $t} end
		+ if $s == "" then {} else {source: $s} end
		+ {options: ($o | split(" "))}]' \
		--arg d "$destination" --arg t "$type" --arg s "$source" --arg o "$*"
}

add_bind() {
	local destination=$1 source=$2
	shift 2
	add_mount "$destination" none "$source" "$@"
}

# What the container's process may do with mounts.
grant() {
	edit_config "$B" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_DAC_OVERRIDE"])'
}

# mount_options DESTINATION: options, propagation, then type and the file system's own options.
mount_options() {
	in_container "grep ' $1 ' /proc/self/mountinfo"
	assert_success
}

@test "mounts: options of a file system take effect" {
	add_mount /t tmpfs tmpfs nosuid nodev noexec ro noatime nodiratime
	mount_options /t
	assert_output_has " ro,nosuid,nodev,noexec,noatime,nodiratime "
}

@test "mounts: nosymfollow keeps links from being followed" {
	ln -s file "$B/source/link"
	add_bind /t source bind nosymfollow
	in_container 'cat /t/file && ! cat /t/link'
	assert_success
	assert_output_has from-source
}

@test "mounts: strictatime and relatime are told apart" {
	add_mount /a tmpfs tmpfs strictatime
	add_mount /b tmpfs tmpfs relatime
	in_container "grep -E ' /(a|b) ' /proc/self/mountinfo"
	assert_success
	assert_output_has " /a rw - "
	assert_output_has " /b rw,relatime - "
}

@test "mounts: of options that contradict the last wins" {
	add_mount /t tmpfs tmpfs ro nosuid suid noexec rw
	mount_options /t
	assert_output_has " rw,noexec,relatime "
}

@test "mounts: what the file system understands itself reaches it" {
	add_mount /t tmpfs tmpfs mode=0710 size=64k nr_inodes=77
	mount_options /t
	assert_output_has "size=64k,nr_inodes=77,mode=710"
}

@test "mounts: sync and dirsync reach the file system" {
	add_mount /t tmpfs tmpfs sync dirsync
	mount_options /t
	assert_output_has "rw,sync,dirsync"
}

@test "mounts: a tmpfs without a mode takes that of the folder it covers" {
	mkdir -m 0750 "$B/rootfs/there"
	add_mount /there tmpfs tmpfs nosuid
	add_mount /new tmpfs tmpfs nosuid
	add_mount /tmp tmpfs tmpfs mode=0700
	in_container 'stat -c %a /there /new /tmp'
	assert_success
	assert_equal "$output" $'750\n1777\n700'
}

@test "mounts: tmpcopyup starts with a copy of what is covered" {
	mkdir -p "$B/rootfs/data/folder"
	echo content >"$B/rootfs/data/folder/file"
	chmod 4751 "$B/rootfs/data/folder/file"
	chown 5:6 "$B/rootfs/data/folder"
	chmod 1775 "$B/rootfs/data/folder"
	touch -d @1000000000 "$B/rootfs/data/folder/file" "$B/rootfs/data/folder"
	ln -s "$B/canary" "$B/rootfs/data/link"
	mkfifo "$B/rootfs/data/pipe"
	add_mount /data tmpfs tmpfs tmpcopyup ro
	in_container 'cat /data/folder/file; readlink /data/link; ! touch /data/x
		cd /data && stat -c "%n %F %a %u:%g %Y" folder/file; stat -c "%n %a %u:%g %Y" folder; stat -c "%n %F" pipe'
	assert_success
	assert_output_has content
	assert_output_has "$B/canary"
	assert_output_has "Read-only file system"
	assert_output_has "folder/file regular file 4751 0:0 1000000000"
	assert_output_has "folder 1775 5:6 1000000000"
	assert_output_has "pipe fifo"
}

@test "mounts: tmpcopyup that does not fit is an error" {
	mkdir "$B/rootfs/data"
	head -c 100000 /dev/zero >"$B/rootfs/data/file"
	add_mount /data tmpfs tmpfs tmpcopyup size=16k
	in_container true
	assert_failure
	assert_output_has "mounts[4]"
	assert_output_has "No space left"
}

@test "mounts: overlay takes a list of folders that is longer than 255 bytes" {
	local lower="" i
	for i in $(seq 12); do
		mkdir "$B/source/a-layer-with-quite-a-long-name-$i"
		echo "$i" >"$B/source/a-layer-with-quite-a-long-name-$i/f$i"
		lower+=${lower:+:}$B/source/a-layer-with-quite-a-long-name-$i
	done
	[ ${#lower} -gt 255 ]
	add_mount /t overlay overlay "lowerdir=$lower"
	in_container 'cat /t/f1 /t/f12'
	assert_success
	assert_equal "$output" $'1\n12'
}

@test "mounts: a bind shows the source, which starts at the bundle when it is relative" {
	add_bind /relative source bind
	add_bind /absolute "$B/source" bind
	in_container 'cat /relative/file /absolute/file'
	assert_success
	assert_equal "$output" $'from-source\nfrom-source'
}

@test "mounts: a bind with ro cannot be written" {
	add_bind /t source rbind ro
	in_container '! echo x >/t/file && ! touch /t/new && ! rm /t/file && cat /t/file'
	assert_success
	assert_output_has "Read-only file system"
	assert_equal "$(cat "$B/source/file")" from-source
	assert_missing "$B/source/new"
}

@test "mounts: a bind with ro is never writable, not for a moment" {
	mkdir "$B/rootfs/t"
	add_bind /t source bind ro
	set_args "$B" /bin/true
	# Writes through the eyes of every process on the machine, init of the container among them.
	(
		while [ ! -e "$TEST_DIR/stop" ]; do
			for p in /proc/[0-9]*; do
				: >"$p/root$B/rootfs/t/raced"
				: >"$p/root/t/raced"
			done
		done
	) 2>/dev/null 3>&- &
	local racer=$! i
	for i in $(seq 25); do
		runtime run --bundle "$B" "race$i"
	done
	touch "$TEST_DIR/stop"
	wait "$racer" || true
	assert_missing "$B/source/raced"
}

@test "mounts: a bind keeps the restrictions of its source" {
	mount -t tmpfs -o nosuid,noexec ct-test "$B/source"
	add_bind /t source bind nodev
	mount_options /t
	assert_output_has " rw,nosuid,nodev,noexec,relatime "
}

@test "mounts: rbind with ro makes the upper mount read-only, rro all of them" {
	mkdir "$B/source/below"
	mount -t tmpfs ct-test "$B/source/below"
	add_bind /flat source rbind ro
	add_bind /deep source rbind rro
	in_container '! touch /flat/x && touch /flat/below/x && ! touch /deep/x && ! touch /deep/below/y'
	assert_success
}

@test "mounts: bind leaves out what is mounted below the source, rbind does not" {
	mkdir "$B/source/below"
	mount -t tmpfs ct-test "$B/source/below"
	touch "$B/source/below/seen"
	add_bind /flat source bind
	add_bind /deep source rbind
	in_container 'test ! -e /flat/below/seen && test -e /deep/below/seen'
	assert_success
}

@test "mounts: propagation options are what mountinfo shows" {
	add_bind /shared source rbind rshared
	add_bind /private source rbind rprivate
	add_bind /unbindable source bind unbindable
	add_mount /fs tmpfs tmpfs shared
	in_container "grep -E ' /(shared|private|unbindable|fs) ' /proc/self/mountinfo"
	assert_success
	assert_match "$output" " /shared rw,[a-z,]+ (master:[0-9]+ )?shared:[0-9]+"
	assert_match "$output" " /private rw,[a-z,]+ - "
	assert_match "$output" " /unbindable rw,[a-z,]+ unbindable - "
	assert_match "$output" " /fs rw,[a-z,]+ shared:[0-9]+ - "
}

@test "mounts: a slave sees what the host mounts later, a private mount does not" {
	mkdir "$B/source/later"
	mount --bind "$B/source" "$B/source"
	mount --make-shared "$B/source"
	mkfifo "$B/source/go" "$B/source/ready"
	add_bind /slave source rbind rslave
	add_bind /private source rbind rprivate
	set_args "$B" /bin/sh -c 'echo >/slave/ready; read x </slave/go
		test -e /slave/later/seen && test ! -e /private/later/seen'
	runtime run --bundle "$B" c1 3>&- &
	local container=$!
	read -r -t 20 _ <"$B/source/ready"
	mount -t tmpfs ct-test "$B/source/later"
	touch "$B/source/later/seen"
	echo >"$B/source/go"
	wait "$container"
}

@test "mounts: what the container mounts stays in the container" {
	mount --bind "$B/source" "$B/source"
	mount --make-shared "$B/source"
	mkdir "$B/source/below"
	grant
	add_bind /t source rbind
	in_container 'mount -t tmpfs tmpfs /t/below && touch /t/below/x'
	assert_success
	assert_missing "$B/source/below/x"
}

@test "mounts: a run leaves the host's mounts as they were" {
	add_bind /t source rbind
	local before
	before=$(cut -d' ' -f4- /proc/self/mountinfo | sort)
	in_container true
	assert_success
	assert_equal "$(cut -d' ' -f4- /proc/self/mountinfo | sort)" "$before"
}

@test "mounts: later mounts cover earlier ones" {
	add_mount /t tmpfs tmpfs size=8k
	add_bind /t source bind
	in_container 'cat /t/file'
	assert_success
	assert_equal "$output" from-source
}

@test "mounts: missing targets are made, folders for folders and files for files" {
	add_bind /new/a/folder source bind
	add_bind /new/b/file source/file bind
	add_mount relative/c tmpfs tmpfs
	(umask 077 && set_args "$B" /bin/sh -c 'cat /new/a/folder/file /new/b/file; grep -c " /relative/c " /proc/self/mountinfo' &&
		runtime run --bundle "$B" c1 >"$TEST_DIR/out")
	assert_equal "$(cat "$TEST_DIR/out")" $'from-source\nfrom-source\n1'
	assert_equal "$(stat -c %a "$B/rootfs/new/a")" 755
	assert_equal "$(stat -c %F "$B/rootfs/new/b/file")" "regular empty file"
}

@test "mounts: a target behind links of the image stays in the image" {
	ln -s "$B/canary" "$B/rootfs/absolute"
	ln -s ../../../../../../../../../../../.."$B/canary" "$B/rootfs/relative"
	ln -s "$B/canary/file" "$B/rootfs/file"
	add_mount /absolute/made tmpfs tmpfs
	add_bind /relative/also source bind
	add_bind /file source/file bind
	in_container "cat /relative/also/file /file; grep -c '/canary/' /proc/self/mountinfo"
	assert_success
	assert_equal "$output" $'from-source\nfrom-source\n3'
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "mounts: a target that is swapped for a link meanwhile never leads out of the image" {
	mkdir "$B/rootfs/a" "$B/rootfs/a/b" "$B/canary/b"
	ln -s "$B/canary" "$B/rootfs/link"
	add_mount /a/b tmpfs tmpfs mode=755
	add_bind /a/c source bind
	add_bind /a/d source/file bind
	edit_config "$B" '.linux.maskedPaths = ["/a/b", "/a/d"] | .linux.readonlyPaths = ["/a/c"]'
	set_args "$B" /bin/true
	swap_for_a_link
	local i
	for i in $(seq 60); do
		runtime run --bundle "$B" "race$i" 2>/dev/null || true
		[ "$(ls -A "$B/canary" "$B/canary/b")" = "$B/canary:"$'\n'b$'\n\n'"$B/canary/b:" ]
	done
	stop_swapping
	assert_equal "$(grep -c "$B/canary" /proc/self/mountinfo)" 0
}

@test "mounts: a destination with .. stays in the image" {
	add_mount "/../../../../../..$B/canary/x" tmpfs tmpfs
	in_container true
	assert_success
	assert_equal "$(ls -A "$B/canary")" ""
}

@test "mounts: proc and sysfs are not mounted through a link" {
	local name
	for name in proc sys; do
		rmdir "$B/rootfs/$name"
		ln -s tmp "$B/rootfs/$name"
		in_container true
		assert_failure
		assert_output_has "/$name"
		assert_output_has "ordinary"
		rm "$B/rootfs/$name"
		mkdir "$B/rootfs/$name"
	done
}

@test "mounts: nothing but a procfs ends up on /proc" {
	add_mount /proc tmpfs tmpfs
	in_container true
	assert_failure
	assert_output_has /proc
}

@test "mounts: nothing below /proc is covered, directly or through a link" {
	ln -s /proc/sys/kernel "$B/rootfs/link"
	local destination
	for destination in /proc/sys/kernel /proc/self/attr /link; do
		edit_config "$B" '.mounts |= map(select(.source != "source"))'
		add_bind "$destination" source bind
		in_container true
		assert_failure
	done
}

@test "mounts: what tools replace in /proc may be covered" {
	add_bind /proc/uptime source/file bind ro
	in_container 'cat /proc/uptime'
	assert_success
	assert_equal "$output" from-source
}

@test "mounts: a folder on a file and a file on a folder are errors that name both" {
	touch "$B/rootfs/a-file"
	add_bind /a-file source bind
	in_container true
	assert_failure
	assert_output_has /a-file
	edit_config "$B" '.mounts |= .[:-1]'
	add_bind /tmp source/file bind
	in_container true
	assert_failure
	assert_output_has /tmp
}

@test "mounts: errors name the mount and what is wrong with it" {
	local destination type source option expect
	while read -r destination type source option expect; do
		edit_config "$B" '.mounts |= map(select(.destination[0:3] != "/t-"))'
		[ "$destination" != / ] || edit_config "$B" '.mounts |= map(select(.destination != "/"))'
		add_mount "$destination" "$type" "$source" "$option"
		in_container true
		assert_failure
		assert_output_has "mounts[4]"
		assert_output_has "$expect"
	done <<-'END'
		/t-1 none missing bind missing
		/t-2 nofs nofs ro nofs
		/t-3 tmpfs tmpfs no-such-option no-such-option
		/t-4 tmpfs tmpfs idmap idmap
		/t-5 tmpfs tmpfs mand mand
		/t-6 cgroup cgroup nsdelegate nsdelegate
		/t-7 proc proc tmpcopyup tmpcopyup
		/ tmpfs tmpfs ro rootfs
	END
}

@test "mounts: options that a bind cannot have are refused" {
	local option
	for option in sync size=8k mode=755; do
		edit_config "$B" '.mounts |= map(select(.destination != "/t"))'
		add_bind /t source bind "$option"
		in_container true
		assert_failure
		assert_output_has "mounts[4]"
		assert_output_has "$option"
	done
}

@test "mounts: remount changes a mount that is there" {
	add_mount /t tmpfs tmpfs
	add_mount /t none "" remount bind ro nosuid
	add_mount /u tmpfs tmpfs
	add_mount /u tmpfs tmpfs remount size=8k noexec
	in_container "! touch /t/x && touch /u/x && grep -E ' /(t|u) ' /proc/self/mountinfo"
	assert_success
	assert_output_has " /t ro,nosuid,relatime "
	assert_output_has " /u rw,noexec,relatime "
	assert_output_has "size=8k"
}

@test "mounts: 2000 of them" {
	edit_config "$B" '.mounts += [range(2000) | {destination: "/many/\(.)", type: "none", source: "source", options: ["rbind", "ro"]}]'
	in_container 'grep -c " /many/" /proc/self/mountinfo; cat /many/0/file /many/1999/file'
	assert_success
	assert_equal "$output" $'2000\nfrom-source\nfrom-source'
}

@test "mounts: in a user namespace a bind keeps what the namespace has to keep" {
	mount -t tmpfs -o nosuid,noatime ct-test "$B/source"
	mount -o remount,bind,ro,nosuid,noatime "$B/source"
	add_bind /t source rbind
	add_bind /u source rbind nodev ro
	use_userns
	in_container "grep -E ' /(t|u) ' /proc/self/mountinfo"
	assert_success
	assert_output_has " /t ro,nosuid,noatime "
	assert_output_has " /u ro,nosuid,nodev,noatime "
}

@test "mounts: in a user namespace a restriction of the host cannot be taken off" {
	mount -t tmpfs ct-test "$B/source"
	mount -o remount,bind,ro "$B/source"
	add_bind /t source rbind rw
	use_userns
	in_container true
	assert_failure
	assert_output_has "/t"
	assert_output_has "user namespace"
}
