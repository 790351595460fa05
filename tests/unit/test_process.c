/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/process.h"

static pid_t fork_paused(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	return pid;
}

static void a_process_is_known_by_pid_and_start_time(void **state)
{
	struct err err = ERR_INIT;
	uint64_t ticks = 0, again = 0;

	(void)state;
	assert_int_equal(process_start_time(getpid(), &ticks, &err), 0);
	assert_int_equal(process_start_time(getpid(), &again, &err), 0);
	assert_true(ticks > 0 && ticks == again);
	assert_true(process_is_alive(getpid(), ticks));
	assert_true(process_is_alive(getpid(), 0));
	assert_false(process_is_alive(getpid(), ticks + 1)); /* a recycled pid */
	assert_false(process_is_alive(0, 0));
	assert_false(process_is_alive(-1, 0));
}

static void a_name_with_blanks_and_parentheses_changes_nothing(void **state)
{
	struct err err = ERR_INIT;
	uint64_t plain = 0, odd = 0;
	char old[16];

	(void)state;
	assert_int_equal(process_start_time(getpid(), &plain, &err), 0);
	(void)prctl(PR_GET_NAME, old);
	(void)prctl(PR_SET_NAME, "x) Z 1 ) (y\n0");
	assert_int_equal(process_start_time(getpid(), &odd, &err), 0);
	assert_true(process_is_alive(getpid(), plain));
	(void)prctl(PR_SET_NAME, old);
	assert_true(plain == odd);
}

static void a_zombie_is_not_alive(void **state)
{
	struct err err = ERR_INIT;
	pid_t pid = fork_paused();
	uint64_t ticks = 0;
	siginfo_t info;

	(void)state;
	assert_int_equal(process_start_time(pid, &ticks, &err), 0);
	assert_true(process_is_alive(pid, ticks));
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(process_is_alive(pid, ticks));
	assert_false(process_is_alive(pid, 0));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(process_is_alive(pid, 0));
	assert_int_equal(process_start_time(pid, &ticks, &err), -ENOENT);
}

static void who_died_before_execve_is_told_from_who_executed(void **state)
{
	struct err err = ERR_INIT;
	pid_t pid = fork_paused();
	uint64_t ticks = 0;
	siginfo_t info;

	(void)state;
	autoclose int pid_fd = pidfd_open(pid, 0);

	assert_int_equal(process_start_time(pid, &ticks, &err), 0);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(process_died_unexecuted(pid, ticks, pid_fd));
	assert_false(process_died_unexecuted(pid, ticks + 1, -1)); /* another's pid */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(process_died_unexecuted(pid, ticks, -1));

	char *argv[] = { (char *)(uintptr_t) "true", NULL };

	assert_int_equal(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL), 0);
	autoclose int true_fd = pidfd_open(pid, 0);

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_start_time(pid, &ticks, &err), 0);
	assert_false(process_died_unexecuted(pid, ticks, true_fd));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(process_died_unexecuted(pid, ticks, true_fd));
}

static void the_boot_id_is_36_characters(void **state)
{
	struct err err = ERR_INIT;
	char id[37], again[37];

	(void)state;
	assert_int_equal(process_boot_id(id, &err), 0);
	assert_int_equal(process_boot_id(again, &err), 0);
	assert_int_equal(strlen(id), 36);
	assert_string_equal(id, again);
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_known_by_pid_and_start_time),
		cmocka_unit_test(a_name_with_blanks_and_parentheses_changes_nothing),
		cmocka_unit_test(a_zombie_is_not_alive),
		cmocka_unit_test(who_died_before_execve_is_told_from_who_executed),
		cmocka_unit_test(the_boot_id_is_36_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
