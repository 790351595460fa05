/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"

#define KEY "linux.cgroupsPath"

static int check_component(const char *name, size_t len, const char *whole, struct err *err)
{
	if (len == 2 && strncmp(name, "..", 2) == 0)
		return err_set(err, EINVAL, KEY ": '%.200s' has '..' in it", whole);
	if (len > NAME_MAX)
		return err_set(err, EINVAL, KEY ": '%.200s' has a name of more than %d bytes",
			       whole, NAME_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == '\x7f')
			return err_set(err, EINVAL, KEY ": has a control character in it");
	return 0;
}

int cgroup_path_folder(const char *cgroups_path, const char *id, char **path, struct err *err)
{
	autostrbuf struct strbuf clean = { 0 };

	if (!cgroups_path || cgroups_path[0] == '\0') {
		*path = xasprintf("/ct-%s", id);
		return 0;
	}
	if (!strchr(cgroups_path, '/') && strchr(cgroups_path, ':'))
		return err_set(err, EINVAL,
			       KEY ": '%.200s' has the form of systemd, slice:prefix:name; use "
				   "--systemd-cgroup, or a path",
			       cgroups_path);
	if (strlen(cgroups_path) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, KEY ": is longer than %d bytes", PATH_MAX - 1);
	for (const char *p = cgroups_path; *p;) {
		size_t len = strcspn(p, "/");
		int rc = check_component(p, len, cgroups_path, err);

		if (rc < 0)
			return rc;
		if (len > 0 && !(len == 1 && *p == '.')) {
			strbuf_puts(&clean, "/");
			strbuf_add(&clean, p, len);
		}
		p += len + (p[len] == '/');
	}
	if (clean.len == 0)
		return err_set(err, EINVAL, KEY ": '%.200s' is the root of all groups",
			       cgroups_path);
	*path = strbuf_take(&clean);
	return 0;
}

/* What systemd takes in the name of a unit (systemd.unit(5)). */
static bool is_unit_text(const char *s, size_t len)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789:-_.\\@";

	return strspn(s, chars) >= len;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), suffix_len = strlen(suffix);

	return len > suffix_len && str_eq(s + len - suffix_len, suffix);
}

int cgroup_path_unit(const char *cgroups_path, const char *id, const char *default_slice,
		     char **slice, char **unit, struct err *err)
{
	if (!cgroups_path || cgroups_path[0] == '\0') {
		*slice = xstrdup(default_slice);
		*unit = xasprintf("ct-%s.scope", id);
		return 0;
	}
	const char *first = strchr(cgroups_path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || strchr(second + 1, ':') || second[1] == '\0' ||
	    !is_unit_text(cgroups_path, strlen(cgroups_path)) || strlen(cgroups_path) > NAME_MAX)
		return err_set(err, EINVAL,
			       KEY ": '%.200s' must have the form slice:prefix:name with "
				   "--systemd-cgroup",
			       cgroups_path);
	autofree char *own_slice = xstrndup(cgroups_path, (size_t)(first - cgroups_path));
	autofree char *prefix = xstrndup(first + 1, (size_t)(second - first - 1));
	const char *name = second + 1;

	if (own_slice[0] != '\0' && !ends_with(own_slice, ".slice") &&
	    !str_eq(own_slice, "-.slice"))
		return err_set(err, EINVAL, KEY ": slice '%.200s' does not end in '.slice'",
			       own_slice);
	*slice = own_slice[0] ? take_ptr(&own_slice) : xstrdup(default_slice);
	if (ends_with(name, ".slice") || ends_with(name, ".scope"))
		*unit = xstrdup(name);
	else if (prefix[0])
		*unit = xasprintf("%s-%s.scope", prefix, name);
	else
		*unit = xasprintf("%s.scope", name);
	return 0;
}
