/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json_scan.h"

/* Integers beyond this are not exact in a double. */
#define JSON_INT_MAX (INT64_C(1) << 53)

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_object_keys(const json_node *node, const char *what, struct err *err)
{
	size_t n = (size_t)cJSON_GetArraySize(node), i = 0;
	autofree const char **keys = xreallocarray(NULL, n, sizeof(*keys));

	for (const json_node *child = node->child; child; child = child->next)
		keys[i++] = child->string;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return err_set(err, EINVAL, "%s: key \"%.64s\" stands twice in one object",
				       what, keys[i]);
	return 0;
}

/* Recursion is bounded by JSON_MAX_DEPTH. */
static int check_keys(const json_node *node, const char *what, struct err *err)
{
	int rc = 0;

	if (cJSON_IsObject(node) && node->child && node->child->next)
		rc = check_object_keys(node, what, err);
	for (const json_node *child = node->child; rc >= 0 && child; child = child->next)
		if (child->child)
			rc = check_keys(child, what, err);
	return rc;
}

/*
 * cJSON keeps a number as a double alone, which is not exact beyond 2^53. The text of those that may
 * be larger goes into their node's valuestring, which is unused by numbers and freed with the node.
 * Numbers stand in the text in the order in which a walk of the tree meets them.
 */
static void keep_exact_numbers(json_node *node, const char **text, const char *end)
{
	if (cJSON_IsNumber(node)) {
		size_t len = json_scan_number(text, end);

		if (len > JSON_EXACT_DIGITS)
			node->valuestring = xstrndup(*text, len);
		*text += len;
	}
	for (json_node *child = node->child; child; child = child->next)
		keep_exact_numbers(child, text, end);
}

static int syntax_error(const char *text, size_t len, const char *at, const char *what,
			struct err *err)
{
	size_t offset = at && at >= text && at <= text + len ? (size_t)(at - text) : len;
	struct json_place place = json_place(text, offset);

	return err_set(err, EINVAL, "%s: line %zu, column %zu: not valid JSON", what, place.line,
		       place.column);
}

int json_parse(const char *text, size_t len, const char *what, json_node **root, struct err *err)
{
	const char *end = NULL;
	int rc = json_scan(text, len, what, err);

	if (rc < 0)
		return rc;
	autojson json_node *parsed = cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (!parsed)
		return syntax_error(text, len, end, what, err);
	for (; end < text + len; end++)
		if (!strchr(" \t\r\n", *end))
			return syntax_error(text, len, end, what, err);
	rc = check_keys(parsed, what, err);
	if (rc < 0)
		return rc;
	if (json_scan_has_long_number(text, text + len))
		keep_exact_numbers(parsed, &text, text + len);
	*root = take_ptr(&parsed);
	return 0;
}

void json_free(json_node **root)
{
	cJSON_Delete(*root);
	*root = NULL;
}

bool json_is_empty(const json_node *node)
{
	if (!node || cJSON_IsNull(node) || cJSON_IsFalse(node))
		return true;
	if (cJSON_IsNumber(node))
		return fpclassify(node->valuedouble) == FP_ZERO;
	if (cJSON_IsString(node))
		return node->valuestring[0] == '\0';
	return (cJSON_IsObject(node) || cJSON_IsArray(node)) && !node->child;
}

const json_node *json_get(const json_node *object, const char *key)
{
	if (!cJSON_IsObject(object))
		return NULL;
	for (const json_node *child = object->child; child; child = child->next)
		if (strcmp(child->string, key) == 0)
			return child;
	return NULL;
}

const char *json_string(const json_node *node)
{
	return cJSON_IsString(node) ? node->valuestring : NULL;
}

bool json_int(const json_node *node, int64_t *out)
{
	if (!cJSON_IsNumber(node))
		return false;
	double v = node->valuedouble;

	if (!isfinite(v) || trunc(v) < v || trunc(v) > v || v > (double)JSON_INT_MAX ||
	    v < -(double)JSON_INT_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

bool json_double(const json_node *node, double *out)
{
	if (!cJSON_IsNumber(node))
		return false;
	*out = node->valuedouble;
	return true;
}

bool json_u64(const json_node *node, uint64_t *out)
{
	struct err none = ERR_INIT;
	int64_t v;

	if (cJSON_IsNumber(node) && node->valuestring &&
	    str_to_u64(node->valuestring, "", 0, UINT64_MAX, out, &none) >= 0)
		return true;
	if (!json_int(node, &v) || v < 0)
		return false;
	*out = (uint64_t)v;
	return true;
}

bool json_is_object(const json_node *node)
{
	return cJSON_IsObject(node);
}

bool json_is_array(const json_node *node)
{
	return cJSON_IsArray(node);
}

bool json_is_true(const json_node *node)
{
	return cJSON_IsTrue(node);
}

bool json_is_bool(const json_node *node)
{
	return cJSON_IsBool(node);
}

bool json_is_null(const json_node *node)
{
	return cJSON_IsNull(node);
}

const json_node *json_first(const json_node *container)
{
	return container ? container->child : NULL;
}

const json_node *json_next(const json_node *node)
{
	return node->next;
}

const char *json_key(const json_node *node)
{
	return node->string;
}

json_node *json_object(void)
{
	json_node *node = cJSON_CreateObject();

	return node ? node : xmalloc(SIZE_MAX);
}

json_node *json_array(void)
{
	json_node *node = cJSON_CreateArray();

	return node ? node : xmalloc(SIZE_MAX);
}

void json_put(json_node *object, const char *key, json_node *value)
{
	if (value && !cJSON_AddItemToObject(object, key, value))
		free(xmalloc(SIZE_MAX)); /* ends the process */
}

void json_put_string(json_node *object, const char *key, const char *value)
{
	if (value)
		json_put(object, key, cJSON_CreateString(value));
}

/* cJSON prints large round numbers as 1e+15, which not every reader takes for an integer. */
static json_node *integer(int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return value >= INT_MIN && value <= INT_MAX ? cJSON_CreateNumber((double)value)
						    : cJSON_CreateRaw(text);
}

void json_put_int(json_node *object, const char *key, int64_t value)
{
	json_put(object, key, integer(value));
}

void json_append_int(json_node *array, int64_t value)
{
	json_append(array, integer(value));
}

void json_put_double(json_node *object, const char *key, double value)
{
	json_put(object, key, cJSON_CreateNumber(value));
}

void json_put_bool(json_node *object, const char *key, bool value)
{
	json_put(object, key, cJSON_CreateBool(value));
}

void json_put_copy(json_node *object, const char *key, const json_node *value)
{
	if (value)
		json_put(object, key, cJSON_Duplicate(value, 1));
}

json_node *json_copy(const json_node *node)
{
	return cJSON_Duplicate(node, 1);
}

json_node *json_put_object(json_node *object, const char *key)
{
	json_node *node = json_object();

	json_put(object, key, node);
	return node;
}

json_node *json_put_array(json_node *object, const char *key)
{
	json_node *node = json_array();

	json_put(object, key, node);
	return node;
}

void json_append(json_node *array, json_node *value)
{
	if (value && !cJSON_AddItemToArray(array, value))
		free(xmalloc(SIZE_MAX)); /* ends the process */
}

void json_append_string(json_node *array, const char *value)
{
	json_append(array, cJSON_CreateString(value));
}

void json_remove(json_node *object, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

json_node *json_put_strmap(json_node *object, const char *key, const struct strmap *map)
{
	json_node *node = json_put_object(object, key);

	for (size_t i = 0; i < map->n; i++)
		json_put_string(node, map->items[i].key, map->items[i].value);
	return node;
}

char *json_print(const json_node *root, bool indent)
{
	char *text = indent ? cJSON_Print(root) : cJSON_PrintUnformatted(root);

	return text ? text : xmalloc(SIZE_MAX);
}
