/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/config/config_tables.h"
#include "runtime/mounts/mounts.h"

#define AT(member) offsetof(struct config_mount, member)
static const struct json_field mount_fields[] = {
	{ "destination", json_decode_string, AT(destination), JSON_REQUIRED, NULL, 0 },
	{ "source", json_decode_string, AT(source), 0, NULL, 0 },
	{ "type", json_decode_string, AT(type), 0, NULL, 0 },
	{ "options", json_decode_strings, AT(options), 0, NULL, 0 },
	{ "uidMappings", json_decode_array, AT(uid_maps), 0, &config_id_map_table, 0 },
	{ "gidMappings", json_decode_array, AT(gid_maps), 0, &config_id_map_table, 0 },
};
#undef AT

const struct json_table config_mount_table = {
	.fields = mount_fields,
	.n_fields = ARRAY_SIZE(mount_fields),
	.item_size = sizeof(struct config_mount),
	.count_offset = offsetof(struct config_mounts, n),
};

static int check_mount(const struct config_mount *mount, const struct mount_plan *plan,
		       const struct json_path *path, struct err *err)
{
	/* "remount,bind": what is there already is changed, nothing is bound. */
	if (plan->bind && !plan->remount) {
		if (!mount->source || mount->source[0] == '\0')
			return json_fail(config_at(path, "source"), err,
					 "is required: a bind mount needs a path to bind");
		return 0;
	}
	if (plan->remount)
		return 0;
	if (!mount->type || mount->type[0] == '\0')
		return json_fail(config_at(path, "type"), err,
				 "is required, unless options has 'bind' or 'rbind'");
	if (str_eq(mount->type, "bind"))
		return json_fail(config_at(path, "type"), err,
				 "'bind' makes no bind mount; put 'bind' or 'rbind' into options");
	return 0;
}

static int check_idmap(const struct config *config, size_t i, const struct mount_plan *plan,
		       const struct json_path *path, struct err *err)
{
	const struct config_mount *mount = &config->mounts.items[i];
	const struct json_path *uid_path = config_at(path, "uidMappings");
	const struct json_path *gid_path = config_at(path, "gidMappings");

	if (mount->gid_maps.n == 0 && mount->uid_maps.n > 0)
		return json_fail(gid_path, err, "is required beside uidMappings");
	if (mount->uid_maps.n == 0 && mount->gid_maps.n > 0)
		return json_fail(uid_path, err, "is required beside gidMappings");
	if (plan->idmap != MOUNT_IDMAP_NONE && mount->uid_maps.n == 0 &&
	    !config->namespaces[NS_USER].present)
		return json_fail(uid_path, err,
				 "is required by an idmapped mount without a user namespace");
	int rc = config_check_id_maps(&mount->uid_maps, uid_path, err);

	return rc < 0 ? rc : config_check_id_maps(&mount->gid_maps, gid_path, err);
}

/* The options are parsed again by whoever mounts; here, so that a wrong one fails before anything
 * is made. */
int config_check_mounts(const struct config *config, const struct json_path *root, struct err *err)
{
	const struct json_path *mounts = config_at(root, "mounts");

	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		struct mount_plan plan = { 0 };
		char where[48];
		int rc;

		if (mount->destination[0] == '\0')
			return json_fail(config_at(config_item(mounts, i), "destination"), err,
					 "must not be empty");
		(void)snprintf(where, sizeof(where), "config.json: mounts[%zu]", i);
		rc = mount_plan_parse(mount, where, &plan, err);
		if (rc >= 0)
			rc = check_mount(mount, &plan, config_item(mounts, i), err);
		if (rc >= 0)
			rc = check_idmap(config, i, &plan, config_item(mounts, i), err);
		mount_plan_free(&plan);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void config_mounts_free(struct config_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->items[i].destination);
		free(mounts->items[i].source);
		free(mounts->items[i].type);
		strlist_free(&mounts->items[i].options);
		free(mounts->items[i].uid_maps.items);
		free(mounts->items[i].gid_maps.items);
	}
	free(mounts->items);
}
