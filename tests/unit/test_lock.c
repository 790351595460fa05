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
#include "common/lock.h"

static char base[] = "/tmp/ct-unit-XXXXXX";
static int base_fd = -1;

static int make_base(void **state)
{
	(void)state;
	if (!mkdtemp(base))
		return -1;
	base_fd = open(base, O_DIRECTORY | O_CLOEXEC);
	return base_fd < 0 ? -1 : 0;
}

static int remove_base(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)close(base_fd);
	return file_remove_tree_at(AT_FDCWD, base, &err);
}

static void a_lock_is_released_on_close_and_waits_no_longer_than_told(void **state)
{
	struct err err = ERR_INIT;
	int fd = lock_open_at(base_fd, "lock", LOCK_EXCLUSIVE, 0, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(lock_open_at(base_fd, "lock", LOCK_EXCLUSIVE, 0, &err), -EWOULDBLOCK);
	assert_int_equal(lock_open_at(base_fd, "lock", LOCK_SHARED, 50, &err), -ETIMEDOUT);
	(void)close(fd);
	fd = lock_open_at(base_fd, "lock", LOCK_SHARED, 0, &err);
	assert_true(fd >= 0);
	autoclose int second_fd = lock_open_at(base_fd, "lock", LOCK_SHARED, 0, &err);

	assert_true(second_fd >= 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_released_on_close_and_waits_no_longer_than_told),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
