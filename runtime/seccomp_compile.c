/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/seccomp_compile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

/*
 * With more rules than this the filter is a binary tree of call numbers instead of a chain: no call
 * then costs hundreds of comparisons. Not for less: libseccomp before 2.5.5 mistreats empty trees.
 */
#define TREE_RULES 32
#define TREE_LEVEL 2

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}
#define autoctx __attribute__((cleanup(release)))

/* libseccomp says -errno; what it means depends on the call. */
static int failed(int rc, struct err *err, const char *what)
{
	return err_set(err, -rc, "config.json: linux.seccomp: %s: %s", what, strerror(-rc));
}

static uint32_t action_of(int action, bool has_errno, int64_t errno_ret)
{
	const uint32_t value = has_errno ? (uint32_t)errno_ret : EPERM;

	switch ((enum seccomp_action)action) {
	case SECCOMP_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case SECCOMP_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case SECCOMP_TRAP:
		return SCMP_ACT_TRAP;
	case SECCOMP_ERRNO:
		return SCMP_ACT_ERRNO(value);
	case SECCOMP_TRACE:
		return SCMP_ACT_TRACE(value);
	case SECCOMP_ALLOW:
		return SCMP_ACT_ALLOW;
	case SECCOMP_LOG:
		return SCMP_ACT_LOG;
	case SECCOMP_NOTIFY:
		return SCMP_ACT_NOTIFY;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static const char *arch_name(uint32_t arch)
{
	const struct json_enum *name = config_seccomp_archs;

	while (name->name && (uint32_t)name->value != arch)
		name++;
	return name->name;
}

/* The machine's own architecture is in every filter from the start. */
static int add_archs(scmp_filter_ctx ctx, const struct config_seccomp_archs *archs, struct err *err)
{
	for (size_t i = 0; i < archs->n; i++) {
		int rc = seccomp_arch_add(ctx, archs->items[i]);

		if (rc == -EDOM)
			return err_set(err, EINVAL,
				       "config.json: linux.seccomp.architectures: %s has another "
				       "byte order than this machine",
				       arch_name(archs->items[i]));
		if (rc < 0 && rc != -EEXIST)
			return failed(rc, err, arch_name(archs->items[i]));
	}
	return 0;
}

/* Conditions on different arguments must all hold; of several on one argument any may, as runc has it. */
static bool is_any_of(const struct config_seccomp_args *args)
{
	bool seen[CONFIG_SECCOMP_ARGS] = { false };

	for (size_t i = 0; i < args->n; i++) {
		if (seen[args->items[i].index])
			return true;
		seen[args->items[i].index] = true;
	}
	return false;
}

static int add_call(scmp_filter_ctx ctx, uint32_t action, int call,
		    const struct config_seccomp_args *args)
{
	autofree struct scmp_arg_cmp *cmp = xreallocarray(NULL, args->n, sizeof(*cmp));
	int rc = 0;

	for (size_t i = 0; i < args->n; i++) {
		const struct config_seccomp_arg *arg = &args->items[i];

		cmp[i] = (struct scmp_arg_cmp){ .arg = (unsigned int)arg->index,
						.op = (enum scmp_compare)arg->op,
						.datum_a = arg->value,
						.datum_b = arg->value_two };
	}
	if (!is_any_of(args))
		return seccomp_rule_add_array(ctx, action, call, (unsigned int)args->n, cmp);
	for (size_t i = 0; rc >= 0 && i < args->n; i++)
		rc = seccomp_rule_add_array(ctx, action, call, 1, &cmp[i]);
	return rc;
}

/* *added: how many calls the filter names so far. */
static int add_rule(scmp_filter_ctx ctx, const struct config_seccomp_rule *rule, uint32_t action,
		    size_t *added, struct err *err)
{
	for (size_t i = 0; i < rule->names.n; i++) {
		const char *name = rule->names.items[i];
		int call = seccomp_syscall_resolve_name(name);

		if (call == __NR_SCMP_ERROR) {
			log_debug("linux.seccomp: unknown system call '%s', ignoring", name);
			continue;
		}
		int rc = add_call(ctx, action, call, &rule->args);

		if (rc < 0)
			return err_set(err, -rc, "'%s' with %zu conditions: %s", name, rule->args.n,
				       strerror(-rc));
		(*added)++;
	}
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct config_seccomp *profile, uint32_t fallback,
		     struct err *err)
{
	size_t added = 0;

	for (size_t i = 0; i < profile->rules.n; i++) {
		const struct config_seccomp_rule *rule = &profile->rules.items[i];
		uint32_t action = action_of(rule->action, rule->has_errno, rule->errno_ret);

		/* Says what would happen anyway, which libseccomp takes for an error. */
		if (action == fallback)
			continue;
		int rc = add_rule(ctx, rule, action, &added, err);

		if (rc < 0)
			return err_ctx(err, "config.json: linux.seccomp.syscalls[%zu]", i);
	}
	if (added > TREE_RULES)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, TREE_LEVEL);
	return 0;
}

static int export_code(scmp_filter_ctx ctx, struct seccomp_filter *filter, struct err *err)
{
	autofree char *code = NULL;
	size_t len = 0;
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "memfd_create");
	int rc = seccomp_export_bpf(ctx, fd);

	if (rc < 0)
		return failed(rc, err, "make the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "lseek");
	rc = file_read_fd(fd, "the seccomp filter", SIZE_MAX / 2, &code, &len, err);
	if (rc < 0)
		return rc;
	if (len == 0 || len / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return err_set(err, E2BIG,
			       "config.json: linux.seccomp: has too many rules: %zu instructions, "
			       "the kernel takes %d",
			       len / sizeof(struct sock_filter), BPF_MAXINSNS);
	filter->n = len / sizeof(struct sock_filter);
	filter->code = (struct sock_filter *)(void *)take_ptr(&code);
	return 0;
}

int seccomp_compile(const struct config_seccomp *profile, struct seccomp_filter *filter,
		    struct err *err)
{
	uint32_t fallback = action_of(profile->default_action, profile->has_default_errno,
				      profile->default_errno);
	autoctx scmp_filter_ctx ctx = seccomp_init(fallback);

	if (!ctx)
		return err_set(
			err, EINVAL,
			"config.json: linux.seccomp.defaultAction: is refused by libseccomp");
	int rc = add_archs(ctx, &profile->archs, err);

	if (rc >= 0)
		rc = add_rules(ctx, profile, fallback, err);
	return rc < 0 ? rc : export_code(ctx, filter, err);
}
