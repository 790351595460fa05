/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/vlan_port.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* ---- sets ---- */

bool vlan_set_has(const struct vlan_set *set, unsigned int id)
{
	return id <= VLAN_ID_MAX && (set->bits[id / 64] >> (id % 64) & 1);
}

void vlan_set_add(struct vlan_set *set, unsigned int first, unsigned int last)
{
	for (unsigned int id = first; id <= last && id <= VLAN_ID_MAX; id++)
		set->bits[id / 64] |= UINT64_C(1) << (id % 64);
}

void vlan_set_remove(struct vlan_set *set, unsigned int id)
{
	if (id <= VLAN_ID_MAX)
		set->bits[id / 64] &= ~(UINT64_C(1) << (id % 64));
}

bool vlan_set_is_empty(const struct vlan_set *set)
{
	unsigned int first = 0, last = 0;

	return !vlan_set_run(set, VLAN_ID_MIN, &first, &last);
}

bool vlan_set_run(const struct vlan_set *set, unsigned int from, unsigned int *first,
		  unsigned int *last)
{
	unsigned int id = from;

	while (id <= VLAN_ID_MAX && !vlan_set_has(set, id))
		id++;
	if (id > VLAN_ID_MAX)
		return false;
	*first = id;
	while (vlan_set_has(set, id + 1))
		id++;
	*last = id;
	return true;
}

/* ---- JSON ---- */

struct trunk_doc {
	int64_t id, min, max; /* 0: not given */
};

struct trunks_doc {
	struct trunk_doc *items;
	size_t n;
};

static const struct json_range range_id = { VLAN_ID_MIN, VLAN_ID_MAX };

static const struct json_field trunk_fields[] = {
	{ "id", json_decode_int, offsetof(struct trunk_doc, id), 0, &range_id, 0 },
	{ "minID", json_decode_int, offsetof(struct trunk_doc, min), 0, &range_id, 0 },
	{ "maxID", json_decode_int, offsetof(struct trunk_doc, max), 0, &range_id, 0 },
};

static const struct json_table trunk_table = {
	.fields = trunk_fields,
	.n_fields = ARRAY_SIZE(trunk_fields),
	.strict = true,
	.item_size = sizeof(struct trunk_doc),
	.count_offset = offsetof(struct trunks_doc, n) - offsetof(struct trunks_doc, items),
};

static int add_trunk(const struct trunk_doc *doc, const struct json_path *path,
		     struct vlan_set *trunk, struct err *err)
{
	if ((doc->min == 0) != (doc->max == 0))
		return json_fail(path, err, "has %s without %s", doc->min ? "minID" : "maxID",
				 doc->min ? "maxID" : "minID");
	if (doc->id == 0 && doc->min == 0)
		return json_fail(path, err, "must have id, or minID and maxID");
	if (doc->min > doc->max)
		return json_fail(path, err, "its minID %d is greater than its maxID %d",
				 (int)doc->min, (int)doc->max);
	if (doc->id > 0)
		vlan_set_add(trunk, (unsigned int)doc->id, (unsigned int)doc->id);
	if (doc->min > 0)
		vlan_set_add(trunk, (unsigned int)doc->min, (unsigned int)doc->max);
	return 0;
}

int vlan_decode_trunk(const json_node *node, const struct json_field *field, void *out,
		      const struct json_path *path, struct err *err)
{
	struct trunks_doc doc = { .items = NULL };
	struct json_field nested = *field;
	int rc = 0;

	nested.arg = &trunk_table;
	rc = json_decode_array(node, &nested, &doc, path, err);
	for (size_t i = 0; rc >= 0 && i < doc.n; i++) {
		const struct json_path item = { .parent = path, .index = i };

		rc = add_trunk(&doc.items[i], &item, out, err);
	}
	free(doc.items);
	return rc;
}

void vlan_put_trunk(json_node *root, const char *key, const struct vlan_set *trunk)
{
	json_node *list = NULL;
	unsigned int first = 0, last = 0;

	for (unsigned int at = VLAN_ID_MIN; vlan_set_run(trunk, at, &first, &last); at = last + 1) {
		json_node *item = json_object();

		if (!list)
			list = json_put_array(root, key);
		if (first == last) {
			json_put_int(item, "id", first);
		} else {
			json_put_int(item, "minID", first);
			json_put_int(item, "maxID", last);
		}
		json_append(list, item);
	}
}

/* ---- ports ---- */

bool vlan_port_is_used(const struct vlan_port *port)
{
	return port->access > 0 || !vlan_set_is_empty(&port->trunk);
}

/* Whatever a port joins later overrules what it was born with, as in the kernel. */
struct vlan_state vlan_port_wanted(const struct vlan_port *port, unsigned int default_pvid)
{
	struct vlan_state state = { .pvid = 0 };
	const unsigned int untagged[] = { port->drop_default ? 0 : default_pvid, port->access };

	for (size_t i = 0; i < ARRAY_SIZE(untagged); i++) {
		if (untagged[i] == 0)
			continue;
		vlan_set_add(&state.member, untagged[i], untagged[i]);
		vlan_set_add(&state.untagged, untagged[i], untagged[i]);
		state.pvid = untagged[i];
	}
	for (unsigned int id = VLAN_ID_MIN; id <= VLAN_ID_MAX; id++) {
		if (!vlan_set_has(&port->trunk, id))
			continue;
		vlan_set_add(&state.member, id, id);
		vlan_set_remove(&state.untagged, id);
		if (state.pvid == id)
			state.pvid = 0;
	}
	return state;
}

bool vlan_state_equal(const struct vlan_state *a, const struct vlan_state *b)
{
	return a->pvid == b->pvid && memcmp(&a->member, &b->member, sizeof(a->member)) == 0 &&
	       memcmp(&a->untagged, &b->untagged, sizeof(a->untagged)) == 0;
}

bool vlan_state_run(const struct vlan_state *state, unsigned int from, unsigned int *first,
		    unsigned int *last)
{
	unsigned int id = 0;
	bool untagged = false;

	if (!vlan_set_run(&state->member, from, first, last))
		return false;
	untagged = vlan_set_has(&state->untagged, *first);
	for (id = *first; id < *last && *first != state->pvid && id + 1 != state->pvid &&
			  vlan_set_has(&state->untagged, id + 1) == untagged;)
		id++;
	*last = id;
	return true;
}

void vlan_state_text(const struct vlan_state *state, struct strbuf *text)
{
	unsigned int first = 0, last = 0;
	const char *separator = "";

	for (unsigned int at = VLAN_ID_MIN; vlan_state_run(state, at, &first, &last);
	     at = last + 1) {
		strbuf_printf(text, "%s%u", separator, first);
		if (last > first)
			strbuf_printf(text, "-%u", last);
		strbuf_printf(text, "%s%s", first == state->pvid ? " PVID" : "",
			      vlan_set_has(&state->untagged, first) ? " untagged" : "");
		separator = ", ";
	}
	if (separator[0] == '\0')
		strbuf_puts(text, "none");
}
