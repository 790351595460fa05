/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_backend.h"

static const struct cgroup_ops *const backends[] = { &cgroup_v1_ops, &cgroup_v2_ops,
						     &cgroup_systemd_ops };

/* In the order of enum cgroup_manager. */
static const char *const managers[] = { "cgroupfs", "systemd", "disabled" };

/* ---- plan ---- */

/*
 * What cannot be set where there is no group. Device rules are no limit there: who has no right to a
 * group makes no device nodes either, and who has said --cgroup-manager disabled has said it.
 */
static int refuse_limits(const struct cgroup_request *request, const char *why, struct err *err)
{
	unsigned int wanted = cgroup_wanted(request->resources);

	if (wanted & CGROUP_DEVICES)
		log_debug("linux.resources.devices: %s, ignoring", why);
	wanted &= ~(unsigned int)CGROUP_DEVICES;
	if (!wanted)
		return 0;
	return err_set(err, EPERM, "%s: cannot be set: %s", cgroup_resource_key(wanted), why);
}

static int pick(struct cgroup *cg, const struct cgroup_request *request, struct err *err)
{
	autocgrouphost struct cgroup_host host = { 0 };
	int rc = cgroup_host_read(&host, err);

	if (rc < 0)
		return rc;
	if (cg->manager == CGROUP_SYSTEMD)
		cg->ops = &cgroup_systemd_ops;
	else if (host.v1_controllers)
		cg->ops = &cgroup_v1_ops;
	else if (cgroup_host_v2(&host))
		cg->ops = &cgroup_v2_ops;
	if (!cg->ops)
		return refuse_limits(request, "this host has no control groups mounted", err);
	cg->exists = true;
	return cg->ops->plan(cg, request, &host, err);
}

int cgroup_plan(const struct cgroup_request *request, struct cgroup **cgroup, struct err *err)
{
	autocgroup struct cgroup *cg = xcalloc(1, sizeof(*cg));
	int rc;

	cg->manager = request->manager;
	if (cg->manager == CGROUP_DISABLED)
		rc = refuse_limits(request, "--cgroup-manager is disabled", err);
	else
		rc = pick(cg, request, err);
	if (rc < 0)
		return rc;
	*cgroup = take_ptr(&cg);
	return 0;
}

void cgroup_free(struct cgroup **cgroup)
{
	struct cgroup *cg = *cgroup;

	if (!cg)
		return;
	if (cg->ops && cg->ops->release)
		cg->ops->release(cg);
	for (size_t i = 0; i < cg->n; i++)
		cgroup_folder_free(&cg->folders[i]);
	free(cg->folders);
	free(cg->slice);
	free(cg->unit);
	free(cg);
	*cgroup = NULL;
}

/* ---- state.json ---- */

json_node *cgroup_json(const struct cgroup *cg)
{
	json_node *root = json_object();

	json_put_string(root, "manager", managers[cg->manager]);
	if (!cg->exists)
		return root;
	json_put_string(root, "version", cg->ops->name);
	json_put_string(root, "below", cg->below ? cg->below->name : NULL);
	json_put_string(root, "slice", cg->slice);
	json_put_string(root, "unit", cg->unit);
	if (cg->entered)
		json_put_bool(root, "entered", true);
	if (cg->user_bus)
		json_put_bool(root, "userBus", true);
	json_node *folders = json_put_array(root, "folders");

	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_folder *folder = &cg->folders[i];
		json_node *entry = json_object();

		json_put_string(entry, "controllers", folder->label);
		json_put_string(entry, "mount", folder->mount);
		json_put_string(entry, "path", folder->path);
		json_put_int(entry, "made", folder->made);
		json_append(folders, entry);
	}
	return root;
}

static char *copy_string(const json_node *node, const char *key)
{
	const char *text = json_string(json_get(node, key));

	return text ? xstrdup(text) : NULL;
}

static const struct cgroup_ops *find_backend(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (str_eq(backends[i]->name, name))
			return backends[i];
	return NULL;
}

bool cgroup_has_backend(const char *name)
{
	return find_backend(name) != NULL;
}

static unsigned int controllers_of(const char *label)
{
	unsigned int bits = 0;

	for (const char *p = label; *p;) {
		const char *comma = strchrnul(p, ',');

		bits |= cgroup_controller(p, (size_t)(comma - p));
		p = comma + (*comma == ',');
	}
	return bits;
}

static bool folder_from_json(const json_node *node, struct cgroup_folder *folder)
{
	*folder = (struct cgroup_folder)CGROUP_FOLDER_INIT;
	folder->label = copy_string(node, "controllers");
	folder->mount = copy_string(node, "mount");
	folder->path = copy_string(node, "path");
	if (!folder->label || !folder->mount || !folder->path || folder->path[0] != '/' ||
	    !json_int(json_get(node, "made"), &folder->made))
		return false;
	folder->controllers = controllers_of(folder->label);
	return true;
}

static bool read_json(const json_node *node, struct cgroup *cg)
{
	const char *manager = json_string(json_get(node, "manager"));
	const char *version = json_string(json_get(node, "version"));
	const json_node *folders = json_get(node, "folders");

	cg->manager = CGROUP_DISABLED;
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++)
		if (str_eq(managers[i], manager))
			cg->manager = (enum cgroup_manager)i;
	if (!version)
		return true;
	cg->ops = find_backend(version);
	cg->below = find_backend(json_string(json_get(node, "below")));
	cg->exists = cg->ops;
	cg->loaded = true;
	cg->entered = json_is_true(json_get(node, "entered"));
	cg->slice = copy_string(node, "slice");
	cg->unit = copy_string(node, "unit");
	cg->user_bus = json_is_true(json_get(node, "userBus"));
	for (const json_node *n = json_first(folders); n; n = json_next(n)) {
		cg->folders = xreallocarray(cg->folders, cg->n + 1, sizeof(*cg->folders));
		if (!folder_from_json(n, &cg->folders[cg->n++]))
			return false;
	}
	return cg->ops && cg->n > 0;
}

int cgroup_from_json(const json_node *node, struct cgroup **cgroup, struct err *err)
{
	autocgroup struct cgroup *cg = xcalloc(1, sizeof(*cg));

	if (!node)
		cg->manager = CGROUP_DISABLED;
	else if (!read_json(node, cg))
		return err_set(err, EPROTO, "state.json: 'cgroup' was not written by this runtime");
	*cgroup = take_ptr(&cg);
	return 0;
}

/* ---- what the back end does ---- */

/* No right to a group: fine as long as nothing was asked for. */
static int without(struct cgroup *cg, const struct cgroup_request *request, struct err *err)
{
	struct err why = *err;

	err_clear(err);
	cg->exists = false;
	int rc = refuse_limits(request, why.msg, err);

	if (rc >= 0)
		log_debug("%s; the container has no cgroup of its own", why.msg);
	return rc;
}

int cgroup_make(struct cgroup *cg, const struct cgroup_request *request, struct err *err)
{
	cg->annotations = request->annotations;
	int rc = cg->exists ? cg->ops->make(cg, err) : 0;

	if (rc == -EACCES || rc == -EPERM || rc == -EROFS)
		return without(cg, request, err);
	return rc;
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->exists && cg->ops->clone_fd ? cg->ops->clone_fd(cg) : -1;
}

int cgroup_enter(const struct cgroup *cg, pid_t pid, struct err *err)
{
	return cg->exists ? cg->ops->enter(cg, pid, err) : 0;
}

int cgroup_apply(struct cgroup *cg, const struct resources *resources, struct err *err)
{
	const struct cgroup_request request = { .resources = resources };

	if (!cg->exists)
		return refuse_limits(&request, "the container has no cgroup of its own", err);
	return cg->ops->apply(cg, resources, err);
}

int cgroup_delegate(const struct cgroup *cg, uid_t uid, struct err *err)
{
	return cg->exists && cg->ops->delegate ? cg->ops->delegate(cg, uid, err) : 0;
}

int cgroup_kill(const struct cgroup *cg, struct err *err)
{
	return cg->exists && cg->entered ? cg->ops->kill(cg, err) : 0;
}

int cgroup_remove(struct cgroup *cg, struct err *err)
{
	return cg->exists ? cg->ops->remove(cg, err) : 0;
}

static int refuse(struct err *err, const char *operation)
{
	return err_set(err, ENOTSUP, "cannot %s: the container has no cgroup of its own",
		       operation);
}

int cgroup_freeze(const struct cgroup *cg, bool frozen, struct err *err)
{
	return cg->exists ? cg->ops->freeze(cg, frozen, err)
			  : refuse(err, frozen ? "pause" : "resume");
}

bool cgroup_is_frozen(const struct cgroup *cg)
{
	return cg->exists && cg->ops->is_frozen(cg);
}

int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	*pids = NULL;
	*n = 0;
	return cg->exists ? cg->ops->pids(cg, pids, n, err) : refuse(err, "list processes");
}

int cgroup_stats(const struct cgroup *cg, json_node *data, struct err *err)
{
	return cg->exists ? cg->ops->stats(cg, data, err) : refuse(err, "read statistics");
}

int cgroup_oom_fd(const struct cgroup *cg, struct err *err)
{
	return cg->exists ? cg->ops->oom_fd(cg, err) : -1;
}

bool cgroup_exists(const struct cgroup *cg)
{
	return cg->exists;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		cgroup_folder_close(&cg->folders[i]);
}

void cgroup_set_entered(struct cgroup *cg)
{
	cg->entered = true;
	if (cg->ops && cg->ops->release)
		cg->ops->release(cg);
}

bool cgroup_needs_entry(const struct cgroup *cg)
{
	return cg->exists && cgroup_clone_fd(cg) < 0;
}

size_t cgroup_places(const struct cgroup *cg, struct cgroup_place *places, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; cg->exists && i < cg->n && n < max; i++)
		places[n++] = (struct cgroup_place){ .controllers = cg->folders[i].label,
						     .mount = cg->folders[i].mount,
						     .path = cg->folders[i].path };
	return n;
}
