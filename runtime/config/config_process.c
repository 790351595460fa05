/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "runtime/config/config_tables.h"

/* (uid_t)-1 is no id: setresuid(2) reads it as "leave as it is". */
#define ID_MAX          4294967294
#define GROUPS_MAX      65536 /* NGROUPS_MAX, setgroups(2) */
#define JSON_EXACT_MAX  (INT64_C(1) << 53)
#define UNLIMITED_VALUE 18446744073709551616.0 /* 2^64-1, as a double holds it */

/* ---- user ---- */

static int decode_gids(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	struct config_gids *gids = out;
	size_t size = 0;

	(void)field;
	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array of integers 0..%lld",
				       (long long)ID_MAX);
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		int64_t gid;

		if (!json_int(n, &gid) || gid < 0 || gid > ID_MAX)
			return json_fail_value(n, config_item(path, gids->n), err,
					       "must be an integer 0..%lld", (long long)ID_MAX);
		if (gids->n == GROUPS_MAX)
			return json_fail(path, err, "has more than %d groups", GROUPS_MAX);
		if (gids->n == size) {
			size = size ? 2 * size : 8;
			gids->items = xreallocarray(gids->items, size, sizeof(*gids->items));
		}
		gids->items[gids->n++] = gid;
	}
	return 0;
}

static const struct json_range id_range = { 0, ID_MAX };
static const struct json_range umask_range = { 0, 0777 };

#define AT(member) offsetof(struct config_user, member)
static const struct json_field user_fields[] = {
	{ "uid", json_decode_int, AT(uid), 0, &id_range, 0 },
	{ "gid", json_decode_int, AT(gid), 0, &id_range, 0 },
	{ "umask", json_decode_int, AT(umask), 0, &umask_range, AT(has_umask) },
	{ "additionalGids", decode_gids, AT(additional_gids), 0, NULL, 0 },
	{ "username", NULL, 0, JSON_IGNORED, NULL, 0 }, /* Windows' */
};
#undef AT

static const struct json_table user_table = {
	.fields = user_fields,
	.n_fields = ARRAY_SIZE(user_fields),
};

/* ---- capabilities ---- */

static bool capability_is_known(const char *name)
{
	cap_value_t value;

	/* cap_from_name() takes small letters and numbers too. */
	return str_starts(name, "CAP_") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == strlen(name) &&
	       cap_from_name(name, &value) == 0;
}

/* A capability that nobody knows cannot be granted: a warning, no error (config.md, "process"). */
static int decode_capabilities(const json_node *node, const struct json_field *field, void *out,
			       const struct json_path *path, struct err *err)
{
	struct strlist names = { 0 };
	struct strlist *known = out;
	struct config_capabilities *caps = (void *)((char *)out - field->offset);
	int rc = json_decode_strings(node, field, &names, path, err);

	for (size_t i = 0; rc >= 0 && i < names.n; i++) {
		struct err unknown = ERR_INIT;

		if (capability_is_known(names.items[i])) {
			if (!strlist_has(known, names.items[i]))
				strlist_add(known, names.items[i]);
			continue;
		}
		json_fail(config_item(path, i), &unknown, "unknown capability '%s'",
			  names.items[i]);
		strlist_add(&caps->unknown, unknown.msg);
	}
	strlist_free(&names);
	return rc;
}

#define AT(member) offsetof(struct config_capabilities, member)
static const struct json_field capabilities_fields[] = {
	{ "bounding", decode_capabilities, AT(bounding), 0, NULL, 0 },
	{ "effective", decode_capabilities, AT(effective), 0, NULL, 0 },
	{ "inheritable", decode_capabilities, AT(inheritable), 0, NULL, 0 },
	{ "permitted", decode_capabilities, AT(permitted), 0, NULL, 0 },
	{ "ambient", decode_capabilities, AT(ambient), 0, NULL, 0 },
};
#undef AT

static const struct json_table capabilities_table = {
	.fields = capabilities_fields,
	.n_fields = ARRAY_SIZE(capabilities_fields),
};

/* ---- rlimits ---- */

/*
 * 2^64-1 is RLIM_INFINITY and every engine writes it. Above 2^53 a number read as a double is no
 * longer the one that was written, so nothing else is taken from there.
 */
static int decode_limit(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	rlim_t *limit = out;
	double value;

	(void)field;
	if (!json_double(node, &value) || value < 0)
		return json_fail_value(node, path, err,
				       "must be an integer 0..%lld, or %s for no limit",
				       (long long)JSON_EXACT_MAX, "18446744073709551615");
	if (value >= UNLIMITED_VALUE && value <= UNLIMITED_VALUE) {
		*limit = RLIM_INFINITY;
		return 0;
	}
	if (value > (double)JSON_EXACT_MAX || (double)(rlim_t)value < value)
		return json_fail(path, err, "%.17g is not an integer 0..%lld, nor %s for no limit",
				 value, (long long)JSON_EXACT_MAX, "18446744073709551615");
	*limit = (rlim_t)value;
	return 0;
}

const struct json_enum config_rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct config_rlimit, member)
static const struct json_field rlimit_fields[] = {
	{ "type", json_decode_enum, AT(resource), JSON_REQUIRED, config_rlimit_names, 0 },
	{ "soft", decode_limit, AT(limit.rlim_cur), JSON_REQUIRED, NULL, 0 },
	{ "hard", decode_limit, AT(limit.rlim_max), JSON_REQUIRED, NULL, 0 },
};
#undef AT

static int check_rlimit(void *item, const struct json_path *path, struct err *err)
{
	const struct config_rlimit *rlimit = item;

	if (rlimit->limit.rlim_cur > rlimit->limit.rlim_max)
		return json_fail(path, err, "soft limit %llu is above hard limit %llu",
				 (unsigned long long)rlimit->limit.rlim_cur,
				 (unsigned long long)rlimit->limit.rlim_max);
	return 0;
}

static const struct json_table rlimit_table = {
	.fields = rlimit_fields,
	.n_fields = ARRAY_SIZE(rlimit_fields),
	.item_size = sizeof(struct config_rlimit),
	.count_offset = offsetof(struct config_rlimits, n),
	.check = check_rlimit,
};

static int check_rlimits(const struct config_rlimits *rlimits, const struct json_path *path,
			 struct err *err)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < rlimits->n; i++) {
		int resource = rlimits->items[i].resource;
		const struct json_enum *name = config_rlimit_names;

		if (!(seen & UINT32_C(1) << resource)) {
			seen |= UINT32_C(1) << resource;
			continue;
		}
		while (name->value != resource)
			name++;
		return json_fail(config_item(path, i), err, "%s is there twice", name->name);
	}
	return 0;
}

/* ---- process ---- */

static int check_env(const struct strlist *env, const struct json_path *path, struct err *err)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->items[i], '=');

		if (!equals || equals == env->items[i])
			return json_fail(config_item(path, i), err,
					 "'%s' is not of the form NAME=value", env->items[i]);
	}
	return 0;
}

static int check_process(void *item, const struct json_path *path, struct err *err)
{
	struct config_process *process = item;
	int rc;

	process->present = true;
	if (process->args.n == 0)
		return json_fail(config_at(path, "args"), err, "must name a program to run");
	if (process->args.items[0][0] == '\0')
		return json_fail(
			config_item(config_at(path, "args"), 0), err,
			"must not be empty (exec: \"\": executable file not found in $PATH)");
	if (process->cwd[0] != '/')
		return json_fail(config_at(path, "cwd"), err, "'%s' is not an absolute path",
				 process->cwd);
	rc = check_env(&process->env, config_at(path, "env"), err);
	if (rc < 0)
		return rc;
	return check_rlimits(&process->rlimits, config_at(path, "rlimits"), err);
}

static const struct json_range oom_score_range = { -1000, 1000 };

/* struct winsize has 16 bits for each (ioctl_tty(2)). */
static const struct json_range window_range = { 0, UINT16_MAX };

#define AT(member) offsetof(struct config_console_size, member)
static const struct json_field console_size_fields[] = {
	{ "height", json_decode_int, AT(height), JSON_REQUIRED, &window_range, 0 },
	{ "width", json_decode_int, AT(width), JSON_REQUIRED, &window_range, 0 },
};
#undef AT

static const struct json_table console_size_table = {
	.fields = console_size_fields,
	.n_fields = ARRAY_SIZE(console_size_fields),
};

/* A label of a security module; "" asks for none. What it writes into is a line of text. */
static int decode_label(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	char **label = out;
	int rc = json_decode_string(node, field, out, path, err);

	if (rc < 0)
		return rc;
	if (strpbrk(*label, "\n\r"))
		return json_fail(path, err, "must be one line");
	if ((*label)[0] == '\0') {
		free(*label);
		*label = NULL;
	}
	return 0;
}

#define AT(member) offsetof(struct config_process, member)
static const struct json_field process_fields[] = {
	{ "args", json_decode_strings, AT(args), JSON_REQUIRED, NULL, 0 },
	{ "cwd", json_decode_string, AT(cwd), JSON_REQUIRED, NULL, 0 },
	{ "env", json_decode_strings, AT(env), 0, NULL, 0 },
	/* required by the specification; without it the process is root, as runc has it */
	{ "user", json_decode_object, AT(user), 0, &user_table, 0 },
	{ "capabilities", json_decode_object, AT(capabilities), 0, &capabilities_table,
	  AT(capabilities.present) },
	{ "rlimits", json_decode_array, AT(rlimits), 0, &rlimit_table, 0 },
	{ "noNewPrivileges", json_decode_bool, AT(no_new_privileges), 0, NULL, 0 },
	{ "oomScoreAdj", json_decode_int, AT(oom_score_adj), 0, &oom_score_range,
	  AT(has_oom_score_adj) },
	{ "terminal", json_decode_bool, AT(terminal), 0, NULL, 0 },
	{ "consoleSize", json_decode_object, AT(console_size), 0, &console_size_table,
	  AT(console_size.present) },
	{ "apparmorProfile", decode_label, AT(apparmor_profile), 0, NULL, 0 },
	{ "selinuxLabel", decode_label, AT(selinux_label), 0, NULL, 0 },
	{ "scheduler", json_decode_object, AT(scheduler), 0, &config_scheduler_table,
	  AT(scheduler.present) },
	{ "ioPriority", json_decode_object, AT(io_priority), 0, &config_io_priority_table,
	  AT(io_priority.present) },
	{ "execCPUAffinity", json_decode_object, AT(cpu_affinity), 0, &config_cpu_affinity_table,
	  0 },
	{ "commandLine", NULL, 0, JSON_IGNORED, NULL, 0 }, /* Windows' */
};
#undef AT

const struct json_table config_process_table = {
	.fields = process_fields,
	.n_fields = ARRAY_SIZE(process_fields),
	.check = check_process,
};

int config_process_load(const char *path, struct config_process *process, struct err *err)
{
	autofree char *text = NULL;
	autojson json_node *root = NULL;
	size_t len = 0;
	int rc = file_read_at(AT_FDCWD, path, CONFIG_MAX_BYTES, &text, &len, err);

	*process = (struct config_process){ 0 };
	if (rc >= 0)
		rc = json_parse(text, len, path, &root, err);
	if (rc >= 0)
		rc = json_decode(root, path, &config_process_table, process, err);
	if (rc < 0)
		config_process_free(process);
	return rc;
}

void config_process_free(struct config_process *process)
{
	strlist_free(&process->args);
	strlist_free(&process->env);
	free(process->cwd);
	strlist_free(&process->capabilities.bounding);
	strlist_free(&process->capabilities.effective);
	strlist_free(&process->capabilities.inheritable);
	strlist_free(&process->capabilities.permitted);
	strlist_free(&process->capabilities.ambient);
	strlist_free(&process->capabilities.unknown);
	free(process->rlimits.items);
	free(process->apparmor_profile);
	free(process->selinux_label);
	free(process->user.additional_gids.items);
	*process = (struct config_process){ 0 };
}
