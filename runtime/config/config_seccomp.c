/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/config/config_seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "runtime/config/config_tables.h"

#define ERRNO_MAX 4094       /* libseccomp takes less than the kernel's MAX_ERRNO */
#define TRACE_MAX UINT16_MAX /* SECCOMP_RET_DATA */
/* The one call that init itself makes under a profile with a listener (seccomp_notify.h). */
#define OUR_CALL "sendmsg"

/* ---- names ---- */

const struct json_enum config_seccomp_actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_NOTIFY },
	{ NULL, 0 },
};

const struct json_enum config_seccomp_operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

#define ARCH(name)                                                                                 \
	{                                                                                          \
#name, (int)(name)                                                                 \
	}

/* The specification's, as far as this libseccomp has them. */
const struct json_enum config_seccomp_archs[] = {
	ARCH(SCMP_ARCH_X86),
	ARCH(SCMP_ARCH_X86_64),
	ARCH(SCMP_ARCH_X32),
	ARCH(SCMP_ARCH_ARM),
	ARCH(SCMP_ARCH_AARCH64),
	ARCH(SCMP_ARCH_MIPS),
	ARCH(SCMP_ARCH_MIPS64),
	ARCH(SCMP_ARCH_MIPS64N32),
	ARCH(SCMP_ARCH_MIPSEL),
	ARCH(SCMP_ARCH_MIPSEL64),
	ARCH(SCMP_ARCH_MIPSEL64N32),
	ARCH(SCMP_ARCH_PPC),
	ARCH(SCMP_ARCH_PPC64),
	ARCH(SCMP_ARCH_PPC64LE),
	ARCH(SCMP_ARCH_S390),
	ARCH(SCMP_ARCH_S390X),
	ARCH(SCMP_ARCH_PARISC),
	ARCH(SCMP_ARCH_PARISC64),
	ARCH(SCMP_ARCH_RISCV64),
#ifdef SCMP_ARCH_LOONGARCH64 /* 2.6.0 */
	ARCH(SCMP_ARCH_LOONGARCH64),
	ARCH(SCMP_ARCH_M68K),
	ARCH(SCMP_ARCH_SH),
	ARCH(SCMP_ARCH_SHEB),
#endif
	{ NULL, 0 },
};

const struct json_enum config_seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ NULL, 0 },
};

/* ---- lists of names ---- */

static int decode_archs(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	struct config_seccomp_archs *archs = out;
	struct json_path item = { .parent = path };

	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array of strings");
	for (const json_node *n = json_first(node); n; n = json_next(n), item.index++) {
		int arch = 0;
		size_t known = 0;
		int rc = json_decode_enum(n, field, &arch, &item, err);

		if (rc < 0)
			return rc;
		while (known < archs->n && archs->items[known] != (uint32_t)arch)
			known++;
		if (known < archs->n)
			continue;
		archs->items = xreallocarray(archs->items, archs->n + 1, sizeof(*archs->items));
		archs->items[archs->n++] = (uint32_t)arch;
	}
	return 0;
}

static int decode_flags(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	struct json_path item = { .parent = path };

	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array of strings");
	for (const json_node *n = json_first(node); n; n = json_next(n), item.index++) {
		int flag = 0;
		int rc = json_decode_enum(n, field, &flag, &item, err);

		if (rc < 0)
			return rc;
		*(unsigned int *)out |= (unsigned int)flag;
	}
	return 0;
}

/* ---- rules ---- */

static const struct json_range index_range = { 0, CONFIG_SECCOMP_ARGS - 1 };
static const struct json_range errno_range = { 0, UINT32_MAX };

#define AT(member) offsetof(struct config_seccomp_arg, member)
static const struct json_field arg_fields[] = {
	{ "index", json_decode_int, AT(index), JSON_REQUIRED, &index_range, 0 },
	{ "value", json_decode_u64, AT(value), JSON_REQUIRED, NULL, 0 },
	/* says nothing with another operator than MASKED_EQ, and engines write it for all */
	{ "valueTwo", json_decode_u64, AT(value_two), 0, NULL, 0 },
	{ "op", json_decode_enum, AT(op), JSON_REQUIRED, config_seccomp_operators, 0 },
};
#undef AT

static const struct json_table arg_table = {
	.fields = arg_fields,
	.n_fields = ARRAY_SIZE(arg_fields),
	.item_size = sizeof(struct config_seccomp_arg),
	.count_offset = offsetof(struct config_seccomp_args, n),
};

static int check_errno(int action, int64_t value, const struct json_path *path, struct err *err)
{
	int64_t max = action == SECCOMP_ERRNO ? ERRNO_MAX : TRACE_MAX;

	if (action != SECCOMP_ERRNO && action != SECCOMP_TRACE)
		return json_fail(path, err,
				 "%lld has no meaning: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE "
				 "return one",
				 (long long)value);
	if (value > max)
		return json_fail(path, err, "%lld is not 0..%lld", (long long)value,
				 (long long)max);
	return 0;
}

static int check_rule(void *item, const struct json_path *path, struct err *err)
{
	const struct config_seccomp_rule *rule = item;

	if (rule->names.n == 0)
		return json_fail(config_at(path, "names"), err, "must have a name at least");
	for (size_t i = 0; i < rule->names.n; i++)
		if (rule->names.items[i][0] == '\0')
			return json_fail(config_item(config_at(path, "names"), i), err,
					 "must not be empty");
	if (!rule->has_errno)
		return 0;
	return check_errno(rule->action, rule->errno_ret, config_at(path, "errnoRet"), err);
}

#define AT(member) offsetof(struct config_seccomp_rule, member)
static const struct json_field rule_fields[] = {
	{ "names", json_decode_strings, AT(names), JSON_REQUIRED, NULL, 0 },
	{ "action", json_decode_enum, AT(action), JSON_REQUIRED, config_seccomp_actions, 0 },
	{ "errnoRet", json_decode_int, AT(errno_ret), 0, &errno_range, AT(has_errno) },
	{ "args", json_decode_array, AT(args), 0, &arg_table, 0 },
};
#undef AT

static const struct json_table rule_table = {
	.fields = rule_fields,
	.n_fields = ARRAY_SIZE(rule_fields),
	.item_size = sizeof(struct config_seccomp_rule),
	.count_offset = offsetof(struct config_seccomp_rules, n),
	.check = check_rule,
};

/* ---- what has to be allowed ---- */

static bool lets_pass(int action)
{
	return action == SECCOMP_ALLOW || action == SECCOMP_LOG;
}

/* Whatever its arguments are. */
static bool is_allowed(const struct config_seccomp *seccomp, const char *call)
{
	bool allowed = lets_pass(seccomp->default_action);

	for (size_t i = 0; i < seccomp->rules.n; i++) {
		const struct config_seccomp_rule *rule = &seccomp->rules.items[i];

		if (!strlist_has(&rule->names, call))
			continue;
		if (!lets_pass(rule->action))
			return false;
		allowed = allowed || rule->args.n == 0;
	}
	return allowed;
}

/* Whatever its arguments are, and nobody is asked who may let it pass. */
static bool is_forbidden(const struct config_seccomp *seccomp, const char *call)
{
	bool forbidden = !lets_pass(seccomp->default_action) &&
			 seccomp->default_action != SECCOMP_TRACE;

	for (size_t i = 0; i < seccomp->rules.n; i++) {
		const struct config_seccomp_rule *rule = &seccomp->rules.items[i];

		if (!strlist_has(&rule->names, call))
			continue;
		if (lets_pass(rule->action) || rule->action == SECCOMP_TRACE ||
		    rule->action == SECCOMP_NOTIFY)
			forbidden = false;
		else if (rule->args.n == 0)
			return true;
	}
	return forbidden;
}

/* ---- the listener ---- */

bool config_seccomp_notifies(const struct config_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->rules.n; i++)
		if (seccomp->rules.items[i].action == SECCOMP_NOTIFY)
			return true;
	return false;
}

static int check_listener_path(const char *listener, const struct json_path *path, struct err *err)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (listener[0] != '/')
		return json_fail(path, err, "'%s' is not an absolute path", listener);
	if (strlen(listener) > max)
		return json_fail(path, err,
				 "is %zu bytes long; a socket's path has %zu at the most",
				 strlen(listener), max);
	return 0;
}

static int check_listener(const struct config_seccomp *seccomp, const struct json_path *path,
			  struct err *err)
{
	const struct json_path *listener_path = config_at(path, "listenerPath");

	if (seccomp->listener_path) {
		int rc = check_listener_path(seccomp->listener_path, listener_path, err);

		if (rc < 0)
			return rc;
	} else if (seccomp->listener_metadata) {
		return json_fail(config_at(path, "listenerMetadata"), err, "needs listenerPath");
	}
	if (!config_seccomp_notifies(seccomp))
		return 0;
	if (!seccomp->listener_path)
		return json_fail(listener_path, err, "is required by SCMP_ACT_NOTIFY");
	/* The container's process hands its listener over itself, and who would answer for that? */
	if (!is_allowed(seccomp, OUR_CALL))
		return json_fail(path, err,
				 "must allow '" OUR_CALL "': the listener of SCMP_ACT_NOTIFY is "
				 "handed over with it, after the filter is there");
	return 0;
}

/* ---- the whole ---- */

static void unset_empty(char **text)
{
	if (!*text || (*text)[0] != '\0')
		return;
	free(*text);
	*text = NULL;
}

static int check_seccomp(void *item, const struct json_path *path, struct err *err)
{
	struct config_seccomp *seccomp = item;

	unset_empty(&seccomp->listener_path);
	unset_empty(&seccomp->listener_metadata);
	if (seccomp->default_action == SECCOMP_NOTIFY)
		return json_fail(
			config_at(path, "defaultAction"), err,
			"'SCMP_ACT_NOTIFY' would stop the calls that hand the listener over");
	if (seccomp->has_default_errno) {
		int rc = check_errno(seccomp->default_action, seccomp->default_errno,
				     config_at(path, "defaultErrnoRet"), err);

		if (rc < 0)
			return rc;
	}
	/* A process that may not be executed cannot always tell so; and it is never what was meant. */
	if (is_forbidden(seccomp, "execve"))
		return json_fail(path, err,
				 "must allow 'execve': the process is executed under the profile");
	return check_listener(seccomp, path, err);
}

#define AT(member) offsetof(struct config_seccomp, member)
static const struct json_field seccomp_fields[] = {
	{ "defaultAction", json_decode_enum, AT(default_action), JSON_REQUIRED,
	  config_seccomp_actions, 0 },
	{ "defaultErrnoRet", json_decode_int, AT(default_errno), 0, &errno_range,
	  AT(has_default_errno) },
	{ "architectures", decode_archs, AT(archs), 0, config_seccomp_archs, 0 },
	{ "flags", decode_flags, AT(flags), 0, config_seccomp_flags, AT(has_flags) },
	{ "syscalls", json_decode_array, AT(rules), 0, &rule_table, 0 },
	{ "listenerPath", json_decode_string, AT(listener_path), 0, NULL, 0 },
	{ "listenerMetadata", json_decode_string, AT(listener_metadata), 0, NULL, 0 },
};
#undef AT

const struct json_table config_seccomp_table = {
	.fields = seccomp_fields,
	.n_fields = ARRAY_SIZE(seccomp_fields),
	.check = check_seccomp,
};

void config_seccomp_free(struct config_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->rules.n; i++) {
		strlist_free(&seccomp->rules.items[i].names);
		free(seccomp->rules.items[i].args.items);
	}
	free(seccomp->rules.items);
	free(seccomp->archs.items);
	free(seccomp->listener_path);
	free(seccomp->listener_metadata);
}
