/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/steps.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/log.h"
#include "common/str.h"

#ifdef CT_FAULT
int fault_point(const char *name, const char *suffix, struct err *err)
{
	const char *want = getenv("CT_FAULT");
	const char *colon = want ? strrchr(want, ':') : NULL;
	size_t n = strlen(name);

	if (!colon || strncmp(want, name, n) != 0 || !str_starts(want + n, suffix) ||
	    want + n + strlen(suffix) != colon)
		return 0;
	/* The first process of a pid namespace cannot send itself a SIGKILL; seccomp can. */
	if (str_eq(colon, ":kill")) {
		(void)kill(getpid(), SIGKILL);
		(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		(void)getppid();
	}
	return err_set(err, EIO, "failure injected at '%s%s'", name, suffix);
}
#endif

static void undo_logged(const struct step *step, void *ctx)
{
	struct err err = ERR_INIT;

	if (step->undo && step->undo(ctx, &err) < 0)
		log_warning("undo of '%s': %s; ignoring", step->name, err.msg);
}

static int run_one(const struct step *step, void *ctx, struct err *err)
{
	int rc = fault_point(step->name, "", err);

	if (rc >= 0 && step->run)
		rc = step->run(ctx, err);
	return rc < 0 ? err_ctx(err, "%s", step->name) : 0;
}

int steps_run(const struct step *steps, size_t n, void *ctx, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t done = i;
		int rc = run_one(&steps[i], ctx, err);

		if (rc >= 0) {
			rc = fault_point(steps[i].name, ".done", err);
			done = i + 1;
		}
		if (rc >= 0)
			continue;
		while (done-- > 0)
			undo_logged(&steps[done], ctx);
		return rc;
	}
	return 0;
}

int steps_undo(const struct step *steps, size_t n, void *ctx, struct err *err)
{
	int first = 0;

	while (n-- > 0) {
		struct err e = ERR_INIT;
		int rc = fault_point(steps[n].name, ".undo", &e);

		if (rc >= 0 && steps[n].undo)
			rc = steps[n].undo(ctx, &e);
		if (rc >= 0)
			continue;
		(void)err_ctx(&e, "%s", steps[n].name);
		if (first < 0) {
			log_warning("%s; ignoring", e.msg);
			continue;
		}
		first = rc;
		*err = e;
	}
	return first;
}

void steps_plan(const struct step *steps, size_t n, const void *ctx, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		if (steps[i].plan)
			steps[i].plan(ctx, out);
		else
			(void)fprintf(out, "%s\n", steps[i].name);
	}
}
