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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "netns-hook/hosts.h"
#include "tests/unit/folder.h"

#define CONTAINERS 120

struct fixture {
	struct folder state;
	struct network net;
};

static int make_state(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	network_default(&f->net);
	*state = f;
	return folder_make(&f->state);
}

static int remove_state(void **state)
{
	struct fixture *f = *state;
	int rc = folder_remove(&f->state);

	network_free(&f->net);
	free(f);
	return rc;
}

/* Names of many lengths, so that a line seldom fits where another one was. */
static struct attachment attachment_of(unsigned int i)
{
	struct attachment att = { .ifname = "eth0", .n_addresses = 1 };

	att.container = xasprintf("c%u-%.*s", i, (int)(i * 7 % 90),
				  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	att.addresses[0].prefix.addr = ip_from_u32(0xac130000 + i);
	return att;
}

static void add(struct fixture *f, unsigned int i)
{
	autoattachment struct attachment att = attachment_of(i);
	struct err err = ERR_INIT;

	if (hosts_add(f->state.fd, &f->net, &att, &err) < 0)
		fail_msg("%s", err.msg);
}

static void take(struct fixture *f, unsigned int i)
{
	autoattachment struct attachment att = attachment_of(i);
	struct err err = ERR_INIT;

	if (hosts_remove(f->state.fd, "default", att.container, "eth0", &err) < 0)
		fail_msg("%s", err.msg);
}

static char *read_hosts(const struct fixture *f)
{
	char *text = NULL;
	struct err err = ERR_INIT;

	if (file_read_at(f->state.fd, "networks/default/hosts", 1u << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return text;
}

/* A line that counts is whole: address, name and mark speak of one container. */
static bool is_whole(const char *line)
{
	unsigned int high, low, name, mark;

	if (line[0] == '#' || line[0] == '\n' || str_starts(line, "127.0.0.1 ") ||
	    str_starts(line, "::1 "))
		return true;
	/* NOLINTBEGIN(cert-err34-c) */
	return sscanf(line, "172.19.%u.%u c%u-%*[x] # c%u", &high, &low, &name, &mark) == 4 ||
			       sscanf(line, "172.19.%u.%u c%u- # c%u", &high, &low, &name, &mark) ==
				       4
		       ? high * 256 + low == name && name == mark
		       : false;
	/* NOLINTEND(cert-err34-c) */
}

static void no_line_crosses_a_block(void **state)
{
	struct fixture *f = *state;

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 1; i <= CONTAINERS; i++)
			add(f, i);
		for (unsigned int i = 1; i <= CONTAINERS; i += 2 + round)
			take(f, i);
	}
	for (unsigned int i = 1; i <= CONTAINERS; i++)
		add(f, i);
	autofree char *text = read_hosts(f);
	size_t live = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t at = (size_t)(line - text);
		size_t len = strcspn(line, "\n") + 1;

		assert_true(at / 4096 == (at + len - 1) / 4096);
		assert_true(is_whole(line));
		live += str_starts(line, "172.");
	}
	assert_int_equal(live, CONTAINERS);
	for (unsigned int i = 1; i <= CONTAINERS; i++)
		take(f, i);
	free(take_ptr(&text));
	text = read_hosts(f);
	assert_null(strstr(text, "172."));
	assert_int_equal(strspn(text, "#") > 0, 1);
	assert_true(strlen(text) < 200);
}

/* What a resolver does, again and again. */
static void read_until_killed(const struct fixture *f, size_t *reads)
{
	for (;;) {
		int fd = openat(f->state.fd, "networks/default/hosts", O_RDONLY | O_CLOEXEC);
		FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
		char line[1024];
		int n = 0;

		if (!file)
			_exit(2);
		while (fgets(line, sizeof(line), file)) {
			if (n++ < 3 ? false : !is_whole(line)) {
				(void)fprintf(stderr, "torn: %s", line);
				_exit(1);
			}
		}
		(void)fclose(file);
		if (n < 3)
			_exit(3);
		(*reads)++;
	}
}

static void readers_find_whole_lines_at_any_moment(void **state)
{
	struct fixture *f = *state;
	size_t *reads = mmap(NULL, sizeof(*reads), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	assert_true(reads != MAP_FAILED);
	add(f, 1);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		read_until_killed(f, reads);
	for (unsigned int round = 0; round < 40; round++) {
		for (unsigned int i = 2; i <= 60; i++)
			add(f, i);
		for (unsigned int i = 60; i >= 2; i -= 1 + (i > 2 && round % 2))
			take(f, i);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(*reads > 10);
	(void)munmap(reads, sizeof(*reads));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_line_crosses_a_block, make_state, remove_state),
		cmocka_unit_test_setup_teardown(readers_find_whole_lines_at_any_moment, make_state,
						remove_state),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
