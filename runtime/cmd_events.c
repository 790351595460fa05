/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cmds.h"
#include "runtime/container.h"

struct events_options {
	const char *interval;
	bool stats;
};

#define DEFAULT_INTERVAL_MS 5000
#define INTERVAL_MAX_MS     (INT64_C(24) * 60 * 60 * 1000)

/* A duration as Go writes it: "5s", "1m30s", "500ms", "1.5s" is none. */
static int parse_duration(const char *text, int64_t *ms, struct err *err)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	const char *p = text;

	*ms = 0;
	while (*p) {
		size_t digits = strspn(p, "0123456789");
		size_t letters = strspn(p + digits, "hms");
		autofree char *number = xstrndup(p, digits);
		struct err ignored = ERR_INIT;
		uint64_t value;
		size_t u = 0;

		while (u < ARRAY_SIZE(units) && (strlen(units[u].name) != letters ||
						 strncmp(units[u].name, p + digits, letters) != 0))
			u++;
		if (u == ARRAY_SIZE(units) ||
		    str_to_u64(number, "", 0, INTERVAL_MAX_MS, &value, &ignored) < 0)
			break;
		*ms += (int64_t)value * units[u].ms;
		p += digits + letters;
	}
	if (*p || *ms < 1 || *ms > INTERVAL_MAX_MS)
		return err_set(err, EINVAL,
			       "--interval: '%s' is not a duration like 500ms, 5s or 1m, up to 24h",
			       text);
	return 0;
}

static void print_event(const struct container *c, const char *type, json_node *data)
{
	autojson json_node *event = json_object();

	json_put_string(event, "type", type);
	json_put_string(event, "id", c->id);
	if (data)
		json_put(event, "data", data);
	autofree char *text = json_print(event, false);

	(void)printf("%s\n", text);
	(void)fflush(stdout);
}

static int print_stats(const struct container *c, struct err *err)
{
	json_node *data = json_object();
	int rc = cgroup_stats(c->state.cgroup, data, err);

	if (rc < 0) {
		json_free(&data);
		return rc;
	}
	print_event(c, "stats", data);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the container's process ends: statistics on time, an out-of-memory kill when it happens. */
static int follow(const struct container *c, int pid_fd, int oom_fd, int64_t interval_ms,
		  struct err *err)
{
	struct pollfd fds[] = { { .fd = pid_fd, .events = POLLIN },
				{ .fd = oom_fd, .events = POLLIN | POLLPRI } };
	int64_t next_ms = now_ms() + interval_ms;

	for (;;) {
		int64_t wait_ms = next_ms - now_ms();
		int n = poll(fds, ARRAY_SIZE(fds), wait_ms > 0 ? (int)wait_ms : 0);

		if (n < 0 && errno != EINTR)
			return err_errno(err, "poll");
		if (fds[0].revents)
			return 0;
		if (n > 0 && fds[1].revents) {
			char buf[4096];

			(void)!read(oom_fd, buf, sizeof(buf));
			print_event(c, "oom", NULL);
			continue;
		}
		if (n != 0)
			continue;
		next_ms += interval_ms;
		int rc = print_stats(c, err);

		if (rc < 0)
			return rc;
	}
}

static int check(const struct container *c, struct err *err)
{
	enum oci_status status = container_status(c);

	if (status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATING)
		return err_set(err, EINVAL, "container '%s': container not running (it is %s)",
			       c->id, oci_status_name(status));
	if (!c->state.cgroup || !cgroup_exists(c->state.cgroup))
		return err_set(
			err, ENOTSUP,
			"container '%s' was made without a cgroup: there is nothing to count",
			c->id);
	return 0;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct events_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	int64_t interval_ms = DEFAULT_INTERVAL_MS;

	(void)n_args;
	int rc = o->interval ? parse_duration(o->interval, &interval_ms, err) : 0;

	if (rc >= 0)
		rc = container_name(&c, g->root, args[0], err);
	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, err);
	if (rc < 0)
		return rc;
	autoclose int pid_fd = pidfd_open(c.state.oci.pid, 0);

	/* The descriptor first, then the look: the pid cannot be another's any more. */
	rc = check(&c, err);
	if (rc >= 0 && pid_fd < 0)
		rc = err_errno(err, "pidfd_open %d", (int)c.state.oci.pid);
	if (rc < 0 || o->stats)
		return rc < 0 ? rc : print_stats(&c, err);
	/* -1 without an error: there are none to be had (cgroup.h). */
	err_clear(err);
	autoclose int oom_fd = cgroup_oom_fd(c.state.cgroup, err);

	if (oom_fd < 0 && err->code)
		return oom_fd;
	return follow(&c, pid_fd, oom_fd, interval_ms, err);
}

static const struct cmd_option events_options[] = {
	{ .name = "interval",
	  .type = CMD_STRING,
	  .value = "DURATION",
	  .offset = offsetof(struct events_options, interval),
	  .help = "time between statistics, such as 500ms or 1m (default: 5s)" },
	{ .name = "stats",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct events_options, stats),
	  .help = "print the statistics once and end" },
};

const struct cmd cmd_events = {
	.name = "events",
	.args = "ID",
	.help = "print statistics and out-of-memory kills of a container, as JSON lines",
	.options = events_options,
	.n_options = ARRAY_SIZE(events_options),
	.options_size = sizeof(struct events_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
