/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_json NEW-INPUTS tests/fuzz/seeds/json tests/unit/corpus/config/good tests/unit/corpus/config/bad */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
	char *text;
	int64_t number;
};

struct document {
	bool flag, has_number;
	char *text;
	int64_t number;
	struct strlist list;
	struct strmap map;
	struct items {
		struct item *items;
		size_t n;
	} array;
};

#define AT(member) offsetof(struct item, member)
static const struct json_field item_fields[] = {
	{ "text", json_decode_string, AT(text), JSON_REQUIRED, NULL, 0 },
	{ "number", json_decode_int, AT(number), 0, NULL, 0 },
};
#undef AT

static const struct json_table item_table = {
	.fields = item_fields,
	.n_fields = ARRAY_SIZE(item_fields),
	.item_size = sizeof(struct item),
	.count_offset = offsetof(struct items, n),
	.strict = true,
};

#define AT(member) offsetof(struct document, member)
static const struct json_field document_fields[] = {
	{ "flag", json_decode_bool, AT(flag), 0, NULL, 0 },
	{ "text", json_decode_string, AT(text), 0, NULL, 0 },
	{ "number", json_decode_int, AT(number), 0, NULL, AT(has_number) },
	{ "list", json_decode_strings, AT(list), 0, NULL, 0 },
	{ "map", json_decode_map, AT(map), 0, NULL, 0 },
	{ "array", json_decode_array, AT(array), 0, &item_table, 0 },
	{ "refused", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "ignored", NULL, 0, JSON_IGNORED, NULL, 0 },
};
#undef AT

static const struct json_table document_table = {
	.fields = document_fields,
	.n_fields = ARRAY_SIZE(document_fields),
};

static void decode(const json_node *root)
{
	struct document document = { 0 };
	struct err err = ERR_INIT;

	if (json_decode(root, "input", &document_table, &document, &err) < 0 &&
	    (!str_starts(err.msg, "input: ") || strchr(err.msg, '\n')))
		abort();
	for (size_t i = 0; i < document.array.n; i++)
		free(document.array.items[i].text);
	free(document.array.items);
	free(document.text);
	strlist_free(&document.list);
	strmap_free(&document.map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autojson json_node *root = NULL, *again = NULL;
	struct err err = ERR_INIT;

	if (json_parse((const char *)data, size, "input", &root, &err) < 0) {
		if (root || err.code <= 0 || !str_starts(err.msg, "input: "))
			abort();
		return 0;
	}
	decode(root);

	autofree char *text = json_print(root, size % 2);

	if (json_parse(text, strlen(text), "printed", &again, &err) < 0)
		abort();

	autofree char *text_again = json_print(again, size % 2);

	if (!str_eq(text, text_again))
		abort();
	return 0;
}
