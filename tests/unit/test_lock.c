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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "tests/unit/folder.h"

static void a_lock_excludes_until_it_is_closed(void **state)
{
	struct err err = ERR_INIT;
	int fd = lock_open_at(base.fd, "lock", LOCK_EXCLUSIVE, 0, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(lock_open_at(base.fd, "lock", LOCK_EXCLUSIVE, 0, &err), -EWOULDBLOCK);
	assert_int_equal(lock_open_at(base.fd, "lock", LOCK_SHARED, 0, &err), -EWOULDBLOCK);
	(void)close(fd);
	fd = lock_open_at(base.fd, "lock", LOCK_SHARED, 0, &err);
	assert_true(fd >= 0);
	autoclose int second_fd = lock_open_at(base.fd, "lock", LOCK_SHARED, 0, &err);

	assert_true(second_fd >= 0);
	(void)close(fd);
}

static void a_wait_lasts_as_long_as_told(void **state)
{
	struct err err = ERR_INIT;
	struct timespec start, end;
	autoclose int fd = lock_open_at(base.fd, "wait", LOCK_EXCLUSIVE, 0, &err);

	(void)state;
	assert_true(fd >= 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(lock_open_at(base.fd, "wait", LOCK_SHARED, 50, &err), -ETIMEDOUT);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	long spent_ms = (end.tv_sec - start.tv_sec) * 1000 + end.tv_nsec / 1000000 -
			start.tv_nsec / 1000000;

	assert_true(spent_ms >= 49 && spent_ms < 5000);
	assert_non_null(strstr(err.msg, "'wait'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_excludes_until_it_is_closed),
		cmocka_unit_test(a_wait_lasts_as_long_as_told),
	};

	(void)alarm(60); /* a hang is a failure */
	return cmocka_run_group_tests(tests, make_base, remove_base);
}
