/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bridge-setup/setup.h"
#include "common/net/bridge.h"

static void print_item(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	int *removed = ctx;

	(void)kind;
	*removed += state == REPORT_CHANGED;
	printf("%-8s %s\n", state == REPORT_KEPT ? "kept" : "removed", text);
}

static int run(const struct setup_globals *globals, const struct setup_down_options *options,
	       bool *again, struct err *err)
{
	autosetup struct setup setup = SETUP_INIT;
	int removed = 0;
	const struct report report = { .item = print_item, .ctx = &removed };
	int rc = setup_open(globals, &options->which, true, &setup, err);

	if (rc < 0)
		return rc;
	/* A subnet that floats is the one that was chosen; with none chosen, the usual one. */
	rc = bridge_remove(&setup.nl, setup.state_fd, &setup.net, options->force, &report, err);
	*again = rc < 0 && setup_is_stale(&setup);
	/* Gone when they are empty: records and other networks keep them. */
	if (setup.state_fd >= 0)
		(void)unlinkat(setup.state_fd, "containers", AT_REMOVEDIR);
	(void)rmdir(globals->state_dir ? globals->state_dir : NETWORK_STATE_DIR);
	if (rc >= 0 && removed == 0)
		printf("network '%s': nothing was there\n", setup.net.name);
	return rc;
}

int setup_down(void *globals, void *options, char **args, int n_args, struct err *err)
{
	bool again = false;
	int rc = run(globals, options, &again, err);

	(void)args;
	(void)n_args;
	while (again) {
		err_clear(err);
		again = false;
		rc = run(globals, options, &again, err);
	}
	return rc;
}
