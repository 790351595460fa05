/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_v2.h"

/*
 * A group has the controllers that its parent hands down (cgroup.subtree_control), and a parent hands
 * down what it has itself, as long as no process sits in it (cgroups(7), "no internal processes").
 */
#define LIST_MAX 4096

static const struct {
	unsigned int bit;
	const char *name;
} controllers[] = {
	{ CGROUP_CPUSET, "cpuset" }, { CGROUP_CPU, "cpu" },         { CGROUP_BLKIO, "io" },
	{ CGROUP_MEMORY, "memory" }, { CGROUP_HUGETLB, "hugetlb" }, { CGROUP_PIDS, "pids" },
	{ CGROUP_RDMA, "rdma" },     { CGROUP_MISC, "misc" },
};

const char *cgroup_v2_name(unsigned int controller)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (controllers[i].bit & controller)
			return controllers[i].name;
	return "";
}

unsigned int cgroup_v2_bits(const char *list)
{
	unsigned int bits = 0;

	while (*list) {
		size_t len = strcspn(list, " \n");

		bits |= cgroup_controller(list, len);
		list += len + (list[len] != '\0');
	}
	return bits;
}

/* What every group has, or a program of ours does. */
#define NO_CONTROLLER (CGROUP_CPUACCT | CGROUP_DEVICES | CGROUP_FREEZER | CGROUP_UNIFIED)

unsigned int cgroup_v2_needed(const struct resources *resources)
{
	unsigned int needed = cgroup_wanted(resources) & ~(unsigned int)NO_CONTROLLER;

	for (size_t i = 0; i < resources->unified.n; i++) {
		const char *file = resources->unified.items[i].key;

		needed |= cgroup_controller(file, strcspn(file, "."));
	}
	return needed & ~(unsigned int)NO_CONTROLLER;
}

static int enable_error(const char *parent, unsigned int bit, int code, struct err *err)
{
	const char *key = cgroup_resource_key(bit), *name = cgroup_v2_name(bit);

	if (code == EBUSY)
		return err_set(
			err, EBUSY,
			"%s: cgroup '%s' has processes of its own, so the kernel gives its "
			"sub-groups no '%s' controller; move them into a sub-group, or choose "
			"another linux.cgroupsPath",
			key, parent, name);
	if (code == EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "%s: cgroup '%s' is threaded, and the '%s' controller is not to be "
			       "had in there; choose another linux.cgroupsPath",
			       key, parent, name);
	return err_set(err, code, "%s: give the sub-groups of cgroup '%s' the '%s' controller: %s",
		       key, parent, name, strerror(code));
}

static int write_names(int parent_fd, unsigned int bits)
{
	struct err ignored = ERR_INIT;
	char text[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (bits & controllers[i].bit)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "+%s ",
						controllers[i].name);
	return len ? file_write_at(parent_fd, "cgroup.subtree_control", text, &ignored) : 0;
}

/*
 * All at once; one by one when that is refused for another reason than the processes in parent: there
 * the kernel would take "cpu" alone and make the whole subtree a threaded one.
 */
static int hand_down(int parent_fd, const char *parent, unsigned int bits, unsigned int needed,
		     struct err *err)
{
	int rc = write_names(parent_fd, bits);
	bool all = rc == -EBUSY || rc == -EOPNOTSUPP;

	for (size_t i = 0; rc < 0 && i < ARRAY_SIZE(controllers); i++) {
		unsigned int bit = bits & controllers[i].bit;
		int one_rc = all || !bit ? rc : write_names(parent_fd, bit);

		if (!bit || one_rc >= 0)
			continue;
		if (needed & bit)
			return enable_error(parent, bit, -one_rc, err);
		log_debug("cgroup '%s': ignoring that its sub-groups get no '%s': %s", parent,
			  controllers[i].name, strerror(-one_rc));
	}
	return 0;
}

int cgroup_v2_enable(int parent_fd, const char *parent, unsigned int needed, struct err *err)
{
	autofree char *has = NULL, *enabled = NULL;
	int rc = file_read_at(parent_fd, "cgroup.controllers", LIST_MAX, &has, NULL, err);

	if (rc >= 0)
		rc = file_read_at(parent_fd, "cgroup.subtree_control", LIST_MAX, &enabled, NULL,
				  err);
	if (rc < 0)
		return err_ctx(err, "cgroup '%s'", parent);
	unsigned int available = cgroup_v2_bits(has);
	unsigned int missing = needed & ~available;

	if (missing)
		return err_set(
			err, ENOTSUP,
			"%s: cgroup '%s' has no '%s' controller; see cgroup.subtree_control "
			"of the groups above it, and cgroup_disable= and cgroup_no_v1= of the "
			"kernel's command line",
			cgroup_resource_key(missing), parent, cgroup_v2_name(missing));
	return hand_down(parent_fd, parent, available & ~cgroup_v2_bits(enabled), needed, err);
}
