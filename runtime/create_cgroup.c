/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_cgroup.h"

#include <sched.h>

#include "runtime/sync.h"

static struct cgroup_request request_of(const struct container *c, enum cgroup_manager manager)
{
	return (struct cgroup_request){
		.manager = manager,
		.path = c->config->cgroups_path,
		.id = c->id,
		.resources = &c->config->resources,
		.rootless = c->rights.rootless,
		.annotations = &c->config->annotations,
	};
}

int create_cgroup_plan(struct container *c, enum cgroup_manager manager, struct err *err)
{
	const struct cgroup_request request = request_of(c, manager);

	return cgroup_plan(&request, &c->state.cgroup, err);
}

int create_cgroup_make(struct container *c, struct err *err)
{
	const struct cgroup_request request = request_of(c, CGROUP_CGROUPFS);

	return cgroup_make(c->state.cgroup, &request, err);
}

int create_cgroup_again(struct container *c, struct err *err)
{
	int made = create_cgroup_make(c, err);

	return made > 0 ? cgroup_apply(c->state.cgroup, &c->config->resources, err) : made;
}

bool create_cgroup_by_init(const struct container *c)
{
	const struct cgroup *cgroup = c->state.cgroup;

	return !c->ns.staged && cgroup_exists(cgroup) &&
	       (cgroup_needs_entry(cgroup) || (c->ns.new_flags & CLONE_NEWCGROUP));
}

int create_cgroup_enter(struct container *c, struct err *err)
{
	int rc = 0;

	if (create_cgroup_by_init(c))
		rc = sync_expect(c->sync_fd, SYNC_ENTERED, "the container's init", NULL, err);
	if (rc >= 0)
		cgroup_set_entered(c->state.cgroup);
	return rc;
}

int create_cgroup_remove(struct container *c, struct err *err)
{
	struct cgroup *cgroup = c->state.cgroup;

	if (!cgroup || !container_is_of_this_boot(c))
		return 0;
	int rc = cgroup_kill(cgroup, err);

	return rc < 0 ? rc : cgroup_remove(cgroup, err);
}
