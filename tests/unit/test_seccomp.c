/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "runtime/config/config.h"
#include "runtime/seccomp_cache.h"
#include "runtime/seccomp_compile.h"
#include "tests/unit/config_doc.h"

static struct config *parse(const char *profile)
{
	autofree char *members =
		xasprintf("'namespaces': [{'type': 'mount'}], 'seccomp': %s", profile);
	autofree char *text = doc_make(DOC_LINUX, members);
	struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse(text, strlen(text), &config, &err) < 0)
		fail_msg("%s\n%s", err.msg, text);
	return config;
}

#define FULL                                                                                       \
	"{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,"                               \
	" 'architectures': ['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],"                \
	" 'flags': ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC'],"                      \
	" 'syscalls': [{'names': ['execve', 'sendmsg'], 'action': 'SCMP_ACT_ALLOW'},"              \
	" {'names': ['mkdir'], 'action': 'SCMP_ACT_NOTIFY', 'args': [{'index': 5, 'value':"        \
	" 18446744073709551615, 'valueTwo': 9007199254740993, 'op': 'SCMP_CMP_MASKED_EQ'}]}],"     \
	" 'listenerPath': '/run/agent', 'listenerMetadata': 'm'}"

static void every_property_is_decoded(void **state)
{
	autoconfig struct config *config = parse(FULL);
	const struct config_seccomp *s = &config->seccomp;

	(void)state;
	assert_true(s->present);
	assert_int_equal(s->default_action, SECCOMP_ERRNO);
	assert_true(s->has_default_errno);
	assert_int_equal(s->default_errno, 38);
	assert_int_equal(s->archs.n, 2);
	assert_int_equal(s->archs.items[1], SCMP_ARCH_X86_64);
	assert_true(s->has_flags);
	assert_int_equal(s->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC);
	assert_int_equal(s->rules.n, 2);
	assert_string_equal(s->rules.items[0].names.items[1], "sendmsg");
	const struct config_seccomp_rule *rule = &s->rules.items[1];

	assert_int_equal(rule->action, SECCOMP_NOTIFY);
	assert_false(rule->has_errno);
	assert_int_equal(rule->args.n, 1);
	assert_int_equal(rule->args.items[0].index, 5);
	assert_true(rule->args.items[0].value == UINT64_MAX);
	assert_true(rule->args.items[0].value_two == UINT64_C(9007199254740993));
	assert_int_equal(rule->args.items[0].op, SCMP_CMP_MASKED_EQ);
	assert_string_equal(s->listener_path, "/run/agent");
	assert_string_equal(s->listener_metadata, "m");
	assert_true(config_seccomp_notifies(s));
}

static void no_profile_is_no_filter(void **state)
{
	autoconfig struct config *config = parse("null");
	struct seccomp_filter filter;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(config->seccomp.present);
	assert_int_equal(seccomp_filter_prepare(&config->seccomp, "/nowhere", &filter, &err), 0);
	assert_null(filter.code);
}

static void empty_listener_strings_are_none(void **state)
{
	autoconfig struct config *config = parse("{'defaultAction': 'SCMP_ACT_ALLOW', "
						 "'listenerPath': '', 'listenerMetadata': ''}");

	(void)state;
	assert_null(config->seccomp.listener_path);
	assert_null(config->seccomp.listener_metadata);
}

static void key_of(const char *profile, struct seccomp_key *key)
{
	autoconfig struct config *config = parse(profile);

	seccomp_cache_key(&config->seccomp, key);
}

/* Whatever changes the code changes the key; what does not, does not. */
static void keys_differ_where_profiles_do(void **state)
{
#define RULE(names, more)                                                                          \
	"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': [" names "], 'action':"        \
	" 'SCMP_ACT_ERRNO'" more "}]}"
#define ARG(more)                                                                                  \
	RULE("'mkdir'", ", 'args': [{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'" more "}]")
	static const char *const profiles[] = {
		"{'defaultAction': 'SCMP_ACT_ALLOW'}",
		"{'defaultAction': 'SCMP_ACT_LOG'}",
		"{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86']}",
		RULE("'mkdir'", ""),
		RULE("'mkdir', 'rmdir'", ""),
		RULE("'mkdir,5:rmdir'", ""),
		RULE("'mkdir'", ", 'errnoRet': 0"),
		RULE("'mkdir'", ", 'errnoRet': 1"),
		ARG(""),
		ARG(", 'valueTwo': 1"),
	};
	struct seccomp_key keys[ARRAY_SIZE(profiles)], same;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		key_of(profiles[i], &keys[i]);
		for (size_t j = 0; j < i; j++)
			if (memcmp(&keys[i], &keys[j], sizeof(*keys)) == 0)
				fail_msg("one key for\n%s\n%s", profiles[i], profiles[j]);
	}
	key_of("{'syscalls': [], 'flags': [], 'x': 1, 'defaultAction': 'SCMP_ACT_ALLOW'}", &same);
	assert_memory_equal(&same, &keys[0], sizeof(same));
}

static void too_many_rules_are_refused(void **state)
{
	autostrbuf struct strbuf sb = { 0 };
	struct seccomp_filter filter = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	strbuf_puts(&sb, "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [");
	for (int i = 0; i < 5000; i++)
		strbuf_printf(&sb,
			      "%s{'names': ['mkdir'], 'action': 'SCMP_ACT_ERRNO', 'args':"
			      " [{'index': 0, 'value': %d, 'op': 'SCMP_CMP_EQ'}]}",
			      i ? "," : "", i);
	strbuf_puts(&sb, "]}");
	autoconfig struct config *config = parse(sb.text);

	assert_true(seccomp_compile(&config->seccomp, &filter, &err) < 0);
	assert_non_null(strstr(err.msg, "linux.seccomp: has too many rules"));
	assert_null(filter.code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_is_decoded),
		cmocka_unit_test(no_profile_is_no_filter),
		cmocka_unit_test(empty_listener_strings_are_none),
		cmocka_unit_test(keys_differ_where_profiles_do),
		cmocka_unit_test(too_many_rules_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
