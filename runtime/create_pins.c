/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_pins.h"

#include <errno.h>
#include <sched.h>
#include <sys/sysinfo.h>

#include "runtime/mount_ns.h"
#include "runtime/pins.h"
#include "runtime/sync.h"

#define INIT "the container's init"

/* While the kernel takes ours for older than the one that we are in (mount_ns.h). */
static int pin_mount(struct container *c, struct err *err)
{
	int cpus = get_nprocs_conf() < CPU_SETSIZE ? get_nprocs_conf() : CPU_SETSIZE;
	int rc = pins_make(c->dir_fd, NS_MOUNT, c->pid, err);

	for (int cpu = 0; rc == -EINVAL && cpu <= cpus; cpu++) {
		rc = sync_send(c->sync_fd, SYNC_RENEW, cpu < cpus ? cpu : MOUNT_NS_NEXT_BATCH, err);
		if (rc >= 0)
			rc = sync_expect(c->sync_fd, SYNC_RENEWED, INIT, NULL, err);
		if (rc < 0)
			return rc;
		err_clear(err);
		rc = pins_make(c->dir_fd, NS_MOUNT, c->pid, err);
	}
	if (rc >= 0)
		err_clear(err);
	return rc;
}

int create_pins_make(struct container *c, struct err *err)
{
	int rc = c->state.persist ? pins_prepare(c->dir_fd, err) : 0;

	for (enum ns_type type = 0; rc >= 0 && c->state.persist && type < NS_COUNT; type++) {
		if (type == NS_PID || !(c->ns.new_flags & namespaces_flag(type)))
			continue;
		rc = type == NS_MOUNT ? pin_mount(c, err) : pins_make(c->dir_fd, type, c->pid, err);
	}
	return rc;
}
