/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/intel_rdt.h"

#define DOCUMENT_MAX_BYTES (4u << 20)

struct update_options {
	const char *resources;
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems, *memory,
		*memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp, *pids_limit;
	const char *l3_cache_schema, *mem_bw_schema;
};

enum value_kind {
	VALUE_NUMBER,
	VALUE_BYTES, /* with a suffix of units */
	VALUE_TEXT,
};

/* Each option is a property of linux.resources, so what --resources would refuse is refused here. */
#define OPTION(member) offsetof(struct update_options, member)
static const struct {
	const char *option;
	size_t offset;
	const char *object, *key;
	enum value_kind kind;
} properties[] = {
	{ "--blkio-weight", OPTION(blkio_weight), "blockIO", "weight", VALUE_NUMBER },
	{ "--cpu-period", OPTION(cpu_period), "cpu", "period", VALUE_NUMBER },
	{ "--cpu-quota", OPTION(cpu_quota), "cpu", "quota", VALUE_NUMBER },
	{ "--cpu-burst", OPTION(cpu_burst), "cpu", "burst", VALUE_NUMBER },
	{ "--cpu-share", OPTION(cpu_share), "cpu", "shares", VALUE_NUMBER },
	{ "--cpu-rt-period", OPTION(cpu_rt_period), "cpu", "realtimePeriod", VALUE_NUMBER },
	{ "--cpu-rt-runtime", OPTION(cpu_rt_runtime), "cpu", "realtimeRuntime", VALUE_NUMBER },
	{ "--cpu-idle", OPTION(cpu_idle), "cpu", "idle", VALUE_NUMBER },
	{ "--cpuset-cpus", OPTION(cpuset_cpus), "cpu", "cpus", VALUE_TEXT },
	{ "--cpuset-mems", OPTION(cpuset_mems), "cpu", "mems", VALUE_TEXT },
	{ "--memory", OPTION(memory), "memory", "limit", VALUE_BYTES },
	{ "--memory-reservation", OPTION(memory_reservation), "memory", "reservation",
	  VALUE_BYTES },
	{ "--memory-swap", OPTION(memory_swap), "memory", "swap", VALUE_BYTES },
	{ "--kernel-memory", OPTION(kernel_memory), "memory", "kernel", VALUE_BYTES },
	{ "--kernel-memory-tcp", OPTION(kernel_memory_tcp), "memory", "kernelTCP", VALUE_BYTES },
	{ "--pids-limit", OPTION(pids_limit), "pids", "limit", VALUE_NUMBER },
};

#define JSON_INT_MAX (INT64_C(1) << 53)

/* "-1", "1024", "64M", "1.5g" is none; suffixes are powers of 1024, as docker's units are. */
static int parse_bytes(const char *text, const char *option, int64_t *bytes, struct err *err)
{
	static const char suffixes[] = "kmgtp";
	size_t digits = strspn(text, "-0123456789");
	autofree char *number = xstrndup(text, digits);
	const char *rest = text + digits;
	const char *suffix = *rest ? strchr(suffixes, *rest | 0x20) : NULL;
	int shift = 0;

	if (suffix && *suffix) {
		shift = 10 * (int)(suffix - suffixes + 1);
		rest++;
		if (*rest == 'i' || *rest == 'I')
			rest++;
	}
	if (*rest == 'b' || *rest == 'B')
		rest++;
	if (*rest)
		return err_set(err, EINVAL, "%s: '%s' is not a number of bytes, k, m, g, t or p",
			       option, text);
	int rc = str_to_i64(number, option, -1, JSON_INT_MAX >> shift, bytes, err);

	if (rc >= 0 && *bytes > 0)
		*bytes <<= shift;
	return rc;
}

static int put_property(json_node *root, size_t i, const char *text, struct err *err)
{
	const json_node *found = json_get(root, properties[i].object);
	json_node *object = found ? (json_node *)(uintptr_t)found
				  : json_put_object(root, properties[i].object);
	int64_t value = 0;
	int rc = 0;

	switch (properties[i].kind) {
	case VALUE_TEXT:
		json_put_string(object, properties[i].key, text);
		return 0;
	case VALUE_BYTES:
		rc = parse_bytes(text, properties[i].option, &value, err);
		break;
	case VALUE_NUMBER:
		rc = str_to_i64(text, properties[i].option, -1, JSON_INT_MAX, &value, err);
		break;
	}
	if (rc >= 0)
		json_put_int(object, properties[i].key, value);
	return rc;
}

/* *given: how many options speak of resources. */
static int from_options(const struct update_options *o, json_node *root, size_t *given,
			struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		const char *text = *(const char *const *)((const char *)o + properties[i].offset);
		int rc = text ? put_property(root, i, text, err) : 0;

		if (rc < 0)
			return rc;
		*given += text != NULL;
	}
	return 0;
}

static int read_document(const char *path, char **text, size_t *len, struct err *err)
{
	if (str_eq(path, "-"))
		return file_read_fd(STDIN_FILENO, "stdin", DOCUMENT_MAX_BYTES, text, len, err);
	return file_read_at(AT_FDCWD, path, DOCUMENT_MAX_BYTES, text, len, err);
}

static int read_resources(const struct update_options *o, struct resources *resources,
			  size_t *given, struct err *err)
{
	autojson json_node *options = json_object();
	autofree char *text = NULL;
	size_t len = 0;
	int rc = from_options(o, options, given, err);

	if (rc < 0)
		return rc;
	if (!o->resources) {
		text = json_print(options, false);
		return resources_parse(text, strlen(text), "update", resources, err);
	}
	if (*given)
		return err_set(err, EINVAL,
			       "--resources '%s' says it all: another limit beside it would be "
			       "ignored",
			       o->resources);
	*given = 1;
	rc = read_document(o->resources, &text, &len, err);
	return rc < 0 ? rc : resources_parse(text, len, o->resources, resources, err);
}

static int update_rdt(const struct container *c, const struct update_options *o, struct err *err)
{
	const struct config_intel_rdt *rdt = &c->config->intel_rdt;

	if (!o->l3_cache_schema && !o->mem_bw_schema)
		return 0;
	if (!c->config->has_intel_rdt)
		return err_set(err, EINVAL,
			       "--l3-cache-schema, --mem-bw-schema: container '%s' has no "
			       "linux.intelRdt, so it is in no class of its own",
			       c->id);
	autofree char *path = xasprintf("%s/schemata", rdt->clos_id ? rdt->clos_id : c->id);
	autofree char *text = xasprintf("%s\n%s\n", o->l3_cache_schema ? o->l3_cache_schema : "",
					o->mem_bw_schema ? o->mem_bw_schema : "");
	autoclose int fd = intel_rdt_open(err);

	return fd < 0 ? fd : file_write_at(fd, path, text, err);
}

static int apply(struct container *c, const struct update_options *o,
		 const struct resources *resources, size_t given, struct err *err)
{
	enum oci_status status = container_status(c);

	if (status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATING)
		return err_set(err, EINVAL,
			       "cannot update container '%s': container not running (it is %s)",
			       c->id, oci_status_name(status));
	if (given && (!c->state.cgroup || !cgroup_exists(c->state.cgroup)))
		return err_set(err, ENOTSUP,
			       "cannot update container '%s': it was made without a cgroup", c->id);
	int rc = given ? cgroup_apply(c->state.cgroup, resources, err) : 0;

	return rc < 0 ? rc : update_rdt(c, o, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct update_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	struct resources resources = { 0 };
	size_t given = 0;

	(void)n_args;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open(&c, CONTAINER_LOCKED, err);
	if (rc >= 0)
		rc = read_resources(o, &resources, &given, err);
	if (rc >= 0)
		rc = apply(&c, o, &resources, given, err);
	resources_free(&resources);
	return rc;
}

#define ROW(option_name, metavar, member, text)                                                    \
	{                                                                                          \
		.name = (option_name), .type = CMD_STRING, .value = (metavar),                     \
		.offset = OPTION(member), .help = (text)                                           \
	}

static const struct cmd_option update_options[] = {
	{ .name = "resources",
	  .short_name = 'r',
	  .type = CMD_STRING,
	  .value = "FILE",
	  .offset = OPTION(resources),
	  .help = "the limits, as config.json's linux.resources (-: standard input)" },
	ROW("blkio-weight", "N", blkio_weight, "share of block I/O, 10..1000"),
	ROW("cpu-period", "US", cpu_period, "CFS period, in microseconds"),
	ROW("cpu-quota", "US", cpu_quota, "CFS quota of a period, in microseconds (-1: none)"),
	ROW("cpu-burst", "US", cpu_burst, "CFS burst, in microseconds"),
	ROW("cpu-share", "N", cpu_share, "share of CPU time beside others"),
	ROW("cpu-rt-period", "US", cpu_rt_period, "realtime period, in microseconds"),
	ROW("cpu-rt-runtime", "US", cpu_rt_runtime, "realtime runtime of a period"),
	ROW("cpu-idle", "BOOL", cpu_idle, "1: only when nobody else wants the CPU"),
	ROW("cpuset-cpus", "LIST", cpuset_cpus, "CPUs to run on, such as 0-2,7"),
	ROW("cpuset-mems", "LIST", cpuset_mems, "memory nodes to use"),
	ROW("memory", "BYTES", memory, "limit of memory, with k, m, g (-1: none)"),
	ROW("memory-reservation", "BYTES", memory_reservation, "soft limit of memory"),
	ROW("memory-swap", "BYTES", memory_swap, "limit of memory and swap together"),
	ROW("kernel-memory", "BYTES", kernel_memory, "limit of the kernel's memory for it"),
	ROW("kernel-memory-tcp", "BYTES", kernel_memory_tcp, "limit of TCP buffers"),
	ROW("pids-limit", "N", pids_limit, "number of processes (-1: no limit)"),
	ROW("l3-cache-schema", "TEXT", l3_cache_schema, "Intel RDT: share of the L3 cache"),
	ROW("mem-bw-schema", "TEXT", mem_bw_schema, "Intel RDT: share of memory bandwidth"),
};

const struct cmd cmd_update = {
	.name = "update",
	.args = "ID",
	.help = "change the limits of a container",
	.options = update_options,
	.n_options = ARRAY_SIZE(update_options),
	.options_size = sizeof(struct update_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
