/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_RESTORE_H
#define CT_RESTORE_H

#include "runtime/container.h"
#include "runtime/criu_options.h"

/* How a container is made from an image of CRIU's instead of by an init of ours. */
struct restore_request {
	const struct criu_options *options; /* checked */
	const char *criu;                   /* the program */
	const char *lsm_profile, *lsm_mount_context;
};

/*
 * The steps of a create that differ (create.c has them in order).
 *
 * holder   a child in the container's network namespace, with nothing to do: hooks get its pid, since the
 *          network must be there before CRIU opens sockets in it. Pinned, when pins are wanted
 * process  CRIU makes the processes, in the container's cgroup; c->pid is the first one, a child of
 *          ours, and the holder is gone
 * pins     of the namespaces that CRIU made
 */
int restore_holder(struct container *c, struct err *err);
int restore_process(struct container *c, const struct restore_request *request, struct err *err);
int restore_pins(struct container *c, struct err *err);

#endif
