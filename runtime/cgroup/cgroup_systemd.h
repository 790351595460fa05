/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_SYSTEMD_H
#define CT_CGROUP_SYSTEMD_H

#include "runtime/cgroup/cgroup_v2.h"

/* Between the cgroup_systemd*.c files alone. */

/* A property of a unit, org.freedesktop.systemd1(5). type is D-Bus's, with two of our own. */
enum systemd_type {
	SYSTEMD_STRING = 's',
	SYSTEMD_BOOL = 'b',
	SYSTEMD_BYTE = 'y',
	SYSTEMD_INT16 = 'n',
	SYSTEMD_UINT16 = 'q',
	SYSTEMD_INT32 = 'i',
	SYSTEMD_UINT32 = 'u',
	SYSTEMD_INT64 = 'x',
	SYSTEMD_UINT64 = 't',
	SYSTEMD_STRINGS = 'A', /* as */
	SYSTEMD_BYTES = 'Y',   /* ay */
	SYSTEMD_PIDS = 'P',    /* au of one */
};

struct systemd_property {
	char *name;
	enum systemd_type type;
	uint64_t number; /* signed ones too, in two's complement */
	struct strbuf text;
	struct strlist list;
};

struct systemd_properties {
	struct systemd_property *items;
	size_t n;
};

void systemd_properties_free(struct systemd_properties *properties);
#define autoproperties __attribute__((cleanup(systemd_properties_free)))
/* A new, zeroed one; good until the next is added. */
struct systemd_property *systemd_property_add(struct systemd_properties *properties,
					      const char *name, enum systemd_type type);
void systemd_property_number(struct systemd_properties *properties, const char *name,
			     enum systemd_type type, uint64_t number);
void systemd_property_string(struct systemd_properties *properties, const char *name,
			     const char *text);

/*
 * Limits as systemd knows them, so that it does not put its own in their place the next time it looks
 * at the unit. What it has no property for is left to the files.
 */
void systemd_properties_of_limits(const struct cgroup_writes *writes,
				  struct systemd_properties *properties);
/*
 * Annotations "org.systemd.property.NAME" with a value in GVariant's text form: 'text', true, 5,
 * uint64 5, ['a', 'b']; a name that ends in Sec takes seconds and becomes the USec one. Errors name the
 * annotation; those that decide where processes are belong to the runtime.
 */
int systemd_properties_of_annotations(const struct strmap *annotations,
				      struct systemd_properties *properties, struct err *err);

/* "/a.slice/a-b.slice" of "a-b.slice", "" of "-.slice". */
int systemd_slice_path(const char *slice, char **path, struct err *err);

/* ---- the bus ---- */

/* A connection to the manager of the system, or of the user. libsystemd is loaded here. */
struct systemd_bus;
int systemd_bus_open(bool user, struct systemd_bus **result, struct err *err);
void systemd_bus_close(struct systemd_bus **bus);
#define autobus __attribute__((cleanup(systemd_bus_close)))

/* The group below which the manager has its units; "" for the root. The caller frees. */
int systemd_bus_control_group(struct systemd_bus *bus, char **path, struct err *err);
/*
 * StartTransientUnit, and wait for its job. A failed unit of that name that nobody has collected is
 * reset once. EEXIST: the name is taken.
 */
int systemd_bus_start(struct systemd_bus *bus, const char *unit,
		      const struct systemd_properties *properties, struct err *err);
/* SetUnitProperties until the next boot; returns when they are in the group's files. */
int systemd_bus_set(struct systemd_bus *bus, const char *unit,
		    const struct systemd_properties *properties, struct err *err);
/* For a process that we have no right to move: the manager does. */
int systemd_bus_attach(struct systemd_bus *bus, const char *unit, pid_t pid, struct err *err);
/* StopUnit, wait for its job, forget its failure. Fine when it is not loaded. */
int systemd_bus_stop(struct systemd_bus *bus, const char *unit, struct err *err);

#endif
