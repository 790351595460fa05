/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/child.h"
#include "common/child_reap.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/str.h"

/* The programs that must not be waited for sleep ten minutes; who waits for them is caught here. */
#define PROMPT_S 20

/* request.argv is set here: sh -c script. Everything else is the caller's. */
static int run_sh(const char *script, struct child_request request, struct child_result *result)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			 (char *)(uintptr_t)script, NULL };
	struct err err = ERR_INIT;

	request.path = "/bin/sh";
	request.argv = argv;
	int rc = child_run(&request, result, &err);

	if (rc < 0)
		print_message("child_run: %s\n", err.msg);
	return rc;
}

static const struct child_request plain = { .stdin_fd = -1,
					    .cwd_fd = -1,
					    .peer_fd = -1,
					    .lock_fd = -1 };

static time_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void assert_no_child_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void an_exit_status_comes_back(void **state)
{
	struct child_result result;
	char text[128];

	(void)state;
	assert_int_equal(run_sh("echo out; echo wrong >&2; exit 3", plain, &result), 0);
	assert_true(WIFEXITED(result.status));
	assert_int_equal(WEXITSTATUS(result.status), 3);
	assert_int_equal(result.end, CHILD_EXITED);
	assert_string_equal(result.tail, "out wrong");
	child_describe(&plain, &result, text, sizeof(text));
	assert_string_equal(text, "exit status 3: out wrong");
	assert_no_child_left();
}

static void a_signal_comes_back(void **state)
{
	struct child_result result;
	char text[128];

	(void)state;
	assert_int_equal(run_sh("kill -KILL $$", plain, &result), 0);
	assert_true(WIFSIGNALED(result.status));
	child_describe(&plain, &result, text, sizeof(text));
	assert_string_equal(text, "killed by signal 9 (Killed)");
}

static void the_tail_is_the_last_of_the_output_on_one_line(void **state)
{
	struct child_result result;

	(void)state;
	assert_int_equal(run_sh("printf '\\n a\\nb\\tc\\033d\\177\\n\\n'", plain, &result), 0);
	assert_string_equal(result.tail, "a b c d");
	assert_int_equal(run_sh("i=0; while [ $i -lt 4000 ]; do echo line$i; i=$((i+1)); done",
				plain, &result),
			 0);
	size_t len = strlen(result.tail);

	assert_true(len > CHILD_TAIL_BYTES / 2 && len < CHILD_TAIL_BYTES);
	assert_string_equal(result.tail + len - 17, "line3998 line3999");
	assert_int_equal(run_sh("exit 0", plain, &result), 0);
	assert_string_equal(result.tail, "");
}

static void what_cannot_be_executed_gives_its_errno(void **state)
{
	static const struct {
		const char *path;
		int code;
	} cases[] = {
		{ "/nonexistent/program", ENOENT },
		{ "/etc/passwd", EACCES },
		{ "/etc", EACCES },
		{ "/etc/passwd/program", ENOTDIR },
	};
	char *argv[] = { (char *)(uintptr_t) "x", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct child_request request = plain;
		struct child_result result;
		struct err err = ERR_INIT;

		request.path = cases[i].path;
		request.argv = argv;
		assert_int_equal(child_run(&request, &result, &err), -cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.msg, cases[i].path));
		assert_non_null(strstr(err.msg, strerror(cases[i].code)));
		assert_no_child_left();
	}
}

static void it_gets_stdin_folder_and_environment_as_asked(void **state)
{
	char *envp[] = { (char *)(uintptr_t) "ONLY=this", NULL };
	struct err err = ERR_INIT;
	autoclose int in_fd = file_memfd("in", "fed", 3, &err);
	autoclose int cwd_fd = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct child_request request = plain;
	struct child_result result;

	(void)state;
	request.stdin_fd = in_fd;
	request.cwd_fd = cwd_fd;
	request.envp = envp;
	assert_int_equal(run_sh("/bin/cat; echo \" $ONLY $HOME\"; /bin/pwd", request, &result), 0);
	assert_string_equal(result.tail, "fed this  /usr");
	assert_int_equal(run_sh("cat; echo end", plain, &result), 0);
	assert_string_equal(result.tail, "end");
}

static void it_inherits_no_descriptors_and_no_signal_settings(void **state)
{
	autoclose int open_fd = open("/dev/null", O_RDONLY); /* on purpose not close-on-exec */
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	struct child_result result;
	sigset_t block, old_set;

	(void)state;
	assert_true(open_fd > STDERR_FILENO);
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, &old_set);
	assert_int_equal(run_sh("grep -E '^Sig(Blk|Ign)' /proc/self/status", plain, &result), 0);
	assert_string_equal(result.tail, "SigBlk: 0000000000000000 SigIgn: 0000000000000000");
	(void)sigprocmask(SIG_SETMASK, &old_set, NULL);
	(void)signal(SIGPIPE, old);
	/* 3 is the folder that ls reads. */
	assert_int_equal(run_sh("exec ls /proc/self/fd", plain, &result), 0);
	assert_string_equal(result.tail, "0 1 2 3");
}

/*
 * Who still holds the pipe's other end (as stdin) is alive: the read sees EAGAIN. Nothing is waited
 * for, since killed and reaped processes have closed it already.
 */
static void a_timeout_kills_also_who_left_the_session(void **state)
{
	struct child_request request = plain;
	struct child_result result;
	int fds[2];
	char byte, text[128];
	time_t start = now_s();

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	request.stdin_fd = fds[1];
	request.timeout_ms = 2000;
	assert_int_equal(run_sh("setsid --fork setsid --fork sleep 600; echo ready; exec sleep 600",
				request, &result),
			 0);
	assert_true(now_s() - start < PROMPT_S);
	assert_int_equal(result.end, CHILD_TIMED_OUT);
	assert_int_equal(result.status, -1);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	(void)close(fds[0]);
	child_describe(&request, &result, text, sizeof(text));
	assert_string_equal(text, "timed out after 2 s: ready");
	assert_no_child_left();
}

static void a_descendant_that_keeps_stdout_is_not_waited_for(void **state)
{
	struct child_result result;
	struct err err = ERR_INIT;
	time_t start = now_s();

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(run_sh("setsid --fork sleep 600; echo done; exit 4", plain, &result), 0);
	assert_true(now_s() - start < PROMPT_S);
	assert_int_equal(WEXITSTATUS(result.status), 4);
	assert_string_equal(result.tail, "done");
	assert_int_equal(child_reap_all(&err), 0);
	assert_no_child_left();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void a_flood_of_output_does_not_hold_it_up(void **state)
{
	struct child_request request = plain;
	struct child_result result;
	struct err err = ERR_INIT;
	time_t start = now_s();

	(void)state;
	request.timeout_ms = 200;
	assert_int_equal(run_sh("exec cat /dev/zero", request, &result), 0);
	assert_int_equal(result.end, CHILD_TIMED_OUT);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(run_sh("setsid --fork cat /dev/zero; exit 5", plain, &result), 0);
	assert_int_equal(WEXITSTATUS(result.status), 5);
	assert_true(now_s() - start < PROMPT_S);
	assert_int_equal(child_reap_all(&err), 0);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* Reads "<pid>" from the tail. */
static pid_t pid_in(const char *tail)
{
	struct err err = ERR_INIT;
	uint64_t pid = 0;

	assert_int_equal(str_to_u64(tail, "pid", 1, INT32_MAX, &pid, &err), 0);
	return (pid_t)pid;
}

static void others_survive_the_timeout(void **state)
{
	struct child_request request = plain;
	struct child_result result;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	/* A daemon of a program that ended well is ours now. */
	assert_int_equal(run_sh("sleep 600 >/dev/null 2>&1 & echo $!", plain, &result), 0);
	pid_t daemon_pid = pid_in(result.tail);

	request.timeout_ms = 100;
	assert_int_equal(run_sh("setsid --fork sleep 600; exec sleep 600", request, &result), 0);
	assert_int_equal(result.end, CHILD_TIMED_OUT);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* ours, and running */
	assert_int_equal(waitpid(daemon_pid, NULL, WNOHANG), 0);
	(void)kill(pid, SIGKILL);
	(void)kill(daemon_pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	assert_no_child_left();
}

static void it_ends_when_the_peer_does(void **state)
{
	struct child_request request = plain;
	struct child_result result;
	char text[128];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	request.peer_fd = fds[0];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fds[0]);
		(void)usleep(100000);
		_exit(0);
	}
	(void)close(fds[1]);
	assert_int_equal(
		run_sh("setsid --fork sleep 600; echo on; exec sleep 600", request, &result), 0);
	assert_int_equal(result.end, CHILD_STOPPED);
	child_describe(&request, &result, text, sizeof(text));
	assert_string_equal(text, "ended, since the container is being removed: on");
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_no_child_left();
}

static void it_does_not_run_where_programs_are_to_end(void **state)
{
	struct child_request request = plain;
	struct child_result result;
	struct err err = ERR_INIT;
	int pipe_fds[2];
	char byte;

	(void)state;
	request.lock_fd = file_memfd("lock", "", 0, &err);
	assert_true(request.lock_fd >= 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(run_sh("exit 0", request, &result), 0);
	assert_int_equal(result.end, CHILD_EXITED);
	assert_int_equal(lock_marked_by(request.lock_fd, CHILD_MARK_GUARD), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int ok = lock_mark(request.lock_fd, CHILD_MARK_STOP) == 0 &&
			 write(pipe_fds[1], "", 1) == 1;

		while (ok) /* NOLINT(bugprone-infinite-loop): until it is killed */
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	assert_int_equal(run_sh("exit 0", request, &result), 0);
	assert_int_equal(result.end, CHILD_STOPPED);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(request.lock_fd);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

/* The pipe is held by the program and its descendants alone: its end is theirs. */
static void descendants_die_with_a_caller_that_is_killed(void **state)
{
	int hold[2], ready[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct child_request request = plain;
		struct child_result result;
		char script[128];

		request.stdin_fd = hold[1];
		(void)snprintf(script, sizeof(script),
			       "setsid --fork sleep 600; echo >/proc/%d/fd/%d; exec sleep 600",
			       (int)getppid(), ready[1]);
		(void)run_sh(script, request, &result);
		_exit(0);
	}
	(void)close(hold[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(hold[0], &byte, 1), 0);
	(void)close(hold[0]);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_status_comes_back),
		cmocka_unit_test(a_signal_comes_back),
		cmocka_unit_test(the_tail_is_the_last_of_the_output_on_one_line),
		cmocka_unit_test(what_cannot_be_executed_gives_its_errno),
		cmocka_unit_test(it_gets_stdin_folder_and_environment_as_asked),
		cmocka_unit_test(it_inherits_no_descriptors_and_no_signal_settings),
		cmocka_unit_test(a_timeout_kills_also_who_left_the_session),
		cmocka_unit_test(a_descendant_that_keeps_stdout_is_not_waited_for),
		cmocka_unit_test(a_flood_of_output_does_not_hold_it_up),
		cmocka_unit_test(others_survive_the_timeout),
		cmocka_unit_test(it_ends_when_the_peer_does),
		cmocka_unit_test(it_does_not_run_where_programs_are_to_end),
		cmocka_unit_test(descendants_die_with_a_caller_that_is_killed),
	};

	(void)alarm(120); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
