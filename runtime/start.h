/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_START_H
#define CT_START_H

#include "runtime/container.h"

/*
 * Let init run startContainer hooks and execve; returns once execve has happened, and after the
 * poststart hooks. c is open and locked, its status was checked. On failure the container is undone
 * (killed, poststop hooks, removed), as the specification wants it.
 */
int start_container(struct container *c, struct err *err);

/*
 * start_container, and where create found a NOTIFY_SOCKET what notify.h says of it: wait for READY=1 with
 * the container unlocked, or let a child do that when the caller has the process to wait for.
 */
int start_notifying(struct container *c, bool in_child, struct err *err);

/* The same without the undo: for restart, which leaves the container stopped. */
int start_process(struct container *c, struct err *err);

#endif
