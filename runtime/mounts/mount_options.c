/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/str.h"
#include "runtime/mounts/mounts.h"

/*
 * Every option of the runtime-spec (config.md "Linux mount options"). What is not in here is the
 * file system's own and goes to mount(2)'s data.
 */
enum option_kind {
	OPTION_NOTHING,     /* the default of everything: asks for no change */
	OPTION_ATTR,        /* set and clr are MOUNT_ATTR_* of the mount */
	OPTION_RATTR,       /* … of the mount and all below it */
	OPTION_SB,          /* set and clr are MS_* of the superblock */
	OPTION_PROPAGATION, /* set is MS_*, with MS_REC */
	OPTION_BIND,        /* set: with everything below */
	OPTION_REMOUNT,
	OPTION_COPYUP,
	OPTION_IDMAP, /* set is enum mount_idmap */
	OPTION_REFUSED,
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t set, clr;
};

/* The times are one field of three values, not flags: changing it clears the whole field first
 * (mount_setattr(2)). */
#define ATIME MOUNT_ATTR__ATIME
#define FLAG(name, no_name, attr)                                                                  \
	{ name, OPTION_ATTR, attr, 0 }, { no_name, OPTION_ATTR, 0, attr },                         \
		{ "r" name, OPTION_RATTR, attr, 0 },                                               \
	{                                                                                          \
		"r" no_name, OPTION_RATTR, 0, attr                                                 \
	}
#define TIME(name, value)                                                                          \
	{ name, OPTION_ATTR, value, ATIME },                                                       \
	{                                                                                          \
		"r" name, OPTION_RATTR, value, ATIME                                               \
	}

static const struct option options[] = {
	{ "defaults", OPTION_NOTHING, 0, 0 },
	FLAG("ro", "rw", MOUNT_ATTR_RDONLY),
	FLAG("nosuid", "suid", MOUNT_ATTR_NOSUID),
	FLAG("nodev", "dev", MOUNT_ATTR_NODEV),
	FLAG("noexec", "exec", MOUNT_ATTR_NOEXEC),
	FLAG("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
	FLAG("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	/* Without noatime and strictatime the kernel does relatime, so that is what their
	 * opposites mean. */
	TIME("relatime", MOUNT_ATTR_RELATIME),
	TIME("norelatime", MOUNT_ATTR_RELATIME),
	TIME("noatime", MOUNT_ATTR_NOATIME),
	TIME("atime", MOUNT_ATTR_RELATIME),
	TIME("strictatime", MOUNT_ATTR_STRICTATIME),
	TIME("nostrictatime", MOUNT_ATTR_RELATIME),
	{ "sync", OPTION_SB, MS_SYNCHRONOUS, 0 },
	{ "async", OPTION_SB, 0, MS_SYNCHRONOUS },
	{ "dirsync", OPTION_SB, MS_DIRSYNC, 0 },
	{ "lazytime", OPTION_SB, MS_LAZYTIME, 0 },
	{ "nolazytime", OPTION_SB, 0, MS_LAZYTIME },
	{ "iversion", OPTION_SB, MS_I_VERSION, 0 },
	{ "noiversion", OPTION_SB, 0, MS_I_VERSION },
	{ "silent", OPTION_SB, MS_SILENT, 0 },
	{ "loud", OPTION_SB, 0, MS_SILENT },
	{ "nomand", OPTION_NOTHING, 0, 0 },
	{ "private", OPTION_PROPAGATION, MS_PRIVATE, 0 },
	{ "rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
	{ "shared", OPTION_PROPAGATION, MS_SHARED, 0 },
	{ "rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC, 0 },
	{ "slave", OPTION_PROPAGATION, MS_SLAVE, 0 },
	{ "rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0 },
	{ "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0 },
	{ "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
	{ "bind", OPTION_BIND, false, 0 },
	{ "rbind", OPTION_BIND, true, 0 },
	{ "remount", OPTION_REMOUNT, 0, 0 },
	{ "tmpcopyup", OPTION_COPYUP, 0, 0 },
	{ "idmap", OPTION_IDMAP, MOUNT_IDMAP_TOP, 0 },
	{ "ridmap", OPTION_IDMAP, MOUNT_IDMAP_TREE, 0 },
	/* Linux has no mandatory locks since 5.15 and would drop "mand" with a line in its log. */
	{ "mand", OPTION_REFUSED, 0, 0 },
};

static const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].name[0] == name[0] && strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

static void attr_add(const struct option *option, uint64_t *set, uint64_t *clr)
{
	*set = (*set & ~option->clr) | option->set;
	*clr = (*clr & ~(option->set & ~ATIME)) | option->clr;
}

static int plan_add(struct mount_plan *plan, const char *name, const char *where, struct err *err)
{
	const struct option *option = option_find(name);

	if (!option) {
		strlist_add(&plan->data, name);
		return 0;
	}
	switch (option->kind) {
	case OPTION_NOTHING:
		break;
	case OPTION_ATTR:
		attr_add(option, &plan->attr_set, &plan->attr_clr);
		break;
	case OPTION_RATTR:
		attr_add(option, &plan->rattr_set, &plan->rattr_clr);
		break;
	case OPTION_SB:
		plan->sb_flags = (plan->sb_flags & ~option->clr) | option->set;
		break;
	case OPTION_PROPAGATION:
		plan->propagation = option->set;
		break;
	case OPTION_BIND:
		plan->bind = true;
		plan->recursive = option->set;
		break;
	case OPTION_REMOUNT:
		plan->remount = true;
		break;
	case OPTION_COPYUP:
		plan->tmpcopyup = true;
		break;
	case OPTION_IDMAP:
		plan->idmap = (enum mount_idmap)option->set;
		break;
	case OPTION_REFUSED:
		return err_set(
			err, ENOTSUP,
			"%s: option '%s' is not applied: the kernel has no mandatory locks any "
			"more; take it away",
			where, name);
	}
	return 0;
}

/* What belongs to a file system has no effect on a bind, and the kernel would not say so. */
static int check_plan(const struct mount_plan *plan, const struct config_mount *mount,
		      const char *where, struct err *err)
{
	if (plan->tmpcopyup && (plan->bind || plan->remount || !str_eq(mount->type, "tmpfs")))
		return err_set(err, EINVAL, "%s: option 'tmpcopyup' is for mounts of type tmpfs",
			       where);
	if (plan->idmap != MOUNT_IDMAP_NONE && (!plan->bind || plan->remount))
		return err_set(
			err, EINVAL,
			"%s: only a bind mount can be idmapped; add 'bind' or 'rbind' to its "
			"options, or take idmap, ridmap and the mappings away",
			where);
	if (!plan->bind)
		return 0;
	if (plan->sb_flags & ~(unsigned long)MS_SILENT)
		return err_set(err, EINVAL,
			       "%s: a bind mount cannot change sync, dirsync, lazytime or iversion "
			       "of the file system it shows; take the option away",
			       where);
	if (plan->data.n > 0)
		return err_set(err, EINVAL, "%s: a bind mount takes no option '%s'", where,
			       plan->data.items[0]);
	return 0;
}

int mount_plan_parse(const struct config_mount *mount, const char *where, struct mount_plan *plan,
		     struct err *err)
{
	*plan = (struct mount_plan){ 0 };
	for (size_t i = 0; i < mount->options.n; i++) {
		int rc = plan_add(plan, mount->options.items[i], where, err);

		if (rc < 0)
			return rc;
	}
	if (mount->uid_maps.n > 0 && plan->idmap == MOUNT_IDMAP_NONE)
		plan->idmap = MOUNT_IDMAP_TOP;
	return check_plan(plan, mount, where, err);
}

void mount_plan_free(struct mount_plan *plan)
{
	strlist_free(&plan->data);
}

const char *const *mount_option_names(void)
{
	static const char *names[ARRAY_SIZE(options) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (options[i].kind != OPTION_REFUSED)
			names[n++] = options[i].name;
	}
	names[n] = NULL;
	return names;
}
