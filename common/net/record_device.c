/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/record_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"

static int set_name(char name[IFNAMSIZ], const char *text, const char *what, struct err *err)
{
	if (link_check_name(text, what, err) < 0)
		return -err->code;
	(void)snprintf(name, IFNAMSIZ, "%s", text);
	return 0;
}

static struct record_device *append(struct record_devices *list)
{
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n] = (struct record_device){ .n_addresses = 0 };
	return &list->items[list->n++];
}

void record_devices_add(struct record_devices *list, const struct record_device *device)
{
	*append(list) = *device;
}

int record_devices_parse(const char *text, const char *what, struct record_devices *list,
			 struct err *err)
{
	const char *colon = strchr(text, ':');
	autofree char *name = colon ? xasprintf("%.*s", (int)(colon - text), text) : xstrdup(text);
	struct record_device device = { .n_addresses = 0 };

	if (set_name(device.name, name, what, err) < 0 ||
	    set_name(device.inside, colon ? colon + 1 : name, what, err) < 0)
		return -err->code;
	if (str_eq(device.name, "lo") || str_eq(device.inside, "lo"))
		return err_set(err, EINVAL, "%s: '%s': every namespace has its own lo", what, text);
	if (list->n == RECORD_MAX_DEVICES)
		return err_set(err, E2BIG, "%s: more than %d devices", what, RECORD_MAX_DEVICES);
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->items[i].name, device.name) ||
		    str_eq(list->items[i].inside, device.inside))
			return err_set(err, EINVAL, "%s: '%s' is given twice", what, text);
	}
	record_devices_add(list, &device);
	return 0;
}

void record_devices_copy(const struct record_devices *from, struct record_devices *to)
{
	*to = (struct record_devices){ .items = NULL };
	for (size_t i = 0; i < from->n; i++)
		record_devices_add(to, &from->items[i]);
}

struct record_device *record_devices_find(const struct record_devices *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->items[i].name, name))
			return &list->items[i];
	}
	return NULL;
}

void record_devices_free(struct record_devices *list)
{
	free(list->items);
	*list = (struct record_devices){ .items = NULL };
}

/* ---- JSON ---- */

static int decode_device(const json_node *node, struct record_device *device, struct err *err)
{
	const char *name = json_string(json_get(node, "name"));
	const char *inside = json_string(json_get(node, "inside"));
	const char *mac = json_string(json_get(node, "mac"));
	const json_node *addresses = json_get(node, "addresses");

	if (!name || !inside || !mac || !json_is_array(addresses))
		return err_set(err, EINVAL, "a key is missing");
	if (set_name(device->name, name, "name", err) < 0 ||
	    set_name(device->inside, inside, "inside", err) < 0 ||
	    link_mac_parse(mac, "mac", &device->mac, err) < 0)
		return -err->code;
	device->up = json_is_true(json_get(node, "up"));
	for (const json_node *n = json_first(addresses); n; n = json_next(n)) {
		const char *text = json_string(n);

		if (!text || device->n_addresses == RECORD_DEVICE_ADDRESSES)
			return err_set(err, EINVAL, "addresses");
		if (ip_parse_prefix(text, "address", &device->addresses[device->n_addresses++],
				    err) < 0)
			return -err->code;
	}
	return 0;
}

int record_decode_devices(const json_node *node, const struct json_field *field, void *out,
			  const struct json_path *path, struct err *err)
{
	struct record_devices *list = out;
	struct err why = ERR_INIT;

	(void)field;
	if (!json_is_array(node))
		return json_fail(path, err, "must be an array");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		const struct json_path item = { .parent = path, .index = list->n };

		if (list->n == RECORD_MAX_DEVICES)
			return json_fail(path, err, "has more than %d devices", RECORD_MAX_DEVICES);
		if (decode_device(n, append(list), &why) < 0)
			return json_fail(&item, err, "%s", why.msg);
	}
	return 0;
}

void record_put_devices(json_node *root, const struct record_devices *list)
{
	json_node *array = list->n > 0 ? json_put_array(root, "devices") : NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct record_device *device = &list->items[i];
		json_node *item = json_object();
		json_node *addresses = NULL;
		char mac[LINK_MAC_TEXT_SIZE];

		link_mac_text(&device->mac, mac);
		json_put_string(item, "name", device->name);
		json_put_string(item, "inside", device->inside);
		json_put_string(item, "mac", mac);
		json_put_bool(item, "up", device->up);
		addresses = json_put_array(item, "addresses");
		for (size_t a = 0; a < device->n_addresses; a++)
			json_append_string(addresses, ip_prefix_text(&device->addresses[a]).text);
		json_append(array, item);
	}
}
