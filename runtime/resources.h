/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_RESOURCES_H
#define CT_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/json.h"
#include "common/str.h"

/*
 * linux.resources of config.json (config-linux.md, "Control groups"), also the document that `update
 * --resources` takes. Decoded by config_resources_table, applied by cgroup.h. Units are the
 * specification's: bytes, microseconds, shares as of cgroup v1.
 */
struct resource_number {
	int64_t value;
	bool set; /* the key was there and asked for something: a 0 where it means "no limit given"
		   * counts as unset; -1 is a wish, no limit */
};

struct resource_flag {
	bool value;
	bool set;
};

struct resource_device {
	bool allow;
	int type;                            /* 'a', 'b', 'c' */
	struct resource_number major, minor; /* unset or -1: all */
	bool read, write, mknod;
};

struct resource_devices {
	struct resource_device *items;
	size_t n;
};

struct resource_memory {
	struct resource_number limit, reservation, swap, kernel, kernel_tcp, swappiness;
	struct resource_flag disable_oom_killer, use_hierarchy, check_before_update;
};

struct resource_cpu {
	struct resource_number shares, quota, burst, period, realtime_runtime, realtime_period,
		idle;
	char *cpus, *mems; /* NULL: unset */
};

struct resource_block_device {
	int64_t major, minor;
	struct resource_number weight, leaf_weight; /* of weightDevice */
	struct resource_number rate;                /* of the throttle lists */
};

struct resource_block_devices {
	struct resource_block_device *items;
	size_t n;
};

struct resource_block_io {
	struct resource_number weight, leaf_weight;
	struct resource_block_devices weight_devices, read_bps, write_bps, read_iops, write_iops;
};

struct resource_hugepage {
	char *page_size; /* "2MB"; checked: a size, never a path */
	int64_t limit;   /* -1: none */
};

struct resource_hugepages {
	struct resource_hugepage *items;
	size_t n;
};

struct resource_priority {
	char *interface_name;
	int64_t priority;
};

struct resource_priorities {
	struct resource_priority *items;
	size_t n;
};

struct resource_rdma {
	char *device;
	struct resource_number hca_handles, hca_objects;
};

struct resource_rdmas {
	struct resource_rdma *items;
	size_t n;
};

struct resources {
	struct resource_devices devices; /* in the order of the list */
	struct resource_memory memory;
	struct resource_cpu cpu;
	struct resource_number pids_limit;
	struct resource_block_io block_io;
	struct resource_hugepages hugepages;
	struct resource_number class_id;
	struct resource_priorities priorities;
	struct resource_rdmas rdma;
	struct strmap unified; /* file -> value, of cgroup v2 */
};

/*
 * The document of `update --resources`: the object that linux.resources is. `what` names it in errors.
 * Nothing is left to be freed on failure.
 */
int resources_parse(const char *text, size_t len, const char *what, struct resources *resources,
		    struct err *err);
void resources_free(struct resources *resources);

#endif
