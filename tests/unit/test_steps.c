/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/steps.h"
#include "common/str.h"

/* Every step writes its letter: capitals run, small letters undo. */
static struct strbuf trace;
static const char *failing; /* letters that fail */

static int step(char letter, struct err *err)
{
	strbuf_add(&trace, &letter, 1);
	if (failing && strchr(failing, letter))
		return err_set(err, letter, "broken at %c", letter);
	return 0;
}

#define STEP(name, letter)                                                                         \
	static int name(void *ctx, struct err *err)                                                \
	{                                                                                          \
		assert_ptr_equal(ctx, &trace);                                                     \
		return step(letter, err);                                                          \
	}

STEP(run_A, 'A')
STEP(undo_A, 'a')
STEP(run_B, 'B')
STEP(undo_C, 'c')
STEP(run_D, 'D')
STEP(undo_D, 'd')

static void plan_a(const void *ctx, FILE *out)
{
	assert_ptr_equal(ctx, &trace);
	(void)fprintf(out, "make a\nmake more of a\n");
}

static const struct step steps[] = {
	{ .name = "first", .run = run_A, .undo = undo_A, .plan = plan_a },
	{ .name = "second", .run = run_B },
	{ .name = "third", .undo = undo_C },
	{ .name = "fourth", .run = run_D, .undo = undo_D },
};

static int reset(void **state)
{
	(void)state;
	strbuf_free(&trace);
	strbuf_puts(&trace, "");
	failing = NULL;
	return 0;
}

static int run(const char *fails, struct err *err)
{
	*err = (struct err)ERR_INIT;
	failing = fails;
	return steps_run(steps, ARRAY_SIZE(steps), &trace, err);
}

static int undo(const char *fails, struct err *err)
{
	*err = (struct err)ERR_INIT;
	failing = fails;
	return steps_undo(steps, ARRAY_SIZE(steps), &trace, err);
}

static void all_run_in_order(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run(NULL, &err), 0);
	assert_string_equal(trace.text, "ABD");
	assert_int_equal(err.code, 0);
}

static void a_failure_undoes_what_was_before_in_reverse_and_not_itself(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("D", &err), -'D');
	assert_string_equal(trace.text, "ABDca");
	assert_int_equal(err.code, 'D');
	assert_string_equal(err.msg, "fourth: broken at D");
}

static void a_failure_of_the_first_undoes_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("A", &err), -'A');
	assert_string_equal(trace.text, "A");
	assert_string_equal(err.msg, "first: broken at A");
}

static void a_failing_undo_neither_stops_the_others_nor_hides_the_failure(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(run("Dc", &err), -'D');
	assert_string_equal(trace.text, "ABDca");
	assert_string_equal(err.msg, "fourth: broken at D");
}

static void undo_is_all_in_reverse(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(undo(NULL, &err), 0);
	assert_string_equal(trace.text, "dca");
	assert_int_equal(err.code, 0);
}

static void undo_goes_on_and_keeps_the_first_failure(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(undo("ca", &err), -'c');
	assert_string_equal(trace.text, "dca");
	assert_int_equal(err.code, 'c');
	assert_string_equal(err.msg, "third: broken at c");
}

static void a_plan_prints_each_step_and_runs_none(void **state)
{
	autofree char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	steps_plan(steps, ARRAY_SIZE(steps), &trace, out);
	(void)fclose(out);
	assert_string_equal(text, "make a\nmake more of a\nsecond\nthird\nfourth\n");
	assert_string_equal(trace.text, "");
}

static void no_steps_are_no_failure(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(steps_run(steps, 0, &trace, &err), 0);
	assert_int_equal(steps_undo(steps, 0, &trace, &err), 0);
	assert_string_equal(trace.text, "");
}

static int free_trace(void **state)
{
	(void)state;
	strbuf_free(&trace);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_run_in_order, reset),
		cmocka_unit_test_setup(a_failure_undoes_what_was_before_in_reverse_and_not_itself,
				       reset),
		cmocka_unit_test_setup(a_failure_of_the_first_undoes_nothing, reset),
		cmocka_unit_test_setup(
			a_failing_undo_neither_stops_the_others_nor_hides_the_failure, reset),
		cmocka_unit_test_setup(undo_is_all_in_reverse, reset),
		cmocka_unit_test_setup(undo_goes_on_and_keeps_the_first_failure, reset),
		cmocka_unit_test_setup(a_plan_prints_each_step_and_runs_none, reset),
		cmocka_unit_test_setup(no_steps_are_no_failure, reset),
	};

	return cmocka_run_group_tests(tests, NULL, free_trace);
}
