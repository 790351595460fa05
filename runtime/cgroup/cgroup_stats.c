/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_stats.h"

#include <string.h>

#include "common/cleanup.h"

void cgroup_stats_put_file(json_node *object, const char *key, const struct cgroup_folder *folder,
			   const char *file)
{
	struct err ignored = ERR_INIT;
	int64_t value;

	if (cgroup_get_int(folder, file, &value, &ignored) >= 0)
		json_put_int(object, key, value);
}

void cgroup_stats_put_keyed(json_node *object, const char *key, const char *text, const char *name)
{
	int64_t value;

	if (cgroup_keyed(text, name, &value))
		json_put_int(object, key, value);
}

void cgroup_stats_put_memory_stat(json_node *memory, const char *cache,
				  const struct cgroup_folder *folder)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	if (cgroup_get(folder, "memory.stat", &text, &ignored) < 0)
		return;
	cgroup_stats_put_keyed(memory, "cache", text, cache);
	json_node *raw = json_put_object(memory, "raw");

	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		char *blank = strchr(line, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		json_put_int(raw, line, cgroup_number(blank + 1));
	}
}

void cgroup_stats_append_device(json_node *list, int64_t major, int64_t minor, const char *op,
				int64_t value)
{
	json_node *entry = json_object();

	json_put_int(entry, "major", major);
	json_put_int(entry, "minor", minor);
	json_put_string(entry, "op", op);
	json_put_int(entry, "value", value);
	json_append(list, entry);
}
