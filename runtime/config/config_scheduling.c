/* SPDX-License-Identifier: GPL-2.0-or-later */

/* process.scheduler, ioPriority, execCPUAffinity and linux.memoryPolicy, personality. */
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "common/cleanup.h"
#include "runtime/config/config_tables.h"

#ifndef MPOL_WEIGHTED_INTERLEAVE /* Linux 6.9 */
#define MPOL_WEIGHTED_INTERLEAVE (MPOL_LOCAL + 2)
#endif
#define SCHED_ISO_RESERVED 4                  /* sched.h: reserved, not implemented yet */
#define DEADLINE_MIN_NS    1024               /* kernel/sched/deadline.c, DL_SCALE */
#define DEADLINE_MAX_NS    (INT64_C(1) << 53) /* exact in JSON; 104 days */

/* ---- lists of names that are bits, lists of numbers ---- */

static int decode_flags(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	int *flags = out;
	size_t i = 0;

	if (!json_is_array(node))
		return json_fail_value(node, path, err, "must be an array of strings");
	for (const json_node *n = json_first(node); n; n = json_next(n), i++) {
		int flag = 0;
		int rc = json_decode_enum(n, field, &flag, config_item(path, i), err);

		if (rc < 0)
			return rc;
		*flags |= flag;
	}
	return 0;
}

/* "7" or "0-3", blanks around it allowed; *last is where it ends. */
static bool parse_range(const char *item, size_t len, uint64_t *first, uint64_t *last)
{
	autofree char *text = xstrndup(item, len);
	char *dash = strchr(text, '-');
	struct err ignored = ERR_INIT;

	if (dash)
		*dash++ = '\0';
	if (str_to_u64(text, "", 0, CONFIG_NUMBERS_MAX - 1, first, &ignored) < 0)
		return false;
	*last = *first;
	return !dash || (str_to_u64(dash, "", 0, CONFIG_NUMBERS_MAX - 1, last, &ignored) >= 0 &&
			 *first <= *last);
}

/* As the kernel's own lists (cpuset(7), "List format"), without strides. */
static int decode_numbers(const json_node *node, const struct json_field *field, void *out,
			  const struct json_path *path, struct err *err)
{
	struct config_numbers *numbers = out;
	const char *text = json_string(node);

	(void)field;
	if (!text)
		return json_fail_value(node, path, err, "must be a string");
	for (const char *p = text; *p;) {
		const char *item = p + strspn(p, " ");
		size_t len = strcspn(item, ", ");
		const char *next = item + len + strspn(item + len, " ");
		uint64_t first = 0, last = 0;

		if (!parse_range(item, len, &first, &last) || (*next && *next != ',') ||
		    (*next == ',' && !next[1]))
			return json_fail(path, err,
					 "'%.64s' is no list of numbers 0..%d and ranges, like "
					 "0-3,7",
					 text, CONFIG_NUMBERS_MAX - 1);
		for (uint64_t n = first; n <= last; n++)
			numbers->words[n / CONFIG_WORD_BITS] |= 1UL << n % CONFIG_WORD_BITS;
		numbers->present = true;
		p = next + (*next == ',');
	}
	return 0;
}

/* ---- scheduler ---- */

const struct json_enum config_scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", SCHED_ISO_RESERVED },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

const struct json_enum config_scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct json_range nice_range = { -20, 19 };
static const struct json_range priority_range = { 0, 99 };
static const struct json_range deadline_range = { 0, DEADLINE_MAX_NS };

#define AT(member) offsetof(struct config_scheduler, member)
static const struct json_field scheduler_fields[] = {
	{ "policy", json_decode_enum, AT(policy), JSON_REQUIRED, config_scheduler_policies, 0 },
	{ "nice", json_decode_int, AT(nice), 0, &nice_range, 0 },
	{ "priority", json_decode_int, AT(priority), 0, &priority_range, 0 },
	{ "flags", decode_flags, AT(flags), 0, config_scheduler_flags, 0 },
	{ "runtime", json_decode_int, AT(runtime_ns), 0, &deadline_range, 0 },
	{ "deadline", json_decode_int, AT(deadline_ns), 0, &deadline_range, 0 },
	{ "period", json_decode_int, AT(period_ns), 0, &deadline_range, 0 },
};
#undef AT

static int check_deadline(const struct config_scheduler *s, const struct json_path *path,
			  struct err *err)
{
	if (s->runtime_ns < DEADLINE_MIN_NS)
		return json_fail(config_at(path, "runtime"), err,
				 "%lld is too short for SCHED_DEADLINE, which takes %d ns at least",
				 (long long)s->runtime_ns, DEADLINE_MIN_NS);
	if (s->runtime_ns > s->deadline_ns)
		return json_fail(config_at(path, "deadline"), err,
				 "%lld is before the runtime of %lld ns is over",
				 (long long)s->deadline_ns, (long long)s->runtime_ns);
	if (s->period_ns != 0 && s->deadline_ns > s->period_ns)
		return json_fail(config_at(path, "period"), err,
				 "%lld ends before the deadline of %lld ns",
				 (long long)s->period_ns, (long long)s->deadline_ns);
	return 0;
}

/* What sched_setattr(2) would ignore is refused: it was asked for. */
static int check_scheduler(void *item, const struct json_path *path, struct err *err)
{
	const struct config_scheduler *s = item;
	bool fair = s->policy == SCHED_NORMAL || s->policy == SCHED_BATCH;
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	const char *deadline_key = s->runtime_ns    ? "runtime"
				   : s->deadline_ns ? "deadline"
				   : s->period_ns   ? "period"
						    : NULL;

	if (s->nice != 0 && !fair)
		return json_fail(config_at(path, "nice"), err,
				 "%lld says nothing for this policy; it is for SCHED_OTHER and "
				 "SCHED_BATCH",
				 (long long)s->nice);
	if (s->priority != 0 && !realtime)
		return json_fail(config_at(path, "priority"), err,
				 "%lld says nothing for this policy; it is for SCHED_FIFO and "
				 "SCHED_RR",
				 (long long)s->priority);
	if (s->priority == 0 && realtime)
		return json_fail(config_at(path, "priority"), err,
				 "must be 1..99 for SCHED_FIFO and SCHED_RR");
	if (s->policy == SCHED_DEADLINE)
		return check_deadline(s, path, err);
	if (deadline_key)
		return json_fail(config_at(path, deadline_key), err, "is for SCHED_DEADLINE alone");
	return 0;
}

const struct json_table config_scheduler_table = {
	.fields = scheduler_fields,
	.n_fields = ARRAY_SIZE(scheduler_fields),
	.check = check_scheduler,
};

/* ---- ioPriority ---- */

const struct json_enum config_io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static const struct json_range io_priority_range = { 0, 7 };

#define AT(member) offsetof(struct config_io_priority, member)
static const struct json_field io_priority_fields[] = {
	{ "class", json_decode_enum, AT(class), JSON_REQUIRED, config_io_classes, 0 },
	{ "priority", json_decode_int, AT(priority), 0, &io_priority_range, 0 },
};
#undef AT

const struct json_table config_io_priority_table = {
	.fields = io_priority_fields,
	.n_fields = ARRAY_SIZE(io_priority_fields),
};

/* ---- execCPUAffinity ---- */

#define AT(member) offsetof(struct config_cpu_affinity, member)
static const struct json_field cpu_affinity_fields[] = {
	{ "initial", decode_numbers, AT(initial), 0, NULL, 0 },
	{ "final", decode_numbers, AT(final), 0, NULL, 0 },
};
#undef AT

const struct json_table config_cpu_affinity_table = {
	.fields = cpu_affinity_fields,
	.n_fields = ARRAY_SIZE(cpu_affinity_fields),
};

/* ---- memoryPolicy ---- */

const struct json_enum config_memory_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ NULL, 0 },
};

const struct json_enum config_memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct config_memory_policy, member)
static const struct json_field memory_policy_fields[] = {
	{ "mode", json_decode_enum, AT(mode), JSON_REQUIRED, config_memory_modes, 0 },
	{ "nodes", decode_numbers, AT(nodes), 0, NULL, 0 },
	{ "flags", decode_flags, AT(flags), 0, config_memory_flags, 0 },
};
#undef AT

/* set_mempolicy(2): EINVAL has many reasons there. */
static int check_memory_policy(void *item, const struct json_path *path, struct err *err)
{
	const struct config_memory_policy *policy = item;
	bool without = policy->mode == MPOL_DEFAULT || policy->mode == MPOL_LOCAL;
	int both = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	if (without && policy->nodes.present)
		return json_fail(config_at(path, "nodes"), err,
				 "must be empty for MPOL_DEFAULT and MPOL_LOCAL");
	if (!without && policy->mode != MPOL_PREFERRED && !policy->nodes.present)
		return json_fail(config_at(path, "nodes"), err,
				 "is required by every mode but MPOL_DEFAULT, MPOL_LOCAL and "
				 "MPOL_PREFERRED");
	if ((policy->flags & both) == both)
		return json_fail(
			config_at(path, "flags"), err,
			"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

const struct json_table config_memory_policy_table = {
	.fields = memory_policy_fields,
	.n_fields = ARRAY_SIZE(memory_policy_fields),
	.check = check_memory_policy,
};

/* ---- personality ---- */

const struct json_enum config_personality_domains[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

#define AT(member) offsetof(struct config_personality, member)
static const struct json_field personality_fields[] = {
	{ "domain", json_decode_enum, AT(domain), JSON_REQUIRED, config_personality_domains, 0 },
	/* the specification has none */
	{ "flags", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};
#undef AT

const struct json_table config_personality_table = {
	.fields = personality_fields,
	.n_fields = ARRAY_SIZE(personality_fields),
};
