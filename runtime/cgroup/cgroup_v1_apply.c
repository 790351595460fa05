/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_hybrid.h"
#include "runtime/cgroup/cgroup_v1.h"

/* linux.resources as files of cgroup v1. The orders are the kernel's wishes, told where they are. */

#define KEY       "linux.resources."
#define PIDS_MAX  4194304 /* PID_MAX_LIMIT: more is no limit */
#define ENOTSUPP_ 524 /* of the kernel's inside; memory.kmem.limit_in_bytes gives it since 5.16 */

struct value {
	const char *key, *file;
	const struct resource_number *number;
};

static int no_file(const struct cgroup_folder *folder, const char *key, const char *file,
		   struct err *err)
{
	return err_set(err, ENOTSUP, "%s: this kernel has no '%s' in cgroup '%s%s'", key, file,
		       folder->mount, folder->path);
}

static int set(const struct cgroup_folder *folder, const struct value *value, struct err *err)
{
	if (!value->number->set)
		return 0;
	int rc = cgroup_set_int(folder, value->key, value->file, value->number->value, err);

	if (rc == -ENOENT)
		return no_file(folder, value->key, value->file, err);
	return rc;
}

static int set_all(const struct cgroup_folder *folder, const struct value *values, size_t n,
		   struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < n; i++)
		rc = set(folder, &values[i], err);
	return rc;
}

/*
 * Two that bound each other (quota and period): what the kernel refuses while the other has its old
 * value is written again after it.
 */
static int set_pair(const struct cgroup_folder *folder, const struct value *first,
		    const struct value *second, struct err *err)
{
	int rc = set(folder, first, err);
	bool again = rc == -EINVAL && second->number->set;

	if (rc < 0 && !again)
		return rc;
	if (again)
		err_clear(err);
	rc = set(folder, second, err);
	return rc >= 0 && again ? set(folder, first, err) : rc;
}

/* ---- memory ---- */

static int check_usage(const struct cgroup_folder *folder, const struct resource_memory *memory,
		       struct err *err)
{
	int64_t usage;

	if (!memory->check_before_update.value || !memory->limit.set || memory->limit.value < 0)
		return 0;
	int rc = cgroup_get_int(folder, "memory.usage_in_bytes", &usage, err);

	if (rc >= 0 && memory->limit.value < usage)
		return err_set(err, EBUSY,
			       KEY "memory.limit: %" PRId64 " is below the memory in use, %" PRId64
				   " (checkBeforeUpdate)",
			       memory->limit.value, usage);
	return rc;
}

/* At any moment memory alone must not be allowed more than memory and swap together. */
static int set_limits(const struct cgroup_folder *folder, const struct resource_memory *memory,
		      struct err *err)
{
	const struct resource_number none = { .value = -1, .set = true };
	struct value limit = { KEY "memory.limit", "memory.limit_in_bytes", &memory->limit };
	struct value swap = { KEY "memory.swap", "memory.memsw.limit_in_bytes", &memory->swap };
	int64_t now = INT64_MAX;
	int rc = 0;

	/* No limit on memory alone is none on both. */
	if (memory->limit.set && memory->limit.value < 0 && !memory->swap.set &&
	    cgroup_has(folder, swap.file))
		swap.number = &none;
	if (limit.number->set && swap.number->set)
		rc = cgroup_get_int(folder, limit.file, &now, err);
	if (rc < 0)
		return rc;
	bool raises = swap.number->value < 0 || swap.number->value >= now;

	rc = set(folder, raises ? &swap : &limit, err);
	return rc < 0 ? rc : set(folder, raises ? &limit : &swap, err);
}

static int set_flag(const struct cgroup_folder *folder, const char *key, const char *file,
		    const struct resource_flag *flag, struct err *err)
{
	const struct resource_number number = { .value = flag->value, .set = flag->set };
	const struct value value = { key, file, &number };

	return set(folder, &value, err);
}

/* Kernels without such a limit refuse it (5.16), or take the write and forget it (6.x). */
static int set_kernel(const struct cgroup_folder *folder, const struct resource_number *limit,
		      struct err *err)
{
	const struct value value = { KEY "memory.kernel", "memory.kmem.limit_in_bytes", limit };
	int64_t now = 0;
	int rc = set(folder, &value, err);

	if (rc >= 0 && limit->set && limit->value >= 0)
		rc = cgroup_get_int(folder, value.file, &now, err);
	if (rc == -ENOTSUPP_ || now == INT64_MAX)
		return err_set(err, ENOTSUP, "%s: this kernel has no such limit any more",
			       value.key);
	return rc;
}

static int apply_memory(const struct cgroup_folder *folder, const struct resources *r,
			struct err *err)
{
	const struct resource_memory *m = &r->memory;
	const struct value values[] = {
		{ KEY "memory.reservation", "memory.soft_limit_in_bytes", &m->reservation },
		{ KEY "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes", &m->kernel_tcp },
		{ KEY "memory.swappiness", "memory.swappiness", &m->swappiness },
	};
	int rc = set_flag(folder, KEY "memory.useHierarchy", "memory.use_hierarchy",
			  &m->use_hierarchy, err);

	if (rc == -EINVAL)
		return err_set(err, ENOTSUP,
			       KEY "memory.useHierarchy: false cannot be had: every group of this "
				   "kernel is hierarchical (since Linux 5.11)");
	if (rc >= 0)
		rc = check_usage(folder, m, err);
	if (rc >= 0)
		rc = set_limits(folder, m, err);
	if (rc >= 0)
		rc = set_all(folder, values, ARRAY_SIZE(values), err);
	if (rc >= 0)
		rc = set_kernel(folder, &m->kernel, err);
	if (rc >= 0)
		rc = set_flag(folder, KEY "memory.disableOOMKiller", "memory.oom_control",
			      &m->disable_oom_killer, err);
	return rc;
}

/* ---- cpu ---- */

/* An idle group takes no shares, so these come before it or after it. */
static int set_weight(const struct cgroup_folder *folder, const struct resource_cpu *cpu,
		      struct err *err)
{
	const struct value shares = { KEY "cpu.shares", "cpu.shares", &cpu->shares };
	const struct value idle = { KEY "cpu.idle", "cpu.idle", &cpu->idle };
	bool becomes_idle = cpu->idle.value == 1;
	int rc = set(folder, becomes_idle ? &shares : &idle, err);

	return rc < 0 ? rc : set(folder, becomes_idle ? &idle : &shares, err);
}

static int apply_cpu(const struct cgroup_folder *folder, const struct resources *r, struct err *err)
{
	const struct resource_cpu *cpu = &r->cpu;
	const struct value rt_period = { KEY "cpu.realtimePeriod", "cpu.rt_period_us",
					 &cpu->realtime_period };
	const struct value rt_runtime = { KEY "cpu.realtimeRuntime", "cpu.rt_runtime_us",
					  &cpu->realtime_runtime };
	const struct value period = { KEY "cpu.period", "cpu.cfs_period_us", &cpu->period };
	const struct value quota = { KEY "cpu.quota", "cpu.cfs_quota_us", &cpu->quota };
	const struct value burst = { KEY "cpu.burst", "cpu.cfs_burst_us", &cpu->burst };
	const struct resource_number zero = { .value = 0, .set = cpu->burst.set };
	const struct value no_burst = { KEY "cpu.burst", "cpu.cfs_burst_us", &zero };
	int rc = set_weight(folder, cpu, err);

	if (rc >= 0)
		rc = set_pair(folder, &rt_period, &rt_runtime, err);
	/* The old burst would bound the new quota from below. */
	if (rc >= 0)
		rc = set(folder, &no_burst, err);
	if (rc >= 0)
		rc = set_pair(folder, &period, &quota, err);
	return rc < 0 || cpu->burst.value == 0 ? rc : set(folder, &burst, err);
}

static int apply_cpuset(const struct cgroup_folder *folder, const struct resources *r,
			struct err *err)
{
	int rc = 0;

	if (r->cpu.cpus)
		rc = cgroup_set(folder, KEY "cpu.cpus", "cpuset.cpus", r->cpu.cpus, err);
	if (rc >= 0 && r->cpu.mems)
		rc = cgroup_set(folder, KEY "cpu.mems", "cpuset.mems", r->cpu.mems, err);
	return rc;
}

static int apply_pids(const struct cgroup_folder *folder, const struct resources *r,
		      struct err *err)
{
	int64_t limit = r->pids_limit.value;

	if (!r->pids_limit.set)
		return 0;
	if (limit < 0 || limit > PIDS_MAX)
		return cgroup_set(folder, KEY "pids.limit", "pids.max", "max", err);
	return cgroup_set_int(folder, KEY "pids.limit", "pids.max", limit, err);
}

/* ---- blockIO ---- */

/* BFQ's files, or CFQ's of kernels before 5.0; which one there is depends on what the host loaded. */
static const char *weight_file(const struct cgroup_folder *folder, bool device)
{
	if (device)
		return cgroup_has(folder, "blkio.bfq.weight_device") ? "blkio.bfq.weight_device"
								     : "blkio.weight_device";
	return cgroup_has(folder, "blkio.bfq.weight") ? "blkio.bfq.weight" : "blkio.weight";
}

static int set_device(const struct cgroup_folder *folder, const struct value *value,
		      const struct resource_block_device *device, struct err *err)
{
	char text[64];

	if (!value->number->set)
		return 0;
	(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRId64, device->major,
		       device->minor, value->number->value);
	int rc = cgroup_set(folder, value->key, value->file, text, err);

	return rc == -ENOENT ? no_file(folder, value->key, value->file, err) : rc;
}

static int set_weights(const struct cgroup_folder *folder, const struct resource_block_io *io,
		       struct err *err)
{
	const struct value values[] = {
		{ KEY "blockIO.weight", weight_file(folder, false), &io->weight },
		{ KEY "blockIO.leafWeight", "blkio.leaf_weight", &io->leaf_weight },
	};
	int rc = set_all(folder, values, ARRAY_SIZE(values), err);

	for (size_t i = 0; rc >= 0 && i < io->weight_devices.n; i++) {
		const struct resource_block_device *device = &io->weight_devices.items[i];
		const struct value weight = { KEY "blockIO.weightDevice", weight_file(folder, true),
					      &device->weight };
		const struct value leaf = { KEY "blockIO.weightDevice.leafWeight",
					    "blkio.leaf_weight_device", &device->leaf_weight };

		rc = set_device(folder, &weight, device, err);
		if (rc >= 0)
			rc = set_device(folder, &leaf, device, err);
	}
	return rc;
}

static int apply_blkio(const struct cgroup_folder *folder, const struct resources *r,
		       struct err *err)
{
	const struct resource_block_io *io = &r->block_io;
	const struct {
		const char *key, *file;
		const struct resource_block_devices *devices;
	} lists[] = {
		{ KEY "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		  &io->read_bps },
		{ KEY "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		  &io->write_bps },
		{ KEY "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		  &io->read_iops },
		{ KEY "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		  &io->write_iops },
	};
	int rc = set_weights(folder, io, err);

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; rc >= 0 && j < lists[i].devices->n; j++) {
			const struct resource_block_device *device = &lists[i].devices->items[j];
			const struct value value = { lists[i].key, lists[i].file, &device->rate };

			rc = set_device(folder, &value, device, err);
		}
	}
	return rc;
}

/* ---- the rest ---- */

/* Reserved pages are counted when they are promised, not when a fault finds that there are none. */
static int apply_hugetlb(const struct cgroup_folder *folder, const struct resources *r,
			 struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < r->hugepages.n; i++) {
		const struct resource_hugepage *page = &r->hugepages.items[i];
		const struct resource_number limit = { .value = page->limit, .set = true };
		autofree char *rsvd = xasprintf("hugetlb.%s.rsvd.limit_in_bytes", page->page_size);
		autofree char *plain = xasprintf("hugetlb.%s.limit_in_bytes", page->page_size);
		const struct value value = { KEY "hugepageLimits",
					     cgroup_has(folder, rsvd) ? rsvd : plain, &limit };

		rc = set(folder, &value, err);
	}
	return rc;
}

static int apply_net_cls(const struct cgroup_folder *folder, const struct resources *r,
			 struct err *err)
{
	const struct value value = { KEY "network.classID", "net_cls.classid", &r->class_id };

	return set(folder, &value, err);
}

static int apply_net_prio(const struct cgroup_folder *folder, const struct resources *r,
			  struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < r->priorities.n; i++) {
		const struct resource_priority *priority = &r->priorities.items[i];
		autofree char *text =
			xasprintf("%s %" PRId64, priority->interface_name, priority->priority);

		rc = cgroup_set(folder, KEY "network.priorities", "net_prio.ifpriomap", text, err);
	}
	return rc;
}

static int apply_rdma(const struct cgroup_folder *folder, const struct resources *r,
		      struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < r->rdma.n; i++) {
		const struct resource_rdma *rdma = &r->rdma.items[i];
		autostrbuf struct strbuf text = { 0 };

		strbuf_puts(&text, rdma->device);
		if (rdma->hca_handles.set)
			strbuf_printf(&text, " hca_handle=%" PRId64, rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			strbuf_printf(&text, " hca_object=%" PRId64, rdma->hca_objects.value);
		rc = cgroup_set(folder, KEY "rdma", "rdma.max", text.text, err);
	}
	return rc;
}

static int apply_devices(const struct cgroup_folder *folder, const struct resources *r,
			 struct err *err)
{
	return cgroup_v1_devices(folder, &r->devices, err);
}

static const struct {
	unsigned int controller;
	int (*apply)(const struct cgroup_folder *folder, const struct resources *r,
		     struct err *err);
} appliers[] = {
	{ CGROUP_CPUSET, apply_cpuset },   { CGROUP_CPU, apply_cpu },
	{ CGROUP_MEMORY, apply_memory },   { CGROUP_PIDS, apply_pids },
	{ CGROUP_BLKIO, apply_blkio },     { CGROUP_HUGETLB, apply_hugetlb },
	{ CGROUP_NET_CLS, apply_net_cls }, { CGROUP_NET_PRIO, apply_net_prio },
	{ CGROUP_RDMA, apply_rdma },       { CGROUP_DEVICES, apply_devices },
};

int cgroup_v1_apply(struct cgroup *cg, const struct resources *r, struct err *err)
{
	struct cgroup_folder *v2_folder = cgroup_hybrid_folder(cg);
	unsigned int wanted = cgroup_wanted(r), done = 0;
	int rc = 0;

	if (!v2_folder && (wanted & CGROUP_UNIFIED))
		return err_set(err, ENOTSUP, KEY "unified: the container's cgroup is of v1");
	if (v2_folder)
		rc = cgroup_hybrid_apply(v2_folder, r, &done, err);
	for (size_t i = 0; rc >= 0 && i < ARRAY_SIZE(appliers); i++) {
		struct cgroup_folder *folder = cgroup_v1_folder(cg, appliers[i].controller);

		if (!folder && (wanted & ~done & appliers[i].controller))
			return err_set(err, ENOTSUP,
				       "%s: the container has no cgroup with this controller; "
				       "create it with linux.cgroupsPath, and it is in all that "
				       "the host has",
				       cgroup_resource_key(appliers[i].controller));
		if (folder)
			rc = cgroup_folder_open(folder, err);
		if (folder && rc >= 0)
			rc = appliers[i].apply(folder, r, err);
	}
	return rc < 0 ? rc : 0;
}
