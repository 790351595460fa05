/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_INIT_H
#define CT_INIT_H

#include "runtime/container.h"

/*
 * The container's first process, from its birth in clone3 to execve. c is the parent's, copied by
 * the clone; sync_fd and listen_fd are its two ways to talk, everything else is closed at once.
 */
void init_main(struct container *c) __attribute__((noreturn));

/* The process between the runtime and init that joins namespaces (namespaces.h, staged). */
void init_stage_main(struct container *c) __attribute__((noreturn));

/*
 * clone3 with fork's semantics: 0 in the child, its pid in the parent. flags: CLONE_*. cgroup_fd: the
 * child is born in that group (v2); -1: in ours.
 */
pid_t init_clone(uint64_t flags, int cgroup_fd);
/* The same for init, with all that it is born with, or for the process in between. */
pid_t init_clone_first(const struct container *c);

#endif
