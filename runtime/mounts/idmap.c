/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"
#include "common/str.h"
#include "runtime/init.h"
#include "runtime/mounts/mounts.h"
#include "runtime/mounts/rootfs.h"
#include "runtime/namespaces.h"

/* ---- user namespaces for maps ---- */

static int write_map(pid_t pid, const char *file, const struct config_id_maps *maps,
		     struct err *err)
{
	autofree char *text = config_id_map_text(maps);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_write_at(AT_FDCWD, path, text, err);
}

static int open_mapped(pid_t pid, const struct config_id_maps *uid_maps,
		       const struct config_id_maps *gid_maps, struct err *err)
{
	char path[64];
	int rc = write_map(pid, "uid_map", uid_maps, err);

	if (rc >= 0)
		rc = write_map(pid, "gid_map", gid_maps, err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_errno(err, "open '%s'", path) : fd;
}

/* A namespace lives by its descriptor; the process that brought it into being is of no more use. */
static int make_userns(const struct config_id_maps *uid_maps, const struct config_id_maps *gid_maps,
		       struct err *err)
{
	pid_t pid = init_clone(CLONE_NEWUSER, -1);

	if (pid < 0)
		return err_errno(err, "make a user namespace for an idmapped mount");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	int fd = open_mapped(pid, uid_maps, gid_maps, err);

	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

static bool maps_equal(const struct config_id_maps *a, const struct config_id_maps *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct config_id_map *x = &a->items[i], *y = &b->items[i];

		if (x->container_id != y->container_id || x->host_id != y->host_id ||
		    x->size != y->size)
			return false;
	}
	return true;
}

/* The last one made: the mounts of a container mostly have the same maps. */
struct userns {
	const struct config_id_maps *uid_maps, *gid_maps;
	int fd;
};

static int get_userns(struct userns *last, const struct config_id_maps *uid_maps,
		      const struct config_id_maps *gid_maps, struct err *err)
{
	if (last->fd >= 0 && maps_equal(last->uid_maps, uid_maps) &&
	    maps_equal(last->gid_maps, gid_maps))
		return last->fd;
	if (last->fd >= 0)
		(void)close(last->fd);
	*last = (struct userns){ uid_maps, gid_maps, make_userns(uid_maps, gid_maps, err) };
	return last->fd;
}

/* ---- trees ---- */

static int fail_idmap(const struct config_mount *mount, struct err *err)
{
	if (errno == EINVAL)
		return err_set(
			err, EINVAL,
			"the file system of '%s' (or one below it) does not support idmapped "
			"mounts on this kernel",
			mount->source);
	if (errno == EPERM)
		return err_set(
			err, EPERM,
			"'%s' cannot be idmapped: its mount is idmapped already, or its file "
			"system belongs to another user namespace than the runtime's",
			mount->source);
	return err_errno(err, "idmap '%s'", mount->source);
}

static int open_tree_of(const struct config_mount *mount, const struct mount_plan *plan,
			int userns_fd, unsigned long propagation, struct err *err)
{
	autoclose int tree_fd = mount_fd_clone(AT_FDCWD, mount->source, plan->recursive);

	if (tree_fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "source '%s' does not exist on the host",
			       mount->source);
	if (tree_fd < 0)
		return err_errno(err, "bind '%s'", mount->source);
	if (mount_fd_idmap(tree_fd, plan->idmap == MOUNT_IDMAP_TREE, userns_fd) < 0)
		return fail_idmap(mount, err);
	/* As a copy in init's own mount namespace would have it. */
	if (mount_fd_set(tree_fd, true, 0, 0, propagation) < 0)
		return err_errno(err, "change the propagation of '%s'", mount->source);
	return take_fd(&tree_fd);
}

static int open_one(const struct config *config, size_t i, int joined_user_fd, struct userns *last,
		    struct err *err)
{
	const struct config_mount *mount = &config->mounts.items[i];
	automountplan struct mount_plan plan = { 0 };
	int fd = joined_user_fd;
	int rc = mount_plan_parse(mount, "config.json: mounts", &plan, err);

	if (rc < 0)
		return rc;
	if (mount->uid_maps.n > 0)
		fd = get_userns(last, &mount->uid_maps, &mount->gid_maps, err);
	else if (fd < 0)
		fd = get_userns(last, &config->uid_maps, &config->gid_maps, err);
	return fd < 0 ? fd : open_tree_of(mount, &plan, fd, rootfs_host_propagation(config), err);
}

static bool asks_for_map(const struct config_mount *mount)
{
	return mount->uid_maps.n > 0 || strlist_has(&mount->options, "idmap") ||
	       strlist_has(&mount->options, "ridmap");
}

int idmaps_open(const struct config *config, int joined_user_fd, struct idmaps *idmaps,
		struct err *err)
{
	struct userns last = { NULL, NULL, -1 };
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < config->mounts.n; i++) {
		if (!asks_for_map(&config->mounts.items[i]))
			continue;
		if (!idmaps->fds) {
			idmaps->n = config->mounts.n;
			idmaps->fds = xreallocarray(NULL, idmaps->n, sizeof(*idmaps->fds));
			for (size_t j = 0; j < idmaps->n; j++)
				idmaps->fds[j] = -1;
		}
		rc = open_one(config, i, joined_user_fd, &last, err);
		if (rc < 0)
			rc = err_ctx(err, "config.json: mounts[%zu]", i);
		else
			idmaps->fds[i] = rc;
	}
	if (last.fd >= 0)
		(void)close(last.fd);
	return rc < 0 ? rc : 0;
}

int idmaps_get(const struct idmaps *idmaps, size_t i)
{
	return i < idmaps->n ? idmaps->fds[i] : -1;
}

void idmaps_close(struct idmaps *idmaps)
{
	for (size_t i = 0; i < idmaps->n; i++)
		if (idmaps->fds[i] >= 0)
			(void)close(idmaps->fds[i]);
	free(idmaps->fds);
	*idmaps = (struct idmaps){ 0 };
}
