/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/process.h"
#include "common/str.h"
#include "runtime/root_dir.h"
#include "runtime/start_sock.h"

/* Another command on the same container may be running its hooks. */
#define LOCK_WAIT_MS 10000
#define KILL_WAIT_MS 10000

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void container_free(struct container *c)
{
	close_fd(&c->notify_fd);
	close_fd(&c->tty_fd);
	close_fd(&c->console_fd);
	close_fd(&c->proc_fd);
	close_fd(&c->null_fd);
	close_fd(&c->listen_fd);
	close_fd(&c->sync_fd);
	close_fd(&c->lock_fd);
	close_fd(&c->dir_fd);
	close_fd(&c->root_fd);
	idmaps_close(&c->idmaps);
	namespaces_close(&c->ns);
	strlist_free(&c->hidden);
	seccomp_filter_free(&c->seccomp);
	config_free(&c->config);
	state_free(&c->state);
	free(c->path);
	free(c->id);
	free(c->root);
}

int container_name(struct container *c, const char *root, const char *id, struct err *err)
{
	int rc = str_check_name(id, "container id", err);

	if (rc >= 0)
		rc = root_dir_path(root, &c->root, err);
	if (rc < 0)
		return rc;
	c->id = xstrdup(id);
	c->path = xasprintf("%s/%s", c->root, c->id);
	return 0;
}

static int open_dir(struct container *c, struct err *err)
{
	c->dir_fd = open(c->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ENOENT, "container '%s' does not exist", c->id);
	return err_errno(err, "open state of container '%s'", c->id);
}

bool container_is_current(const struct container *c)
{
	struct stat ours, named;

	return fstat(c->dir_fd, &ours) == 0 && lstat(c->path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* -ENOENT, and nothing held, when it was deleted while we waited. */
static int take_lock(struct container *c, struct err *err)
{
	c->lock_fd = lock_existing_at(c->dir_fd, "lock", LOCK_EXCLUSIVE, LOCK_WAIT_MS, err);
	if (c->lock_fd >= 0 && container_is_current(c))
		return 0;
	if (c->lock_fd < 0 && container_is_current(c))
		return -err->code;
	close_fd(&c->lock_fd);
	close_fd(&c->dir_fd);
	return err_set(err, ENOENT, "container '%s' does not exist", c->id);
}

static int read_failed(const struct container *c, struct err *err)
{
	if (err->code == ENOENT && access(c->path, F_OK) < 0)
		return err_set(err, ENOENT, "container '%s' does not exist", c->id);
	return err_ctx(err, "container '%s'", c->id);
}

int container_open_state(struct container *c, enum container_lock lock, struct err *err)
{
	int rc = open_dir(c, err);

	if (rc >= 0 && lock == CONTAINER_LOCKED)
		rc = take_lock(c, err);
	if (rc < 0)
		return rc;
	rc = state_load_at(c->dir_fd, &c->state, err);
	return rc < 0 ? read_failed(c, err) : 0;
}

int container_open(struct container *c, enum container_lock lock, struct err *err)
{
	int rc = container_open_state(c, lock, err);

	if (rc < 0)
		return rc;
	rc = config_load_at(c->dir_fd, "config.json", &c->config, NULL, NULL, err);
	return rc < 0 ? read_failed(c, err) : 0;
}

void container_unlock(struct container *c)
{
	close_fd(&c->lock_fd);
	close_fd(&c->root_fd);
}

bool container_is_of_this_boot(const struct container *c)
{
	char boot_id[37];
	struct err ignored = ERR_INIT;

	return process_boot_id(boot_id, &ignored) >= 0 && str_eq(boot_id, c->state.boot_id);
}

static bool process_lives(const struct container *c)
{
	return c->state.start_ticks != 0 &&
	       process_is_alive(c->state.oci.pid, c->state.start_ticks) &&
	       container_is_of_this_boot(c);
}

/* Somebody holds the lock, so a create is under way and has not crashed. */
static bool is_locked(const struct container *c)
{
	struct err busy = ERR_INIT;

	if (c->lock_fd >= 0)
		return true;
	/* Shared: two that ask at once must not take each other for the creator. */
	autoclose int fd = lock_existing_at(c->dir_fd, "lock", LOCK_SHARED, 0, &busy);

	return fd < 0 && busy.code == EWOULDBLOCK;
}

enum oci_status container_status(const struct container *c)
{
	if (c->state.oci.status == OCI_STATUS_CREATING)
		return c->lock_fd < 0 && is_locked(c) ? OCI_STATUS_CREATING : OCI_STATUS_STOPPED;
	if (!process_lives(c))
		return OCI_STATUS_STOPPED;
	if (c->state.cgroup && cgroup_is_frozen(c->state.cgroup))
		return OCI_STATUS_PAUSED;
	return start_sock_is_waiting(c->dir_fd) ? OCI_STATUS_CREATED : OCI_STATUS_RUNNING;
}

enum oci_status container_shown_status(const struct container *c)
{
	enum oci_status status = container_status(c);

	if (status == OCI_STATUS_RUNNING && c->state.cgroup && cgroup_is_frozen(c->state.cgroup))
		return OCI_STATUS_PAUSED;
	return status;
}

int container_refuse(const struct container *c, const char *operation, enum oci_status status,
		     struct err *err)
{
	return err_set(err, EINVAL, "cannot %s container '%s': it is %s", operation, c->id,
		       oci_status_name(status));
}

static int wait_gone(int pid_fd, struct err *err)
{
	struct pollfd pfd = { .fd = pid_fd, .events = POLLIN };
	int n;

	do
		n = poll(&pfd, 1, KILL_WAIT_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(err, ETIMEDOUT,
			       "the container's process did not die of SIGKILL "
			       "within %d s",
			       KILL_WAIT_MS / 1000);
	return n < 0 ? err_errno(err, "poll pidfd") : 0;
}

void container_thaw(const struct container *c)
{
	struct err err = ERR_INIT;

	if (c->state.cgroup && cgroup_is_frozen(c->state.cgroup) &&
	    cgroup_freeze(c->state.cgroup, false, &err) < 0)
		log_warning("container '%s': %s; ignoring", c->id, err.msg);
}

/*
 * A pid namespace takes all with it before its init is seen to end. Without one the guard of a hook
 * (common/child.h) needs a moment yet; it has init's descriptors.
 */
static int wait_hooks(const struct container *c, struct err *err)
{
	const struct config *config = c->config;

	if (!config || (config->namespaces[NS_PID].present && !config->namespaces[NS_PID].path) ||
	    (!config->hooks[HOOK_CREATE_CONTAINER].n && !config->hooks[HOOK_START_CONTAINER].n))
		return 0;
	return start_sock_wait_closed(c->dir_fd, KILL_WAIT_MS, err);
}

static int kill_process(struct container *c, struct err *err)
{
	pid_t pid = c->pid ? c->pid : c->state.oci.pid;

	if (pid <= 0 || (!c->pid && !process_lives(c)))
		return 0;
	autoclose int pid_fd = pidfd_open(pid, 0);

	if (pid_fd < 0)
		return errno == ESRCH ? 0 : err_errno(err, "pidfd_open %d", (int)pid);
	/* Looked up before the descriptor was had: once more, now that it cannot be recycled. */
	if (!c->pid && !process_lives(c))
		return 0;
	if (pidfd_send_signal(pid_fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return err_errno(err, "kill process %d", (int)pid);
	container_thaw(c);
	int rc = wait_gone(pid_fd, err);

	if (rc >= 0 && c->pid) {
		(void)waitpid(c->pid, NULL, 0);
		c->pid = 0;
	}
	return rc;
}

int container_kill(struct container *c, struct err *err)
{
	int rc = kill_process(c, err);

	return rc < 0 ? rc : wait_hooks(c, err);
}
