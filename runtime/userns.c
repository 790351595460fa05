/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/child.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#define HELPER_TIMEOUT_MS 10000
#define DEFAULT_PATH      "/usr/local/bin:/usr/bin:/bin"

/* The two maps of a user namespace; everything else is the same for both. */
struct id_kind {
	const char *file;   /* below /proc/<pid> */
	const char *helper; /* setuid root, or with a file capability */
	const char *key;    /* of config.json */
	const char *ranges; /* what the helper lets us map */
};

static const struct id_kind user_kind = { "uid_map", "newuidmap", "linux.uidMappings",
					  "/etc/subuid" };
static const struct id_kind group_kind = { "gid_map", "newgidmap", "linux.gidMappings",
					   "/etc/subgid" };

/* ---- by ourselves ---- */

static int write_proc(pid_t pid, const char *file, const char *text, struct err *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_write_at(AT_FDCWD, path, text, err);
}

static int write_map(const struct id_kind *kind, const struct config_id_maps *maps, pid_t pid,
		     struct err *err)
{
	autofree char *text = config_id_map_text(maps);
	int rc = write_proc(pid, kind->file, text, err);

	if (rc == -EPERM)
		return err_set(err, EPERM,
			       "%s: the kernel does not let us map these ids: they must be mapped "
			       "in our own user namespace, and user namespaces be allowed here",
			       kind->key);
	return rc < 0 ? err_ctx(err, "%s", kind->key) : 0;
}

/* ---- through the helpers ---- */

/* Of the caller's own PATH: the helper is the user's own choice, and has no rights but its own. */
static char *find_helper(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *p = path && *path ? path : DEFAULT_PATH; *p;) {
		size_t len = strcspn(p, ":");
		autofree char *full = xasprintf("%.*s/%s", (int)len, p, name);

		if (full[0] == '/' && access(full, X_OK) == 0)
			return take_ptr(&full);
		p += len + (p[len] == ':');
	}
	return NULL;
}

static void add_number(struct strlist *list, int64_t number)
{
	strlist_take(list, xasprintf("%lld", (long long)number));
}

static int run_helper(const struct id_kind *kind, const char *path, const struct strlist *argv,
		      struct err *err)
{
	const struct child_request request = {
		.path = path,
		.argv = argv->items,
		.stdin_fd = -1,
		.cwd_fd = -1,
		.timeout_ms = HELPER_TIMEOUT_MS,
		.peer_fd = -1,
		.lock_fd = -1,
	};
	struct child_result result = { 0 };
	char how[64];
	int rc = child_run(&request, &result, err);

	if (rc < 0)
		return err_ctx(err, "%s: '%s'", kind->key, path);
	if (result.end == CHILD_EXITED && result.status == 0)
		return 0;
	child_describe(&request, &result, how, sizeof(how));
	return err_set(err, EPERM,
		       "%s: '%s' ended with %s: %s; the host ids must be in a range that %s gives "
		       "to this user",
		       kind->key, path, how, result.tail, kind->ranges);
}

static int map_through_helper(const struct id_kind *kind, const struct config_id_maps *maps,
			      pid_t pid, struct err *err)
{
	struct strlist argv = { 0 };
	autofree char *path = find_helper(kind->helper);

	if (!path)
		return err_set(err, ENOENT,
			       "%s: a normal user maps more than its own id through '%s', which "
			       "is not in PATH; install it (Debian: package uidmap), or map this "
			       "user alone, as 'spec --rootless' does",
			       kind->key, kind->helper);
	strlist_add(&argv, kind->helper);
	add_number(&argv, pid);
	for (size_t i = 0; i < maps->n; i++) {
		add_number(&argv, maps->items[i].container_id);
		add_number(&argv, maps->items[i].host_id);
		add_number(&argv, maps->items[i].size);
	}
	int rc = run_helper(kind, path, &argv, err);

	strlist_free(&argv);
	return rc;
}

/* ---- both maps ---- */

static bool is_own_id(const struct config_id_maps *maps, int64_t id)
{
	return maps->n == 1 && maps->items[0].size == 1 && maps->items[0].host_id == id;
}

int userns_write_maps(const struct config *config, pid_t pid, const struct rights *rights,
		      struct err *err)
{
	bool own_uid = is_own_id(&config->uid_maps, geteuid());
	bool own_gid = is_own_id(&config->gid_maps, getegid());
	int rc = !rights->no_maps || own_uid
			 ? write_map(&user_kind, &config->uid_maps, pid, err)
			 : map_through_helper(&user_kind, &config->uid_maps, pid, err);

	if (rc < 0)
		return rc;
	if (rights->no_maps && !own_gid)
		return map_through_helper(&group_kind, &config->gid_maps, pid, err);
	/* Or a group that takes rights away could be dropped (user_namespaces(7), CVE-2014-8989). */
	if (rights->no_maps)
		rc = write_proc(pid, "setgroups", "deny", err);
	return rc < 0 ? rc : write_map(&group_kind, &config->gid_maps, pid, err);
}
