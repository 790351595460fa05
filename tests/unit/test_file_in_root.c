/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "tests/unit/folder.h"

static void links_of_the_image_never_lead_out_of_it(void **state)
{
	static const char *const links[][2] = {
		{ "/etc/made", "absolute" },
		{ "../../../../made-up", "up" },
		{ "/run", "var-run" },
	};
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(symlinkat(links[i][0], base.fd, links[i][1]), 0);
		autoclose int fd = file_mkdir_in_root(base.fd, links[i][1], 0755, &err);

		assert_true(fd >= 0);
	}
	assert_int_equal(fstatat(base.fd, "etc/made", &st, 0), 0);
	assert_int_equal(fstatat(base.fd, "made-up", &st, 0), 0);
	assert_int_equal(fstatat(base.fd, "run", &st, 0), 0);
	assert_int_equal(access("/etc/made", F_OK), -1);
}

static void a_loop_of_links_is_refused(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(symlinkat("b", base.fd, "a"), 0);
	assert_int_equal(symlinkat("a", base.fd, "b"), 0);
	assert_int_equal(file_mkdir_in_root(base.fd, "a/x", 0755, &err), -ELOOP);
	assert_int_equal(file_create_in_root(base.fd, "a", 0644, &err), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_of_the_image_never_lead_out_of_it),
		cmocka_unit_test(a_loop_of_links_is_refused),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
