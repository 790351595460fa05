/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_options.h"

#include <stdlib.h>

int create_options_request(struct create_options *o, const struct runtime_globals *g,
			   const char *id, bool detach, struct create_request *request,
			   struct err *err)
{
	const char *given[] = { o->pid_file, o->console_socket, o->pidfd_socket };
	int rc = passed_fds_take(o->preserve_fds, true, &request->fds, err);

	if (rc >= 0)
		rc = cmds_cgroup_manager(g, &request->cgroup_manager, err);
	if (rc < 0)
		return rc;
	/* Relative to where we were called, not to the bundle that create changes into. */
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		o->paths[i] = cmds_absolute(given[i]);
	request->root = g->root;
	request->id = id;
	request->rootless = g->rootless;
	request->bundle = o->bundle;
	request->config = o->config;
	request->pid_file = o->paths[0];
	request->console_socket = o->paths[1];
	request->pidfd_socket = o->paths[2];
	request->no_persist = o->no_persist;
	request->no_pivot = o->no_pivot;
	request->no_new_keyring = o->no_new_keyring;
	request->detach = detach;
	return 0;
}

void create_options_free(struct create_options *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(o->paths); i++)
		free(o->paths[i]);
}
