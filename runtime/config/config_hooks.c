/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "runtime/config/config_tables.h"

static int check_hook(void *item, const struct json_path *path, struct err *err)
{
	const struct config_hook *hook = item;

	if (hook->path[0] != '/')
		return json_fail(config_at(path, "path"), err,
				 "'%s' is not an absolute path (no PATH is searched for a hook)",
				 hook->path);
	for (size_t i = 0; i < hook->env.n; i++) {
		const char *entry = hook->env.items[i];
		const char *equals = strchr(entry, '=');

		if (!equals || equals == entry)
			return json_fail(config_item(config_at(path, "env"), i), err,
					 "'%s' is not of the form NAME=value", entry);
	}
	return 0;
}

static const struct json_range timeout_range = { 1, CONFIG_HOOK_TIMEOUT_MAX_S };

#define AT(member) offsetof(struct config_hook, member)
static const struct json_field hook_fields[] = {
	{ "path", json_decode_string, AT(path), JSON_REQUIRED, NULL, 0 },
	{ "args", json_decode_strings, AT(args), 0, NULL, 0 },
	{ "env", json_decode_strings, AT(env), 0, NULL, AT(has_env) },
	{ "timeout", json_decode_int, AT(timeout_s), 0, &timeout_range, AT(has_timeout) },
};
#undef AT

static const struct json_table hook_table = {
	.fields = hook_fields,
	.n_fields = ARRAY_SIZE(hook_fields),
	.item_size = sizeof(struct config_hook),
	.count_offset = offsetof(struct config_hooks, n),
	.check = check_hook,
};

#define HOOKS(name, kind)                                                                          \
	{                                                                                          \
		name, json_decode_array, (kind) * sizeof(struct config_hooks), 0, &hook_table, 0   \
	}
static const struct json_field hooks_fields[] = {
	HOOKS("prestart", HOOK_PRESTART),
	HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
	HOOKS("createContainer", HOOK_CREATE_CONTAINER),
	HOOKS("startContainer", HOOK_START_CONTAINER),
	HOOKS("poststart", HOOK_POSTSTART),
	HOOKS("poststop", HOOK_POSTSTOP),
};
#undef HOOKS

const struct json_table config_hooks_table = {
	.fields = hooks_fields,
	.n_fields = ARRAY_SIZE(hooks_fields),
};

void config_hooks_free(struct config_hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++) {
		free(hooks->items[i].path);
		strlist_free(&hooks->items[i].args);
		strlist_free(&hooks->items[i].env);
	}
	free(hooks->items);
}
