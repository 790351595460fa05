/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SECCOMP_COMPILE_H
#define CT_SECCOMP_COMPILE_H

#include "runtime/seccomp.h"

/*
 * The profile's BPF, by libseccomp: some milliseconds for an engine's default profile. A system call
 * that this libseccomp does not know is left out with a debug line, as everybody does: profiles name
 * those of newer kernels and of other machines.
 */
int seccomp_compile(const struct config_seccomp *profile, struct seccomp_filter *filter,
		    struct err *err);

#endif
