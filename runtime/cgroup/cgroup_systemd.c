/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * systemd makes the group, a scope, and cgroup_v2.c works in it. systemd wants a process for a scope
 * to be born with, and the container is to be born in its group like any other: so a placeholder
 * stands in until the container's is there. It lives no longer than we do, whatever ends us, and a scope that has
 * no process left is stopped by systemd itself.
 */
#include "runtime/cgroup/cgroup_systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_path.h"

static bool is_slice(const char *unit)
{
	size_t len = strlen(unit);

	return len > 6 && str_eq(unit + len - 6, ".slice");
}

/* ---- plan ---- */

/* The unit's place is a function of its name, so it is known, and in state.json, before it is there. */
static int plan_folder(struct cgroup *cg, struct systemd_bus *bus, const struct cgroup_mount *mount,
		       struct err *err)
{
	autofree char *base = NULL, *slice_path = NULL;
	int rc = systemd_bus_control_group(bus, &base, err);

	if (rc >= 0)
		rc = systemd_slice_path(is_slice(cg->unit) ? cg->unit : cg->slice, &slice_path,
					err);
	if (rc < 0)
		return rc;
	if (str_eq(base, "/"))
		base[0] = '\0';
	cg->folders = xcalloc(1, sizeof(*cg->folders));
	cg->n = 1;
	cg->folders[0] = (struct cgroup_folder)CGROUP_FOLDER_INIT;
	cg->folders[0].label = xstrdup("");
	cg->folders[0].mount = xstrdup(mount->point);
	cg->folders[0].path = is_slice(cg->unit) ? xasprintf("%s%s", base, slice_path)
						 : xasprintf("%s%s/%s", base, slice_path, cg->unit);
	return 0;
}

static int plan(struct cgroup *cg, const struct cgroup_request *request,
		const struct cgroup_host *host, struct err *err)
{
	const struct cgroup_v2_now fresh = { .memory_limit = INT64_MAX, .cpu_quota = "max" };
	const struct cgroup_mount *mount = cgroup_host_v2(host);
	autoproperties struct systemd_properties properties = { 0 };
	autowrites struct cgroup_writes writes = { 0 };
	autobus struct systemd_bus *bus = NULL;

	cg->below = &cgroup_v2_ops;
	cg->user_bus = request->rootless || geteuid() != 0;
	int rc = systemd_bus_open(cg->user_bus, &bus, err);

	if (rc < 0)
		return rc;
	if (host->v1_controllers || !mount)
		return err_set(err, ENOTSUP,
			       "--systemd-cgroup: needs cgroup v2 alone, and this host has "
			       "controllers on v1; use --cgroup-manager cgroupfs");
	rc = cgroup_v2_writes(request->resources, &fresh, &writes, err);
	if (rc >= 0)
		rc = systemd_properties_of_annotations(request->annotations, &properties, err);
	if (rc >= 0)
		rc = cgroup_path_unit(request->path, request->id,
				      cg->user_bus ? "user.slice" : "system.slice", &cg->slice,
				      &cg->unit, err);
	return rc < 0 ? rc : plan_folder(cg, bus, mount, err);
}

/* ---- the placeholder ---- */

/* Waits to be killed; dies with us. */
static int start_placeholder(pid_t *pid, struct err *err)
{
	pid_t parent = getpid();

	*pid = fork();
	if (*pid < 0)
		return err_errno(err, "fork a process to start a scope with");
	if (*pid > 0)
		return 0;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		(void)pause();
}

static void end_placeholder(struct cgroup *cg)
{
	pid_t pid = cg->placeholder;

	if (pid == 0)
		return;
	cg->placeholder = 0;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- make ---- */

static void scope_properties(const struct cgroup *cg, struct systemd_properties *all)
{
	autofree char *description = xasprintf("container %s", cg->unit);

	systemd_property_string(all, "Description", description);
	systemd_property_number(all, "DefaultDependencies", SYSTEMD_BOOL, false);
	systemd_property_string(all, "CollectMode", "inactive-or-failed");
	if (!is_slice(cg->unit)) {
		systemd_property_string(all, "Slice", cg->slice);
		systemd_property_number(all, "Delegate", SYSTEMD_BOOL, true);
		systemd_property_number(all, "PIDs", SYSTEMD_PIDS, (uint64_t)cg->placeholder);
	}
	static const char *const accounting[] = { "MemoryAccounting", "CPUAccounting",
						  "IOAccounting", "TasksAccounting" };

	for (size_t i = 0; i < ARRAY_SIZE(accounting); i++)
		systemd_property_number(all, accounting[i], SYSTEMD_BOOL, true);
}

static int start_unit(struct cgroup *cg, struct err *err)
{
	autoproperties struct systemd_properties properties = { 0 };
	autobus struct systemd_bus *bus = NULL;
	int rc = systemd_bus_open(cg->user_bus, &bus, err);

	if (rc >= 0 && !is_slice(cg->unit))
		rc = start_placeholder(&cg->placeholder, err);
	if (rc < 0)
		return rc;
	scope_properties(cg, &properties);
	rc = systemd_properties_of_annotations(cg->annotations, &properties, err);
	if (rc >= 0)
		rc = systemd_bus_start(bus, cg->unit, &properties, err);
	if (rc >= 0)
		rc = cgroup_folder_open(&cg->folders[0], err);
	if (rc < 0)
		end_placeholder(cg);
	return rc < 0 ? rc : 1;
}

/* restart: systemd has stopped the scope with its last process. */
static int make(struct cgroup *cg, struct err *err)
{
	int rc = cg->loaded ? cgroup_folder_open(&cg->folders[0], err) : -ENOENT;

	if (rc != -ENOENT)
		return rc < 0 ? rc : 0;
	err_clear(err);
	return start_unit(cg, err);
}

/* The user's manager has its groups below one that only root may move processes across. */
static int clone_fd(const struct cgroup *cg)
{
	return cg->user_bus ? -1 : cg->folders[0].fd;
}

/* The pid as the host's procfs has it: getpid() in a new pid namespace is 1. */
static pid_t own_pid(void)
{
	char text[16] = "";
	uint64_t pid;
	struct err ignored = ERR_INIT;
	ssize_t len = readlink("/proc/self", text, sizeof(text) - 1);

	if (len <= 0 || str_to_u64(text, "pid", 1, INT32_MAX, &pid, &ignored) < 0)
		return getpid();
	return (pid_t)pid;
}

static int enter(const struct cgroup *cg, pid_t pid, struct err *err)
{
	int rc = cgroup_v2_enter(cg, pid, err);

	if (rc != -EACCES && rc != -EPERM)
		return rc;
	autobus struct systemd_bus *bus = NULL;

	err_clear(err);
	rc = systemd_bus_open(cg->user_bus, &bus, err);
	return rc < 0 ? rc : systemd_bus_attach(bus, cg->unit, pid ? pid : own_pid(), err);
}

static int set_properties(struct cgroup *cg, const struct resources *resources, struct err *err)
{
	const struct cgroup_v2_now unknown = { .memory_limit = 0, .cpu_quota = "max" };
	autowrites struct cgroup_writes writes = { 0 };
	autoproperties struct systemd_properties properties = { 0 };
	autobus struct systemd_bus *bus = NULL;
	int rc = cgroup_v2_writes(resources, &unknown, &writes, err);

	if (rc < 0)
		return rc;
	systemd_properties_of_limits(&writes, &properties);
	if (properties.n == 0)
		return 0;
	rc = systemd_bus_open(cg->user_bus, &bus, err);
	return rc < 0 ? rc : systemd_bus_set(bus, cg->unit, &properties, err);
}

/* systemd learns of them first: it writes the files too, and rounds. */
static int apply(struct cgroup *cg, const struct resources *resources, struct err *err)
{
	int rc = set_properties(cg, resources, err);

	if (rc >= 0)
		rc = cgroup_v2_apply(cg, resources, err);
	return rc;
}

/* ---- remove ---- */

static int remove_unit(struct cgroup *cg, struct err *err)
{
	autobus struct systemd_bus *bus = NULL;
	struct err ignored = ERR_INIT;

	end_placeholder(cg);
	int rc = cgroup_v2_wait_empty(cg, err);

	if (rc >= 0)
		rc = systemd_bus_open(cg->user_bus, &bus, err);
	if (rc >= 0)
		rc = systemd_bus_stop(bus, cg->unit, err);
	if (rc < 0)
		return rc;
	/* Stopped is gone, but for one that systemd did not know. */
	cg->folders[0].made = 1;
	(void)cgroup_folder_remove(&cg->folders[0], &ignored);
	return 0;
}

const struct cgroup_ops cgroup_systemd_ops = {
	.name = "systemd",
	.plan = plan,
	.make = make,
	.clone_fd = clone_fd,
	.enter = enter,
	.apply = apply,
	.delegate = cgroup_v2_delegate,
	.kill = cgroup_v2_kill,
	.remove = remove_unit,
	.freeze = cgroup_v2_freeze,
	.is_frozen = cgroup_v2_is_frozen,
	.pids = cgroup_v2_pids,
	.stats = cgroup_v2_stats,
	.oom_fd = cgroup_v2_oom_fd,
	.release = end_placeholder,
};
