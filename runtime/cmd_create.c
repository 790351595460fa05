/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cleanup.h"
#include "runtime/create_options.h"
#include "runtime/self.h"

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	struct create_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	struct create_request request = { 0 };

	(void)n_args;
	int rc = self_protect(err);

	if (rc >= 0)
		rc = create_options_request(o, globals, args[0], true, &request, err);
	if (rc >= 0)
		rc = create_container(&c, &request, err);
	create_options_free(o);
	return rc;
}

static const struct cmd_option create_options[] = { CREATE_OPTIONS };

const struct cmd cmd_create = {
	.name = "create",
	.args = "ID",
	.help = "make a container from a bundle and leave it waiting for start",
	.options = create_options,
	.n_options = ARRAY_SIZE(create_options),
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
