/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/firewalld.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/netns.h"
#include "common/net/network_routed.h"
#include "common/sdbus.h"
#include "common/str.h"

/* Its configuration: there wherever it is installed. Without it no bus is looked for. */
#define INSTALLED "/etc/firewalld"
#define BUS       "org.freedesktop.DBus"
#define SERVICE   "org.fedoraproject.FirewallD1"
#define CALL_S    8
#define USEC_SEC  1000000
#define CALL_USEC ((uint64_t)CALL_S * USEC_SEC)
#define WAY_OUT                                                                                    \
	"see 'firewall-cmd --state', or set \"firewalldZone\": \"" FIREWALLD_NONE                  \
	"\" and tell firewalld of the bridge yourself"

/* "<zone we put the bridge into>[ <zone that it was in>]" */
#define NOTE_NAME  "firewalld.zone"
#define NOTE_BYTES 256

/* What is in force, and what is on disk. */
static const struct side {
	const char *object, *interface;
} runtime = { "/org/fedoraproject/FirewallD1", SERVICE ".zone" },
  permanent = { "/org/fedoraproject/FirewallD1/config", SERVICE ".config" };

struct firewalld {
	struct sdbus lib;
	sd_bus *bus;
};
#define autofirewalld __attribute__((cleanup(firewalld_close)))

static void firewalld_close(struct firewalld *f)
{
	/* Not flushed: every call had its answer, and a bus that hangs would be waited for. */
	if (f->bus)
		(void)f->lib.sd_bus_close_unref(f->bus);
	f->bus = NULL;
}

/* It ended, or never began; or there is no bus for us. That is no failure. */
static bool is_away(int rc, const sd_bus_error *error)
{
	static const char *const names[] = {
		SD_BUS_ERROR_SERVICE_UNKNOWN,
		SD_BUS_ERROR_NAME_HAS_NO_OWNER,
		SD_BUS_ERROR_NO_REPLY,
		SD_BUS_ERROR_DISCONNECTED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(error->name, names[i]))
			return true;
	}
	return rc == -ENOENT || rc == -ECONNREFUSED || rc == -EACCES || rc == -EPERM;
}

static uint64_t now_usec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_SEC + (uint64_t)now.tv_nsec / 1000;
}

/*
 * A call has a time limit from when it is sent, and it is sent once the bus has greeted us: one that
 * takes connections and says nothing would be waited for until the library gives up, after minutes.
 */
static int wait_ready(const struct firewalld *f)
{
	const uint64_t end = now_usec() + CALL_USEC;
	int rc = f->lib.sd_bus_is_ready(f->bus);

	while (rc == 0) {
		const uint64_t now = now_usec();

		rc = f->lib.sd_bus_process(f->bus, NULL);
		if (rc == 0 && now >= end)
			return -ETIMEDOUT;
		if (rc == 0)
			rc = f->lib.sd_bus_wait(f->bus, end - now);
		if (rc >= 0)
			rc = f->lib.sd_bus_is_ready(f->bus);
	}
	return rc;
}

static int bus_failed(int rc, const sd_bus_error *error, struct err *err)
{
	if (is_away(rc, error))
		return 0;
	if (rc == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT,
			       "firewalld: the system bus has not answered in %d s; " WAY_OUT,
			       CALL_S);
	return err_set(err, -rc, "firewalld: the system bus: %s; " WAY_OUT,
		       error->message ? error->message : strerror(-rc));
}

/* The bus knows it; firewalld itself is not asked, which would take longer. */
static int ask_pid(const struct firewalld *f, pid_t *pid, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	uint32_t answer = 0;
	int rc = f->lib.sd_bus_message_new_method_call(f->bus, &m, BUS, "/org/freedesktop/DBus",
						       BUS, "GetConnectionUnixProcessID");

	if (rc >= 0)
		rc = f->lib.sd_bus_message_append_basic(m, 's', SERVICE);
	if (rc >= 0)
		rc = wait_ready(f);
	if (rc >= 0)
		rc = f->lib.sd_bus_call(f->bus, m, CALL_USEC, &error, &reply);
	if (rc >= 0)
		rc = f->lib.sd_bus_message_read(reply, "u", &answer);
	rc = rc < 0 ? bus_failed(rc, &error, err) : 1;
	*pid = (pid_t)answer;
	f->lib.sd_bus_error_free(&error);
	(void)f->lib.sd_bus_message_unref(reply);
	(void)f->lib.sd_bus_message_unref(m);
	return rc;
}

/* Whoever has a network namespace of his own may have no right to ask the host's, and no cause. */
static bool is_of_our_network(pid_t pid)
{
	struct err err = ERR_INIT;
	autoclose int netns_fd = netns_open_pid(pid, &err);

	return netns_fd >= 0 && netns_is_own(netns_fd, &err) > 0;
}

/* 1: firewalld runs, and guards our network namespace; 0: it does not. */
static int firewalld_open(struct firewalld *f, struct err *err)
{
	pid_t pid = 0;
	int rc = 0;

	if (access(INSTALLED, F_OK) < 0)
		return 0;
	if (sdbus_load(&f->lib, err) < 0) {
		log_warning("firewalld is not asked whether it runs: %s", err->msg);
		err_clear(err);
		return 0;
	}
	rc = f->lib.sd_bus_open_system(&f->bus);
	if (rc < 0)
		return bus_failed(rc, &(sd_bus_error){ .name = NULL }, err);
	rc = ask_pid(f, &pid, err);
	return rc > 0 ? is_of_our_network(pid) : rc;
}

/* ---- calls ---- */

struct question {
	const struct side *side;
	const char *method;
	const char *zone; /* NULL: not an argument of this one */
	const char *interface;
};

static int new_call(const struct firewalld *f, const struct question *q, sd_bus_message **m)
{
	int rc = f->lib.sd_bus_message_new_method_call(f->bus, m, SERVICE, q->side->object,
						       q->side->interface, q->method);

	/* Who has it off wants it off. */
	if (rc >= 0)
		rc = f->lib.sd_bus_message_set_auto_start(*m, 0);
	if (rc >= 0 && q->zone)
		rc = f->lib.sd_bus_message_append_basic(*m, 's', q->zone);
	if (rc >= 0)
		rc = f->lib.sd_bus_message_append_basic(*m, 's', q->interface);
	return rc;
}

static int call_failed(int rc, const struct question *q, const sd_bus_error *error, struct err *err)
{
	if (is_away(rc, error))
		return 0;
	if (rc == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT,
			       "firewalld has not answered in %d s (%s '%s'); " WAY_OUT, CALL_S,
			       q->method, q->interface);
	return err_set(err, -rc, "firewalld: %s '%s': %s; " WAY_OUT, q->method, q->interface,
		       error->message ? error->message : strerror(-rc));
}

/* Each answers with a zone. 1: done, 0: firewalld does not run. */
static int call(const struct firewalld *f, const struct question *q, char **zone, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	const char *text = "";
	int rc = new_call(f, q, &m);

	if (rc >= 0)
		rc = f->lib.sd_bus_call(f->bus, m, CALL_USEC, &error, &reply);
	if (rc >= 0)
		rc = f->lib.sd_bus_message_read(reply, "s", &text);
	*zone = xstrdup(text);
	rc = rc < 0 ? call_failed(rc, q, &error, err) : 1;
	f->lib.sd_bus_error_free(&error);
	(void)f->lib.sd_bus_message_unref(reply);
	(void)f->lib.sd_bus_message_unref(m);
	return rc;
}

static int ask_zone(const struct firewalld *f, const struct side *side, const char *interface,
		    char **zone, struct err *err)
{
	const struct question q = { side, "getZoneOfInterface", NULL, interface };

	return call(f, &q, zone, err);
}

static int change_zone(const struct firewalld *f, const char *zone, const char *interface,
		       struct err *err)
{
	const struct question q = { &runtime, "changeZoneOfInterface", zone, interface };
	autofree char *ignored = NULL;

	return call(f, &q, &ignored, err);
}

static int remove_from_zone(const struct firewalld *f, const char *zone, const char *interface,
			    struct err *err)
{
	const struct question q = { &runtime, "removeInterface", zone, interface };
	autofree char *ignored = NULL;

	return call(f, &q, &ignored, err);
}

void firewalld_zones_free(const struct firewalld_zones *zones)
{
	free(zones->now);
	free(zones->permanent);
}

struct firewalld_name firewalld_name(const struct network *net)
{
	struct firewalld_name name;
	char ports[IFNAMSIZ];
	const char *more = network_ports(net, ports) ? "+" : "";

	(void)snprintf(name.text, sizeof(name.text), "%s%s", ports, more);
	return name;
}

int firewalld_zones_of(const struct network *net, struct firewalld_zones *zones, struct err *err)
{
	const struct firewalld_name name = firewalld_name(net);
	autofirewalld struct firewalld f = { .bus = NULL };
	int rc = firewalld_open(&f, err);

	if (rc > 0)
		rc = ask_zone(&f, &runtime, name.text, &zones->now, err);
	return rc <= 0 ? rc : ask_zone(&f, &permanent, name.text, &zones->permanent, err);
}

/* ---- the note ---- */

struct note {
	char *zone;   /* that we put it into; NULL: we did nothing */
	char *before; /* that it was in; NULL: none */
};
#define autonote __attribute__((cleanup(note_free)))

static void note_free(const struct note *note)
{
	free(note->zone);
	free(note->before);
}

static int note_read(int net_fd, struct note *note, struct err *err)
{
	autofree char *text = NULL;
	size_t zone_len = 0;

	if (net_fd < 0)
		return 0;
	if (file_read_at(net_fd, NOTE_NAME, NOTE_BYTES, &text, NULL, err) < 0) {
		if (err->code != ENOENT)
			return -err->code;
		err_clear(err);
		return 0;
	}
	zone_len = strcspn(text, " ");
	note->zone = xstrndup(text, zone_len);
	if (text[zone_len] == ' ')
		note->before = xstrdup(text + zone_len + 1);
	return 0;
}

static int note_write(int net_fd, const char *zone, const char *before, struct err *err)
{
	const bool in_one = before && before[0];
	autofree char *text = xasprintf("%s%s%s", zone, in_one ? " " : "", in_one ? before : "");

	return file_write_atomic_at(net_fd, NOTE_NAME, text, strlen(text), 0600, err);
}

static int note_forget(int net_fd, struct err *err)
{
	if (net_fd >= 0 && unlinkat(net_fd, NOTE_NAME, 0) < 0 && errno != ENOENT)
		return err_errno(err, "removing %s", NOTE_NAME);
	return 0;
}

/* ---- ensure, check ---- */

const char *firewalld_wanted(const struct network *net)
{
	return net->firewalld_zone[0] ? net->firewalld_zone : FIREWALLD_DEFAULT;
}

bool firewalld_is_right(const struct network *net, const char *zone)
{
	return net->firewalld_zone[0] ? str_eq(zone, net->firewalld_zone) : zone[0] != '\0';
}

static void tell(const struct network *net, enum report_state state, const char *zone,
		 const struct report *report)
{
	if (state == REPORT_RIGHT)
		report_item(report, REPORT_RULE, state, "firewalld: %s in zone %s",
			    firewalld_name(net).text, zone);
	else
		report_item(report, REPORT_RULE, state, "firewalld: %s in zone %s (it %s in %s)",
			    firewalld_name(net).text, firewalld_wanted(net),
			    state == REPORT_WRONG ? "is" : "was", zone[0] ? zone : "none");
}

int firewalld_ensure(const struct network *net, int net_fd, const struct report *report,
		     bool *zoned, struct err *err)
{
	autofirewalld struct firewalld f = { .bus = NULL };
	autonote struct note note = { .zone = NULL };
	autofree char *zone = NULL;
	bool ours = false;
	int rc = 0;

	*zoned = false;
	if (str_eq(net->firewalld_zone, FIREWALLD_NONE))
		return firewalld_remove(net, net_fd, report, err);
	rc = firewalld_open(&f, err);
	if (rc > 0)
		rc = ask_zone(&f, &runtime, firewalld_name(net).text, &zone, err);
	if (rc <= 0)
		return rc;
	*zoned = true;
	if (note_read(net_fd, &note, err) < 0)
		return -err->code;
	ours = str_eq(note.zone, zone);
	/* A zone of our own earlier choice is not somebody else's. */
	if (firewalld_is_right(net, zone) && (!ours || str_eq(zone, firewalld_wanted(net)))) {
		tell(net, REPORT_RIGHT, zone, report);
		return 0;
	}
	/* Noted before it is done: it must be undone however we end. */
	if (note_write(net_fd, firewalld_wanted(net), ours ? note.before : zone, err) < 0)
		return -err->code;
	rc = change_zone(&f, firewalld_wanted(net), firewalld_name(net).text, err);
	*zoned = rc > 0;
	if (rc > 0)
		tell(net, REPORT_CHANGED, zone, report);
	return rc;
}

int firewalld_check(const struct network *net, const struct report *report, bool *zoned,
		    struct err *err)
{
	autofirewalld struct firewalld f = { .bus = NULL };
	autofree char *zone = NULL;
	int rc = 0;

	*zoned = false;
	if (!str_eq(net->firewalld_zone, FIREWALLD_NONE))
		rc = firewalld_open(&f, err);
	if (rc > 0)
		rc = ask_zone(&f, &runtime, firewalld_name(net).text, &zone, err);
	if (rc <= 0)
		return rc;
	*zoned = true;
	tell(net, firewalld_is_right(net, zone) ? REPORT_RIGHT : REPORT_WRONG, zone, report);
	return !firewalld_is_right(net, zone);
}

/* ---- remove ---- */

/* 1: the bridge was in the zone that we put it into, and is where it was before. */
static int put_back(const struct network *net, const struct note *note, struct err *err)
{
	autofirewalld struct firewalld f = { .bus = NULL };
	autofree char *zone = NULL;
	int rc = firewalld_open(&f, err);

	if (rc > 0)
		rc = ask_zone(&f, &runtime, firewalld_name(net).text, &zone, err);
	if (rc <= 0 || !str_eq(zone, note->zone))
		return rc < 0 ? rc : 0;
	if (note->before)
		return change_zone(&f, note->before, firewalld_name(net).text, err);
	return remove_from_zone(&f, note->zone, firewalld_name(net).text, err);
}

int firewalld_remove(const struct network *net, int net_fd, const struct report *report,
		     struct err *err)
{
	autonote struct note note = { .zone = NULL };
	struct err why = ERR_INIT;
	int rc = note_read(net_fd, &note, err);

	if (rc < 0 || !note.zone)
		return rc;
	rc = put_back(net, &note, &why);
	if (rc < 0)
		log_warning("'%s' may still be in firewalld's zone '%s': %s; ignoring",
			    firewalld_name(net).text, note.zone, why.msg);
	if (rc > 0)
		report_item(report, REPORT_RULE, REPORT_CHANGED, "firewalld: %s in zone %s",
			    firewalld_name(net).text, note.zone);
	return note_forget(net_fd, err) < 0 ? -err->code : rc > 0;
}
