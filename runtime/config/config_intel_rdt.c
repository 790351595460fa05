/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "runtime/config/config_tables.h"

/* Names a folder in resctrl, where "/" is the class that everything is in. */
static int check_clos_id(const char *clos_id, const struct json_path *path, struct err *err)
{
	if (!clos_id || str_eq(clos_id, "/"))
		return 0;
	if (clos_id[0] == '\0' || clos_id[0] == '.' || strchr(clos_id, '/') ||
	    str_eq(clos_id, "info") || str_eq(clos_id, "mon_groups") || str_eq(clos_id, "mon_data"))
		return json_fail(path, err, "'%s' cannot be the name of a class in resctrl",
				 clos_id);
	return 0;
}

static int check_lines(const struct strlist *schemata, const struct json_path *path,
		       struct err *err)
{
	for (size_t i = 0; i < schemata->n; i++)
		if (strpbrk(schemata->items[i], "\r\n"))
			return json_fail(config_item(path, i), err, "must be one line");
	return 0;
}

static int check(void *item, const struct json_path *path, struct err *err)
{
	struct config_intel_rdt *rdt = item;
	const struct json_path *bandwidth = config_at(path, "memBwSchema");

	rdt->monitoring = rdt->monitoring || rdt->cmt || rdt->mbm;
	if (rdt->mem_bw_schema && !str_starts(rdt->mem_bw_schema, "MB:"))
		return json_fail(bandwidth, err, "'%s' must start with 'MB:'", rdt->mem_bw_schema);
	if (rdt->mem_bw_schema && strpbrk(rdt->mem_bw_schema, "\r\n"))
		return json_fail(bandwidth, err, "must be one line");
	int rc = check_lines(&rdt->schemata, config_at(path, "schemata"), err);

	return rc < 0 ? rc : check_clos_id(rdt->clos_id, config_at(path, "closID"), err);
}

#define AT(member) offsetof(struct config_intel_rdt, member)
static const struct json_field fields[] = {
	{ "closID", json_decode_string, AT(clos_id), 0, NULL, 0 },
	{ "l3CacheSchema", json_decode_string, AT(l3_schema), 0, NULL, 0 },
	{ "memBwSchema", json_decode_string, AT(mem_bw_schema), 0, NULL, 0 },
	{ "schemata", json_decode_strings, AT(schemata), 0, NULL, 0 },
	{ "enableMonitoring", json_decode_bool, AT(monitoring), 0, NULL, 0 },
	/* its names before version 1.3 */
	{ "enableCMT", json_decode_bool, AT(cmt), 0, NULL, 0 },
	{ "enableMBM", json_decode_bool, AT(mbm), 0, NULL, 0 },
};
#undef AT

const struct json_table config_intel_rdt_table = {
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = check,
};

void config_intel_rdt_free(struct config_intel_rdt *rdt)
{
	free(rdt->clos_id);
	free(rdt->l3_schema);
	free(rdt->mem_bw_schema);
	strlist_free(&rdt->schemata);
}
