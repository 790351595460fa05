/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CHILD_CLONE_H
#define CT_CHILD_CLONE_H

#include <sys/types.h>

#include "common/err.h"

/*
 * vfork(2) for a function: it runs in a child that shares our memory, on a stack of its own, and we
 * sleep until the child has ended or executed a program. What it writes is ours to read then; no page
 * table is copied. Signals are blocked in it. Returns its pid (reap it with __WALL), or negative.
 */
pid_t child_clone(int (*fn)(void *), void *arg, struct err *err);

#endif
