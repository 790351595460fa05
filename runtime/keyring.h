/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_KEYRING_H
#define CT_KEYRING_H

#include <stdbool.h>

#include "common/err.h"
#include "runtime/container.h"

/*
 * A session keyring of the container's own, "_ses.<id>", so that its processes do not hold the keys of
 * who started it; exec joins the same one by its name. It is of process.selinuxLabel. Nothing with
 * --no-new-keyring. new_userns: its members have other ids than its owner, and must be able to
 * search it all the same. Systems that forbid it are left as they are.
 */
int keyring_join(const struct container *c, bool new_userns, struct err *err);

#endif
