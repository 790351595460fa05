/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONTAINER_PIDS_H
#define CT_CONTAINER_PIDS_H

#include "runtime/container.h"

/*
 * Every process of the container, as the caller's procfs numbers them: those in its cgroup, or without
 * one those in its pid namespace (its process alone when that is the host's). The caller frees *pids.
 */
int container_pids(const struct container *c, pid_t **pids, size_t *n, struct err *err);

#endif
