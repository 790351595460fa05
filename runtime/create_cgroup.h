/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_CGROUP_H
#define CT_CREATE_CGROUP_H

#include "runtime/container.h"

/* A container's control group, as the steps of create and restart have it (create.c). */

/* Look and decide; c->state has it from then on, and so has state.json before anything is made. */
int create_cgroup_plan(struct container *c, enum cgroup_manager manager, struct err *err);
int create_cgroup_make(struct container *c, struct err *err);
/* Set the limits, and hand the group to the container's user where that is asked for. */
int create_cgroup_limits(const struct container *c, struct err *err);
/* restart: the group of the run before is there still, with the limits that it has by now. */
int create_cgroup_again(struct container *c, struct err *err);
/*
 * Init enters the group or makes its cgroup namespace by itself, and tells with SYNC_ENTERED. Else it was
 * cloned into the group, or the process in between was in there already.
 */
bool create_cgroup_by_init(const struct container *c);
/* Init is in it: what is in the group from here on is the container's, and killed with it. */
int create_cgroup_enter(struct container *c, struct err *err);
/* With whatever the container's process has left running. */
int create_cgroup_remove(struct container *c, struct err *err);

#endif
