/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONTAINER_H
#define CT_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"
#include "runtime/mounts/idmap.h"
#include "runtime/namespaces.h"
#include "runtime/rights.h"
#include "runtime/seccomp.h"
#include "runtime/state.h"

struct create_request;

/* One container on this host, as a command has it in its hands. Zero is not a valid one. */
struct container {
	char *root; /* state directory of all containers */
	char *id;
	char *path;  /* <root>/<id> */
	int root_fd; /* holds the shared lock of root_dir.h while a container is being made; -1 */
	int dir_fd;  /* of path; -1 */
	int lock_fd; /* the container's lock, exclusive; -1: not taken */
	struct config *config;
	struct state state;
	struct namespaces ns;
	struct strlist hidden;         /* mounts that the container must not carry (hidden.h) */
	struct idmaps idmaps;          /* sources of idmapped mounts, for init */
	struct seccomp_filter seccomp; /* made ready by the runtime, loaded by init */
	/* Of the runtime that makes it. */
	struct rights rights;

	pid_t runtime_pid; /* for init: who makes it */
	pid_t pid;         /* of init while it is our child; 0 */
	int sync_fd;       /* to init, while it is being made; -1 */
	int listen_fd;     /* start.sock, for init; -1 */
	int null_fd;       /* restart: the host's /dev/null for masks, for init; -1 */
	bool replace;      /* restart: the state directory and the pins are there already */
	const struct create_request *request; /* how it is made; never NULL in init */

	int notify_fd;  /* for init: the mount that NOTIFY_SOCKET asks for (notify.h); -1 */
	int tty_fd;     /* `run` serves the terminal: its end of the pair; -1 */
	int console_fd; /* where init sends its pty's master to; -1: it has no terminal */
	int proc_fd;    /* the host's procfs, for labels (lsm.h); -1: none asked for */
};

#define CONTAINER_INIT                                                                             \
	{                                                                                          \
		.root_fd = -1, .dir_fd = -1, .lock_fd = -1, .sync_fd = -1, .listen_fd = -1,        \
                                                                                                   \
		.null_fd = -1, .console_fd = -1, .notify_fd = -1, .tty_fd = -1, .proc_fd = -1,     \
		.ns = NAMESPACES_INIT                                                              \
	}
#define autocontainer __attribute__((cleanup(container_free)))

void container_free(struct container *c);

/* Set root, id and path from the command line; nothing is looked at on disk but the id's form. */
int container_name(struct container *c, const char *root, const char *id, struct err *err);

/*
 * The folder that c has open is still the one of its name. A delete that had to wait for the lock may
 * hold the folder of a container that is gone, while another of the same id lives by now.
 */
bool container_is_current(const struct container *c);

/* Else nothing that state.json names is there any more; what has the name is another's. */
bool container_is_of_this_boot(const struct container *c);

enum container_lock {
	CONTAINER_UNLOCKED,
	CONTAINER_LOCKED
};
/*
 * Open one that is there: state and config are read, the lock taken when asked for. ENOENT and
 * "container 'x' does not exist" when there is none.
 */
int container_open(struct container *c, enum container_lock lock, struct err *err);

/* The same without the config, whose length is the image's and the engine's choice: `list` reads
 * a thousand of them. */
int container_open_state(struct container *c, enum container_lock lock, struct err *err);

/* Give up the lock on it, and on the root. */
void container_unlock(struct container *c);

/* What it is now, by the kernel's word. */
enum oci_status container_status(const struct container *c);

/* The same for people and engines: a running one whose group is frozen is paused. */
enum oci_status container_shown_status(const struct container *c);

/* "container 'x' is running", for an operation that another status would allow. */
int container_refuse(const struct container *c, const char *operation, enum oci_status status,
		     struct err *err);

/* After SIGKILL: a paused process (cgroup v1) does not die before it runs again. */
void container_thaw(const struct container *c);

/* Kill it and wait for its end (a pidfd tells); a child of ours is reaped. Fine when it is dead. */
int container_kill(struct container *c, struct err *err);

#endif
