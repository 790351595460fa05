/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_RUN_H
#define CT_RUN_H

#include <stdbool.h>

#include "runtime/container.h"
#include "runtime/tty_proxy.h"

/*
 * Wait for the container's process, a child of ours, in the foreground, and delete the container then
 * unless keep. Returns its exit status. proxy: its terminal, NULL for none.
 * Others may delete or restart it while its process runs, so nothing is locked meanwhile, and
 * afterwards it is looked at anew: what somebody else has made of it is not ours to delete.
 */
int run_wait(struct container *c, const char *root, struct tty_proxy *proxy, bool keep,
	     struct err *err);

#endif
