/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/intel_rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

#define KEY                "linux.intelRdt"
#define RESCTRL            "/sys/fs/resctrl"
#define SCHEMATA_MAX_BYTES (64 << 10)

int intel_rdt_open(struct err *err)
{
	struct statfs fs;
	autoclose int fd = open(RESCTRL, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
		return err_set(err, ENOENT,
			       KEY ": no resctrl is mounted on " RESCTRL
				   "; on a CPU that has it: mount -t resctrl resctrl " RESCTRL);
	return take_fd(&fd);
}

/* The folder of the class, relative to resctrl's. */
static const char *class_of(const struct config_intel_rdt *rdt, const char *id)
{
	if (!rdt->clos_id)
		return id;
	return str_eq(rdt->clos_id, "/") ? "." : rdt->clos_id;
}

static char *monitor_of(const struct config_intel_rdt *rdt, const char *id)
{
	return xasprintf("%s/mon_groups/%s", class_of(rdt, id), id);
}

/* ---- schemata ---- */

static void add_line(struct strlist *lines, const char *text, size_t len)
{
	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	if (len > 0)
		strlist_take(lines, xstrndup(text, len));
}

/* The lines of text; those on memory bandwidth not, when another property has one. */
static void add_lines(struct strlist *lines, const char *text, bool without_bandwidth)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		if (!without_bandwidth || !str_starts(text + strspn(text, " "), "MB:"))
			add_line(lines, text, len);
		text += len + (text[len] == '\n');
	}
}

/* In the order in which they have to be written. */
static void wanted_lines(const struct config_intel_rdt *rdt, struct strlist *lines)
{
	add_lines(lines, rdt->l3_schema, rdt->mem_bw_schema != NULL);
	add_lines(lines, rdt->mem_bw_schema, false);
	for (size_t i = 0; i < rdt->schemata.n; i++)
		add_lines(lines, rdt->schemata.items[i], false);
}

/* "0=00f" is "0=f". */
static bool same_domain(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_value = memchr(a, '=', a_len), *b_value = memchr(b, '=', b_len);

	if (!a_value || !b_value || a_value - a != b_value - b ||
	    memcmp(a, b, (size_t)(a_value - a)) != 0)
		return false;
	size_t a_rest = a_len - (size_t)(a_value - a) - 1,
	       b_rest = b_len - (size_t)(b_value - b) - 1;

	for (a_value++; a_rest > 1 && *a_value == '0'; a_value++)
		a_rest--;
	for (b_value++; b_rest > 1 && *b_value == '0'; b_value++)
		b_rest--;
	return a_rest == b_rest && strncasecmp(a_value, b_value, a_rest) == 0;
}

static bool has_domain(const char *line, const char *domain, size_t len)
{
	for (const char *p = line; *p;) {
		size_t other = strcspn(p, ";");

		if (same_domain(p, other, domain, len))
			return true;
		p += other + (p[other] == ';');
	}
	return false;
}

/* "L3:0=f;1=f": a line of the same resource has all of these domains with these values. */
static bool line_is_met(const char *wanted, const struct strlist *present)
{
	size_t name = strcspn(wanted, ":") + 1;

	for (size_t i = 0; i < present->n; i++) {
		if (strncmp(present->items[i], wanted, name) != 0)
			continue;
		for (const char *p = wanted + name; *p;) {
			size_t len = strcspn(p, ";");

			if (!has_domain(present->items[i] + name, p, len))
				return false;
			p += len + (p[len] == ';');
		}
		return true;
	}
	return false;
}

/* A class that others made must be what is asked for: it is not ours to change. */
static int compare(int resctrl_fd, const char *class, const struct strlist *wanted, struct err *err)
{
	struct strlist present = { 0 };
	const char *differs = NULL;
	autofree char *text = NULL;
	autofree char *path = xasprintf("%s/schemata", class);
	int rc = file_read_at(resctrl_fd, path, SCHEMATA_MAX_BYTES, &text, NULL, err);

	if (rc < 0)
		return err_ctx(err, KEY);
	add_lines(&present, text, false);
	for (size_t i = 0; !differs && i < wanted->n; i++)
		if (!line_is_met(wanted->items[i], &present))
			differs = wanted->items[i];
	strlist_free(&present);
	if (differs)
		return err_set(err, EEXIST,
			       KEY ": class '%s' is there already and does not have '%s'; ask for "
				   "what it has, or name another closID",
			       class, differs);
	return 0;
}

/* What resctrl says of the last thing that it refused. */
static int fail_schemata(int resctrl_fd, struct err *err)
{
	struct err unread = ERR_INIT;
	autofree char *why = NULL;

	if (file_read_at(resctrl_fd, "info/last_cmd_status", 4096, &why, NULL, &unread) < 0)
		return err_ctx(err, KEY);
	why[strcspn(why, "\n")] = '\0';
	return err_ctx(err, KEY ": %s", why);
}

char *intel_rdt_schemata(const struct config_intel_rdt *rdt)
{
	struct strlist lines = { 0 };
	struct strbuf text = { 0 };

	wanted_lines(rdt, &lines);
	for (size_t i = 0; i < lines.n; i++)
		strbuf_printf(&text, "%s\n", lines.items[i]);
	strlist_free(&lines);
	return strbuf_take(&text);
}

static int write_schemata(int resctrl_fd, const char *class, const struct config_intel_rdt *rdt,
			  struct err *err)
{
	autofree char *text = intel_rdt_schemata(rdt);
	autofree char *path = xasprintf("%s/schemata", class);

	if (*text && file_write_at(resctrl_fd, path, text, err) < 0)
		return fail_schemata(resctrl_fd, err);
	return 0;
}

/* ---- groups ---- */

static bool is_there(int resctrl_fd, const char *path)
{
	struct stat st;

	return fstatat(resctrl_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int make_group(int resctrl_fd, const char *path, struct err *err)
{
	if (mkdirat(resctrl_fd, path, 0755) == 0)
		return 0;
	if (errno == ENOSPC)
		return err_set(err, ENOSPC, KEY ": the CPU has no more classes for '%s'", path);
	return err_errno(err, KEY ": make '" RESCTRL "/%s'", path);
}

static int remove_group(int resctrl_fd, const char *path, struct err *err)
{
	if (unlinkat(resctrl_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_errno(err, KEY ": remove '" RESCTRL "/%s'", path);
	return 0;
}

int intel_rdt_check_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		       struct err *err)
{
	autofree char *monitor = monitor_of(rdt, id);
	const char *own = !rdt->clos_id && is_there(resctrl_fd, id)          ? id
			  : rdt->monitoring && is_there(resctrl_fd, monitor) ? monitor
									     : NULL;

	if (own)
		return err_set(err, EEXIST,
			       KEY ": '" RESCTRL "/%s' would be the container's own, and is there "
				   "already; remove it, or use another id",
			       own);
	return 0;
}

/* Makes the class when it may; *made says so. */
static int ensure_class(int resctrl_fd, const struct config_intel_rdt *rdt, const char *class,
			bool *made, struct err *err)
{
	struct strlist wanted = { 0 };
	int rc = 0;

	wanted_lines(rdt, &wanted);
	if (rdt->clos_id && is_there(resctrl_fd, class)) {
		rc = wanted.n ? compare(resctrl_fd, class, &wanted, err) : 0;
	} else if (rdt->clos_id && !wanted.n) {
		rc = err_set(err, ENOENT,
			     KEY ".closID: there is no class '%s' in " RESCTRL
				 ", and no schema says what it should be",
			     class);
	} else {
		rc = make_group(resctrl_fd, class, err);
		*made = rc >= 0;
		if (rc >= 0)
			rc = write_schemata(resctrl_fd, class, rdt, err);
	}
	strlist_free(&wanted);
	return rc;
}

int intel_rdt_make_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		      struct err *err)
{
	const char *class = class_of(rdt, id);
	autofree char *monitor = monitor_of(rdt, id);
	bool made = false;
	int rc = ensure_class(resctrl_fd, rdt, class, &made, err);

	if (rc >= 0 && rdt->monitoring)
		rc = make_group(resctrl_fd, monitor, err);
	if (rc < 0 && made)
		(void)unlinkat(resctrl_fd, class, AT_REMOVEDIR);
	return rc;
}

static int write_task(int resctrl_fd, const char *group, pid_t pid, struct err *err)
{
	autofree char *path = xasprintf("%s/tasks", group);
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return file_write_at(resctrl_fd, path, text, err) < 0 ? err_ctx(err, KEY) : 0;
}

int intel_rdt_enter_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		       pid_t pid, struct err *err)
{
	autofree char *monitor = monitor_of(rdt, id);
	/* A monitoring group takes only what is in its class already. */
	int rc = write_task(resctrl_fd, class_of(rdt, id), pid, err);

	return rc >= 0 && rdt->monitoring ? write_task(resctrl_fd, monitor, pid, err) : rc;
}

int intel_rdt_remove_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
			struct err *err)
{
	autofree char *monitor = monitor_of(rdt, id);
	int rc = rdt->monitoring ? remove_group(resctrl_fd, monitor, err) : 0;

	return rc >= 0 && !rdt->clos_id ? remove_group(resctrl_fd, id, err) : rc;
}

/* ---- the machine's ---- */

int intel_rdt_check(const struct config *config, const char *id, struct err *err)
{
	if (!config->has_intel_rdt)
		return 0;
	autoclose int fd = intel_rdt_open(err);

	return fd < 0 ? fd : intel_rdt_check_at(fd, &config->intel_rdt, id, err);
}

int intel_rdt_make(const struct config *config, const char *id, struct err *err)
{
	if (!config->has_intel_rdt)
		return 0;
	autoclose int fd = intel_rdt_open(err);

	return fd < 0 ? fd : intel_rdt_make_at(fd, &config->intel_rdt, id, err);
}

int intel_rdt_enter(const struct config *config, const char *id, pid_t pid, struct err *err)
{
	if (!config->has_intel_rdt)
		return 0;
	autoclose int fd = intel_rdt_open(err);

	return fd < 0 ? fd : intel_rdt_enter_at(fd, &config->intel_rdt, id, pid, err);
}

int intel_rdt_remove(const struct config *config, const char *id, struct err *err)
{
	struct err gone = ERR_INIT;

	if (!config || !config->has_intel_rdt)
		return 0;
	autoclose int fd = intel_rdt_open(&gone);

	return fd < 0 ? 0 : intel_rdt_remove_at(fd, &config->intel_rdt, id, err);
}
