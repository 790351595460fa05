/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/child.h"
#include "common/cleanup.h"
#include "common/lock.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/create.h"
#include "runtime/root_dir.h"

struct delete_options {
	bool force;
};

/*
 * A create that was killed before it made the lock, or a delete before its last step, has left an
 * empty folder. A create that is at it right now finds it gone and says so.
 */
static bool remove_empty(const struct container *c, const struct err *err)
{
	return c->dir_fd >= 0 && c->lock_fd < 0 && err->code == ENOENT && rmdir(c->path) == 0;
}

/*
 * A create that was killed before it wrote its state has made a folder and nothing else. The lock
 * is ours: nobody is at it now.
 */
static int delete_unreadable(struct container *c, bool force, struct err *err)
{
	if (force && remove_empty(c, err)) {
		err_clear(err);
		return root_dir_release(c->root, err);
	}
	if (!force || c->lock_fd < 0)
		return -err->code;
	log_info("%s; removing what is left", err->msg);
	err_clear(err);
	return create_undo(c, err);
}

/* The guard of a hook that runs for create, start or restart ends it with all its descendants. */
static void end_hook(int lock_fd)
{
	pid_t pid = lock_marked_by(lock_fd, CHILD_MARK_GUARD);
	autoclose int pid_fd = pid > 0 ? pidfd_open(pid, 0) : -1;

	/* Asked once more, now that the pid cannot be another's. */
	if (pid_fd >= 0 && lock_marked_by(lock_fd, CHILD_MARK_GUARD) == pid)
		(void)pidfd_send_signal(pid_fd, SIGTERM, NULL, 0);
}

/*
 * Before the lock is waited for: a create or a start that hangs in a hook has it. It ends when the
 * hook does, or init, and has undone the container then. Whatever cannot be read or killed here is
 * dealt with once the lock is ours. Returns the descriptor that keeps further hooks from running, -1.
 */
static int end_others(const char *root, const char *id)
{
	autocontainer struct container c = CONTAINER_INIT;
	struct err err = ERR_INIT;

	if (container_name(&c, root, id, &err) < 0 ||
	    container_open(&c, CONTAINER_UNLOCKED, &err) < 0 || container_kill(&c, &err) < 0)
		log_debug("%s; ignoring", err.msg);
	int fd = c.dir_fd < 0 ? -1 : openat(c.dir_fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0) {
		(void)lock_mark(fd, CHILD_MARK_STOP);
		end_hook(fd);
	}
	return fd;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct delete_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;

	(void)n_args;
	int rc = container_name(&c, g->root, args[0], err);

	if (rc < 0)
		return rc;
	autoclose int stop_fd = o->force ? end_others(g->root, args[0]) : -1;

	(void)stop_fd; /* its mark lasts as long as it is open */
	rc = container_open(&c, CONTAINER_LOCKED, err);
	/* A delete that was killed right before its end has left the mount of the root. */
	if (rc == -ENOENT && c.dir_fd < 0 && o->force) {
		err_clear(err);
		return root_dir_release(c.root, err);
	}
	if (rc < 0)
		return delete_unreadable(&c, o->force, err);
	enum oci_status status = container_status(&c);

	/* A created container goes without --force too, as runc has it: engines rely on that. */
	if (status != OCI_STATUS_STOPPED && status != OCI_STATUS_CREATED && !o->force)
		return err_set(err, EBUSY,
			       "cannot delete container '%s': it is %s; kill it first, or use "
			       "--force",
			       c.id, oci_status_name(status));
	return create_undo(&c, err);
}

static const struct cmd_option delete_options[] = {
	{ .name = "force",
	  .short_name = 'f',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct delete_options, force),
	  .help = "kill it first; no error when there is no such container" },
};

const struct cmd cmd_delete = {
	.name = "delete",
	.args = "ID",
	.help = "run poststop hooks and remove all that create has made",
	.options = delete_options,
	.n_options = ARRAY_SIZE(delete_options),
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
