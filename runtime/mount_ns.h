/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNT_NS_H
#define CT_MOUNT_NS_H

#include "common/err.h"

/*
 * The kernel pins a mount namespace only in one that is older, and tells the age by an id. Linux 6.18
 * gives these ids out in batches per CPU, so that a new namespace can have a lower id than the one
 * that the runtime is in (unless that is the first of all). Made again on the CPU that made the
 * runtime's, it gets a higher one; where that CPU is none of ours (a cpuset), after the batch of this
 * one is used up.
 */
enum {
	MOUNT_NS_NEXT_BATCH = -1
};

/* The caller's mount namespace anew, on that CPU, or here with an id of the next batch. */
int mount_ns_renew(int cpu, struct err *err);

#endif
