/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONFIG_SECCOMP_H
#define CT_CONFIG_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/str.h"

/* linux.seccomp (config-linux.md, "Seccomp"). */
#define CONFIG_SECCOMP_ARGS 6 /* of a system call */

struct config_seccomp_arg {
	int64_t index;
	uint64_t value;     /* MASKED_EQ: the mask */
	uint64_t value_two; /* MASKED_EQ: what the masked argument is to be */
	int op;             /* enum scmp_compare */
};

struct config_seccomp_args {
	struct config_seccomp_arg *items;
	size_t n;
};

struct config_seccomp_rule {
	struct strlist names;
	int action; /* enum seccomp_action */
	bool has_errno;
	int64_t errno_ret;
	struct config_seccomp_args args;
};

struct config_seccomp_rules {
	struct config_seccomp_rule *items;
	size_t n;
};

struct config_seccomp_archs {
	uint32_t *items; /* SCMP_ARCH_*, none twice */
	size_t n;
};

struct config_seccomp {
	bool present;
	int default_action; /* enum seccomp_action */
	bool has_default_errno;
	int64_t default_errno;
	struct config_seccomp_archs archs; /* next to the machine's own */
	bool has_flags;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	struct config_seccomp_rules rules;
	char *listener_path; /* NULL: none; absolute, fits into sun_path */
	char *listener_metadata;
};

enum seccomp_action {
	SECCOMP_KILL_THREAD,
	SECCOMP_KILL_PROCESS,
	SECCOMP_TRAP,
	SECCOMP_ERRNO,
	SECCOMP_TRACE,
	SECCOMP_ALLOW,
	SECCOMP_LOG,
	SECCOMP_NOTIFY,
};

/* What the decoder knows, as `features` says it; they end with a NULL name. */
extern const struct json_enum config_seccomp_actions[];
extern const struct json_enum config_seccomp_operators[];
extern const struct json_enum config_seccomp_archs[];
extern const struct json_enum config_seccomp_flags[]; /* known ones, and all are supported */

/* Somebody has to answer for calls of this profile. */
bool config_seccomp_notifies(const struct config_seccomp *seccomp);

void config_seccomp_free(struct config_seccomp *seccomp);

#endif
