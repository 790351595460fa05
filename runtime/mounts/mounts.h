/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNTS_H
#define CT_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * The option strings of a mount, sorted by what the kernel does with them. One table in
 * mount_options.c decodes, checks and lists them (`features`). Of options that contradict each
 * other, the last wins.
 */
enum mount_idmap {
	MOUNT_IDMAP_NONE,
	MOUNT_IDMAP_TOP,  /* idmap, or mappings without an option */
	MOUNT_IDMAP_TREE, /* ridmap */
};

struct mount_plan {
	bool bind, recursive; /* bind / rbind */
	bool remount;
	enum mount_idmap idmap;
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

/* What all mounts of a container have in common. */
struct mounts_env {
	int root_fd;       /* the container's root, O_PATH */
	int bundle_fd;     /* relative sources of binds start here */
	const char *label; /* linux.mountLabel; NULL: none */
	bool own_cgroup_namespace;
	pid_t runtime_pid; /* whose groups are not the container's own */
};

/*
 * Do one mount below the root. tree_fd: the source of an idmapped one, as idmaps_open has it; -1. Its target is made (folder, or file for a bind of a non-folder) when
 * missing. proc and sysfs go on real folders, never through a link (CVE-2019-19921); below a
 * procfs only the few files of mounts_proc.c may be covered. Changes the working directory.
 * A read-only /dev is mounted writable: the caller makes it read-only once it is filled.
 */
int mounts_do(const struct mounts_env *env, const struct config_mount *mount, int tree_fd,
	      const char *where, struct err *err);

/* "//a/./b/../c" to "/a/c": to compare, and for messages. The caller frees. */
char *mounts_clean_path(const char *path);

/* Is destination, cleaned of "//", "." and "..", the path (which is clean)? */
bool mounts_is_at(const struct config_mount *mount, const char *path);

#endif
