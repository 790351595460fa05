/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/limits.h"

#include <errno.h>

static const char *name_of(int resource)
{
	const struct json_enum *name = config_rlimit_names;

	while (name->name && name->value != resource)
		name++;
	return name->name ? name->name : "?";
}

static int fail(size_t i, const struct config_rlimit *r, struct err *err)
{
	return err_errno(err, "config.json: process.rlimits[%zu]: set %s to %llu:%llu%s", i,
			 name_of(r->resource), (unsigned long long)r->limit.rlim_cur,
			 (unsigned long long)r->limit.rlim_max,
			 errno == EPERM ? " (above the runtime's own hard limit, and to raise that "
					  "it needs CAP_SYS_RESOURCE)"
					: "");
}

int limits_raise(pid_t pid, const struct config_rlimits *rlimits, struct err *err)
{
	for (size_t i = 0; i < rlimits->n; i++) {
		const struct config_rlimit *r = &rlimits->items[i];
		__rlimit_resource_t resource = (__rlimit_resource_t)r->resource;
		struct rlimit limit;

		if (prlimit(pid, resource, NULL, &limit) < 0)
			return fail(i, r, err);
		if (limit.rlim_max >= r->limit.rlim_max)
			continue;
		limit.rlim_max = r->limit.rlim_max;
		if (prlimit(pid, resource, &limit, NULL) < 0)
			return fail(i, r, err);
	}
	return 0;
}

int limits_apply(const struct config_rlimits *rlimits, struct err *err)
{
	for (size_t i = 0; i < rlimits->n; i++) {
		const struct config_rlimit *r = &rlimits->items[i];

		if (setrlimit((__rlimit_resource_t)r->resource, &r->limit) < 0)
			return fail(i, r, err);
	}
	return 0;
}
