/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_V1_H
#define CT_CGROUP_V1_H

#include "runtime/cgroup/cgroup_backend.h"

/* Between the cgroup_v1*.c files alone. */

/* The folder in the hierarchy of this controller; NULL: not joined. */
struct cgroup_folder *cgroup_v1_folder(const struct cgroup *cg, unsigned int controller);

int cgroup_v1_apply(struct cgroup *cg, const struct resources *resources, struct err *err);
int cgroup_v1_devices(const struct cgroup_folder *folder, const struct resource_devices *devices,
		      struct err *err);
int cgroup_v1_stats(const struct cgroup *cg, json_node *data, struct err *err);

#endif
