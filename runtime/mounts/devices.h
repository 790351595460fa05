/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_DEVICES_H
#define CT_DEVICES_H

#include <stdbool.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * linux.devices, the default devices of the runtime-spec (config-linux.md "Default Devices") and the
 * usual links, made through descriptors of their folders: a /dev that is a link in the image leads
 * to a folder in the image, never to the host's (CVE-2026-41579). A default device that the list has
 * too is made as the list says. What is there already stays when it is that device, with the mode
 * and owner that were asked for; anything else is an error.
 */
struct devices_request {
	int root_fd;
	const struct config_devices *list;
	bool bind; /* the kernel lets nobody make nodes in a user namespace: the host's are bound */
	bool foreign_dev; /* /dev is a bind of a folder of the host: nothing is made in there */
};

int devices_make(const struct devices_request *request, struct err *err);

#endif
