/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "runtime/config/config_resources.h"
#include "runtime/config/config_tables.h"

/*
 * linux.resources, as config-linux.md has it. What the host can do is not asked here; what no host can
 * do is an error.
 */
#define JSON_INT_END 9007199254740992.0 /* 2^53: beyond it doubles are no integers any more */

#define TABLE(name)                                                                                \
	static const struct json_table name##_table = {                                            \
		.fields = name##_fields,                                                           \
		.n_fields = ARRAY_SIZE(name##_fields),                                             \
	}

int resource_decode_number(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	const struct resource_range *range = field->arg;
	struct resource_number *number = out;
	double huge;
	int64_t value;

	if (range->endless && json_double(node, &huge) && huge >= JSON_INT_END)
		value = -1;
	else if (!json_int(node, &value))
		return json_fail_value(node, path, err, "must be an integer");
	if (range->zero_unset && value == 0)
		return 0;
	if (value < range->min || value > range->max)
		return json_fail(path, err, "%" PRId64 " is not within %" PRId64 "..%" PRId64,
				 value, range->min, range->max);
	*number = (struct resource_number){ .value = value, .set = true };
	return 0;
}

int resource_decode_flag(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	struct resource_flag *flag = out;

	flag->set = true;
	return json_decode_bool(node, field, &flag->value, path, err);
}

/* ---- memory ---- */

static const struct resource_range bytes = { -1, INT64_MAX, true, true };
static const struct resource_range percent = { 0, 100, false, false };

#define AT(member) offsetof(struct resource_memory, member)
static const struct json_field memory_fields[] = {
	{ "limit", resource_decode_number, AT(limit), 0, &bytes, 0 },
	{ "reservation", resource_decode_number, AT(reservation), 0, &bytes, 0 },
	{ "swap", resource_decode_number, AT(swap), 0, &bytes, 0 },
	{ "kernel", resource_decode_number, AT(kernel), 0, &bytes, 0 },
	{ "kernelTCP", resource_decode_number, AT(kernel_tcp), 0, &bytes, 0 },
	{ "swappiness", resource_decode_number, AT(swappiness), 0, &percent, 0 },
	{ "disableOOMKiller", resource_decode_flag, AT(disable_oom_killer), 0, NULL, 0 },
	{ "useHierarchy", resource_decode_flag, AT(use_hierarchy), 0, NULL, 0 },
	{ "checkBeforeUpdate", resource_decode_flag, AT(check_before_update), 0, NULL, 0 },
};
#undef AT

/* swap is memory and swap together, so it cannot be less than memory alone. */
static int check_memory(void *item, const struct json_path *path, struct err *err)
{
	const struct resource_memory *memory = item;

	if (!memory->swap.set || memory->swap.value < 0 || !memory->limit.set ||
	    (memory->limit.value >= 0 && memory->swap.value >= memory->limit.value))
		return 0;
	return json_fail(config_at(path, "swap"), err,
			 "%" PRId64 " is memory and swap together: must not be less than limit, "
			 "%" PRId64,
			 memory->swap.value, memory->limit.value);
}

static const struct json_table memory_table = {
	.fields = memory_fields,
	.n_fields = ARRAY_SIZE(memory_fields),
	.check = check_memory,
};

/* ---- cpu ---- */

/* The kernel's own bounds: MIN_SHARES and MAX_SHARES, 1 ms of quota, 1 ms to 1 s of period. */
static const struct resource_range shares = { 2, 262144, true, false };
static const struct resource_range quota_us = { -1, INT64_MAX / 1000, true, true };
static const struct resource_range burst_us = { 0, INT64_MAX / 1000, false, false };
static const struct resource_range period_us = { 1000, 1000000, true, false };
static const struct resource_range rt_period_us = { 1, INT32_MAX, true, false };
static const struct resource_range rt_runtime_us = { -1, INT32_MAX, true, false };
static const struct resource_range idle = { 0, 1, false, false };

/* "0-3,7": numbers and ranges alone, so that nothing else reaches the kernel's parser. */
static int decode_cpu_list(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	int rc = json_decode_string(node, field, out, path, err);
	char *text = rc < 0 ? NULL : *(char **)out;

	if (!text || text[0] == '\0') {
		free(text);
		*(char **)out = NULL;
		return rc;
	}
	for (const char *p = text; *p;) {
		size_t digits = strspn(p, "0123456789");

		if (digits && p[digits] == '-') {
			p += digits + 1;
			digits = strspn(p, "0123456789");
		}
		if (!digits || digits > 6 || (p[digits] && (p[digits] != ',' || !p[digits + 1])))
			return json_fail(path, err, "'%.64s' is no list like \"0-3,7\"", text);
		p += digits + (p[digits] == ',');
	}
	return 0;
}

#define AT(member) offsetof(struct resource_cpu, member)
static const struct json_field cpu_fields[] = {
	{ "shares", resource_decode_number, AT(shares), 0, &shares, 0 },
	{ "quota", resource_decode_number, AT(quota), 0, &quota_us, 0 },
	{ "burst", resource_decode_number, AT(burst), 0, &burst_us, 0 },
	{ "period", resource_decode_number, AT(period), 0, &period_us, 0 },
	{ "realtimeRuntime", resource_decode_number, AT(realtime_runtime), 0, &rt_runtime_us, 0 },
	{ "realtimePeriod", resource_decode_number, AT(realtime_period), 0, &rt_period_us, 0 },
	{ "cpus", decode_cpu_list, AT(cpus), 0, NULL, 0 },
	{ "mems", decode_cpu_list, AT(mems), 0, NULL, 0 },
	{ "idle", resource_decode_number, AT(idle), 0, &idle, 0 },
};
#undef AT

static int check_cpu(void *item, const struct json_path *path, struct err *err)
{
	const struct resource_cpu *cpu = item;

	if (cpu->quota.set && cpu->quota.value >= 0 && cpu->quota.value < 1000)
		return json_fail(config_at(path, "quota"), err,
				 "%" PRId64 " is less than 1000 us; -1 is no limit",
				 cpu->quota.value);
	if (cpu->quota.set && cpu->quota.value > 0 && cpu->burst.set &&
	    cpu->burst.value > cpu->quota.value)
		return json_fail(config_at(path, "burst"), err,
				 "%" PRId64 " must not be more than quota, %" PRId64,
				 cpu->burst.value, cpu->quota.value);
	if (cpu->realtime_runtime.set && cpu->realtime_period.set &&
	    cpu->realtime_runtime.value > cpu->realtime_period.value)
		return json_fail(config_at(path, "realtimeRuntime"), err,
				 "%" PRId64 " must not be more than realtimePeriod, %" PRId64,
				 cpu->realtime_runtime.value, cpu->realtime_period.value);
	return 0;
}

static const struct json_table cpu_table = {
	.fields = cpu_fields,
	.n_fields = ARRAY_SIZE(cpu_fields),
	.check = check_cpu,
};

/* ---- pids ---- */

/* 0 is a limit of none at all (config-linux.md, "PIDs"). */
static const struct resource_range pids = { -1, INT64_MAX, false, true };
static const struct json_field pids_fields[] = {
	{ "limit", resource_decode_number, 0, 0, &pids, 0 },
};
TABLE(pids);

/* ---- the whole ---- */

#define AT(member) offsetof(struct resources, member)
static const struct json_field resources_fields[] = {
	{ "devices", json_decode_array, AT(devices), 0, &resource_device_table, 0 },
	{ "memory", json_decode_object, AT(memory), 0, &memory_table, 0 },
	{ "cpu", json_decode_object, AT(cpu), 0, &cpu_table, 0 },
	{ "pids", json_decode_object, AT(pids_limit), 0, &pids_table, 0 },
	{ "blockIO", json_decode_object, AT(block_io), 0, &resource_block_io_table, 0 },
	{ "hugepageLimits", json_decode_array, AT(hugepages), 0, &resource_hugepage_table, 0 },
	{ "network", json_decode_object, 0, 0, &resource_priorities_table, 0 },
	{ "rdma", resource_decode_rdma, AT(rdma), 0, NULL, 0 },
	{ "unified", resource_decode_unified, AT(unified), 0, NULL, 0 },
};
#undef AT

const struct json_table config_resources_table = {
	.fields = resources_fields,
	.n_fields = ARRAY_SIZE(resources_fields),
};

int resources_parse(const char *text, size_t len, const char *what, struct resources *resources,
		    struct err *err)
{
	autojson json_node *document = NULL;
	int rc = json_parse(text, len, what, &document, err);

	*resources = (struct resources){ 0 };
	if (rc >= 0)
		rc = json_decode(document, what, &config_resources_table, resources, err);
	if (rc < 0)
		resources_free(resources);
	return rc;
}

static void free_block_io(struct resource_block_io *block_io)
{
	free(block_io->weight_devices.items);
	free(block_io->read_bps.items);
	free(block_io->write_bps.items);
	free(block_io->read_iops.items);
	free(block_io->write_iops.items);
}

void resources_free(struct resources *resources)
{
	free(resources->devices.items);
	free(resources->cpu.cpus);
	free(resources->cpu.mems);
	free_block_io(&resources->block_io);
	for (size_t i = 0; i < resources->hugepages.n; i++)
		free(resources->hugepages.items[i].page_size);
	free(resources->hugepages.items);
	for (size_t i = 0; i < resources->priorities.n; i++)
		free(resources->priorities.items[i].interface_name);
	free(resources->priorities.items);
	for (size_t i = 0; i < resources->rdma.n; i++)
		free(resources->rdma.items[i].device);
	free(resources->rdma.items);
	strmap_free(&resources->unified);
	*resources = (struct resources){ 0 };
}
