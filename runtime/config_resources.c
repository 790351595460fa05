/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/config_tables.h"

/*
 * linux.resources is limits of a cgroup, and containers have no cgroup of their own here. Engines
 * write all of it, mostly with values that limit nothing; those pass.
 */
#define TABLE(name)                                                                                \
	static const struct json_table name##_table = {                                            \
		.fields = name##_fields,                                                           \
		.n_fields = ARRAY_SIZE(name##_fields),                                             \
	}

#define UNSUPPORTED(key)                                                                           \
	{                                                                                          \
		key, NULL, 0, JSON_UNSUPPORTED, NULL, 0                                            \
	}
#define UNLIMITED(key)                                                                             \
	{                                                                                          \
		key, config_decode_unlimited, 0, 0, NULL, 0                                        \
	}
#define REFUSED(key)                                                                               \
	{                                                                                          \
		key, config_decode_refuse, 0, 0, NULL, 0                                           \
	}

static const struct json_field memory_fields[] = {
	UNLIMITED("limit"),
	UNLIMITED("reservation"),
	UNLIMITED("swap"),
	UNLIMITED("kernel"),
	UNLIMITED("kernelTCP"),
	REFUSED("swappiness"), /* 0 is a wish too */
	UNSUPPORTED("disableOOMKiller"),
	UNSUPPORTED("useHierarchy"),
	UNSUPPORTED("checkBeforeUpdate"),
};
TABLE(memory);

static const struct json_field cpu_fields[] = {
	UNSUPPORTED("shares"),
	UNLIMITED("quota"),
	UNSUPPORTED("burst"),
	UNSUPPORTED("period"),
	UNSUPPORTED("realtimeRuntime"),
	UNSUPPORTED("realtimePeriod"),
	UNSUPPORTED("cpus"),
	UNSUPPORTED("mems"),
	UNSUPPORTED("idle"),
};
TABLE(cpu);

static int decode_pids_limit(const json_node *node, const struct json_field *field, void *out,
			     const struct json_path *path, struct err *err)
{
	int64_t value;

	(void)field;
	(void)out;
	/* 0 is a limit of none at all (config-linux.md, "PIDs"), so only -1 asks for nothing */
	if (json_int(node, &value) && value == -1)
		return 0;
	return config_unsupported(path, err);
}

static const struct json_field pids_fields[] = {
	{ "limit", decode_pids_limit, 0, 0, NULL, 0 },
};
TABLE(pids);

static const struct json_field block_io_fields[] = {
	UNSUPPORTED("weight"),
	UNSUPPORTED("leafWeight"),
	UNSUPPORTED("weightDevice"),
	UNSUPPORTED("throttleReadBpsDevice"),
	UNSUPPORTED("throttleWriteBpsDevice"),
	UNSUPPORTED("throttleReadIOPSDevice"),
	UNSUPPORTED("throttleWriteIOPSDevice"),
};
TABLE(block_io);

static const struct json_field network_fields[] = {
	UNSUPPORTED("classID"),
	UNSUPPORTED("priorities"),
};
TABLE(network);

static const struct json_field resources_fields[] = {
	UNSUPPORTED("devices"),
	{ "memory", json_decode_object, 0, 0, &memory_table, 0 },
	{ "cpu", json_decode_object, 0, 0, &cpu_table, 0 },
	{ "pids", json_decode_object, 0, 0, &pids_table, 0 },
	{ "blockIO", json_decode_object, 0, 0, &block_io_table, 0 },
	UNSUPPORTED("hugepageLimits"),
	{ "network", json_decode_object, 0, 0, &network_table, 0 },
	UNSUPPORTED("rdma"),
	UNSUPPORTED("unified"),
};

const struct json_table config_resources_table = {
	.fields = resources_fields,
	.n_fields = ARRAY_SIZE(resources_fields),
};
