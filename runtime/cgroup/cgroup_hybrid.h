/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_HYBRID_H
#define CT_CGROUP_HYBRID_H

#include "runtime/cgroup/cgroup_backend.h"

/*
 * A host with controllers on v1 and others on v2: the container has its folders in the hierarchies of
 * v1, and one more in v2's tree when its limits need a controller that is there alone.
 * For cgroup_v1*.c.
 */

/*
 * CGROUP_* bits of those v2 controllers that the resources need; with CGROUP_UNIFIED when all files
 * of `unified` are of them. 0 without a v2 tree.
 */
unsigned int cgroup_hybrid_wanted(const struct cgroup_host *host,
				  const struct resources *resources);

bool cgroup_hybrid_is_v2(const struct cgroup_folder *folder);
/* NULL: the container has none. */
struct cgroup_folder *cgroup_hybrid_folder(const struct cgroup *cg);

/* Set what v2's controllers are asked for; *done: the bits of the controllers that are v2's. */
int cgroup_hybrid_apply(struct cgroup_folder *folder, const struct resources *resources,
			unsigned int *done, struct err *err);

#endif
