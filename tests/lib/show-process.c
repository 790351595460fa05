/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show-process WHAT...: what the kernel says of this process, a line or more for each word. */
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <linux/sched/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* "<policy> flags=… nice=… priority=… runtime=… deadline=… period=…" */
static int show_scheduler(void)
{
	struct sched_attr a;

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return fail("sched_getattr");
	printf("policy=%u flags=%llu nice=%d priority=%u runtime=%llu deadline=%llu period=%llu\n",
	       a.sched_policy, (unsigned long long)a.sched_flags, a.sched_nice, a.sched_priority,
	       (unsigned long long)a.sched_runtime, (unsigned long long)a.sched_deadline,
	       (unsigned long long)a.sched_period);
	return 0;
}

static int show_ioprio(void)
{
	long value = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	if (value < 0)
		return fail("ioprio_get");
	printf("class=%ld priority=%ld\n", IOPRIO_PRIO_CLASS(value), IOPRIO_PRIO_DATA(value) & 7);
	return 0;
}

/* "<number> <soft> <hard>", in the order of the numbers */
static int show_rlimits(void)
{
	for (int i = 0; i < (int)RLIMIT_NLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)i, &limit) < 0)
			return fail("getrlimit");
		printf("%d %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
		       (unsigned long long)limit.rlim_max);
	}
	return 0;
}

static int show_personality(void)
{
	printf("0x%x\n", (unsigned int)personality(0xffffffff));
	return 0;
}

static int show_mempolicy(void)
{
	unsigned long nodes[1024 / 8 / sizeof(unsigned long)] = { 0 };
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), NULL, 0UL) < 0)
		return fail("get_mempolicy");
	printf("mode=%d flags=0x%x nodes=0x%lx\n", mode & 0xfff, (unsigned int)mode & ~0xfffu,
	       nodes[0]);
	return 0;
}

/* The session keyring's description, "keyring;0;0;3f1b0000;_ses.c1" */
static int show_keyring(void)
{
	char text[512] = "";

	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof(text)) < 0)
		return fail("keyctl");
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*show)(void);
	} table[] = {
		{ "scheduler", show_scheduler }, { "ioprio", show_ioprio },
		{ "rlimits", show_rlimits },     { "personality", show_personality },
		{ "mempolicy", show_mempolicy }, { "keyring", show_keyring },
	};
	int rc = 0;

	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < sizeof(table) / sizeof(table[0]); j++)
			if (strcmp(argv[i], table[j].name) == 0)
				rc |= table[j].show();
	return rc;
}
