/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_PINS_H
#define CT_CREATE_PINS_H

#include "runtime/container.h"

/* A container's pins, as a step of create has them (create.c): of all that was made but the pid's. */
int create_pins_make(struct container *c, struct err *err);

#endif
