/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_ENTER_CGROUP_H
#define CT_ENTER_CGROUP_H

#include "runtime/container.h"

/*
 * Put the calling process, which has one thread, into the container's cgroup, or into the groups below
 * it that `exec --cgroup [CONTROLLER[,CONTROLLER]:]PATH` names: they must be there, and a PATH that
 * leads out of the container's is an error. The host's cgroup mounts must be in sight.
 */
int enter_cgroup(const struct container *c, const struct strlist *below, struct err *err);

#endif
