/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_STATS_H
#define CT_CGROUP_STATS_H

#include "common/json.h"
#include "runtime/cgroup/cgroup_folder.h"

/*
 * From files of a group to the "data" object of runc's `events --stats`. What is not there, by kernel
 * or by the controllers that the group has, leaves its key out.
 */

/* A file with one number. */
void cgroup_stats_put_file(json_node *object, const char *key, const struct cgroup_folder *folder,
			   const char *file);
/* One "name value" line of text. */
void cgroup_stats_put_keyed(json_node *object, const char *key, const char *text, const char *name);
/* memory.stat: "cache" is the line of that name, "raw" has all lines. */
void cgroup_stats_put_memory_stat(json_node *memory, const char *cache,
				  const struct cgroup_folder *folder);
/* {"major": 8, "minor": 0, "op": "Read", "value": 4096} */
void cgroup_stats_append_device(json_node *list, int64_t major, int64_t minor, const char *op,
				int64_t value);

#endif
