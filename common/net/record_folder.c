/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders that records live in: locking, listing, removal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/net/network.h"
#include "common/net/record.h"
#include "common/str.h"

#define CONTAINERS    "containers"
#define RECORD_SUFFIX ".json"
#define DIR_FLAGS     (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* 1: open, 0: missing. */
static int open_dir(int dir_fd, const char *name, bool make, int *fd, struct err *err)
{
	*fd = openat(dir_fd, name, DIR_FLAGS);
	if (*fd < 0 && errno == ENOENT && make) {
		if (mkdirat(dir_fd, name, NETWORK_STATE_MODE) < 0 && errno != EEXIST)
			return err_errno(err, "create state folder '%s'", name);
		*fd = openat(dir_fd, name, DIR_FLAGS);
		if (*fd < 0 && errno == ENOENT)
			return 0; /* removed in between: the caller tries again */
	}
	if (*fd < 0 && errno == ENOENT)
		return 0;
	return *fd < 0 ? err_errno(err, "open state folder '%s'", name) : 1;
}

/* The folder may have been removed, and made anew by another, while we waited for its lock. */
static bool is_current(const struct record_folder *folder)
{
	struct stat mine, there;

	return fstat(folder->fd, &mine) == 0 &&
	       fstatat(folder->containers_fd, folder->container, &there, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

int record_folder_open(int state_fd, const char *container, bool make, int timeout_ms,
		       struct record_folder *folder, struct err *err)
{
	int rc = str_check_name(container, "container id", err);

	*folder = (struct record_folder)RECORD_FOLDER_INIT;
	if (rc < 0)
		return rc;
	folder->container = xstrdup(container);
	rc = open_dir(state_fd, CONTAINERS, make, &folder->containers_fd, err);
	while (rc > 0) {
		rc = open_dir(folder->containers_fd, container, make, &folder->fd, err);
		if (rc == 0 && make) {
			rc = 1;
			continue;
		}
		if (rc <= 0)
			break;
		rc = lock_fd(folder->fd, container, LOCK_EXCLUSIVE, timeout_ms, err);
		if (rc < 0 || is_current(folder)) {
			rc = rc < 0 ? rc : 1;
			break;
		}
		(void)close(take_fd(&folder->fd));
		rc = 1;
	}
	if (rc <= 0)
		record_folder_close(folder);
	return rc;
}

int record_folder_remove(struct record_folder *folder, struct err *err)
{
	return file_remove_tree_at(folder->containers_fd, folder->container, err);
}

int record_folder_prune(struct record_folder *folder, struct err *err)
{
	struct strlist ifnames = { 0 };
	int rc = record_folder_ifnames(folder, &ifnames, err);

	if (rc >= 0 && ifnames.n == 0)
		rc = record_folder_remove(folder, err);
	strlist_free(&ifnames);
	return rc;
}

void record_folder_close(struct record_folder *folder)
{
	if (folder->fd >= 0)
		(void)close(folder->fd);
	if (folder->containers_fd >= 0)
		(void)close(folder->containers_fd);
	free(folder->container);
	*folder = (struct record_folder)RECORD_FOLDER_INIT;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_list(struct strlist *list)
{
	if (list->n > 1)
		qsort(list->items, list->n, sizeof(*list->items), compare_text);
}

/* Names in a folder, hidden ones (halves of an atomic write) left out, sorted. */
static int list_names(int dir_fd, const char *what, struct strlist *names, struct err *err)
{
	int own_fd = openat(dir_fd, ".", DIR_FLAGS);
	autodir DIR *dir = own_fd >= 0 ? fdopendir(own_fd) : NULL;

	if (!dir)
		return err_errno(err, "read state folder '%s'", what);
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			strlist_add(names, e->d_name);
	sort_list(names);
	return 0;
}

static void keep_ifnames(const struct strlist *names, struct strlist *ifnames)
{
	const size_t suffix = strlen(RECORD_SUFFIX);

	for (size_t i = 0; i < names->n; i++) {
		size_t len = strlen(names->items[i]);
		struct err ignored = ERR_INIT;

		if (len <= suffix || !str_eq(names->items[i] + len - suffix, RECORD_SUFFIX))
			continue;
		autofree char *ifname = xstrndup(names->items[i], len - suffix);

		if (link_check_name(ifname, "interface", &ignored) >= 0)
			strlist_add(ifnames, ifname);
	}
}

int record_folder_ifnames(const struct record_folder *folder, struct strlist *ifnames,
			  struct err *err)
{
	struct strlist names = { 0 };
	int rc = list_names(folder->fd, folder->container, &names, err);

	keep_ifnames(&names, ifnames);
	strlist_free(&names);
	return rc;
}

int record_containers(int state_fd, struct strlist *ids, struct err *err)
{
	struct strlist names = { 0 };
	autoclose int fd = -1;
	int rc = open_dir(state_fd, CONTAINERS, false, &fd, err);

	if (rc > 0)
		rc = list_names(fd, CONTAINERS, &names, err);
	for (size_t i = 0; i < names.n; i++) {
		struct err why = ERR_INIT;

		if (str_check_name(names.items[i], "container id", &why) < 0)
			log_warning("state folder 'containers': %s; ignoring", why.msg);
		else
			strlist_add(ids, names.items[i]);
	}
	strlist_free(&names);
	return rc;
}

static void list_container(int state_fd, const char *id, struct record_list *list)
{
	struct strlist ifnames = { 0 };
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	autofree char *path = xasprintf(CONTAINERS "/%s", id);
	struct err err = ERR_INIT;

	folder.container = xstrdup(id);
	int rc = open_dir(state_fd, path, false, &folder.fd, &err);

	if (rc > 0)
		rc = record_folder_ifnames(&folder, &ifnames, &err);
	if (rc < 0)
		log_warning("container '%s': %s; ignoring", id, err.msg);
	for (size_t i = 0; i < ifnames.n; i++) {
		struct attachment att;

		rc = record_read(&folder, ifnames.items[i], &att, &err);
		if (rc < 0) {
			log_warning("%s; ignoring", err.msg);
			strlist_add(&list->damaged, id);
		}
		if (rc <= 0)
			continue;
		list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
		list->items[list->n++] = att;
	}
	strlist_free(&ifnames);
}

int record_list(int state_fd, struct record_list *list, struct err *err)
{
	struct strlist ids = { 0 };
	int rc = record_containers(state_fd, &ids, err);

	*list = (struct record_list){ 0 };
	for (size_t i = 0; rc >= 0 && i < ids.n; i++)
		list_container(state_fd, ids.items[i], list);
	strlist_free(&ids);
	return rc < 0 ? rc : 0;
}

void record_list_free(struct record_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		attachment_free(&list->items[i]);
	free(list->items);
	strlist_free(&list->damaged);
	*list = (struct record_list){ 0 };
}
