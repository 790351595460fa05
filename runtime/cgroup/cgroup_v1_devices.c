/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_v1.h"

/*
 * linux.resources.devices as writes to devices.allow and devices.deny, in the order of the list.
 *
 * The kernel keeps a default and exceptions from it (Documentation/admin-guide/cgroup-v1/devices.rst):
 * a rule for the default's side takes an equal exception away, and does nothing to a wider one. A list
 * that would need a hole in an exception cannot be had here, and is refused instead of being almost
 * applied.
 */

#define KEY "linux.resources.devices"

struct state {
	const struct cgroup_folder *folder;
	bool allows; /* the default */
	struct resource_devices exceptions;
};

static bool has_all_access(const struct resource_device *rule)
{
	return rule->read && rule->write && rule->mknod;
}

static bool is_whole(const struct resource_device *rule)
{
	return rule->type == 'a' && !rule->major.set && !rule->minor.set && has_all_access(rule);
}

static bool number_covers(const struct resource_number *wide, const struct resource_number *one)
{
	return !wide->set || (one->set && one->value == wide->value);
}

static bool number_equals(const struct resource_number *a, const struct resource_number *b)
{
	return a->set == b->set && a->value == b->value;
}

/* Rules about nodes alone are no hole: who cannot open a device may well make a node of it. */
static bool share_access(const struct resource_device *a, const struct resource_device *b)
{
	return (a->read && b->read) || (a->write && b->write);
}

/* An exception that holds for more than the rule that would take a part of it away. */
static bool needs_hole(const struct state *state, const struct resource_device *rule)
{
	for (size_t i = 0; i < state->exceptions.n; i++) {
		const struct resource_device *wide = &state->exceptions.items[i];

		if (wide->type == rule->type && share_access(wide, rule) &&
		    number_covers(&wide->major, &rule->major) &&
		    number_covers(&wide->minor, &rule->minor) &&
		    !(number_equals(&wide->major, &rule->major) &&
		      number_equals(&wide->minor, &rule->minor)))
			return true;
	}
	return false;
}

static void print_number(char *buf, size_t size, const struct resource_number *number)
{
	if (number->set)
		(void)snprintf(buf, size, "%" PRId64, number->value);
	else
		(void)snprintf(buf, size, "*");
}

static int write_rule(struct state *state, const struct resource_device *rule, struct err *err)
{
	const char *file = rule->allow ? "devices.allow" : "devices.deny";
	char text[64], major[24], minor[24];

	print_number(major, sizeof(major), &rule->major);
	print_number(minor, sizeof(minor), &rule->minor);
	(void)snprintf(text, sizeof(text), "%c %s:%s %s%s%s", rule->type, major, minor,
		       rule->read ? "r" : "", rule->write ? "w" : "", rule->mknod ? "m" : "");
	if (rule->allow == state->allows && needs_hole(state, rule))
		return err_set(err, ENOTSUP,
			       KEY ": '%s' is a part of what an earlier rule %s, which cgroup v1 "
				   "cannot express; order the rules from the special to the "
				   "general",
			       text, rule->allow ? "denies" : "allows");
	if (rule->allow != state->allows)
		state->exceptions.items[state->exceptions.n++] = *rule;
	return cgroup_set(state->folder, KEY, file, text, err);
}

/* The kernel takes 'a' for everything, whatever stands behind it. */
static int apply_rule(struct state *state, const struct resource_device *rule, struct err *err)
{
	struct resource_device one = *rule;

	if (is_whole(rule)) {
		state->allows = rule->allow;
		state->exceptions.n = 0;
		return cgroup_set(state->folder, KEY,
				  rule->allow ? "devices.allow" : "devices.deny", "a", err);
	}
	if (rule->type != 'a')
		return write_rule(state, rule, err);
	one.type = 'b';
	int rc = write_rule(state, &one, err);

	one.type = 'c';
	return rc < 0 ? rc : write_rule(state, &one, err);
}

/* What holds before the first rule: all is allowed, unless our own group is restricted. */
static int read_default(struct state *state, struct err *err)
{
	autofree char *text = NULL;
	int rc = cgroup_get(state->folder, "devices.list", &text, err);

	if (rc >= 0)
		state->allows = str_starts(text, "a ");
	return rc;
}

int cgroup_v1_devices(const struct cgroup_folder *folder, const struct resource_devices *devices,
		      struct err *err)
{
	struct resource_devices rules;
	int rc = 0;

	if (devices->n == 0)
		return 0;
	cgroup_device_rules(devices, &rules);
	autofree struct resource_device *items = rules.items;
	/* 'a' becomes two */
	autofree struct resource_device *exceptions = xcalloc(2 * rules.n, sizeof(*exceptions));
	struct state state = { .folder = folder, .allows = true, .exceptions = { exceptions, 0 } };

	if (!is_whole(&items[0]))
		rc = read_default(&state, err);
	for (size_t i = 0; rc >= 0 && i < rules.n; i++)
		rc = apply_rule(&state, &items[i], err);
	return rc;
}
