/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/cleanup.h"
#include "runtime/cmds.h"
#include "runtime/container_pids.h"

struct kill_options {
	bool all;
};

#define STOP_SIGNAL "org.opencontainers.image.stopSignal"

/* "9", "KILL", "SIGKILL", "sigkill"; "RTMIN+3" as well. */
static int parse_signal(const char *text, int *signo, struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;

	if (str_to_u64(text, "signal", 1, (uint64_t)SIGRTMAX, &number, &ignored) >= 0) {
		*signo = (int)number;
		return 0;
	}
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (!known || strcasecmp(known, name) != 0)
			continue;
		*signo = i;
		return 0;
	}
	if (strncasecmp(name, "RTMIN+", 6) == 0 &&
	    str_to_u64(name + 6, "signal", 0, (uint64_t)(SIGRTMAX - SIGRTMIN), &number, &ignored) >=
		    0) {
		*signo = SIGRTMIN + (int)number;
		return 0;
	}
	return err_set(err, EINVAL, "'%s' is no signal: give a number 1..%d or a name like TERM",
		       text, SIGRTMAX);
}

static int send_signal(const struct container *c, int signo, struct err *err)
{
	autoclose int fd = pidfd_open(c->state.oci.pid, 0);
	/* The descriptor first, then the check: the pid cannot be another's any more. */
	enum oci_status status = container_status(c);

	if (status == OCI_STATUS_CREATING || status == OCI_STATUS_STOPPED)
		return err_set(err, ESRCH, "container '%s': container not running", c->id);
	if (fd < 0 || pidfd_send_signal(fd, signo, NULL, 0) < 0)
		return err_errno(err, "send signal %d to container '%s'", signo, c->id);
	if (signo == SIGKILL)
		container_thaw(c);
	return 0;
}

/* By what the cgroup knows: also what has left init's session, or outlived it. */
static int signal_all(const struct container *c, int signo, struct err *err)
{
	autofree pid_t *pids = NULL;
	size_t n = 0;

	if (signo == SIGKILL && c->state.cgroup && cgroup_exists(c->state.cgroup))
		return cgroup_kill(c->state.cgroup, err);
	int rc = container_pids(c, &pids, &n, err);

	if (rc >= 0 && n == 0)
		return err_set(err, ESRCH, "container '%s': container not running", c->id);
	for (size_t i = 0; rc >= 0 && i < n; i++)
		if (kill(pids[i], signo) < 0 && errno != ESRCH)
			rc = err_errno(err, "send signal %d to process %d", signo, (int)pids[i]);
	return rc;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct kill_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	int signo = SIGTERM;

	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, err);
	if (rc < 0)
		return rc;
	const char *wanted = n_args > 1 ? args[1]
					: strmap_get(&c.state.oci.annotations, STOP_SIGNAL);

	if (wanted)
		rc = parse_signal(wanted, &signo, err);
	if (rc < 0)
		return rc;
	return o->all ? signal_all(&c, signo, err) : send_signal(&c, signo, err);
}

static const struct cmd_option kill_options[] = {
	{ .name = "all",
	  .short_name = 'a',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct kill_options, all),
	  .help = "send it to every process of the container" },
};

const struct cmd cmd_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.help = "send a signal (TERM) to the container's process",
	.options = kill_options,
	.n_options = ARRAY_SIZE(kill_options),
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
