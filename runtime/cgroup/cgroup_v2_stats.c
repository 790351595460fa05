/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_stats.h"
#include "runtime/cgroup/cgroup_v2.h"

/*
 * The "data" object of runc's `events --stats`, from the files of v2. A controller that the group has
 * not leaves its keys out.
 */
#define MAX_NAME 64

/* ---- pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" ---- */

static void put_pressure(json_node *object, const struct cgroup_folder *folder, const char *file)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;
	json_node *psi = NULL;

	if (cgroup_get(folder, file, &text, &ignored) < 0)
		return; /* not in this kernel, or switched off (psi=0) */
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		char kind[8];
		double avg10, avg60, avg300;
		int64_t total_us;

		/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit */
		if (sscanf(line, "%7s avg10=%lf avg60=%lf avg300=%lf total=%" SCNd64, kind, &avg10,
			   &avg60, &avg300, &total_us) != 5)
			continue;
		psi = psi ? psi : json_put_object(object, "psi");
		json_node *part = json_put_object(psi, kind);

		json_put_double(part, "avg10", avg10);
		json_put_double(part, "avg60", avg60);
		json_put_double(part, "avg300", avg300);
		json_put_int(part, "total", total_us);
	}
}

/* ---- cpu ---- */

/* cpu.stat counts microseconds, runc's object nanoseconds. */
static void put_us(json_node *object, const char *key, const char *text, const char *name)
{
	int64_t us;

	if (cgroup_keyed(text, name, &us))
		json_put_int(object, key, us * 1000);
}

static void put_cpu(json_node *data, const struct cgroup_folder *folder)
{
	json_node *cpu = json_put_object(data, "cpu");
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	if (cgroup_get(folder, "cpu.stat", &text, &ignored) < 0)
		return;
	json_node *usage = json_put_object(cpu, "usage");

	put_us(usage, "total", text, "usage_usec");
	put_us(usage, "kernel", text, "system_usec");
	put_us(usage, "user", text, "user_usec");
	json_node *throttling = json_put_object(cpu, "throttling");

	cgroup_stats_put_keyed(throttling, "periods", text, "nr_periods");
	cgroup_stats_put_keyed(throttling, "throttledPeriods", text, "nr_throttled");
	put_us(throttling, "throttledTime", text, "throttled_usec");
	put_pressure(cpu, folder, "cpu.pressure");
}

/* ---- memory ---- */

static void put_memory(json_node *data, const struct cgroup_folder *folder)
{
	autofree char *events = NULL;
	struct err ignored = ERR_INIT;
	int64_t usage = 0, swap = 0, limit = INT64_MAX, swap_limit = INT64_MAX;

	if (cgroup_get_int(folder, "memory.current", &usage, &ignored) < 0)
		return;
	(void)cgroup_get_int(folder, "memory.max", &limit, &ignored);
	json_node *memory = json_put_object(data, "memory");
	json_node *part = json_put_object(memory, "usage");

	json_put_int(part, "limit", limit);
	json_put_int(part, "usage", usage);
	cgroup_stats_put_file(part, "max", folder, "memory.peak");
	if (cgroup_get(folder, "memory.events", &events, &ignored) >= 0) {
		cgroup_stats_put_keyed(part, "failcnt", events, "max");
		cgroup_stats_put_keyed(memory, "oomKills", events, "oom_kill");
	}
	/* memory and swap together, as v1 counts it */
	if (cgroup_get_int(folder, "memory.swap.current", &swap, &ignored) >= 0 &&
	    cgroup_get_int(folder, "memory.swap.max", &swap_limit, &ignored) >= 0) {
		json_node *both = json_put_object(memory, "swap");
		bool endless = limit == INT64_MAX || swap_limit == INT64_MAX;

		json_put_int(both, "usage", usage + swap);
		json_put_int(both, "limit", endless ? INT64_MAX : limit + swap_limit);
	}
	cgroup_stats_put_memory_stat(memory, "file", folder);
	put_pressure(memory, folder, "memory.pressure");
}

/* ---- io: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" ---- */

static void put_io_line(char *line, json_node *bytes, json_node *requests)
{
	static const struct {
		const char *name, *op;
		bool bytes;
	} values[] = {
		{ "rbytes=", "Read", true },    { "wbytes=", "Write", true },
		{ "dbytes=", "Discard", true }, { "rios=", "Read", false },
		{ "wios=", "Write", false },    { "dios=", "Discard", false },
	};
	int64_t major, minor;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit */
	if (sscanf(line, "%" SCNd64 ":%" SCNd64, &major, &minor) != 2)
		return;
	(void)strsep(&line, " ");
	for (const char *word; (word = strsep(&line, " "));)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			if (!str_starts(word, values[i].name))
				continue;
			cgroup_stats_append_device(values[i].bytes ? bytes : requests, major, minor,
						   values[i].op,
						   cgroup_number(word + strlen(values[i].name)));
		}
}

static void put_io(json_node *data, const struct cgroup_folder *folder)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	if (cgroup_get(folder, "io.stat", &text, &ignored) < 0)
		return;
	json_node *io = json_put_object(data, "blkio");
	json_node *bytes = json_put_array(io, "ioServiceBytesRecursive");
	json_node *requests = json_put_array(io, "ioServicedRecursive");

	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		put_io_line(line, bytes, requests);
	put_pressure(io, folder, "io.pressure");
}

/* ---- pids, hugetlb, rdma ---- */

static void put_pids(json_node *data, const struct cgroup_folder *folder)
{
	autofree char *limit = NULL;
	struct err ignored = ERR_INIT;

	if (cgroup_get(folder, "pids.max", &limit, &ignored) < 0)
		return;
	json_node *pids = json_put_object(data, "pids");

	cgroup_stats_put_file(pids, "current", folder, "pids.current");
	/* no limit is 0 */
	json_put_int(pids, "limit", str_starts(limit, "max") ? 0 : cgroup_number(limit));
}

static void put_hugepage_size(json_node *hugetlb, const struct cgroup_folder *folder,
			      const char *size)
{
	json_node *part = json_put_object(hugetlb, size);
	char file[2 * MAX_NAME];
	autofree char *events = NULL;
	struct err ignored = ERR_INIT;

	(void)snprintf(file, sizeof(file), "hugetlb.%s.current", size);
	cgroup_stats_put_file(part, "usage", folder, file);
	(void)snprintf(file, sizeof(file), "hugetlb.%s.events", size);
	if (cgroup_get(folder, file, &events, &ignored) >= 0)
		cgroup_stats_put_keyed(part, "failcnt", events, "max");
}

/* The sizes are those that the kernel has files for. */
static void put_hugetlb(json_node *data, const struct cgroup_folder *folder)
{
	static const char prefix[] = "hugetlb.", suffix[] = ".events";
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	json_node *hugetlb = NULL;

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		size_t len = strlen(e->d_name), around = strlen(prefix) + strlen(suffix);

		if (!str_starts(e->d_name, prefix) || len <= around || len - around >= MAX_NAME ||
		    !str_eq(e->d_name + len - strlen(suffix), suffix))
			continue;
		autofree char *size = xstrndup(e->d_name + strlen(prefix), len - around);

		hugetlb = hugetlb ? hugetlb : json_put_object(data, "hugetlb");
		put_hugepage_size(hugetlb, folder, size);
	}
}

/* "mlx5_0 hca_handle=1 hca_object=2" */
static void put_rdma(json_node *data, const struct cgroup_folder *folder)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;
	json_node *rdma = NULL;

	if (cgroup_get(folder, "rdma.current", &text, &ignored) < 0)
		return;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		char device[MAX_NAME];
		int64_t handles, objects;

		/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit */
		if (sscanf(line, "%63s hca_handle=%" SCNd64 " hca_object=%" SCNd64, device,
			   &handles, &objects) != 3)
			continue;
		rdma = rdma ? rdma : json_put_object(data, "rdma");
		json_node *part = json_put_object(rdma, device);

		json_put_int(part, "hcaHandles", handles);
		json_put_int(part, "hcaObjects", objects);
	}
}

void cgroup_v2_stats_beside(const struct cgroup_folder *folder, json_node *data)
{
	put_hugetlb(data, folder);
	put_rdma(data, folder);
}

int cgroup_v2_stats(const struct cgroup *cg, json_node *data, struct err *err)
{
	const struct cgroup_folder *folder = &cg->folders[0];
	int rc = cgroup_folder_open(&cg->folders[0], err);

	if (rc < 0)
		return rc;
	put_cpu(data, folder);
	put_memory(data, folder);
	put_pids(data, folder);
	put_io(data, folder);
	cgroup_v2_stats_beside(folder, data);
	return 0;
}
