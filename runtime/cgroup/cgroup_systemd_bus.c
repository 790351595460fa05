/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/sdbus.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup_systemd.h"

#define SERVICE   "org.freedesktop.systemd1"
#define OBJECT    "/org/freedesktop/systemd1"
#define MANAGER   "org.freedesktop.systemd1.Manager"
#define WAY_OUT   "; or use --cgroup-manager cgroupfs"
#define BOOTED    "/run/systemd/system"
#define JOB_MS    30000
#define NO_UNIT   "org.freedesktop.systemd1.NoSuchUnit"
#define TAKEN     "org.freedesktop.systemd1.UnitExists"
#define USEC_MSEC 1000

struct systemd_bus {
	struct sdbus lib;
	sd_bus *bus;
	bool direct; /* to the manager itself, no bus daemon in between */
	/* The job that is waited for, and how it ended. */
	char *job;
	char result[32];
};

/* ---- connection ---- */

/* The manager's own socket, for a host without a bus daemon. */
static int open_direct(struct systemd_bus *bus, bool user)
{
	const char *runtime_dir = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	autofree char *address = NULL;

	if (!runtime_dir)
		return -ENOENT;
	address = xasprintf("unix:path=%s/systemd/private", runtime_dir);
	bus->direct = true;
	int rc = bus->lib.sd_bus_new(&bus->bus);

	if (rc >= 0)
		rc = bus->lib.sd_bus_set_address(bus->bus, address);
	return rc < 0 ? rc : bus->lib.sd_bus_start(bus->bus);
}

static int job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct systemd_bus *bus = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (bus->lib.sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0 &&
	    str_eq(job, bus->job))
		(void)snprintf(bus->result, sizeof(bus->result), "%s", result);
	return 0;
}

static int connect_bus(struct systemd_bus *bus, bool user, struct err *err)
{
	struct sdbus *lib = &bus->lib;
	struct err why = ERR_INIT;
	int rc = sdbus_load(lib, &why);

	if (rc < 0)
		return err_set(err, why.code, "--systemd-cgroup: %s" WAY_OUT, why.msg);
	rc = user ? lib->sd_bus_open_user(&bus->bus) : lib->sd_bus_open_system(&bus->bus);
	if (rc < 0) {
		int direct_rc = open_direct(bus, user);

		if (direct_rc < 0)
			return err_set(err, -rc,
				       "--systemd-cgroup: no connection to systemd by D-Bus: %s; "
				       "%s" WAY_OUT,
				       strerror(-rc),
				       user ? "set XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS of "
					      "a login session"
					    : "is dbus.service running?");
	}
	rc = lib->sd_bus_match_signal(bus->bus, NULL, bus->direct ? NULL : SERVICE, OBJECT, MANAGER,
				      "JobRemoved", job_removed, bus);
	return rc < 0 ? err_set(err, -rc, "listen to systemd's jobs: %s", strerror(-rc)) : 0;
}

int systemd_bus_open(bool user, struct systemd_bus **result, struct err *err)
{
	if (access(BOOTED, F_OK) < 0)
		return err_set(err, ENOTSUP,
			       "--systemd-cgroup: systemd is not process 1 here (no " BOOTED
			       ")" WAY_OUT);
	autobus struct systemd_bus *bus = xcalloc(1, sizeof(*bus));
	int rc = connect_bus(bus, user, err);

	if (rc >= 0)
		*result = take_ptr(&bus);
	return rc;
}

void systemd_bus_close(struct systemd_bus **bus)
{
	if (!*bus)
		return;
	if ((*bus)->bus)
		(void)(*bus)->lib.sd_bus_flush_close_unref((*bus)->bus);
	free((*bus)->job);
	free(*bus);
	*bus = NULL;
}

/* ---- calls ---- */

/*
 * The manager's own words; frees error. A property that cannot be set is EROFS on the bus, which is no
 * read-only cgroup tree and must not be taken for one.
 */
static int call_failed(struct systemd_bus *bus, int rc, sd_bus_error *error, const char *what,
		       struct err *err)
{
	(void)err_set(err, rc == -EROFS ? EINVAL : -rc, "systemd: %s: %s", what,
		      error->message ? error->message : strerror(-rc));
	bus->lib.sd_bus_error_free(error);
	return -err->code;
}

/* Wait until the job of this path is removed from the queue. */
static int wait_job(struct systemd_bus *bus, const char *unit, struct err *err)
{
	int64_t deadline = cgroup_now_ms() + JOB_MS;

	while (bus->result[0] == '\0') {
		int rc = bus->lib.sd_bus_process(bus->bus, NULL);
		int64_t left = deadline - cgroup_now_ms();

		if (rc == 0 && left <= 0)
			return err_set(err, ETIMEDOUT, "systemd: job of '%s' is not done in %d s",
				       unit, JOB_MS / 1000);
		if (rc == 0)
			rc = bus->lib.sd_bus_wait(bus->bus, (uint64_t)left * USEC_MSEC);
		if (rc < 0 && rc != -EINTR)
			return err_set(err, -rc, "systemd: wait for the job of '%s': %s", unit,
				       strerror(-rc));
	}
	if (!str_eq(bus->result, "done"))
		return err_set(err, EIO, "systemd: job of '%s' ended as '%s'; see journalctl -u %s",
			       unit, bus->result, unit);
	return 0;
}

/* Call, keep the path of the job in the reply, wait for it. */
static int call_job(struct systemd_bus *bus, sd_bus_message *message, const char *unit,
		    sd_bus_error *error, struct err *err)
{
	sd_bus_message *reply = NULL;
	const char *job = NULL;
	int rc = bus->lib.sd_bus_call(bus->bus, message, 0, error, &reply);

	if (rc >= 0)
		rc = bus->lib.sd_bus_message_read(reply, "o", &job);
	free(bus->job);
	bus->job = rc >= 0 ? xstrdup(job) : NULL;
	bus->result[0] = '\0';
	(void)bus->lib.sd_bus_message_unref(reply);
	return rc < 0 ? rc : wait_job(bus, unit, err);
}

static int append_number(const struct sdbus *lib, sd_bus_message *m,
			 const struct systemd_property *p)
{
	const uint8_t byte = (uint8_t)p->number;
	const uint16_t half = (uint16_t)p->number;
	const uint32_t word = (uint32_t)p->number; /* a bool too, which is an int there */
	const void *value = &p->number;

	if (p->type == SYSTEMD_BYTE)
		value = &byte;
	else if (p->type == SYSTEMD_INT16 || p->type == SYSTEMD_UINT16)
		value = &half;
	else if (p->type == SYSTEMD_INT32 || p->type == SYSTEMD_UINT32 || p->type == SYSTEMD_BOOL)
		value = &word;
	return lib->sd_bus_message_append_basic(m, (char)p->type, value);
}

static int append_strings(const struct sdbus *lib, sd_bus_message *m, const struct strlist *list)
{
	int rc = lib->sd_bus_message_open_container(m, 'a', "s");

	for (size_t i = 0; rc >= 0 && i < list->n; i++)
		rc = lib->sd_bus_message_append_basic(m, 's', list->items[i]);
	return rc < 0 ? rc : lib->sd_bus_message_close_container(m);
}

static const char *signature(const struct systemd_property *p, char single[2])
{
	if (p->type == SYSTEMD_STRINGS)
		return "as";
	if (p->type == SYSTEMD_BYTES)
		return "ay";
	if (p->type == SYSTEMD_PIDS)
		return "au";
	single[0] = (char)p->type;
	single[1] = '\0';
	return single;
}

/* v */
static int append_value(const struct sdbus *lib, sd_bus_message *m,
			const struct systemd_property *p)
{
	const uint32_t pid = (uint32_t)p->number;
	char single[2];
	int rc = lib->sd_bus_message_open_container(m, 'v', signature(p, single));

	if (rc < 0)
		return rc;
	if (p->type == SYSTEMD_STRINGS)
		rc = append_strings(lib, m, &p->list);
	else if (p->type == SYSTEMD_BYTES)
		rc = lib->sd_bus_message_append_array(m, 'y', p->text.text, p->text.len);
	else if (p->type == SYSTEMD_PIDS)
		rc = lib->sd_bus_message_append_array(m, 'u', &pid, sizeof(pid));
	else if (p->type == SYSTEMD_STRING)
		rc = lib->sd_bus_message_append_basic(m, 's', p->text.text ? p->text.text : "");
	else
		rc = append_number(lib, m, p);
	return rc < 0 ? rc : lib->sd_bus_message_close_container(m);
}

/* a(sv) */
static int append_properties(const struct sdbus *lib, sd_bus_message *m,
			     const struct systemd_properties *properties)
{
	int rc = lib->sd_bus_message_open_container(m, 'a', "(sv)");

	for (size_t i = 0; rc >= 0 && i < properties->n; i++) {
		rc = lib->sd_bus_message_open_container(m, 'r', "sv");
		if (rc >= 0)
			rc = lib->sd_bus_message_append_basic(m, 's', properties->items[i].name);
		if (rc >= 0)
			rc = append_value(lib, m, &properties->items[i]);
		if (rc >= 0)
			rc = lib->sd_bus_message_close_container(m);
	}
	return rc < 0 ? rc : lib->sd_bus_message_close_container(m);
}

int systemd_bus_control_group(struct systemd_bus *bus, char **path, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int rc = bus->lib.sd_bus_get_property_string(bus->bus, SERVICE, OBJECT, MANAGER,
						     "ControlGroup", &error, path);

	return rc < 0 ? call_failed(bus, rc, &error, "ask for its cgroup", err) : 0;
}

static int start_once(struct systemd_bus *bus, const char *unit,
		      const struct systemd_properties *properties, sd_bus_error *error,
		      struct err *err)
{
	const struct sdbus *lib = &bus->lib;
	sd_bus_message *m = NULL;
	int rc = lib->sd_bus_message_new_method_call(bus->bus, &m, SERVICE, OBJECT, MANAGER,
						     "StartTransientUnit");

	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 's', unit);
	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 's', "fail");
	if (rc >= 0)
		rc = append_properties(lib, m, properties);
	if (rc >= 0)
		rc = lib->sd_bus_message_open_container(m, 'a', "(sa(sv))");
	if (rc >= 0)
		rc = lib->sd_bus_message_close_container(m);
	if (rc >= 0)
		rc = call_job(bus, m, unit, error, err);
	(void)lib->sd_bus_message_unref(m);
	return rc;
}

static void reset_failed(struct systemd_bus *bus, const char *unit)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (bus->lib.sd_bus_call_method(bus->bus, SERVICE, OBJECT, MANAGER, "ResetFailedUnit",
					&error, NULL, "s", unit) < 0)
		log_debug("systemd: reset '%s': %s; ignoring", unit,
			  error.message ? error.message : "?");
	bus->lib.sd_bus_error_free(&error);
}

int systemd_bus_start(struct systemd_bus *bus, const char *unit,
		      const struct systemd_properties *properties, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int rc = start_once(bus, unit, properties, &error, err);

	if (rc < 0 && str_eq(error.name, TAKEN)) {
		bus->lib.sd_bus_error_free(&error);
		reset_failed(bus, unit);
		rc = start_once(bus, unit, properties, &error, err);
	}
	if (rc < 0 && str_eq(error.name, TAKEN)) {
		bus->lib.sd_bus_error_free(&error);
		return err_set(err, EBUSY,
			       "linux.cgroupsPath: systemd has a unit '%s' already; choose another "
			       "name, or systemctl stop it",
			       unit);
	}
	if (rc < 0 && err->code == 0)
		return call_failed(bus, rc, &error, "StartTransientUnit", err);
	bus->lib.sd_bus_error_free(&error);
	return rc;
}

int systemd_bus_set(struct systemd_bus *bus, const char *unit,
		    const struct systemd_properties *properties, struct err *err)
{
	const struct sdbus *lib = &bus->lib;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	const int runtime = 1;
	int rc = lib->sd_bus_message_new_method_call(bus->bus, &m, SERVICE, OBJECT, MANAGER,
						     "SetUnitProperties");

	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 's', unit);
	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 'b', &runtime);
	if (rc >= 0)
		rc = append_properties(lib, m, properties);
	if (rc >= 0)
		rc = lib->sd_bus_call(bus->bus, m, 0, &error, NULL);
	(void)lib->sd_bus_message_unref(m);
	if (rc < 0)
		return call_failed(bus, rc, &error, "SetUnitProperties", err);
	/* The manager writes the files before it answers the next question. */
	autofree char *ignored = NULL;

	return systemd_bus_control_group(bus, &ignored, err);
}

int systemd_bus_attach(struct systemd_bus *bus, const char *unit, pid_t pid, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int rc = bus->lib.sd_bus_call_method(bus->bus, SERVICE, OBJECT, MANAGER,
					     "AttachProcessesToUnit", &error, NULL, "ssau", unit,
					     "", 1, (uint32_t)pid);

	return rc < 0 ? call_failed(bus, rc, &error, "AttachProcessesToUnit", err) : 0;
}

int systemd_bus_stop(struct systemd_bus *bus, const char *unit, struct err *err)
{
	const struct sdbus *lib = &bus->lib;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int rc = lib->sd_bus_message_new_method_call(bus->bus, &m, SERVICE, OBJECT, MANAGER,
						     "StopUnit");

	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 's', unit);
	if (rc >= 0)
		rc = lib->sd_bus_message_append_basic(m, 's', "replace");
	if (rc >= 0)
		rc = call_job(bus, m, unit, &error, err);
	(void)lib->sd_bus_message_unref(m);
	if (rc < 0 && str_eq(error.name, NO_UNIT)) {
		lib->sd_bus_error_free(&error);
		return 0;
	}
	if (rc < 0 && err->code == 0)
		return call_failed(bus, rc, &error, "StopUnit", err);
	lib->sd_bus_error_free(&error);
	reset_failed(bus, unit);
	return rc;
}
