/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/str.h"
#include "runtime/cgroup/cgroup_bpf.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD
#define N(v)                                                                                       \
	{                                                                                          \
		.value = (v), .set = true                                                          \
	}

static uint32_t load_word(const struct bpf_cgroup_dev_ctx *ctx, int offset)
{
	switch (offset) {
	case offsetof(struct bpf_cgroup_dev_ctx, access_type):
		return ctx->access_type;
	case offsetof(struct bpf_cgroup_dev_ctx, major):
		return ctx->major;
	default:
		assert_int_equal(offset, offsetof(struct bpf_cgroup_dev_ctx, minor));
		return ctx->minor;
	}
}

/* The few instructions that the generator uses, as the kernel executes them. */
static uint32_t execute(const struct bpf_program *program, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint32_t reg[11] = { 0 };
	size_t pc = 0;

	for (size_t steps = 0; steps <= program->n; steps++) {
		assert_true(pc < program->n);
		const struct bpf_insn *insn = &program->insns[pc++];
		uint32_t *dst = &reg[insn->dst_reg], imm = (uint32_t)insn->imm;

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*dst = load_word(ctx, insn->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*dst = reg[insn->src_reg];
			break;
		case BPF_ALU | BPF_MOV | BPF_K:
			*dst = imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*dst &= imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*dst >>= imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			pc += *dst != imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			pc += *dst & imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_JA:
			pc += (size_t)insn->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0];
		default:
			fail_msg("instruction 0x%x", insn->code);
		}
	}
	fail_msg("the program does not end");
	return 0;
}

static bool allowed(struct resource_device *rules, size_t n, int type, uint32_t access,
		    uint32_t major, uint32_t minor)
{
	const struct resource_devices list = { .items = rules, .n = n };
	const struct bpf_cgroup_dev_ctx ctx = {
		.access_type = access << 16 |
			       (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor,
	};
	struct bpf_program program;

	cgroup_bpf_program(&list, &program);
	uint32_t answer = execute(&program, &ctx);

	free(program.insns);
	return answer == 1;
}

#define RULE(allow_, type_, r, w, m, ...)                                                          \
	{                                                                                          \
		.allow = (allow_), .type = (type_), .read = (r), .write = (w), .mknod = (m),       \
		__VA_ARGS__                                                                        \
	}

static void bpf_allows_all_without_rules(void **state)
{
	(void)state;
	assert_true(allowed(NULL, 0, 'c', R | W | M, 1, 3));
}

static void bpf_denies_all(void **state)
{
	struct resource_device rules[] = { RULE(false, 'a', true, true, true) };

	(void)state;
	assert_false(allowed(rules, 1, 'c', R, 1, 3));
	assert_false(allowed(rules, 1, 'b', M, 8, 0));
}

static void bpf_allows_what_follows_deny_all(void **state)
{
	struct resource_device rules[] = {
		RULE(false, 'a', true, true, true),
		RULE(true, 'c', true, true, false, .major = N(1), .minor = N(3)),
		RULE(true, 'b', true, false, false, .major = N(8)),
		RULE(true, 'c', false, false, true),
	};

	(void)state;
	assert_true(allowed(rules, 4, 'c', R | W, 1, 3));
	assert_true(allowed(rules, 4, 'c', R | W | M, 1, 3)); /* by two rules together */
	assert_false(allowed(rules, 4, 'c', R, 1, 5));
	assert_false(allowed(rules, 4, 'b', R, 1, 3));
	assert_true(allowed(rules, 4, 'b', R, 8, 77));
	assert_false(allowed(rules, 4, 'b', R | W, 8, 77));
	assert_true(allowed(rules, 4, 'c', M, 200, 1));
	assert_false(allowed(rules, 4, 'b', M, 200, 1));
}

static void bpf_last_rule_decides(void **state)
{
	struct resource_device rules[] = {
		RULE(true, 'c', true, true, true, .major = N(5)),
		RULE(false, 'c', true, true, true, .major = N(5), .minor = N(1)),
		RULE(true, 'c', true, false, false, .major = N(5), .minor = N(1)),
	};

	(void)state;
	assert_true(allowed(rules, 3, 'c', R, 5, 1));
	assert_false(allowed(rules, 3, 'c', R | W, 5, 1));
	assert_true(allowed(rules, 3, 'c', R | W | M, 5, 2));
}

/* An open for reading and writing asks for both, so refusing one refuses it. */
static void bpf_denied_bit_denies_the_whole(void **state)
{
	struct resource_device rules[] = {
		RULE(true, 'a', true, true, true),
		RULE(false, 'c', false, true, false, .major = N(1), .minor = N(3)),
	};

	(void)state;
	assert_true(allowed(rules, 2, 'c', R, 1, 3));
	assert_false(allowed(rules, 2, 'c', W, 1, 3));
	assert_false(allowed(rules, 2, 'c', R | W, 1, 3));
}

static void bpf_minus_one_is_any(void **state)
{
	struct resource_device rules[] = {
		RULE(false, 'c', true, true, true, .major = N(-1), .minor = N(9)),
	};

	(void)state;
	assert_false(allowed(rules, 1, 'c', R, 1, 9));
	assert_true(allowed(rules, 1, 'c', R, 1, 8));
	assert_true(allowed(rules, 1, 'b', R, 1, 9));
}

/* The verifier refuses what cannot be reached. */
static void bpf_ends_at_a_rule_for_everything(void **state)
{
	struct resource_device rules[] = {
		RULE(true, 'c', true, true, true, .major = N(1), .minor = N(3)),
		RULE(false, 'a', true, true, true),
	};
	const struct resource_devices both = { rules, 2 }, last = { rules + 1, 1 };
	struct bpf_program long_program, short_program;

	(void)state;
	cgroup_bpf_program(&both, &long_program);
	cgroup_bpf_program(&last, &short_program);
	assert_int_equal(long_program.n, short_program.n);
	free(long_program.insns);
	free(short_program.insns);
}

/* ---- the kernel's own word ---- */

/* In the group: 0 when both devices answer as they should. */
static int try_devices(const char *group, const char *allowed_path, const char *denied_path)
{
	char *procs = xasprintf("%s/cgroup.procs", group);
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		int fd = open(procs, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		if (open(allowed_path, O_RDWR | O_CLOEXEC) < 0)
			_exit(2);
		if (open(denied_path, O_RDWR | O_CLOEXEC) >= 0 || errno != EPERM)
			_exit(3);
		_exit(0);
	}
	free(procs);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void bpf_holds_in_the_kernel(void **state)
{
	static const char *const folders[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct resource_device null_only[] = {
		RULE(false, 'a', true, true, true),
		RULE(true, 'c', true, true, false, .major = N(1), .minor = N(3)),
	};
	struct resource_device zero_only[] = {
		RULE(false, 'a', true, true, true),
		RULE(true, 'c', true, true, false, .major = N(1), .minor = N(5)),
	};
	const struct resource_devices first = { null_only, 2 }, second = { zero_only, 2 };
	struct err err = ERR_INIT;
	struct statfs fs;
	char *group = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(folders) && !group; i++)
		if (statfs(folders[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			group = xasprintf("%s/ct-bpf", folders[i]);
	if (!group) {
		skip();
		return;
	}
	assert_int_equal(mkdir(group, 0755), 0);
	int fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int attach = cgroup_bpf_attach(fd, &first, &err);
	int before = try_devices(group, "/dev/null", "/dev/zero");
	/* In place of the first, not beside it. */
	int replace = cgroup_bpf_attach(fd, &second, &err);
	int after = try_devices(group, "/dev/zero", "/dev/null");

	(void)close(fd);
	(void)rmdir(group);
	free(group);
	assert_string_equal(err.msg, "");
	assert_int_equal(attach, 0);
	assert_int_equal(replace, 0);
	assert_int_equal(before, 0);
	assert_int_equal(after, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bpf_allows_all_without_rules),
		cmocka_unit_test(bpf_denies_all),
		cmocka_unit_test(bpf_allows_what_follows_deny_all),
		cmocka_unit_test(bpf_last_rule_decides),
		cmocka_unit_test(bpf_denied_bit_denies_the_whole),
		cmocka_unit_test(bpf_minus_one_is_any),
		cmocka_unit_test(bpf_ends_at_a_rule_for_everything),
		cmocka_unit_test(bpf_holds_in_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
