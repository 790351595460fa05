/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_RECORD_DEVICE_H
#define CT_NET_RECORD_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/json.h"
#include "common/net/ip.h"
#include "common/net/link.h"

/* A device of the host that was moved into the container, and what it had before: it goes back so. */
#define RECORD_DEVICE_ADDRESSES 16
#define RECORD_MAX_DEVICES      16

struct record_device {
	char name[IFNAMSIZ];   /* on the host */
	char inside[IFNAMSIZ]; /* in the container */
	struct link_mac mac;
	bool up;
	struct ip_prefix addresses[RECORD_DEVICE_ADDRESSES]; /* permanent, global */
	size_t n_addresses;
};

struct record_devices {
	struct record_device *items;
	size_t n;
};

/* "NAME" or "NAME:NEWNAME"; what it had is not read. A name that is there already is refused. */
int record_devices_parse(const char *text, const char *what, struct record_devices *list,
			 struct err *err);
void record_devices_add(struct record_devices *list, const struct record_device *device);
void record_devices_copy(const struct record_devices *from, struct record_devices *to);
/* The device of that name on the host; NULL: none. */
struct record_device *record_devices_find(const struct record_devices *list, const char *name);
void record_devices_free(struct record_devices *list);

json_decode_fn record_decode_devices; /* struct record_devices */
/* The key "devices"; no key when there are none. */
void record_put_devices(json_node *root, const struct record_devices *list);

#endif
