/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "runtime/config/config_resources.h"
#include "runtime/config/config_tables.h"

/* Of linux.resources what speaks of devices: rules, block I/O, huge pages, interfaces, RDMA. */

/* The kernel's dev_t: 12 bits of major, 20 of minor. */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

static const struct resource_range any_major = { -1, MAJOR_MAX, false, false };
static const struct resource_range any_minor = { -1, MINOR_MAX, false, false };

/* ---- devices ---- */

static const struct json_enum device_types[] = {
	{ "a", 'a' },
	{ "b", 'b' },
	{ "c", 'c' },
	{ NULL, 0 },
};

static int decode_type(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	if (str_eq(json_string(node), ""))
		return 0;
	return json_decode_enum(node, field, out, path, err);
}

static int decode_access(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	struct resource_device *device = out;
	const char *text = json_string(node);

	(void)field;
	if (!text)
		return json_fail_value(node, path, err, "must be a string of r, w and m");
	if (text[strspn(text, "rwm")] != '\0')
		return json_fail(path, err, "'%.32s' has more than r, w and m in it", text);
	device->read = strchr(text, 'r');
	device->write = strchr(text, 'w');
	device->mknod = strchr(text, 'm');
	return 0;
}

/* What is not said is all. */
static int check_device(void *item, const struct json_path *path, struct err *err)
{
	struct resource_device *device = item;

	(void)path;
	(void)err;
	if (device->type == 0)
		device->type = 'a';
	if (!device->read && !device->write && !device->mknod)
		device->read = device->write = device->mknod = true;
	if (device->major.value == -1)
		device->major = (struct resource_number){ 0 };
	if (device->minor.value == -1)
		device->minor = (struct resource_number){ 0 };
	return 0;
}

#define AT(member) offsetof(struct resource_device, member)
static const struct json_field device_fields[] = {
	{ "allow", json_decode_bool, AT(allow), JSON_REQUIRED, NULL, 0 },
	{ "type", decode_type, AT(type), 0, device_types, 0 },
	{ "major", resource_decode_number, AT(major), 0, &any_major, 0 },
	{ "minor", resource_decode_number, AT(minor), 0, &any_minor, 0 },
	{ "access", decode_access, 0, 0, NULL, 0 },
};
#undef AT

const struct json_table resource_device_table = {
	.fields = device_fields,
	.n_fields = ARRAY_SIZE(device_fields),
	.item_size = sizeof(struct resource_device),
	.count_offset = offsetof(struct resource_devices, n),
	.check = check_device,
};

/* ---- blockIO ---- */

static const struct json_range major = { 0, MAJOR_MAX };
static const struct json_range minor = { 0, MINOR_MAX };
static const struct resource_range weight = { 10, 1000, true, false };
static const struct resource_range rate = { 0, INT64_MAX, false, false };

#define AT(member) offsetof(struct resource_block_device, member)
static const struct json_field weight_device_fields[] = {
	{ "major", json_decode_int, AT(major), JSON_REQUIRED, &major, 0 },
	{ "minor", json_decode_int, AT(minor), JSON_REQUIRED, &minor, 0 },
	{ "weight", resource_decode_number, AT(weight), 0, &weight, 0 },
	{ "leafWeight", resource_decode_number, AT(leaf_weight), 0, &weight, 0 },
};

static const struct json_field rate_device_fields[] = {
	{ "major", json_decode_int, AT(major), JSON_REQUIRED, &major, 0 },
	{ "minor", json_decode_int, AT(minor), JSON_REQUIRED, &minor, 0 },
	{ "rate", resource_decode_number, AT(rate), JSON_REQUIRED, &rate, 0 },
};
#undef AT

static int check_weight_device(void *item, const struct json_path *path, struct err *err)
{
	const struct resource_block_device *device = item;

	if (device->weight.set || device->leaf_weight.set)
		return 0;
	return json_fail(path, err, "has neither weight nor leafWeight");
}

static const struct json_table weight_device_table = {
	.fields = weight_device_fields,
	.n_fields = ARRAY_SIZE(weight_device_fields),
	.item_size = sizeof(struct resource_block_device),
	.count_offset = offsetof(struct resource_block_devices, n),
	.check = check_weight_device,
};

static const struct json_table rate_device_table = {
	.fields = rate_device_fields,
	.n_fields = ARRAY_SIZE(rate_device_fields),
	.item_size = sizeof(struct resource_block_device),
	.count_offset = offsetof(struct resource_block_devices, n),
};

#define AT(member) offsetof(struct resource_block_io, member)
static const struct json_field block_io_fields[] = {
	{ "weight", resource_decode_number, AT(weight), 0, &weight, 0 },
	{ "leafWeight", resource_decode_number, AT(leaf_weight), 0, &weight, 0 },
	{ "weightDevice", json_decode_array, AT(weight_devices), 0, &weight_device_table, 0 },
	{ "throttleReadBpsDevice", json_decode_array, AT(read_bps), 0, &rate_device_table, 0 },
	{ "throttleWriteBpsDevice", json_decode_array, AT(write_bps), 0, &rate_device_table, 0 },
	{ "throttleReadIOPSDevice", json_decode_array, AT(read_iops), 0, &rate_device_table, 0 },
	{ "throttleWriteIOPSDevice", json_decode_array, AT(write_iops), 0, &rate_device_table, 0 },
};
#undef AT

const struct json_table resource_block_io_table = {
	.fields = block_io_fields,
	.n_fields = ARRAY_SIZE(block_io_fields),
};

/* ---- hugepageLimits ---- */

/* It becomes part of a file's name: a number and a unit, and nothing of a path. */
static int check_hugepage(void *item, const struct json_path *path, struct err *err)
{
	const char *size = ((const struct resource_hugepage *)item)->page_size;
	size_t digits = strspn(size, "0123456789");
	const char *unit = size + digits;

	if (digits > 0 && digits < 8 && size[0] != '0' &&
	    (str_eq(unit, "KB") || str_eq(unit, "MB") || str_eq(unit, "GB")))
		return 0;
	return json_fail(config_at(path, "pageSize"), err, "'%.64s' is no size like \"2MB\"", size);
}

/* An unsigned number of the specification: "no limit" is 2^64-1, and -1 here. */
static int decode_bytes(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	static const struct resource_range bytes = { 0, INT64_MAX, false, true };
	const struct json_field number_field = { .key = field->key, .arg = &bytes };
	struct resource_number number = { 0 };
	double huge;
	int rc = 0;

	if (json_double(node, &huge) && huge >= 9007199254740992.0)
		number.value = -1;
	else
		rc = resource_decode_number(node, &number_field, &number, path, err);
	*(int64_t *)out = number.value;
	return rc;
}

#define AT(member) offsetof(struct resource_hugepage, member)
static const struct json_field hugepage_fields[] = {
	{ "pageSize", json_decode_string, AT(page_size), JSON_REQUIRED, NULL, 0 },
	{ "limit", decode_bytes, AT(limit), JSON_REQUIRED, NULL, 0 },
};
#undef AT

const struct json_table resource_hugepage_table = {
	.fields = hugepage_fields,
	.n_fields = ARRAY_SIZE(hugepage_fields),
	.item_size = sizeof(struct resource_hugepage),
	.count_offset = offsetof(struct resource_hugepages, n),
	.check = check_hugepage,
};

/* ---- network ---- */

static const struct json_range u32 = { 0, UINT32_MAX };
static const struct resource_range class_id = { 0, UINT32_MAX, false, false };

/* As dev_valid_name() of the kernel has it; a blank would begin the next word of the file. */
static int check_priority(void *item, const struct json_path *path, struct err *err)
{
	const char *name = ((const struct resource_priority *)item)->interface_name;
	size_t len = strlen(name);

	if (len > 0 && len < 16 && !strpbrk(name, "/: \t\n\v\f\r") && !str_eq(name, ".") &&
	    !str_eq(name, ".."))
		return 0;
	return json_fail(config_at(path, "name"), err, "'%.32s' is no name of an interface", name);
}

#define AT(member) offsetof(struct resource_priority, member)
static const struct json_field priority_fields[] = {
	{ "name", json_decode_string, AT(interface_name), JSON_REQUIRED, NULL, 0 },
	{ "priority", json_decode_int, AT(priority), JSON_REQUIRED, &u32, 0 },
};
#undef AT

static const struct json_table priority_table = {
	.fields = priority_fields,
	.n_fields = ARRAY_SIZE(priority_fields),
	.item_size = sizeof(struct resource_priority),
	.count_offset = offsetof(struct resource_priorities, n),
	.check = check_priority,
};

#define AT(member) offsetof(struct resources, member)
static const struct json_field network_fields[] = {
	{ "classID", resource_decode_number, AT(class_id), 0, &class_id, 0 },
	{ "priorities", json_decode_array, AT(priorities), 0, &priority_table, 0 },
};
#undef AT

const struct json_table resource_priorities_table = {
	.fields = network_fields,
	.n_fields = ARRAY_SIZE(network_fields),
};

/* ---- rdma ---- */

static const struct resource_range handles = { 0, UINT32_MAX, false, false };

#define AT(member) offsetof(struct resource_rdma, member)
static const struct json_field rdma_fields[] = {
	{ "hcaHandles", resource_decode_number, AT(hca_handles), 0, &handles, 0 },
	{ "hcaObjects", resource_decode_number, AT(hca_objects), 0, &handles, 0 },
};
#undef AT

static int check_rdma(void *item, const struct json_path *path, struct err *err)
{
	const struct resource_rdma *rdma = item;

	if (rdma->hca_handles.set || rdma->hca_objects.set)
		return 0;
	return json_fail(path, err, "has neither hcaHandles nor hcaObjects");
}

static const struct json_table rdma_table = {
	.fields = rdma_fields,
	.n_fields = ARRAY_SIZE(rdma_fields),
	.check = check_rdma,
};

int resource_decode_rdma(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const struct json_field item_field = { .key = field->key, .arg = &rdma_table };
	struct resource_rdmas *list = out;

	if (!json_is_object(node))
		return json_fail_value(node, path, err, "must be an object");
	for (const json_node *child = json_first(node); child; child = json_next(child)) {
		const char *name = json_key(child);
		const struct json_path *here = config_at(path, name);

		if (name[0] == '\0' || strlen(name) > 63 || strpbrk(name, "/ \t\n\v\f\r"))
			return json_fail(here, err, "is no name of a device");
		list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
		list->items[list->n] = (struct resource_rdma){ .device = xstrdup(name) };
		int rc = json_decode_object(child, &item_field, &list->items[list->n++], here, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- unified ---- */

/*
 * Files of the container's group, any of them, but those that act on processes: a pid in them could
 * be any of the host's.
 */
static const char *const refused_files[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill" };

int resource_decode_unified(const json_node *node, const struct json_field *field, void *out,
			    const struct json_path *path, struct err *err)
{
	const struct strmap *map = out;
	int rc = json_decode_map(node, field, out, path, err);

	for (size_t i = 0; rc >= 0 && i < map->n; i++) {
		const char *key = map->items[i].key;
		const struct json_path *here = config_at(path, key);

		if (key[0] == '\0' || key[0] == '.' || strlen(key) > 255 || strchr(key, '/'))
			return json_fail(here, err, "is no name of a file");
		for (size_t j = 0; j < ARRAY_SIZE(refused_files); j++)
			if (str_eq(key, refused_files[j]))
				return json_fail(here, err,
						 "moves or kills processes and is no limit");
	}
	return rc;
}
