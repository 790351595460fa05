/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_STATE_H
#define CT_CREATE_STATE_H

#include "runtime/container.h"

/* c->state of a container that is about to be made, from its config; the bundle is where we are. */
int create_fill_state(struct container *c, bool persist, struct err *err);

#endif
