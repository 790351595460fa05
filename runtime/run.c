/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/run.h"

#include <errno.h>

#include "runtime/create.h"
#include "runtime/wait.h"

int run_wait(struct container *c, const char *root, struct tty_proxy *proxy, bool keep,
	     struct err *err)
{
	autocontainer struct container now = CONTAINER_INIT;
	uint64_t start_ticks = c->state.start_ticks;
	pid_t pid = c->pid;

	container_unlock(c);
	int status = proxy ? tty_proxy_run(proxy, pid) : wait_forwarding(pid);

	if (keep)
		return status;
	int rc = container_name(&now, root, c->id, err);

	if (rc >= 0)
		rc = container_open(&now, CONTAINER_LOCKED, err);
	if (rc == -ENOENT)
		return status;
	if (rc < 0)
		return rc;
	if (now.state.oci.pid != pid || now.state.start_ticks != start_ticks)
		return status;
	rc = create_undo(&now, err);
	return rc < 0 ? rc : status;
}
