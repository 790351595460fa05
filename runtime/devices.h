/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_DEVICES_H
#define CT_DEVICES_H

#include <stdbool.h>

#include "common/err.h"

/*
 * The default devices of the runtime-spec (config-linux.md "Default Devices") and the usual links,
 * in the container's /dev, made through one descriptor of it: a /dev that is a link in the image
 * leads to a folder in the image, never to the host's (CVE-2026-41579).
 * bind: the kernel lets nobody make nodes in a user namespace; the host's are bound instead.
 */
int devices_make(int root_fd, bool bind, struct err *err);

#endif
