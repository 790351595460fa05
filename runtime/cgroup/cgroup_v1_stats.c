/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_hybrid.h"
#include "runtime/cgroup/cgroup_stats.h"
#include "runtime/cgroup/cgroup_v1.h"
#include "runtime/cgroup/cgroup_v2.h"

/*
 * The "data" object of runc's `events --stats`, from the files of v1. A file that is not there, by
 * kernel or by the hierarchies that were joined, leaves its keys out.
 */

/* ---- cpu ---- */

static void put_cpuacct(json_node *cpu, const struct cgroup_folder *folder)
{
	json_node *usage = json_put_object(cpu, "usage");
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	cgroup_stats_put_file(usage, "total", folder, "cpuacct.usage");
	cgroup_stats_put_file(usage, "kernel", folder, "cpuacct.usage_sys");
	cgroup_stats_put_file(usage, "user", folder, "cpuacct.usage_user");
	if (cgroup_get(folder, "cpuacct.usage_percpu", &text, &ignored) < 0)
		return;
	json_node *list = json_put_array(usage, "percpu");

	for (const char *p = text; *p; p += strspn(p, " \n")) {
		json_append_int(list, cgroup_number(p));
		p += strcspn(p, " \n");
	}
}

static void put_throttling(json_node *cpu, const struct cgroup_folder *folder)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	if (cgroup_get(folder, "cpu.stat", &text, &ignored) < 0)
		return;
	json_node *throttling = json_put_object(cpu, "throttling");

	cgroup_stats_put_keyed(throttling, "periods", text, "nr_periods");
	cgroup_stats_put_keyed(throttling, "throttledPeriods", text, "nr_throttled");
	cgroup_stats_put_keyed(throttling, "throttledTime", text, "throttled_time");
}

/* ---- memory ---- */

static void put_memory_part(json_node *memory, const char *key, const struct cgroup_folder *folder,
			    const char *prefix)
{
	static const struct {
		const char *key, *file;
	} values[] = {
		{ "limit", "limit_in_bytes" },
		{ "usage", "usage_in_bytes" },
		{ "max", "max_usage_in_bytes" },
		{ "failcnt", "failcnt" },
	};
	json_node *part = json_put_object(memory, key);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		autofree char *file = xasprintf("%s.%s", prefix, values[i].file);

		cgroup_stats_put_file(part, values[i].key, folder, file);
	}
}

static void put_memory(json_node *data, const struct cgroup_folder *folder)
{
	json_node *memory = json_put_object(data, "memory");

	cgroup_stats_put_memory_stat(memory, "cache", folder);
	put_memory_part(memory, "usage", folder, "memory");
	put_memory_part(memory, "swap", folder, "memory.memsw");
	put_memory_part(memory, "kernel", folder, "memory.kmem");
	put_memory_part(memory, "kernelTCP", folder, "memory.kmem.tcp");
}

/* ---- blkio ---- */

/* "8:0 Read 4096" lines; "Total 4096" and lines without an operation are left out. */
static void put_blkio_file(json_node *blkio, const char *key, const struct cgroup_folder *folder,
			   const char *file)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;
	json_node *list = json_put_array(blkio, key);

	if (cgroup_get(folder, file, &text, &ignored) < 0)
		return;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		int64_t major, minor, value;
		char op[32];

		/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit */
		if (sscanf(line, "%" SCNd64 ":%" SCNd64 " %31s %" SCNd64, &major, &minor, op,
			   &value) != 4)
			continue;
		cgroup_stats_append_device(list, major, minor, op, value);
	}
}

static void put_blkio(json_node *data, const struct cgroup_folder *folder)
{
	json_node *blkio = json_put_object(data, "blkio");
	bool bfq = cgroup_has(folder, "blkio.bfq.io_serviced_recursive");

	/* Throttling counts all requests, BFQ those of disks that it schedules. */
	put_blkio_file(blkio, "ioServiceBytesRecursive", folder,
		       "blkio.throttle.io_service_bytes_recursive");
	put_blkio_file(blkio, "ioServicedRecursive", folder,
		       bfq ? "blkio.throttle.io_serviced_recursive" : "blkio.throttle.io_serviced");
}

/* ---- the whole ---- */

static void put_pids(json_node *data, const struct cgroup_folder *folder)
{
	json_node *pids = json_put_object(data, "pids");
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	cgroup_stats_put_file(pids, "current", folder, "pids.current");
	/* no limit is 0 */
	if (cgroup_get(folder, "pids.max", &text, &ignored) >= 0)
		json_put_int(pids, "limit", str_starts(text, "max") ? 0 : cgroup_number(text));
}

int cgroup_v1_stats(const struct cgroup *cg, json_node *data, struct err *err)
{
	static const struct {
		unsigned int controller;
		void (*put)(json_node *object, const struct cgroup_folder *folder);
		bool cpu;
	} parts[] = {
		{ CGROUP_CPUACCT, put_cpuacct, true }, { CGROUP_CPU, put_throttling, true },
		{ CGROUP_MEMORY, put_memory, false },  { CGROUP_PIDS, put_pids, false },
		{ CGROUP_BLKIO, put_blkio, false },
	};
	json_node *cpu = json_put_object(data, "cpu");

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct cgroup_folder *folder = cgroup_v1_folder(cg, parts[i].controller);
		int rc = folder ? cgroup_folder_open(folder, err) : 0;

		if (rc < 0)
			return rc;
		if (folder)
			parts[i].put(parts[i].cpu ? cpu : data, folder);
	}
	struct cgroup_folder *v2_folder = cgroup_hybrid_folder(cg);
	int rc = v2_folder ? cgroup_folder_open(v2_folder, err) : 0;

	if (v2_folder && rc >= 0)
		cgroup_v2_stats_beside(v2_folder, data);
	return rc < 0 ? rc : 0;
}
