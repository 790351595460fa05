/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_BPF_H
#define CT_CGROUP_BPF_H

#include <linux/bpf.h>
#include <stddef.h>

#include "common/err.h"
#include "runtime/resources.h"

/*
 * cgroup v2 has no devices controller: a program of the group answers each open(2) and mknod(2) of a
 * device (BPF_PROG_TYPE_CGROUP_DEVICE).
 */
struct bpf_program {
	struct bpf_insn *insns; /* freed with free() */
	size_t n;
};

/*
 * The rules as a program, pure. For each of read, write and mknod that is asked for, the last rule of
 * the list that speaks of it decides, so "deny w" behind "allow rwm" refuses an open for reading and
 * writing. What no rule speaks of is allowed, as in a new group of v1.
 */
void cgroup_bpf_program(const struct resource_devices *rules, struct bpf_program *program);

/*
 * Load the rules and attach them to the group, in place of those that an earlier call attached; the
 * programs of others (systemd) stay. There is no moment without rules. Nothing is done for an empty
 * list.
 */
int cgroup_bpf_attach(int cgroup_fd, const struct resource_devices *rules, struct err *err);

#endif
