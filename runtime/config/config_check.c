/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "runtime/config/config_tables.h"
#include "runtime/sysctl.h"

/* Rules that look at more than one property: what would change the host, or could not be applied. */

#define ID_MAP_MAX 340 /* extents that the kernel takes, user_namespaces(7) */

static bool is_new(const struct config *config, enum ns_type type)
{
	return config->namespaces[type].present && !config->namespaces[type].path;
}

/* ---- names ---- */

static int check_names(const struct config *config, const struct json_path *root, struct err *err)
{
	const char *key = NULL;

	if (config->namespaces[NS_UTS].present)
		return 0;
	if (config->hostname && config->hostname[0] != '\0')
		key = "hostname";
	else if (config->domainname && config->domainname[0] != '\0')
		key = "domainname";
	if (!key)
		return 0;
	return json_fail(config_at(root, key), err,
			 "would be set on the host; add 'uts' to linux.namespaces");
}

/* ---- the tree of mounts ---- */

/* In a mount namespace that is another's, the tree is another's too: nothing in it is changed. */
static int check_joined_tree(const struct config *config, const struct json_path *root,
			     struct err *err)
{
	const struct json_path *linux_path = config_at(root, "linux");
	static const char reason[] = "cannot be applied in a mount namespace joined by path";

	if (config->mounts.n > 0)
		return json_fail(config_at(root, "mounts"), err, "%s", reason);
	if (config->mount_label)
		return json_fail(config_at(linux_path, "mountLabel"), err, "%s", reason);
	if (config->devices.n > 0)
		return json_fail(config_at(linux_path, "devices"), err, "%s", reason);
	if (config->root.readonly)
		return json_fail(config_at(config_at(root, "root"), "readonly"), err, "%s", reason);
	if (config->masked_paths.n > 0)
		return json_fail(config_at(linux_path, "maskedPaths"), err, "%s", reason);
	if (config->readonly_paths.n > 0)
		return json_fail(config_at(linux_path, "readonlyPaths"), err, "%s", reason);
	if (config->rootfs_propagation != 0)
		return json_fail(config_at(linux_path, "rootfsPropagation"), err, "%s", reason);
	return 0;
}

static int check_tree(const struct config *config, const struct json_path *root, struct err *err)
{
	if (!config->namespaces[NS_MOUNT].present)
		return json_fail(config_at(config_at(root, "linux"), "namespaces"), err,
				 "has no 'mount': the container's mounts would be the host's");
	if (config->namespaces[NS_MOUNT].path)
		return check_joined_tree(config, root, err);
	return config_check_mounts(config, root, err);
}

/* ---- the time namespace ---- */

static int check_time(const struct config *config, const struct json_path *root, struct err *err)
{
	const struct json_path *linux_path = config_at(root, "linux");

	if ((!config->monotonic.present && !config->boottime.present) || is_new(config, NS_TIME))
		return 0;
	return json_fail(config_at(linux_path, "timeOffsets"), err,
			 config->namespaces[NS_TIME].present
				 ? "cannot change a time namespace joined by path"
				 : "needs 'time' in linux.namespaces");
}

/* ---- id maps ---- */

static bool ranges_overlap(int64_t a, int64_t a_size, int64_t b, int64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

int config_check_id_maps(const struct config_id_maps *maps, const struct json_path *path,
			 struct err *err)
{
	if (maps->n > ID_MAP_MAX)
		return json_fail(path, err, "has %zu entries; the kernel takes %d", maps->n,
				 ID_MAP_MAX);
	autofree char *text = config_id_map_text(maps);

	if (strlen(text) >= (size_t)sysconf(_SC_PAGESIZE))
		return json_fail(path, err,
				 "takes %zu bytes as the kernel reads it; it must be less than %ld "
				 "(join ranges that follow each other)",
				 strlen(text), sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < maps->n; i++) {
		const struct config_id_map *a = &maps->items[i];

		for (size_t j = 0; j < i; j++) {
			const struct config_id_map *b = &maps->items[j];

			if (ranges_overlap(a->container_id, a->size, b->container_id, b->size))
				return json_fail(config_item(path, i), err,
						 "container ids overlap those of entry %zu", j);
			if (ranges_overlap(a->host_id, a->size, b->host_id, b->size))
				return json_fail(config_item(path, i), err,
						 "host ids overlap those of entry %zu", j);
		}
	}
	return 0;
}

static bool id_is_mapped(const struct config_id_maps *maps, int64_t id)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct config_id_map *map = &maps->items[i];

		if (id >= map->container_id && id < map->container_id + map->size)
			return true;
	}
	return false;
}

static int check_mapped(const struct config_id_maps *maps, int64_t id, const char *key,
			const struct json_path *path, struct err *err)
{
	if (id_is_mapped(maps, id))
		return 0;
	return json_fail(path, err, "%lld is not mapped by linux.%s", (long long)id, key);
}

static int check_user_mapped(const struct config *config, const struct json_path *root,
			     struct err *err)
{
	const struct config_user *user = &config->process.user;
	const struct json_path *path = config_at(config_at(root, "process"), "user");
	int rc;

	if (!config->has_process)
		return 0;
	rc = check_mapped(&config->uid_maps, user->uid, "uidMappings", config_at(path, "uid"), err);
	if (rc < 0)
		return rc;
	rc = check_mapped(&config->gid_maps, user->gid, "gidMappings", config_at(path, "gid"), err);
	for (size_t i = 0; rc >= 0 && i < user->additional_gids.n; i++)
		rc = check_mapped(&config->gid_maps, user->additional_gids.items[i], "gidMappings",
				  config_item(config_at(path, "additionalGids"), i), err);
	return rc;
}

static int check_userns(const struct config *config, const struct json_path *root, struct err *err)
{
	const struct json_path *linux_path = config_at(root, "linux");
	const struct json_path *uid_path = config_at(linux_path, "uidMappings");
	const struct json_path *gid_path = config_at(linux_path, "gidMappings");
	int rc;

	if (!is_new(config, NS_USER)) {
		const char *reason = config->namespaces[NS_USER].present
					     ? "cannot change a user namespace joined by path"
					     : "needs 'user' in linux.namespaces";

		if (config->uid_maps.n > 0)
			return json_fail(uid_path, err, "%s", reason);
		if (config->gid_maps.n > 0)
			return json_fail(gid_path, err, "%s", reason);
		return 0;
	}
	if (config->uid_maps.n == 0)
		return json_fail(uid_path, err, "is required by a new user namespace");
	if (config->gid_maps.n == 0)
		return json_fail(gid_path, err, "is required by a new user namespace");
	rc = config_check_id_maps(&config->uid_maps, uid_path, err);
	if (rc < 0)
		return rc;
	rc = config_check_id_maps(&config->gid_maps, gid_path, err);
	if (rc < 0)
		return rc;
	return check_user_mapped(config, root, err);
}

int config_check(struct config *config, const struct json_path *root, struct err *err)
{
	int rc = check_names(config, root, err);

	if (rc < 0)
		return rc;
	rc = check_userns(config, root, err);
	if (rc >= 0)
		rc = check_time(config, root, err);
	if (rc >= 0)
		rc = sysctl_check(config, config_at(config_at(root, "linux"), "sysctl"), err);
	if (rc >= 0)
		rc = check_tree(config, root, err);
	return rc;
}
