/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cmds.h"
#include "runtime/container.h"

static int open_locked(struct container *c, const struct runtime_globals *g, const char *id,
		       struct err *err)
{
	int rc = container_name(c, g->root, id, err);

	return rc < 0 ? rc : container_open_state(c, CONTAINER_LOCKED, err);
}

static int need_cgroup(const struct container *c, const char *operation, struct err *err)
{
	if (c->state.cgroup && cgroup_exists(c->state.cgroup))
		return 0;
	return err_set(err, ENOTSUP,
		       "cannot %s container '%s': it was made without a cgroup, so there is no "
		       "freezer",
		       operation, c->id);
}

static int pause_container(void *globals, void *options, char **args, int n_args, struct err *err)
{
	autocontainer struct container c = CONTAINER_INIT;

	(void)options;
	(void)n_args;
	int rc = open_locked(&c, globals, args[0], err);

	if (rc < 0)
		return rc;
	enum oci_status status = container_status(&c);

	if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_CREATED)
		return err_set(err, EINVAL,
			       "cannot pause container '%s': container not running (it is %s)",
			       c.id, oci_status_name(status));
	rc = need_cgroup(&c, "pause", err);
	return rc < 0 ? rc : cgroup_freeze(c.state.cgroup, true, err);
}

static int resume_container(void *globals, void *options, char **args, int n_args, struct err *err)
{
	autocontainer struct container c = CONTAINER_INIT;

	(void)options;
	(void)n_args;
	int rc = open_locked(&c, globals, args[0], err);

	if (rc < 0)
		return rc;
	enum oci_status status = container_status(&c);

	if (status != OCI_STATUS_PAUSED)
		return err_set(err, EINVAL,
			       "cannot resume container '%s': container not paused (it is %s)",
			       c.id, oci_status_name(status));
	rc = need_cgroup(&c, "resume", err);
	return rc < 0 ? rc : cgroup_freeze(c.state.cgroup, false, err);
}

const struct cmd cmd_pause = {
	.name = "pause",
	.args = "ID",
	.help = "stop all processes of a container where they are",
	.min_args = 1,
	.max_args = 1,
	.run = pause_container,
};

const struct cmd cmd_resume = {
	.name = "resume",
	.args = "ID",
	.help = "let the processes of a paused container go on",
	.min_args = 1,
	.max_args = 1,
	.run = resume_container,
};
