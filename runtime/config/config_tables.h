/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONFIG_TABLES_H
#define CT_CONFIG_TABLES_H

#include "common/json.h"
#include "runtime/config/config.h"

/*
 * Between the config*.c files alone: the tables of the parts of config.json, and the checks that
 * look at more than one property.
 */
extern const struct json_table config_process_table; /* struct config_process */
extern const struct json_table config_hooks_table;   /* struct config_hooks[HOOK_COUNT] */
extern const struct json_table config_mount_table;   /* array in struct config_mounts */
extern const struct json_table config_linux_table;   /* struct config */
extern const struct json_table config_id_map_table;  /* array in struct config_id_maps */
extern const struct json_table config_device_table;  /* array in struct config_devices */
extern const struct json_table config_seccomp_table; /* struct config_seccomp */
/* The structs of their names in config.h. */
extern const struct json_table config_scheduler_table, config_io_priority_table,
	config_cpu_affinity_table, config_memory_policy_table, config_personality_table;
extern const struct json_table config_resources_table; /* struct resources */

/* The whole document, once every property on its own is right. */
int config_check(struct config *config, const struct json_path *root, struct err *err);

/* "config.json: linux.uidMappings: …" and so on live where their data does. */
int config_check_mounts(const struct config *config, const struct json_path *root, struct err *err);

/* Extents that do not overlap, and no more of them than the kernel takes. */
int config_check_id_maps(const struct config_id_maps *maps, const struct json_path *path,
			 struct err *err);

extern const struct json_table config_intel_rdt_table; /* struct config_intel_rdt */

void config_intel_rdt_free(struct config_intel_rdt *rdt);
void config_mounts_free(struct config_mounts *mounts);
void config_devices_free(struct config_devices *devices);
void config_hooks_free(struct config_hooks *hooks);

/* A path below the one of an object: "process" -> "process.cwd". For the length of the call. */
#define config_at(above, name)    (&(const struct json_path){ (above), (name), 0 })
#define config_item(above, place) (&(const struct json_path){ (above), NULL, (place) })

#endif
