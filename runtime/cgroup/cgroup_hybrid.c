/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_hybrid.h"

#include <fcntl.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_v2.h"

#define LIST_MAX 4096

/* The kernel gives a controller to v1 or to v2, never to both: these are v2's. */
static unsigned int controllers_of_host(const struct cgroup_host *host)
{
	const struct cgroup_mount *mount = cgroup_host_v2(host);
	autofree char *path = NULL, *list = NULL;
	struct err ignored = ERR_INIT;

	if (!mount)
		return 0;
	path = xasprintf("%s/cgroup.controllers", mount->point);
	if (file_read_at(AT_FDCWD, path, LIST_MAX, &list, NULL, &ignored) < 0)
		return 0;
	return cgroup_v2_bits(list);
}

unsigned int cgroup_hybrid_wanted(const struct cgroup_host *host, const struct resources *resources)
{
	const struct resources unified = { .unified = resources->unified };
	unsigned int has = controllers_of_host(host);
	unsigned int files = cgroup_v2_needed(&unified);
	unsigned int wanted = cgroup_v2_needed(resources) & has;

	if (resources->unified.n > 0 && cgroup_host_v2(host) && !(files & ~has))
		wanted |= CGROUP_UNIFIED;
	return wanted;
}

bool cgroup_hybrid_is_v2(const struct cgroup_folder *folder)
{
	return folder->label[0] == '\0';
}

struct cgroup_folder *cgroup_hybrid_folder(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_hybrid_is_v2(&cg->folders[i]))
			return &cg->folders[i];
	return NULL;
}

/* Of r what these controllers do; everything is borrowed. */
static struct resources part_of(const struct resources *r, unsigned int controllers)
{
	struct resources part = { .unified = r->unified };

	if (controllers & CGROUP_MEMORY)
		part.memory = r->memory;
	if (controllers & CGROUP_CPU)
		part.cpu = r->cpu;
	part.cpu.cpus = controllers & CGROUP_CPUSET ? r->cpu.cpus : NULL;
	part.cpu.mems = controllers & CGROUP_CPUSET ? r->cpu.mems : NULL;
	if (controllers & CGROUP_PIDS)
		part.pids_limit = r->pids_limit;
	if (controllers & CGROUP_BLKIO)
		part.block_io = r->block_io;
	if (controllers & CGROUP_HUGETLB)
		part.hugepages = r->hugepages;
	if (controllers & CGROUP_RDMA)
		part.rdma = r->rdma;
	return part;
}

int cgroup_hybrid_apply(struct cgroup_folder *folder, const struct resources *resources,
			unsigned int *done, struct err *err)
{
	autofree char *list = NULL;
	int rc = cgroup_folder_open(folder, err);

	if (rc >= 0)
		rc = cgroup_get(folder, "cgroup.controllers", &list, err);
	if (rc < 0)
		return rc;
	*done = cgroup_v2_bits(list);
	const struct resources part = part_of(resources, *done);

	return cgroup_v2_apply_in(folder, &part, err);
}
