/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cmds.h"

#include <errno.h>
#include <unistd.h>

#include "common/cleanup.h"

char *cmds_absolute(const char *path)
{
	if (!path)
		return NULL;
	autofree char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
}

int cmds_cgroup_manager(const struct runtime_globals *g, enum cgroup_manager *manager,
			struct err *err)
{
	static const struct {
		const char *name;
		enum cgroup_manager manager;
	} known[] = {
		{ "cgroupfs", CGROUP_CGROUPFS },
		{ "systemd", CGROUP_SYSTEMD },
		{ "disabled", CGROUP_DISABLED },
	};

	*manager = g->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_CGROUPFS;
	if (!g->cgroup_manager)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!str_eq(g->cgroup_manager, known[i].name))
			continue;
		*manager = known[i].manager;
		return 0;
	}
	return err_set(err, EINVAL,
		       "--cgroup-manager: '%s' is neither cgroupfs, systemd nor disabled",
		       g->cgroup_manager);
}
