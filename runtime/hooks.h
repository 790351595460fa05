/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_HOOKS_H
#define CT_HOOKS_H

#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"
#include "runtime/state.h"

/* How one kind of hook is run: what differs between the runtime's side and the container's. */
struct hooks_run {
	enum hook_kind kind;
	const struct config *config;
	const struct oci_state *state; /* ids, bundle, annotations, pins; borrowed */
	pid_t pid;                     /* as the hook's pid namespace sees it; 0: none */
	char *const *envp; /* of hooks without an env of their own; NULL: the runtime's */
	int cwd_fd;        /* -1: where the caller is */
	int peer_fd;       /* to the other side, whose end ends the hook; -1: none */
	int lock_fd; /* the container's lock, by which delete --force ends hooks; -1: not these */
};

/*
 * Run them in order, the state on stdin; the first that fails ends it, with an error that names
 * kind, index, path, the namespace in which the path was looked up, and why.
 */
int hooks_run(const struct hooks_run *run, struct err *err);

/* poststop: every failure is a warning, and all of them are run. */
void hooks_run_all(const struct hooks_run *run);

#endif
