/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/str.h"
#include "runtime/sync.h"

#define OTHER "the container's init"

static int fds[2] = { -1, -1 };

static int make_pair(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return sync_pair(fds, &err);
}

static int close_pair(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
		fds[i] = -1;
	}
	return 0;
}

static void close_end(int i)
{
	(void)close(fds[i]);
	fds[i] = -1;
}

static void messages_come_in_order_with_their_pid(void **state)
{
	struct err err = ERR_INIT;
	struct sync_msg msg;

	(void)state;
	assert_int_equal(sync_send(fds[0], SYNC_STAGED, 4711, &err), 0);
	assert_int_equal(sync_send(fds[0], SYNC_READY, 0, &err), 0);
	assert_int_equal(sync_expect(fds[1], SYNC_STAGED, OTHER, &msg, &err), 0);
	assert_int_equal(msg.pid, 4711);
	assert_int_equal(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err), 0);
	assert_int_equal(sync_send(fds[1], SYNC_RELEASE, 0, &err), 0);
	assert_int_equal(sync_expect(fds[0], SYNC_RELEASE, OTHER, NULL, &err), 0);
	assert_int_equal(err.code, 0);
}

static void the_other_sides_error_comes_as_it_was(void **state)
{
	struct err why = ERR_INIT, err = ERR_INIT;

	(void)state;
	(void)err_set(&why, EACCES, "mount '%s'", "/x");
	sync_send_error(fds[0], &why);
	close_end(0);
	assert_int_equal(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err), -EACCES);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.msg, "mount '/x'");
}

static void a_closed_end_is_a_death(void **state)
{
	struct err err = ERR_INIT;
	struct sync_msg msg;

	(void)state;
	close_end(0);
	assert_int_equal(sync_receive(fds[1], &msg, &err), 0);
	assert_int_equal(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err), -ECONNRESET);
	assert_string_equal(err.msg, OTHER " died unexpectedly");
	assert_int_equal(sync_send(fds[1], SYNC_PROCEED, 0, &err), -EPIPE);
	sync_send_error(fds[1], &err); /* nobody listens, nobody dies of SIGPIPE */
}

static void last_words_survive_an_end_closed_with_messages_unread(void **state)
{
	struct err why = ERR_INIT, err = ERR_INIT;

	(void)state;
	assert_int_equal(sync_send(fds[1], SYNC_PROCEED, 0, &err), 0);
	(void)err_set(&why, ENOENT, "no such program");
	sync_send_error(fds[0], &why);
	close_end(0); /* PROCEED was never read: our end is reset */
	assert_int_equal(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "no such program");
}

static void who_cannot_send_hears_why(void **state)
{
	struct err why = ERR_INIT, err = ERR_INIT;

	(void)state;
	(void)err_set(&why, ENOENT, "no such program");
	sync_send_error(fds[0], &why);
	close_end(0);
	assert_int_equal(sync_send(fds[1], SYNC_PROCEED, 0, &err), -ENOENT);
	assert_string_equal(err.msg, "no such program");
}

static void what_is_no_message_of_the_protocol_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct sync_msg msg;

	(void)state;
	assert_int_equal(sync_send(fds[0], SYNC_MOUNTED, 0, &err), 0);
	assert_int_equal(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err), -EPROTO);
	assert_true(str_starts(err.msg, OTHER));
	assert_int_equal(send(fds[0], "short", 5, 0), 5);
	assert_int_equal(sync_receive(fds[1], &msg, &err), -EPROTO);
	memset(&msg, 'x', sizeof(msg));
	assert_int_equal(send(fds[0], &msg, sizeof(msg), 0), sizeof(msg));
	assert_int_equal(sync_receive(fds[1], &msg, &err), 1);
	assert_int_equal(strlen(msg.err.msg), sizeof(msg.err.msg) - 1); /* it ends */
}

static void an_error_without_a_code_is_still_one(void **state)
{
	struct err none = ERR_INIT, err = ERR_INIT;

	(void)state;
	sync_send_error(fds[0], &none);
	assert_true(sync_expect(fds[1], SYNC_READY, OTHER, NULL, &err) < 0);
	assert_int_not_equal(err.code, 0);
}

static void a_descriptor_comes_with_its_message(void **state)
{
	struct err err = ERR_INIT;
	int pipe_fds[2], passed_fd = -1;
	char c = 0;

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(sync_send_fd(fds[0], SYNC_LISTENER, pipe_fds[1], &err), 0);
	(void)close(pipe_fds[1]);
	assert_int_equal(sync_expect_fd(fds[1], SYNC_LISTENER, OTHER, &passed_fd, &err), 0);
	assert_true(fcntl(passed_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(passed_fd, "x", 1), 1);
	(void)close(passed_fd);
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_int_equal(read(pipe_fds[0], &c, 1), 0); /* no copy of it is left */
	(void)close(pipe_fds[0]);
}

static void a_descriptor_that_did_not_come_is_an_error(void **state)
{
	struct err err = ERR_INIT;
	const struct err why = { .code = ENOENT, .msg = "no such thing" };
	int passed_fd = -1;

	(void)state;
	assert_int_equal(sync_send(fds[0], SYNC_LISTENER, 0, &err), 0);
	assert_int_equal(sync_expect_fd(fds[1], SYNC_LISTENER, OTHER, &passed_fd, &err), -EPROTO);
	sync_send_error(fds[0], &why);
	assert_int_equal(sync_expect_fd(fds[1], SYNC_LISTENER, OTHER, &passed_fd, &err), -ENOENT);
	assert_string_equal(err.msg, "no such thing");
	close_end(0);
	assert_int_equal(sync_expect_fd(fds[1], SYNC_LISTENER, OTHER, &passed_fd, &err),
			 -ECONNRESET);
	assert_int_equal(passed_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_come_in_order_with_their_pid, make_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(the_other_sides_error_comes_as_it_was, make_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(a_closed_end_is_a_death, make_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			last_words_survive_an_end_closed_with_messages_unread, make_pair,
			close_pair),
		cmocka_unit_test_setup_teardown(who_cannot_send_hears_why, make_pair, close_pair),
		cmocka_unit_test_setup_teardown(what_is_no_message_of_the_protocol_is_refused,
						make_pair, close_pair),
		cmocka_unit_test_setup_teardown(an_error_without_a_code_is_still_one, make_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(a_descriptor_comes_with_its_message, make_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(a_descriptor_that_did_not_come_is_an_error,
						make_pair, close_pair),
	};

	(void)alarm(60); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
