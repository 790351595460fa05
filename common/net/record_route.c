/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/record_route.h"

#include <stdlib.h>
#include <string.h>

#include "common/net/ip_decode.h"
#include "common/str.h"

struct dead_end {
	struct ip_prefix dst;
	int type;
	int64_t table, priority;
};

struct dead_ends {
	struct dead_end *items;
	size_t n;
};

static const struct json_enum types[] = {
	{ "blackhole", ROUTE_BLACKHOLE },
	{ "unreachable", ROUTE_UNREACHABLE },
	{ "prohibit", ROUTE_PROHIBIT },
	{ NULL, 0 },
};

static const struct json_range range_u32 = { 0, UINT32_MAX };

static const struct json_field fields[] = {
	{ "dst", ip_decode_subnet, offsetof(struct dead_end, dst), JSON_REQUIRED, NULL, 0 },
	{ "type", json_decode_enum, offsetof(struct dead_end, type), JSON_REQUIRED, types, 0 },
	{ "table", json_decode_int, offsetof(struct dead_end, table), 0, &range_u32, 0 },
	{ "priority", json_decode_int, offsetof(struct dead_end, priority), 0, &range_u32, 0 },
};

static const struct json_table table = {
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.item_size = sizeof(struct dead_end),
	.count_offset = offsetof(struct dead_ends, n) - offsetof(struct dead_ends, items),
};

static void append(struct route_list *list, const struct route *route)
{
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = *route;
}

int record_decode_dead_ends(const json_node *node, const struct json_field *field, void *out,
			    const struct json_path *path, struct err *err)
{
	struct json_field nested = *field;
	struct dead_ends ends = { .items = NULL };
	int rc = 0;

	nested.arg = &table;
	rc = json_decode_array(node, &nested, &ends, path, err);
	for (size_t i = 0; rc >= 0 && i < ends.n; i++)
		append(out, &(const struct route){
				    .dst = ends.items[i].dst,
				    .type = (enum route_type)ends.items[i].type,
				    .table = (uint32_t)ends.items[i].table,
				    .priority = (uint32_t)ends.items[i].priority,
			    });
	free(ends.items);
	return rc;
}

static const char *type_name(enum route_type type)
{
	for (size_t i = 0; types[i].name; i++) {
		if (types[i].value == (int)type)
			return types[i].name;
	}
	return "?";
}

void record_put_dead_ends(json_node *root, const struct route_list *list)
{
	json_node *array = list->n > 0 ? json_put_array(root, "deadEnds") : NULL;

	for (size_t i = 0; i < list->n; i++) {
		json_node *item = json_object();

		json_put_string(item, "dst", ip_prefix_text(&list->items[i].dst).text);
		json_put_string(item, "type", type_name(list->items[i].type));
		json_put_int(item, "table", list->items[i].table);
		json_put_int(item, "priority", list->items[i].priority);
		json_append(array, item);
	}
}

struct route_list record_dead_ends(const struct route *routes, size_t n)
{
	struct route_list list = { .items = NULL };

	for (size_t i = 0; i < n; i++) {
		if (routes[i].type != ROUTE_UNICAST)
			append(&list, &routes[i]);
	}
	return list;
}

bool record_dead_ends_equal(const struct route_list *a, const struct route_list *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++) {
		const struct route *x = &a->items[i], *y = &b->items[i];

		if (x->type != y->type || x->table != y->table || x->priority != y->priority ||
		    x->dst.len != y->dst.len || !ip_equal(&x->dst.addr, &y->dst.addr))
			return false;
	}
	return a->n == b->n;
}
