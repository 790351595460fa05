/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_ENTER_H
#define CT_ENTER_H

#include "runtime/container.h"
#include "runtime/passed_fds.h"

/* `exec`: one more process in a container that has one. */
struct enter_request {
	struct container *c; /* config->process is what runs, console_fd where its pty goes */
	struct passed_fds fds;
	const struct strlist *cgroups; /* --cgroup, see enter_cgroup.h */
	int pid_fd;                    /* of the container's init */
};

/*
 * Returns the process's pid, a child of ours, once it has executed its program. When it could not, it
 * is reaped and the reason is the error.
 */
int enter_container(const struct enter_request *request, struct err *err);

#endif
