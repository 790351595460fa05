/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_systemd.h"

#define ANNOTATION        "org.systemd.property."
#define DEFAULT_PERIOD_US 100000
#define USEC_PER_SEC      1000000
#define PERCENT_US        (USEC_PER_SEC / 100) /* what systemd rounds a quota to */
#define CPUS_MAX          8192
#define VALUE_MAX         4096

void systemd_properties_free(struct systemd_properties *properties)
{
	for (size_t i = 0; i < properties->n; i++) {
		free(properties->items[i].name);
		strbuf_free(&properties->items[i].text);
		strlist_free(&properties->items[i].list);
	}
	free(properties->items);
	*properties = (struct systemd_properties){ 0 };
}

struct systemd_property *systemd_property_add(struct systemd_properties *properties,
					      const char *name, enum systemd_type type)
{
	properties->items =
		xreallocarray(properties->items, properties->n + 1, sizeof(*properties->items));
	struct systemd_property *p = &properties->items[properties->n++];

	*p = (struct systemd_property){ .name = xstrdup(name), .type = type };
	return p;
}

void systemd_property_number(struct systemd_properties *properties, const char *name,
			     enum systemd_type type, uint64_t number)
{
	systemd_property_add(properties, name, type)->number = number;
}

void systemd_property_string(struct systemd_properties *properties, const char *name,
			     const char *text)
{
	strbuf_puts(&systemd_property_add(properties, name, SYSTEMD_STRING)->text, text);
}

/* ---- limits ---- */

/* "max" is systemd's infinity. False: no number that it takes. */
static bool limit_number(const char *text, uint64_t min, uint64_t *number)
{
	struct err ignored = ERR_INIT;

	*number = UINT64_MAX;
	return str_eq(text, "max") ||
	       str_to_u64(text, "limit", min, UINT64_MAX, number, &ignored) >= 0;
}

/* "50000 100000", "max 100000", "50000" */
static void add_cpu_max(const char *value, struct systemd_properties *properties)
{
	autofree char *quota_text = xstrndup(value, strcspn(value, " "));
	const char *period_text = value + strlen(quota_text);
	uint64_t quota = UINT64_MAX, period = DEFAULT_PERIOD_US;

	if (*period_text && !limit_number(period_text + 1, 1, &period))
		return;
	if (!limit_number(quota_text, 1, &quota) || period == UINT64_MAX)
		return;
	if (quota != UINT64_MAX) {
		if (quota > UINT64_MAX / USEC_PER_SEC)
			return;
		quota = quota * USEC_PER_SEC / period;
		quota = (quota + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
	}
	if (*period_text)
		systemd_property_number(properties, "CPUQuotaPeriodUSec", SYSTEMD_UINT64, period);
	systemd_property_number(properties, "CPUQuotaPerSecUSec", SYSTEMD_UINT64, quota);
}

/* A number at *p, which moves behind it; CPUS_MAX when there is none, or too large a one. */
static size_t take_number(const char **p)
{
	size_t digits = strspn(*p, "0123456789");
	int64_t number = digits ? cgroup_number(*p) : CPUS_MAX;

	*p += digits;
	return number < CPUS_MAX ? (size_t)number : CPUS_MAX;
}

/* "0-2,5" as a bit mask, lowest byte first. */
static void add_cpus(const char *name, const char *value, struct systemd_properties *properties)
{
	uint8_t mask[CPUS_MAX / 8] = { 0 };
	size_t used = 0;

	for (const char *p = value; *p; p += *p == ',') {
		size_t first = take_number(&p), last = first;

		if (*p == '-') {
			p++;
			last = take_number(&p);
		}
		if (last >= CPUS_MAX || last < first || (*p && *p != ','))
			return;
		for (size_t i = first; i <= last; i++)
			mask[i / 8] |= (uint8_t)(1u << i % 8);
		used = last / 8 + 1 > used ? last / 8 + 1 : used;
	}
	if (used > 0)
		strbuf_add(&systemd_property_add(properties, name, SYSTEMD_BYTES)->text,
			   (const char *)mask, used);
}

void systemd_properties_of_limits(const struct cgroup_writes *writes,
				  struct systemd_properties *properties)
{
	static const struct {
		const char *file, *prefix, *property;
		uint64_t min; /* systemd takes no less */
	} numbers[] = {
		{ "memory.max", "", "MemoryMax", 1 },
		{ "memory.high", "", "MemoryHigh", 1 },
		{ "memory.low", "", "MemoryLow", 0 },
		{ "memory.min", "", "MemoryMin", 0 },
		{ "memory.swap.max", "", "MemorySwapMax", 0 },
		{ "cpu.weight", "", "CPUWeight", 1 },
		{ "pids.max", "", "TasksMax", 1 },
		{ "io.weight", "default ", "IOWeight", 1 },
	};

	for (size_t i = 0; i < writes->n; i++) {
		const struct cgroup_write *write = &writes->items[i];
		uint64_t number;

		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			if (str_eq(write->file, numbers[j].file) &&
			    str_starts(write->value, numbers[j].prefix) &&
			    limit_number(write->value + strlen(numbers[j].prefix), numbers[j].min,
					 &number))
				systemd_property_number(properties, numbers[j].property,
							SYSTEMD_UINT64, number);
		if (str_eq(write->file, "cpu.max"))
			add_cpu_max(write->value, properties);
		else if (str_eq(write->file, "cpu.idle") && str_eq(write->value, "1"))
			systemd_property_number(properties, "CPUWeight", SYSTEMD_UINT64, 0);
		else if (str_eq(write->file, "cpuset.cpus"))
			add_cpus("AllowedCPUs", write->value, properties);
		else if (str_eq(write->file, "cpuset.mems"))
			add_cpus("AllowedMemoryNodes", write->value, properties);
	}
}

/* ---- annotations ---- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* 'text' or "text", with backslash before what would end it; NULL: none. */
static const char *parse_text(const char *p, struct strbuf *text)
{
	char quote = *p++;

	if (quote != '\'' && quote != '"')
		return NULL;
	for (; *p && *p != quote; p++) {
		if (*p == '\\' && p[1])
			p++;
		strbuf_add(text, p, 1);
	}
	return *p == quote ? p + 1 : NULL;
}

/* ['a', 'b'] */
static const char *parse_texts(const char *p, struct strlist *list)
{
	p = skip_blanks(p + 1);
	while (*p != ']') {
		struct strbuf text = { 0 };
		const char *next = parse_text(p, &text);

		if (!next) {
			strbuf_free(&text);
			return NULL;
		}
		strlist_take(list, strbuf_take(&text));
		p = skip_blanks(next);
		if (*p == ',')
			p = skip_blanks(p + 1);
		else if (*p != ']')
			return NULL;
	}
	return p + 1;
}

/* "uint64 5", "5": int32 without a name, as GVariant has it. */
static bool parse_number(const char *text, struct systemd_property *p)
{
	static const struct {
		const char *name;
		enum systemd_type type;
		int64_t min;
		uint64_t max;
	} types[] = {
		{ "byte ", SYSTEMD_BYTE, 0, UINT8_MAX },
		{ "int16 ", SYSTEMD_INT16, INT16_MIN, INT16_MAX },
		{ "uint16 ", SYSTEMD_UINT16, 0, UINT16_MAX },
		{ "int32 ", SYSTEMD_INT32, INT32_MIN, INT32_MAX },
		{ "uint32 ", SYSTEMD_UINT32, 0, UINT32_MAX },
		{ "int64 ", SYSTEMD_INT64, INT64_MIN, INT64_MAX },
		{ "uint64 ", SYSTEMD_UINT64, 0, UINT64_MAX },
		{ "", SYSTEMD_INT32, INT32_MIN, INT32_MAX },
	};
	struct err ignored = ERR_INIT;
	size_t i = 0;

	while (!str_starts(text, types[i].name))
		i++;
	text = skip_blanks(text + strlen(types[i].name));
	p->type = types[i].type;
	if (types[i].min == 0)
		return str_to_u64(text, "value", 0, types[i].max, &p->number, &ignored) >= 0;
	int64_t number;
	bool ok = str_to_i64(text, "value", types[i].min, (int64_t)types[i].max, &number,
			     &ignored) >= 0;

	p->number = ok ? (uint64_t)number : 0;
	return ok;
}

static bool parse_value(const char *text, struct systemd_property *p)
{
	const char *end = NULL;

	text = skip_blanks(text);
	if (str_eq(text, "true") || str_eq(text, "false")) {
		p->type = SYSTEMD_BOOL;
		p->number = str_eq(text, "true");
		return true;
	}
	if (*text == '[') {
		p->type = SYSTEMD_STRINGS;
		end = parse_texts(text, &p->list);
	} else if (*text == '\'' || *text == '"') {
		p->type = SYSTEMD_STRING;
		end = parse_text(text, &p->text);
	} else {
		return parse_number(text, p);
	}
	return end && *skip_blanks(end) == '\0';
}

/* Where processes are and who may move them is not for an annotation to say. */
static const char *const refused[] = {
	"PIDs",       "Slice",       "Delegate",           "DelegateControllers",
	"Controller", "CollectMode", "DefaultDependencies"
};

static int check_name(const char *name, const char *annotation, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > 128)
		return err_set(err, EINVAL, "annotations: '%.160s' names no property", annotation);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]))
			return err_set(err, EINVAL, "annotations: '%.160s' names no property",
				       annotation);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_eq(name, refused[i]))
			return err_set(err, EINVAL,
				       "annotations: '%s' is set by the runtime itself",
				       annotation);
	return 0;
}

/* TimeoutStopSec is a word of unit files; on the bus it is TimeoutStopUSec, a uint64. */
static bool seconds_to_usec(struct systemd_property *p)
{
	size_t len = strlen(p->name);

	if (len < 4 || !str_eq(p->name + len - 3, "Sec") || p->name[len - 4] == 'U')
		return true;
	if (p->type == SYSTEMD_STRING || p->type == SYSTEMD_STRINGS || p->type == SYSTEMD_BOOL ||
	    (int64_t)p->number < 0 || p->number > UINT64_MAX / USEC_PER_SEC)
		return false;
	char *name = xasprintf("%.*sUSec", (int)(len - 3), p->name);

	free(p->name);
	p->name = name;
	p->type = SYSTEMD_UINT64;
	p->number *= USEC_PER_SEC;
	return true;
}

int systemd_properties_of_annotations(const struct strmap *annotations,
				      struct systemd_properties *properties, struct err *err)
{
	for (size_t i = 0; annotations && i < annotations->n; i++) {
		const char *key = annotations->items[i].key, *value = annotations->items[i].value;

		if (!str_starts(key, ANNOTATION))
			continue;
		const char *name = key + strlen(ANNOTATION);
		int rc = check_name(name, key, err);

		if (rc < 0)
			return rc;
		struct systemd_property *p = systemd_property_add(properties, name, SYSTEMD_STRING);

		if (strlen(value) > VALUE_MAX || !parse_value(value, p) || !seconds_to_usec(p))
			return err_set(err, EINVAL,
				       "annotations: %s: '%.128s' is no value that D-Bus knows; "
				       "write 'text', true, 5, uint64 5 or ['a', 'b']",
				       key, value);
	}
	return 0;
}

/* ---- slices ---- */

int systemd_slice_path(const char *slice, char **path, struct err *err)
{
	static const char suffix[] = ".slice";
	size_t len = strlen(slice) > strlen(suffix) ? strlen(slice) - strlen(suffix) : 0;
	autostrbuf struct strbuf out = { 0 };

	if (str_eq(slice, "-.slice")) {
		*path = xstrdup("");
		return 0;
	}
	if (len == 0 || !str_eq(slice + len, suffix) || slice[0] == '-' || slice[len - 1] == '-' ||
	    strchr(slice, '/') || memmem(slice, len, "--", 2))
		return err_set(err, EINVAL, "linux.cgroupsPath: '%.200s' is no slice of systemd",
			       slice);
	for (size_t i = 1; i <= len; i++)
		if (i == len || slice[i] == '-')
			strbuf_printf(&out, "/%.*s%s", (int)i, slice, suffix);
	*path = strbuf_take(&out);
	return 0;
}
