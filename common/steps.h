/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_STEPS_H
#define CT_STEPS_H

#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

/*
 * What is done to the kernel is a table of steps, run in order; a step that fails has every step
 * before it undone, in reverse. The failing step cleans up after itself.
 *
 * .run  does the step. NULL: the step exists for its undo (a place in the order of teardown).
 * .undo takes it back. It must be safe when the thing is gone already; its failure is logged as
 *       "ignoring" and the rest goes on. NULL: nothing to undo.
 * .plan prints what .run would do, one line each, for --dry-run and explain. NULL: the name alone.
 */
struct step {
	const char *name;
	int (*run)(void *ctx, struct err *err);
	int (*undo)(void *ctx, struct err *err);
	void (*plan)(const void *ctx, FILE *out);
};

/*
 * Run all n steps. On failure: undone in reverse, the step's name is put before the message
 * ("pins: mount …"), negative.
 */
int steps_run(const struct step *steps, size_t n, void *ctx, struct err *err);

/*
 * Undo all n steps in reverse, whatever fails; the first failure is kept in *err and returned, the
 * others are logged.
 */
int steps_undo(const struct step *steps, size_t n, void *ctx, struct err *err);

void steps_plan(const struct step *steps, size_t n, const void *ctx, FILE *out);

/*
 * A named point where a test build (-DCT_FAULT) fails or dies: the runner calls it before and after
 * every step as "<name>" and "<name>.done"; code whose order matters within a step may call it too.
 * CT_FAULT=<name>:fail fails there with EIO, CT_FAULT=<name>:kill is a SIGKILL to this process.
 * In a normal build it is nothing and reads no environment.
 */
#ifdef CT_FAULT
int fault_point(const char *name, const char *suffix, struct err *err);
#else
static inline int fault_point(const char *name, const char *suffix, struct err *err)
{
	(void)name;
	(void)suffix;
	(void)err;
	return 0;
}
#endif

#endif
