/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_v2.h"

/* config.json speaks cgroup v1; here it becomes v2 (config-linux.md, "Control groups"). */
#define KEY "linux.resources."

void cgroup_writes_free(struct cgroup_writes *writes)
{
	for (size_t i = 0; i < writes->n; i++)
		free(writes->items[i].value);
	free(writes->items);
	*writes = (struct cgroup_writes){ 0 };
}

/* Takes value. The entry is good until the next one is added. */
/* NOLINTBEGIN(readability-non-const-parameter) */
static struct cgroup_write *add(struct cgroup_writes *writes, const char *key, const char *file,
				char *value)
/* NOLINTEND(readability-non-const-parameter) */
{
	writes->items = xreallocarray(writes->items, writes->n + 1, sizeof(*writes->items));
	struct cgroup_write *write = &writes->items[writes->n++];

	*write = (struct cgroup_write){ .value = value };
	(void)snprintf(write->key, sizeof(write->key), KEY "%s", key);
	(void)snprintf(write->file, sizeof(write->file), "%s", file);
	return write;
}

/* A number, or "max" for -1. */
static char *limit_text(int64_t value)
{
	return value < 0 ? xstrdup("max") : xasprintf("%" PRId64, value);
}

static void add_limit(struct cgroup_writes *writes, const char *key, const char *file,
		      struct resource_number number)
{
	if (number.set)
		(void)add(writes, key, file, limit_text(number.value));
}

static int refuse(struct err *err, const char *key, const char *way_out)
{
	return err_set(err, EINVAL,
		       KEY "%s: cgroup v2, which this host has, knows no such limit; %s", key,
		       way_out);
}

/* ---- numbers ---- */

#define FRACTION_BITS 43

/* libm for two functions would cost every start of the program a library. */
static double log2_of(double x)
{
	double result = 0;
	double bit = 1;

	while (x >= 2) {
		x /= 2;
		result++;
	}
	for (int i = 0; i < FRACTION_BITS; i++) {
		bit /= 2;
		x *= x;
		if (x >= 2) {
			x /= 2;
			result += bit;
		}
	}
	return result;
}

/* e^x as (e^(x/1024))^1024, with a series that is exact enough for so small a number. */
static double exp_of(double x)
{
	double z = x / 1024, result = 1 + z * (1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5))));

	for (int i = 0; i < 10; i++)
		result *= result;
	return result;
}

/*
 * The quadratic curve through v1's smallest, default and largest value and v2's, as other runtimes
 * have it by now; rounded up. A straight line would make 39 of v1's default, less than its neighbours
 * have.
 */
uint64_t cgroup_v2_cpu_weight(int64_t shares)
{
	static const double ln_10 = 2.302585092994046;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double l = log2_of((double)shares);
	double weight = exp_of(ln_10 * ((l * l + 125 * l) / 612.0 - 7.0 / 34.0));

	return (uint64_t)(weight + 1 - 1e-6);
}

uint64_t cgroup_v2_io_weight(int64_t weight)
{
	if (weight <= 10)
		return 1;
	if (weight >= 1000)
		return 10000;
	return 1 + (uint64_t)(weight - 10) * 9999 / 990;
}

/* ---- one controller after the other ---- */

static int memory_writes(const struct resource_memory *memory, const struct cgroup_v2_now *now,
			 struct cgroup_writes *writes, struct err *err)
{
	int64_t limit = memory->limit.set ? memory->limit.value : now->memory_limit;

	if (memory->kernel.set && memory->kernel.value >= 0)
		return refuse(err, "memory.kernel", "memory.limit counts the kernel's memory too");
	if (memory->kernel_tcp.set && memory->kernel_tcp.value >= 0)
		return refuse(err, "memory.kernelTCP",
			      "memory.limit counts the memory of sockets too");
	if (memory->swappiness.set)
		return refuse(err, "memory.swappiness",
			      "limit memory.swap instead, or set vm.swappiness of the host");
	if (memory->disable_oom_killer.set && memory->disable_oom_killer.value)
		return refuse(err, "memory.disableOOMKiller", "leave it out");
	if (memory->use_hierarchy.set && !memory->use_hierarchy.value)
		return refuse(err, "memory.useHierarchy", "every group is hierarchical there");
	add_limit(writes, "memory.limit", "memory.max", memory->limit);
	if (memory->swap.set) {
		struct resource_number swap = memory->swap;

		if (swap.value >= 0 && (limit < 0 || limit == INT64_MAX))
			return err_set(err, EINVAL,
				       KEY "memory.swap: %" PRId64
					   " is memory and swap together, so memory.limit must be "
					   "set too",
				       swap.value);
		if (swap.value >= 0 && swap.value < limit)
			return err_set(err, EINVAL,
				       KEY "memory.swap: %" PRId64
					   " is memory and swap together: must not be less than "
					   "memory's limit, %" PRId64,
				       swap.value, limit);
		if (swap.value >= 0)
			swap.value -= limit;
		add_limit(writes, "memory.swap", "memory.swap.max", swap);
		/* A kernel without swap has no such file, and no swap to keep away. */
		writes->items[writes->n - 1].optional = swap.value <= 0;
	}
	add_limit(writes, "memory.reservation", "memory.low", memory->reservation);
	return 0;
}

/*
 * cpu.idle 1 refuses weights, so 0 comes before a weight and 1 behind it. A burst must not be more
 * than the quota of that moment, so it is 0 while the quota changes.
 */
static int cpu_writes(const struct resource_cpu *cpu, const struct cgroup_v2_now *now,
		      struct cgroup_writes *writes, struct err *err)
{
	bool idle = cpu->idle.set && cpu->idle.value;

	if (cpu->realtime_runtime.set && cpu->realtime_runtime.value > 0)
		return refuse(err, "cpu.realtimeRuntime", "leave it out");
	if (cpu->realtime_period.set && cpu->realtime_period.value > 0)
		return refuse(err, "cpu.realtimePeriod", "leave it out");
	if (cpu->idle.set && !idle)
		(void)add(writes, "cpu.idle", "cpu.idle", xstrdup("0"));
	if (cpu->shares.set)
		(void)add(writes, "cpu.shares", "cpu.weight",
			  xasprintf("%" PRIu64, cgroup_v2_cpu_weight(cpu->shares.value)));
	if (idle)
		(void)add(writes, "cpu.idle", "cpu.idle", xstrdup("1"));
	if (cpu->burst.set && (cpu->quota.set || cpu->period.set))
		(void)add(writes, "cpu.burst", "cpu.max.burst", xstrdup("0"));
	if (cpu->period.set) {
		autofree char *quota = cpu->quota.set ? limit_text(cpu->quota.value)
						      : xstrdup(now->cpu_quota);

		(void)add(writes, cpu->quota.set ? "cpu.quota" : "cpu.period", "cpu.max",
			  xasprintf("%s %" PRId64, quota, cpu->period.value));
	} else {
		add_limit(writes, "cpu.quota", "cpu.max", cpu->quota);
	}
	add_limit(writes, "cpu.burst", "cpu.max.burst", cpu->burst);
	if (cpu->cpus)
		(void)add(writes, "cpu.cpus", "cpuset.cpus", xstrdup(cpu->cpus));
	if (cpu->mems)
		(void)add(writes, "cpu.mems", "cpuset.mems", xstrdup(cpu->mems));
	return 0;
}

/* BFQ's weights are there with its scheduler, those of io.cost otherwise. */
static void weight_write(struct cgroup_writes *writes, const char *key, const char *which,
			 int64_t weight)
{
	add(writes, key, "io.bfq.weight", xasprintf("%s %" PRId64, which, weight))->alternative =
		true;
	(void)add(writes, key, "io.weight",
		  xasprintf("%s %" PRIu64, which, cgroup_v2_io_weight(weight)));
}

static void throttle_writes(const struct resource_block_devices *devices, const char *key,
			    const char *what, struct cgroup_writes *writes)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct resource_block_device *device = &devices->items[i];
		/* v1 had no limit as 0, which would be no I/O at all here. */
		autofree char *rate = limit_text(device->rate.value > 0 ? device->rate.value : -1);

		(void)add(writes, key, "io.max",
			  xasprintf("%" PRId64 ":%" PRId64 " %s=%s", device->major, device->minor,
				    what, rate));
	}
}

static int io_writes(const struct resource_block_io *io, struct cgroup_writes *writes,
		     struct err *err)
{
	if (io->leaf_weight.set)
		return refuse(err, "blockIO.leafWeight", "use blockIO.weight");
	if (io->weight.set)
		weight_write(writes, "blockIO.weight", "default", io->weight.value);
	for (size_t i = 0; i < io->weight_devices.n; i++) {
		const struct resource_block_device *device = &io->weight_devices.items[i];
		char which[64];

		if (device->leaf_weight.set)
			return refuse(err, "blockIO.weightDevice.leafWeight", "use weight");
		(void)snprintf(which, sizeof(which), "%" PRId64 ":%" PRId64, device->major,
			       device->minor);
		weight_write(writes, "blockIO.weightDevice", which, device->weight.value);
	}
	throttle_writes(&io->read_bps, "blockIO.throttleReadBpsDevice", "rbps", writes);
	throttle_writes(&io->write_bps, "blockIO.throttleWriteBpsDevice", "wbps", writes);
	throttle_writes(&io->read_iops, "blockIO.throttleReadIOPSDevice", "riops", writes);
	throttle_writes(&io->write_iops, "blockIO.throttleWriteIOPSDevice", "wiops", writes);
	return 0;
}

/*
 * Reservations, where they are counted: a program learns at mmap(2) that there is no page, instead of
 * dying at the first touch. What was never reserved (MAP_NORESERVE) is held by the limit of use.
 */
static void hugepage_writes(const struct resource_hugepages *pages, struct cgroup_writes *writes)
{
	for (size_t i = 0; i < pages->n; i++) {
		const struct resource_hugepage *page = &pages->items[i];
		char file[64];

		(void)snprintf(file, sizeof(file), "hugetlb.%.15s.rsvd.max", page->page_size);
		add(writes, "hugepageLimits", file, limit_text(page->limit))->optional = true;
		(void)snprintf(file, sizeof(file), "hugetlb.%.15s.max", page->page_size);
		(void)add(writes, "hugepageLimits", file, limit_text(page->limit));
	}
}

static void rdma_writes(const struct resource_rdmas *rdma, struct cgroup_writes *writes)
{
	for (size_t i = 0; i < rdma->n; i++) {
		const struct resource_rdma *item = &rdma->items[i];
		struct strbuf text = { 0 };

		strbuf_puts(&text, item->device);
		if (item->hca_handles.set)
			strbuf_printf(&text, " hca_handle=%" PRId64, item->hca_handles.value);
		if (item->hca_objects.set)
			strbuf_printf(&text, " hca_object=%" PRId64, item->hca_objects.value);
		(void)add(writes, "rdma", "rdma.max", strbuf_take(&text));
	}
}

/* As they are; a file like io.max takes one line a write. */
static int unified_writes(const struct strmap *unified, struct cgroup_writes *writes,
			  struct err *err)
{
	for (size_t i = 0; i < unified->n; i++) {
		const char *file = unified->items[i].key, *line = unified->items[i].value;

		if (strlen(file) >= sizeof(((struct cgroup_write *)NULL)->file) ||
		    strchr(file, '/'))
			return err_set(err, EINVAL, KEY "unified: '%.80s' is no file of a cgroup",
				       file);
		do {
			size_t len = strcspn(line, "\n");
			struct cgroup_write *write =
				add(writes, "unified.", file, xstrndup(line, len));

			(void)snprintf(write->key, sizeof(write->key), KEY "unified.%.50s", file);
			line += len + (line[len] == '\n');
		} while (*line);
	}
	return 0;
}

int cgroup_v2_writes(const struct resources *resources, const struct cgroup_v2_now *now,
		     struct cgroup_writes *writes, struct err *err)
{
	*writes = (struct cgroup_writes){ 0 };
	if (resources->class_id.set)
		return refuse(err, "network.classID", "match the group's path in nftables");
	if (resources->priorities.n > 0)
		return refuse(err, "network.priorities", "match the group's path in nftables");
	int rc = memory_writes(&resources->memory, now, writes, err);

	if (rc >= 0)
		rc = cpu_writes(&resources->cpu, now, writes, err);
	if (rc >= 0)
		rc = io_writes(&resources->block_io, writes, err);
	if (rc < 0)
		return rc;
	add_limit(writes, "pids.limit", "pids.max", resources->pids_limit);
	hugepage_writes(&resources->hugepages, writes);
	rdma_writes(&resources->rdma, writes);
	return unified_writes(&resources->unified, writes, err);
}
