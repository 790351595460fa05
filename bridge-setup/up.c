/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "bridge-setup/setup.h"
#include "common/net/bridge.h"

struct tally {
	int right, changed;
};

static void print_item(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	struct tally *tally = ctx;

	(void)kind;
	switch (state) {
	case REPORT_RIGHT:
		tally->right++;
		printf("right    %s\n", text);
		break;
	case REPORT_CHANGED:
		tally->changed++;
		printf("changed  %s\n", text);
		break;
	case REPORT_WRONG:
		tally->changed++;
		printf("would change  %s\n", text);
		break;
	case REPORT_KEPT:
		printf("kept     %s\n", text);
		break;
	}
}

static int run(const struct setup_globals *globals, const struct setup_up_options *options,
	       struct tally *tally, bool *again, struct err *err)
{
	autosetup struct setup setup = SETUP_INIT;
	const struct report report = { .item = print_item, .ctx = tally };
	int rc = setup_open(globals, &options->which, !options->dry_run, &setup, err);

	if (rc < 0)
		return rc;
	if (options->dry_run) {
		rc = bridge_preview(&setup.nl, setup.state_fd, &setup.net, err);
		if (rc >= 0)
			rc = bridge_check(&setup.nl, setup.state_fd, &setup.net, &report, err);
	} else {
		rc = bridge_settle(&setup.nl, setup.state_fd, &setup.net, err);
		if (rc >= 0)
			rc = bridge_ensure(&setup.nl, setup.state_fd, &setup.net, &report, NULL,
					   err);
	}
	*again = rc < 0 && setup_is_stale(&setup);
	if (rc < 0)
		return rc;
	printf("network '%s' %s %s: %d %s, %d right already\n", setup.net.name,
	       setup.net.routed ? "routed as" : "on", setup.net.bridge, tally->changed,
	       options->dry_run ? "to change" : "changed", tally->right);
	return 0;
}

int setup_up(void *globals, void *options, char **args, int n_args, struct err *err)
{
	struct tally tally = { .right = 0 };
	bool again = false;
	int rc = run(globals, options, &tally, &again, err);

	(void)args;
	(void)n_args;
	while (again) {
		err_clear(err);
		again = false;
		rc = run(globals, options, &tally, &again, err);
	}
	return rc;
}
