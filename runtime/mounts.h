/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNTS_H
#define CT_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "runtime/config.h"

/*
 * The option strings of a mount, sorted by what the kernel does with them. One table in
 * mount_options.c decodes, checks and lists them (`features`). Of options that contradict each
 * other, the last wins.
 */
struct mount_plan {
	bool bind, recursive; /* bind / rbind */
	bool remount;
	bool tmpcopyup;                /* start with a copy of what the tmpfs covers */
	uint64_t attr_set, attr_clr;   /* MOUNT_ATTR_* of this mount */
	uint64_t rattr_set, rattr_clr; /* the same for the whole tree (rro, rnosuid, …) */
	unsigned long sb_flags;        /* MS_SYNCHRONOUS, MS_DIRSYNC, … of the superblock */
	unsigned long propagation;     /* MS_PRIVATE…, with MS_REC; 0: none asked for */
	struct strlist data;           /* what the file system itself understands */
};

/* where: "mounts[3]" for errors. An option that this kernel interface cannot carry is an error. */
int mount_plan_parse(const struct config_mount *mount, const char *where, struct mount_plan *plan,
		     struct err *err);
void mount_plan_free(struct mount_plan *plan);
#define automountplan __attribute__((cleanup(mount_plan_free)))
/* Names of all options that are applied, NULL-terminated, static; for features. */
const char *const *mount_option_names(void);

/*
 * Do one mount below root_fd. Its target is made (folder, or file for a bind of a non-folder) when
 * missing. proc and sysfs go on real folders, never through a link (CVE-2019-19921); below a
 * procfs only the few files of mounts_proc.c may be covered. Changes the working directory.
 * A read-only /dev is mounted writable: the caller makes it read-only once it is filled.
 */
int mounts_do(int root_fd, int bundle_fd, const struct config_mount *mount, const char *where,
	      struct err *err);

/* Is destination, cleaned of "//", "." and "..", the path (which is clean)? */
bool mounts_is_at(const struct config_mount *mount, const char *path);

#endif
