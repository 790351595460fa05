/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/str.h"
#include "runtime/cgroup/cgroup_backend.h"

/* ---- what resources ask for ---- */

/* -1 is "no limit", which a new group has already. */
static bool asks(const struct resource_number *number)
{
	return number->set && number->value != -1;
}

static bool memory_wanted(const struct resource_memory *m)
{
	return asks(&m->limit) || asks(&m->reservation) || asks(&m->swap) || asks(&m->kernel) ||
	       asks(&m->kernel_tcp) || m->swappiness.set || m->disable_oom_killer.value ||
	       m->use_hierarchy.set;
}

static bool cpu_wanted(const struct resource_cpu *cpu)
{
	return cpu->shares.set || asks(&cpu->quota) || cpu->burst.value > 0 || cpu->period.set ||
	       asks(&cpu->realtime_runtime) || cpu->realtime_period.set || cpu->idle.value > 0;
}

static bool block_io_wanted(const struct resource_block_io *io)
{
	return io->weight.set || io->leaf_weight.set || io->weight_devices.n || io->read_bps.n ||
	       io->write_bps.n || io->read_iops.n || io->write_iops.n;
}

static bool hugepages_wanted(const struct resource_hugepages *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].limit >= 0)
			return true;
	return false;
}

unsigned int cgroup_wanted(const struct resources *r)
{
	return (memory_wanted(&r->memory) ? CGROUP_MEMORY : 0) |
	       (cpu_wanted(&r->cpu) ? CGROUP_CPU : 0) |
	       (r->cpu.cpus || r->cpu.mems ? CGROUP_CPUSET : 0) |
	       (r->devices.n ? CGROUP_DEVICES : 0) | (asks(&r->pids_limit) ? CGROUP_PIDS : 0) |
	       (block_io_wanted(&r->block_io) ? CGROUP_BLKIO : 0) |
	       (hugepages_wanted(&r->hugepages) ? CGROUP_HUGETLB : 0) |
	       (r->class_id.set ? CGROUP_NET_CLS : 0) | (r->priorities.n ? CGROUP_NET_PRIO : 0) |
	       (r->rdma.n ? CGROUP_RDMA : 0) | (r->unified.n ? CGROUP_UNIFIED : 0);
}

const char *cgroup_resource_key(unsigned int controller)
{
	static const struct {
		unsigned int controller;
		const char *key;
	} keys[] = {
		{ CGROUP_MEMORY, "linux.resources.memory" },
		{ CGROUP_CPU, "linux.resources.cpu" },
		{ CGROUP_CPUSET, "linux.resources.cpu.cpus and mems" },
		{ CGROUP_DEVICES, "linux.resources.devices" },
		{ CGROUP_PIDS, "linux.resources.pids" },
		{ CGROUP_BLKIO, "linux.resources.blockIO" },
		{ CGROUP_HUGETLB, "linux.resources.hugepageLimits" },
		{ CGROUP_NET_CLS, "linux.resources.network.classID" },
		{ CGROUP_NET_PRIO, "linux.resources.network.priorities" },
		{ CGROUP_RDMA, "linux.resources.rdma" },
		{ CGROUP_UNIFIED, "linux.resources.unified" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].controller & controller)
			return keys[i].key;
	return "linux.resources";
}

/* ---- devices ---- */

#define NUMBER(n)                                                                                  \
	{                                                                                          \
		.value = (n), .set = (n) >= 0                                                      \
	}
#define NODE(major_, minor_)                                                                       \
	{                                                                                          \
		.allow = true, .type = 'c', .major = NUMBER(major_), .minor = NUMBER(minor_),      \
		.read = true, .write = true, .mknod = true                                         \
	}
#define MKNOD(type_)                                                                               \
	{                                                                                          \
		.allow = true, .type = (type_), .mknod = true                                      \
	}

/* A node can be made of any device; without the right to open it that gives nothing away. */
static const struct resource_device defaults[] = {
	MKNOD('c'),    MKNOD('b'), NODE(1, 3), /* null */
	NODE(1, 5),                            /* zero */
	NODE(1, 7),                            /* full */
	NODE(1, 8),                            /* random */
	NODE(1, 9),                            /* urandom */
	NODE(5, 0),                            /* tty */
	NODE(5, 1),                            /* console */
	NODE(5, 2),                            /* ptmx */
	NODE(136, -1),                         /* pts */
};

static bool denies_all(const struct resource_device *rule)
{
	return !rule->allow && rule->type == 'a' && !rule->major.set && !rule->minor.set &&
	       rule->read && rule->write && rule->mknod;
}

void cgroup_device_rules(const struct resource_devices *in, struct resource_devices *out)
{
	size_t extra = 0;

	for (size_t i = 0; i < in->n; i++)
		extra += denies_all(&in->items[i]) ? ARRAY_SIZE(defaults) : 0;
	*out = (struct resource_devices){ 0 };
	if (in->n == 0)
		return;
	out->items = xreallocarray(NULL, in->n + extra, sizeof(*out->items));
	for (size_t i = 0; i < in->n; i++) {
		out->items[out->n++] = in->items[i];
		for (size_t j = 0; denies_all(&in->items[i]) && j < ARRAY_SIZE(defaults); j++)
			out->items[out->n++] = defaults[j];
	}
}
