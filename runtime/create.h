/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CREATE_H
#define CT_CREATE_H

#include <stdbool.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/container.h"
#include "runtime/passed_fds.h"

struct restore_request;

struct create_request {
	const char *root, *id;
	const char *bundle; /* NULL: the working directory */
	const char *config; /* below the bundle or absolute; NULL: config.json */
	const char *pid_file, *console_socket, *pidfd_socket; /* absolute; NULL: none */
	const char *rootless;                                 /* --rootless, as rights.h takes it */
	const struct restore_request *restore;                /* from an image; NULL: a new one */
	struct passed_fds fds;
	enum cgroup_manager cgroup_manager;
	bool detach; /* nobody stays with the container: `create`, `run --detach` */
	bool no_persist, no_pivot, no_new_keyring;
};

/*
 * Make the container and leave its init waiting for start; it is our child. On failure all is undone,
 * poststop hooks included. The working directory is the bundle afterwards.
 */
int create_container(struct container *c, const struct create_request *request, struct err *err);

/*
 * What a process needs that the runtime alone can give it, before it is made: where its pty goes to (the
 * socket of --console-socket, or a pair whose other end is c->tty_fd), the procfs for its labels;
 * and what it cannot have is refused or said. create_container does it for itself; of the request
 * only console_socket, detach and no_new_keyring are looked at.
 */
int create_prepare(struct container *c, const struct create_request *request, struct err *err);

/* Undo it all: kill, poststop hooks, pins, state directory. c is open and locked. */
int create_undo(struct container *c, struct err *err);

/* A new process in the pinned namespaces of a stopped container (DESIGN 3.2); our child. */
int create_again(struct container *c, struct err *err);

#endif
