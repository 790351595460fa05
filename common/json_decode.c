/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/log.h"

#define JSON_INT_LIMIT (INT64_C(1) << 53)

/* "config.json: process.env[3]": the root's key is the document's name. */
static void print_path(const struct json_path *path, struct strbuf *sb)
{
	if (!path->parent) {
		strbuf_printf(sb, "%s: ", path->key);
		return;
	}
	print_path(path->parent, sb);
	if (!path->key)
		strbuf_printf(sb, "[%zu]", path->index);
	else
		strbuf_printf(sb, "%s%s", path->parent->parent ? "." : "", path->key);
}

int json_fail(const struct json_path *path, struct err *err, const char *fmt, ...)
{
	autostrbuf struct strbuf sb = { 0 };
	char why[sizeof(err->msg)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	print_path(path, &sb);
	return err_set(err, EINVAL, path->parent ? "%s: %s" : "%s%s", sb.text, why);
}

#define VALUE_MAX 40 /* bytes of a value that an error shows */

int json_fail_value(const json_node *node, const struct json_path *path, struct err *err,
		    const char *fmt, ...)
{
	autofree char *value = json_print(node, false);
	char why[sizeof(err->msg)];
	size_t len = strlen(value);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	/* Not in the middle of a character. */
	if (len > VALUE_MAX)
		for (len = VALUE_MAX; len > 0 && ((unsigned char)value[len] & 0xc0) == 0x80;)
			len--;
	return json_fail(path, err, "%s, not %.*s%s", why, (int)len, value, value[len] ? "…" : "");
}

int json_decode_string(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	const char *s = json_string(node);

	(void)field;
	if (!s)
		return json_fail_value(node, path, err, "must be a string");
	free(*(char **)out);
	*(char **)out = xstrdup(s);
	return 0;
}

int json_decode_bool(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err)
{
	(void)field;
	if (!json_is_bool(node))
		return json_fail_value(node, path, err, "must be true or false");
	*(bool *)out = json_is_true(node);
	return 0;
}

int json_decode_int(const json_node *node, const struct json_field *field, void *out,
		    const struct json_path *path, struct err *err)
{
	static const struct json_range any = { -JSON_INT_LIMIT, JSON_INT_LIMIT };
	const struct json_range *range = field->arg ? field->arg : &any;
	int64_t v;

	if (!json_int(node, &v) || v < range->min || v > range->max)
		return json_fail_value(node, path, err, "must be an integer %" PRId64 "..%" PRId64,
				       range->min, range->max);
	*(int64_t *)out = v;
	return 0;
}

int json_decode_u64(const json_node *node, const struct json_field *field, void *out,
		    const struct json_path *path, struct err *err)
{
	(void)field;
	if (!json_u64(node, out))
		return json_fail_value(node, path, err, "must be an integer 0..%" PRIu64,
				       UINT64_MAX);
	return 0;
}

int json_decode_enum(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err)
{
	const struct json_enum *names = field->arg;
	const char *s = json_string(node);
	autostrbuf struct strbuf known = { 0 };

	for (; names->name; names++) {
		if (str_eq(s, names->name)) {
			*(int *)out = names->value;
			return 0;
		}
		strbuf_printf(&known, "%s%s", known.len ? ", " : "", names->name);
	}
	return s ? json_fail(path, err, "'%.64s' is none of %s", s, known.text)
		 : json_fail_value(node, path, err, "must be one of %s", known.text);
}

int json_decode_strings(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	struct strlist *list = out;
	struct json_path item = { .parent = path };

	(void)field;
	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array of strings");
	for (const json_node *n = json_first(node); n; n = json_next(n), item.index++) {
		const char *s = json_string(n);

		if (!s)
			return json_fail_value(n, &item, err, "must be a string");
		strlist_add(list, s);
	}
	return 0;
}

int json_decode_map(const json_node *node, const struct json_field *field, void *out,
		    const struct json_path *path, struct err *err)
{
	struct strmap *map = out;

	(void)field;
	if (!json_is_object(node))
		return json_fail_value(node, path, err, "must be an object of strings");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		struct json_path item = { .parent = path, .key = json_key(n) };
		const char *s = json_string(n);

		if (!s)
			return json_fail_value(n, &item, err, "must be a string");
		map->items = xreallocarray(map->items, map->n + 1, sizeof(*map->items));
		map->items[map->n++] =
			(struct strmap_entry){ .key = xstrdup(json_key(n)), .value = xstrdup(s) };
	}
	return 0;
}

int json_decode_raw(const json_node *node, const struct json_field *field, void *out,
		    const struct json_path *path, struct err *err)
{
	(void)field;
	(void)path;
	(void)err;
	*(const json_node **)out = node;
	return 0;
}

static int decode_field(const json_node *node, const struct json_field *field, void *object,
			const struct json_path *path, struct err *err)
{
	struct json_path here = { .parent = path, .key = field->key };

	if (field->flags & JSON_IGNORED)
		return 0;
	if (field->flags & JSON_UNSUPPORTED) {
		if (json_is_empty(node))
			return 0;
		(void)json_fail(&here, err, "is not supported by this version");
		err->code = EOPNOTSUPP;
		return -err->code;
	}
	if (field->has_offset)
		*(bool *)((char *)object + field->has_offset) = true;
	return field->decode(node, field, (char *)object + field->offset, &here, err);
}

static const struct json_field *find_field(const struct json_table *table, const char *key,
					   size_t *index)
{
	for (size_t i = 0; i < table->n_fields; i++) {
		if (!str_eq(table->fields[i].key, key))
			continue;
		*index = i;
		return &table->fields[i];
	}
	return NULL;
}

static int unknown_key(const json_node *child, const struct json_table *table,
		       const struct json_path *path, struct err *err)
{
	struct json_path here = { .parent = path, .key = json_key(child) };

	if (table->strict)
		return json_fail(&here, err, "is no known key");
	if (log_debug_enabled()) {
		autostrbuf struct strbuf sb = { 0 };

		print_path(&here, &sb);
		log_debug("%s: unknown key, ignoring", sb.text);
	}
	return 0;
}

static int decode_table(const json_node *node, const struct json_table *table, void *out,
			const struct json_path *path, struct err *err)
{
	uint64_t seen[4] = { 0 }; /* a table has at most 256 fields */

	if (!json_is_object(node))
		return json_fail_value(node, path, err, "must be an object");
	for (const json_node *child = json_first(node); child; child = json_next(child)) {
		size_t i;
		const struct json_field *field = find_field(table, json_key(child), &i);
		int rc = 0;

		if (!field) {
			rc = unknown_key(child, table, path, err);
		} else if (!json_is_null(child)) {
			seen[i / 64] |= UINT64_C(1) << i % 64;
			rc = decode_field(child, field, out, path, err);
		}
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < table->n_fields; i++) {
		struct json_path here = { .parent = path, .key = table->fields[i].key };

		if ((table->fields[i].flags & JSON_REQUIRED) && !(seen[i / 64] >> i % 64 & 1))
			return json_fail(&here, err, "is required");
	}
	return table->check ? table->check(out, path, err) : 0;
}

int json_decode_object(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	return decode_table(node, field->arg, out, path, err);
}

int json_decode_array(const json_node *node, const struct json_field *field, void *out,
		      const struct json_path *path, struct err *err)
{
	const struct json_table *table = field->arg;
	struct json_path item = { .parent = path };
	size_t *count = (size_t *)(void *)((char *)out + table->count_offset);
	size_t n = 0;

	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array");
	for (const json_node *child = json_first(node); child; child = json_next(child))
		n++;
	if (n == 0)
		return 0;
	char *items = xcalloc(n, table->item_size);

	*(char **)out = items;
	/* All are zeroed: what frees the array may walk it also when an item in its middle fails. */
	*count = n;
	for (const json_node *child = json_first(node); child; child = json_next(child)) {
		int rc = decode_table(child, table, items + item.index * table->item_size, &item,
				      err);

		if (rc < 0)
			return rc;
		item.index++;
	}
	return 0;
}

int json_decode(const json_node *node, const char *what, const struct json_table *table, void *out,
		struct err *err)
{
	struct json_path root = { .key = what };

	return decode_table(node, table, out, &root, err);
}

const char *strmap_get(const struct strmap *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->items[i].key, key))
			return map->items[i].value;
	return NULL;
}

void strmap_free(struct strmap *map)
{
	for (size_t i = 0; i < map->n; i++) {
		free(map->items[i].key);
		free(map->items[i].value);
	}
	free(map->items);
	*map = (struct strmap){ 0 };
}
