/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/enter_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/cgroup/cgroup.h"

static bool leads_out(const char *path)
{
	for (const char *p = path; *p; p += p[strcspn(p, "/")] != '\0') {
		if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
			return true;
		p += strcspn(p, "/");
	}
	return false;
}

/* Is one of the names that stand in wanted (with commas between) one of have's? */
static bool has_one_of(const char *have, const char *wanted, size_t len)
{
	for (const char *p = wanted; p < wanted + len; p++) {
		size_t word = strcspn(p, ",:");

		for (const char *h = have; *h; h += h[strcspn(h, ",")] != '\0') {
			size_t name = strcspn(h, ",");

			if (name == word && strncmp(h, p, word) == 0)
				return true;
			h += name;
		}
		p += word;
	}
	return false;
}

static int enter_below(const struct cgroup *cgroup, const char *text, struct err *err)
{
	struct cgroup_place places[CGROUP_PLACES_MAX];
	size_t n = cgroup_places(cgroup, places, CGROUP_PLACES_MAX);
	const char *colon = strchr(text, ':');
	const char *path = colon ? colon + 1 : text;
	bool entered = false;

	if (leads_out(path))
		return err_set(err, EINVAL, "--cgroup '%s': leads out of the container's cgroup",
			       text);
	for (size_t i = 0; i < n; i++) {
		if (colon && !has_one_of(places[i].controllers, text, (size_t)(colon - text)))
			continue;
		autofree char *procs =
			xasprintf("%s%s/%s/cgroup.procs", places[i].mount, places[i].path, path);
		int rc = file_write_at(AT_FDCWD, procs, "0", err);

		if (rc < 0)
			return err_ctx(err, "--cgroup '%s'", text);
		entered = true;
	}
	if (entered)
		return 0;
	return err_set(err, EINVAL,
		       "--cgroup '%s': the container is in no cgroup of that controller", text);
}

int enter_cgroup(const struct container *c, const struct strlist *below, struct err *err)
{
	const struct cgroup *cgroup = c->state.cgroup;
	bool everywhere = false; /* one without a controller: the container's own is not entered */
	int rc = 0;

	if (!cgroup || !cgroup_exists(cgroup)) {
		if (below->n)
			return err_set(err, ENOTSUP, "--cgroup '%s': container '%s' has no cgroup",
				       below->items[0], c->id);
		return 0;
	}
	for (size_t i = 0; i < below->n; i++)
		everywhere = everywhere || !strchr(below->items[i], ':');
	if (!everywhere)
		rc = cgroup_enter(cgroup, 0, err);
	for (size_t i = 0; rc >= 0 && i < below->n; i++)
		rc = enter_below(cgroup, below->items[i], err);
	return rc;
}
