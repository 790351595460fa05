/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/cleanup.h"
#include "runtime/config/config_tables.h"

/* ---- namespaces ---- */

struct namespace_item {
	int type;
	char *path;
};

struct namespace_items {
	struct namespace_item *items;
	size_t n;
};

static const struct json_enum namespace_types[] = {
	{ "user", NS_USER },   { "cgroup", NS_CGROUP }, { "ipc", NS_IPC },
	{ "uts", NS_UTS },     { "network", NS_NET },   { "pid", NS_PID },
	{ "mount", NS_MOUNT }, { "time", NS_TIME },     { NULL, 0 },
};

#define AT(member) offsetof(struct namespace_item, member)
static const struct json_field namespace_fields[] = {
	{ "type", json_decode_enum, AT(type), JSON_REQUIRED, namespace_types, 0 },
	{ "path", json_decode_string, AT(path), 0, NULL, 0 },
};
#undef AT

static const struct json_table namespace_table = {
	.fields = namespace_fields,
	.n_fields = ARRAY_SIZE(namespace_fields),
	.item_size = sizeof(struct namespace_item),
	.count_offset = offsetof(struct namespace_items, n),
};

static int take_namespace(struct namespace_item *item, struct config_namespace *namespaces,
			  const struct json_path *path, struct err *err)
{
	struct config_namespace *ns = &namespaces[item->type];

	if (ns->present)
		return json_fail(path, err, "type '%s' is there twice",
				 config_namespace_name((enum ns_type)item->type));
	ns->present = true;
	if (!item->path || item->path[0] == '\0')
		return 0;
	if (item->path[0] != '/')
		return json_fail(config_at(path, "path"), err, "'%s' is not an absolute path",
				 item->path);
	ns->path = take_ptr(&item->path);
	return 0;
}

static int decode_namespaces(const json_node *node, const struct json_field *field, void *out,
			     const struct json_path *path, struct err *err)
{
	struct namespace_items list = { NULL, 0 };
	int rc;

	rc = json_decode_array(node, field, &list, path, err);
	for (size_t i = 0; rc >= 0 && i < list.n; i++)
		rc = take_namespace(&list.items[i], out, config_item(path, i), err);
	for (size_t i = 0; i < list.n; i++)
		free(list.items[i].path);
	free(list.items);
	return rc;
}

/* ---- id maps ---- */

static const struct json_range id_range = { 0, UINT32_MAX };
static const struct json_range size_range = { 1, UINT32_MAX };

#define AT(member) offsetof(struct config_id_map, member)
static const struct json_field id_map_fields[] = {
	{ "containerID", json_decode_int, AT(container_id), JSON_REQUIRED, &id_range, 0 },
	{ "hostID", json_decode_int, AT(host_id), JSON_REQUIRED, &id_range, 0 },
	{ "size", json_decode_int, AT(size), JSON_REQUIRED, &size_range, 0 },
};
#undef AT

static int check_id_map(void *item, const struct json_path *path, struct err *err)
{
	const struct config_id_map *map = item;

	/* 2^32-1 is no id */
	if (map->container_id + map->size > UINT32_MAX)
		return json_fail(path, err,
				 "containerID %lld and size %lld reach beyond 4294967294",
				 (long long)map->container_id, (long long)map->size);
	if (map->host_id + map->size > UINT32_MAX)
		return json_fail(path, err, "hostID %lld and size %lld reach beyond 4294967294",
				 (long long)map->host_id, (long long)map->size);
	return 0;
}

char *config_id_map_text(const struct config_id_maps *maps)
{
	struct strbuf text = { 0 };

	for (size_t i = 0; i < maps->n; i++)
		strbuf_printf(&text, "%lld %lld %lld\n", (long long)maps->items[i].container_id,
			      (long long)maps->items[i].host_id, (long long)maps->items[i].size);
	return strbuf_take(&text);
}

const struct json_table config_id_map_table = {
	.fields = id_map_fields,
	.n_fields = ARRAY_SIZE(id_map_fields),
	.item_size = sizeof(struct config_id_map),
	.count_offset = offsetof(struct config_id_maps, n),
	.check = check_id_map,
};

/* ---- what is not applied ---- */

static int decode_net_devices(const json_node *node, const struct json_field *field, void *out,
			      const struct json_path *path, struct err *err)
{
	(void)field;
	(void)out;
	if (json_is_empty(node))
		return 0;
	return json_fail(path, err,
			 "is not supported: this runtime leaves networks to hooks; "
			 "call ct-netns in hooks.createRuntime");
}

/* ---- the time namespace ---- */

/* The kernel stops half-way to the end of its 64 bits of nanoseconds (KTIME_SEC_MAX / 2). */
#define TIME_OFFSET_MAX_S (INT64_C(9223372036) / 2)
static const struct json_range seconds_range = { -TIME_OFFSET_MAX_S, TIME_OFFSET_MAX_S };
static const struct json_range nanoseconds_range = { 0, 999999999 };

#define AT(member) offsetof(struct config_time_offset, member)
static const struct json_field time_offset_fields[] = {
	{ "secs", json_decode_int, AT(secs), 0, &seconds_range, 0 },
	{ "nanosecs", json_decode_int, AT(nanosecs), 0, &nanoseconds_range, 0 },
};
#undef AT

static int check_time_offset(void *item, const struct json_path *path, struct err *err)
{
	struct config_time_offset *offset = item;

	(void)path;
	(void)err;
	offset->present = offset->secs != 0 || offset->nanosecs != 0;
	return 0;
}

static const struct json_table time_offset_table = {
	.fields = time_offset_fields,
	.n_fields = ARRAY_SIZE(time_offset_fields),
	.check = check_time_offset,
};

#define AT(member) offsetof(struct config, member)
static const struct json_field time_offsets_fields[] = {
	{ "monotonic", json_decode_object, AT(monotonic), 0, &time_offset_table, 0 },
	{ "boottime", json_decode_object, AT(boottime), 0, &time_offset_table, 0 },
};
#undef AT

static const struct json_table time_offsets_table = {
	.fields = time_offsets_fields,
	.n_fields = ARRAY_SIZE(time_offsets_fields),
};

/* ---- linux ---- */

static int decode_propagation(const json_node *node, const struct json_field *field, void *out,
			      const struct json_path *path, struct err *err)
{
	if (str_eq(json_string(node), ""))
		return 0;
	return json_decode_enum(node, field, out, path, err);
}

/* It goes into a file system's options between double quotes, which nothing can escape there. */
static int decode_label(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	const char *label = json_string(node);

	if (str_eq(label, ""))
		return 0;
	if (label && strpbrk(label, "\"\n"))
		return json_fail(path, err, "'%.128s' has a quote or a newline in it", label);
	return json_decode_string(node, field, out, path, err);
}

static const struct json_enum propagation_names[] = {
	{ "private", MS_PRIVATE | MS_REC },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "shared", MS_SHARED | MS_REC },
	{ "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE | MS_REC },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "unbindable", MS_UNBINDABLE | MS_REC },
	{ "runbindable", MS_UNBINDABLE | MS_REC },
	{ NULL, 0 },
};

static int check_absolute(const struct strlist *paths, const struct json_path *path,
			  struct err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (paths->items[i][0] != '/')
			return json_fail(config_item(path, i), err, "'%s' is not an absolute path",
					 paths->items[i]);
	}
	return 0;
}

static int check_linux(void *item, const struct json_path *path, struct err *err)
{
	const struct config *config = item;
	int rc = check_absolute(&config->masked_paths, config_at(path, "maskedPaths"), err);

	if (rc < 0)
		return rc;
	return check_absolute(&config->readonly_paths, config_at(path, "readonlyPaths"), err);
}

#define AT(member) offsetof(struct config, member)
static const struct json_field linux_fields[] = {
	{ "namespaces", decode_namespaces, AT(namespaces), 0, &namespace_table, 0 },
	{ "uidMappings", json_decode_array, AT(uid_maps), 0, &config_id_map_table, 0 },
	{ "gidMappings", json_decode_array, AT(gid_maps), 0, &config_id_map_table, 0 },
	{ "maskedPaths", json_decode_strings, AT(masked_paths), 0, NULL, 0 },
	{ "readonlyPaths", json_decode_strings, AT(readonly_paths), 0, NULL, 0 },
	{ "rootfsPropagation", decode_propagation, AT(rootfs_propagation), 0, propagation_names,
	  0 },
	{ "timeOffsets", json_decode_object, 0, 0, &time_offsets_table, 0 },
	{ "devices", json_decode_array, AT(devices), 0, &config_device_table, 0 },
	{ "netDevices", decode_net_devices, 0, 0, NULL, 0 },
	{ "cgroupsPath", json_decode_string, AT(cgroups_path), 0, NULL, 0 },
	{ "resources", json_decode_object, AT(resources), 0, &config_resources_table, 0 },
	/* an empty one asks for a class of its own (config-linux.md, "IntelRdt") */
	{ "intelRdt", json_decode_object, AT(intel_rdt), 0, &config_intel_rdt_table,
	  AT(has_intel_rdt) },
	{ "memoryPolicy", json_decode_object, AT(memory_policy), 0, &config_memory_policy_table,
	  AT(memory_policy.present) },
	{ "sysctl", json_decode_map, AT(sysctl), 0, NULL, 0 },
	{ "seccomp", json_decode_object, AT(seccomp), 0, &config_seccomp_table,
	  AT(seccomp.present) },
	{ "mountLabel", decode_label, AT(mount_label), 0, NULL, 0 },
	{ "personality", json_decode_object, AT(personality), 0, &config_personality_table,
	  AT(personality.present) },
};
#undef AT

const struct json_table config_linux_table = {
	.fields = linux_fields,
	.n_fields = ARRAY_SIZE(linux_fields),
	.check = check_linux,
};
