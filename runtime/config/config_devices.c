/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/config/config_tables.h"

/* 12 bits of major and 20 of minor number: what the kernel packs into a dev_t. */
static const struct json_range major_range = { 0, 4095 };
static const struct json_range minor_range = { 0, 1048575 };
static const struct json_range id_range = { 0, UINT32_MAX - 1 };
/* Engines also write the file type's bits, as stat gives them. */
static const struct json_range mode_range = { 0, 0177777 };

static const struct json_enum device_types[] = {
	{ "c", 'c' }, { "u", 'c' }, { "b", 'b' }, { "p", 'p' }, { NULL, 0 },
};

#define AT(member) offsetof(struct config_device, member)
static const struct json_field device_fields[] = {
	{ "type", json_decode_enum, AT(type), JSON_REQUIRED, device_types, 0 },
	{ "path", json_decode_string, AT(path), JSON_REQUIRED, NULL, 0 },
	{ "major", json_decode_int, AT(major), 0, &major_range, AT(has_major) },
	{ "minor", json_decode_int, AT(minor), 0, &minor_range, AT(has_minor) },
	{ "fileMode", json_decode_int, AT(file_mode), 0, &mode_range, AT(has_file_mode) },
	{ "uid", json_decode_int, AT(uid), 0, &id_range, 0 },
	{ "gid", json_decode_int, AT(gid), 0, &id_range, 0 },
};
#undef AT

static bool type_matches(const struct config_device *device)
{
	switch ((mode_t)device->file_mode & S_IFMT) {
	case 0:
		return true;
	case S_IFCHR:
		return device->type == 'c';
	case S_IFBLK:
		return device->type == 'b';
	case S_IFIFO:
		return device->type == 'p';
	default:
		return false;
	}
}

static int check_device(void *item, const struct json_path *path, struct err *err)
{
	struct config_device *device = item;

	if (device->path[0] != '/')
		return json_fail(config_at(path, "path"), err, "'%.128s' is not an absolute path",
				 device->path);
	if (device->type != 'p' && !device->has_major)
		return json_fail(config_at(path, "major"), err, "is required by type '%c'",
				 device->type);
	if (device->type != 'p' && !device->has_minor)
		return json_fail(config_at(path, "minor"), err, "is required by type '%c'",
				 device->type);
	if (!type_matches(device))
		return json_fail(config_at(path, "fileMode"), err,
				 "%lld has the bits of another type of file than '%c'",
				 (long long)device->file_mode, device->type);
	device->file_mode &= 07777;
	return 0;
}

const struct json_table config_device_table = {
	.fields = device_fields,
	.n_fields = ARRAY_SIZE(device_fields),
	.item_size = sizeof(struct config_device),
	.count_offset = offsetof(struct config_devices, n),
	.check = check_device,
};

void config_devices_free(struct config_devices *devices)
{
	for (size_t i = 0; i < devices->n; i++)
		free(devices->items[i].path);
	free(devices->items);
}
