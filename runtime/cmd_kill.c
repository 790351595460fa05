/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/cleanup.h"
#include "runtime/cmds.h"
#include "runtime/container.h"

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

	if (status != OCI_STATUS_CREATED && status != OCI_STATUS_RUNNING)
		return err_set(err, ESRCH, "container '%s': container not running", c->id);
	if (fd < 0 || pidfd_send_signal(fd, signo, NULL, 0) < 0)
		return err_errno(err, "send signal %d to container '%s'", signo, c->id);
	return 0;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	autocontainer struct container c = CONTAINER_INIT;
	int signo = SIGTERM;

	(void)options;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open(&c, CONTAINER_UNLOCKED, err);
	if (rc < 0)
		return rc;
	const char *wanted = n_args > 1 ? args[1] : strmap_get(&c.config->annotations, STOP_SIGNAL);

	if (wanted)
		rc = parse_signal(wanted, &signo, err);
	return rc < 0 ? rc : send_signal(&c, signo, err);
}

const struct cmd cmd_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.help = "send a signal (TERM) to the container's process",
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
