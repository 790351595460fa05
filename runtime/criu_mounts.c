/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/criu_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/mounts/mounts.h"

/* criu's syntax has no quotes. */
static int check_name(const char *path, struct err *err)
{
	if (!strpbrk(path, "]\n"))
		return 0;
	return err_set(err, ENOTSUP,
		       "mount on '%s': a ']' or a newline in the path of a mount is "
		       "not supported by checkpoint and restore",
		       path);
}

static int is_bind(const struct config_mount *mount, size_t i, struct err *err)
{
	char where[32];
	automountplan struct mount_plan plan = { 0 };

	(void)snprintf(where, sizeof(where), "mounts[%zu]", i);
	int rc = mount_plan_parse(mount, where, &plan, err);

	if (rc >= 0 && plan.idmap != MOUNT_IDMAP_NONE)
		return err_set(err, ENOTSUP,
			       "config.json: %s: an idmapped mount is not supported by checkpoint "
			       "and restore",
			       where);
	return rc < 0 ? rc : plan.bind && !plan.remount;
}

static void add_external(struct criu_call *call, const char *from, const char *to)
{
	strlist_add(&call->args, "--external");
	strlist_take(&call->args, xasprintf("mnt[%s]:%s", from, to));
}

/* Where links of the image lead to. 0: nothing is there. */
static int add_resolved(int root_fd, const char *path, bool file_only, struct criu_call *call,
			struct err *err)
{
	char real[4096];
	struct stat st;
	struct err ignored = ERR_INIT;
	autofree char *name = mounts_clean_path(path);
	autoclose int fd = file_open_in_root(root_fd, path, O_PATH | O_CLOEXEC, 0, &ignored);

	if (fd < 0 || fstat(fd, &st) < 0 || (file_only && S_ISDIR(st.st_mode)))
		return 0;
	const struct file_fd_path link = file_fd_path(fd);
	ssize_t n = readlink(link.text, real, sizeof(real) - 1);

	if (n <= 0)
		return err_errno(err, "where is the mount on '%s'", path);
	real[n] = '\0';
	int rc = check_name(real, err);

	if (rc >= 0)
		rc = check_name(name, err);
	if (rc >= 0)
		add_external(call, real, name);
	return rc;
}

int criu_mounts_dump(const struct config *config, int root_fd, struct criu_call *call,
		     struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		rc = is_bind(mount, i, err);
		if (rc > 0)
			rc = add_resolved(root_fd, mount->destination, false, call, err);
	}
	for (size_t i = 0; rc >= 0 && i < config->masked_paths.n; i++)
		rc = add_resolved(root_fd, config->masked_paths.items[i], true, call, err);
	return rc;
}

/* In a file system that the image of the dump has with all its files? */
static bool is_covered(const struct config *config, const char *path, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		autofree char *dest = mounts_clean_path(mount->destination);

		if (!str_eq(dest, "/") && str_starts(path, dest) && path[strlen(dest)] == '/')
			return true;
	}
	return false;
}

static int make_target(int root_fd, const char *path, const char *source, struct err *err)
{
	struct stat st;

	if (source && stat(source, &st) < 0)
		return err_errno(err, "source '%s' of the mount on '%s'", source, path);
	autoclose int fd = source && !S_ISDIR(st.st_mode)
				   ? file_create_in_root(root_fd, path, 0644, err)
				   : file_mkdir_in_root(root_fd, path, 0755, err);

	return fd < 0 ? fd : 0;
}

int criu_mounts_restore(const struct config *config, const char *bundle, const char *rootfs,
			struct criu_call *call, struct err *err)
{
	autoclose int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = root_fd < 0 ? err_errno(err, "open rootfs '%s'", rootfs) : 0;

	for (size_t i = 0; rc >= 0 && i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		autofree char *path = mounts_clean_path(mount->destination);
		autofree char *source = NULL;

		rc = is_bind(mount, i, err);
		if (rc > 0)
			source = mount->source[0] == '/'
					 ? xstrdup(mount->source)
					 : xasprintf("%s/%s", bundle, mount->source);
		if (rc >= 0 && !is_covered(config, path, i))
			rc = make_target(root_fd, path, source, err);
		if (rc >= 0 && source)
			add_external(call, path, source);
	}
	for (size_t i = 0; rc >= 0 && i < config->masked_paths.n; i++) {
		autofree char *path = mounts_clean_path(config->masked_paths.items[i]);

		add_external(call, path, "/dev/null");
	}
	return rc;
}
