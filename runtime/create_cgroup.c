/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_cgroup.h"

#include <sched.h>

#include "common/str.h"
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

	return config_name(cgroup_plan(&request, &c->state.cgroup, err), err);
}

int create_cgroup_make(struct container *c, struct err *err)
{
	const struct cgroup_request request = request_of(c, CGROUP_CGROUPFS);

	return config_name(cgroup_make(c->state.cgroup, &request, err), err);
}

/* A mount of the group that the container may write to: what stands last of ro and rw is in force. */
static bool has_writable_mount(const struct config *config)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		bool readonly = false;

		if (!str_eq(mount->type, "cgroup") && !str_eq(mount->type, "cgroup2"))
			continue;
		for (size_t j = 0; j < mount->options.n; j++)
			if (str_eq(mount->options.items[j], "ro") ||
			    str_eq(mount->options.items[j], "rw"))
				readonly = str_eq(mount->options.items[j], "ro");
		if (!readonly)
			return true;
	}
	return false;
}

/* process.user.uid as the host has it; -1: mapped by a namespace that we did not make. */
static int64_t host_uid(const struct container *c)
{
	int64_t uid = c->config->process.user.uid;
	const struct config_id_maps *maps = &c->config->uid_maps;

	if (!c->config->namespaces[NS_USER].present)
		return uid;
	for (size_t i = 0; c->ns.new_flags & CLONE_NEWUSER && i < maps->n; i++) {
		const struct config_id_map *map = &maps->items[i];

		if (uid >= map->container_id && uid < map->container_id + map->size)
			return map->host_id + uid - map->container_id;
	}
	return -1;
}

/* config-linux.md, "Cgroup ownership". The user of the runtime has the group already. */
static int delegate(const struct container *c, struct err *err)
{
	int64_t uid = host_uid(c);

	if (!(c->ns.new_flags & CLONE_NEWCGROUP) || uid <= 0 || c->rights.rootless ||
	    !has_writable_mount(c->config))
		return 0;
	return cgroup_delegate(c->state.cgroup, (uid_t)uid, err);
}

int create_cgroup_limits(const struct container *c, struct err *err)
{
	int rc = config_name(cgroup_apply(c->state.cgroup, &c->config->resources, err), err);

	return rc < 0 ? rc : delegate(c, err);
}

int create_cgroup_again(struct container *c, struct err *err)
{
	int made = create_cgroup_make(c, err);

	return made > 0 ? create_cgroup_limits(c, err) : made;
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
