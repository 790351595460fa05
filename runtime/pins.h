/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_PINS_H
#define CT_PINS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/json.h"
#include "runtime/config/config.h"

/*
 * Persistent namespaces: /proc/<pid>/ns/<type> bound on <dir>/ns/<type>. Only namespaces that the
 * runtime made are pinned, and never the pid namespace: it ends with its first process.
 */

/* type -> path for each namespace in new_flags that will be pinned: known before they are made. */
void pins_list(const char *dir_path, uint64_t new_flags, struct strmap *pins);

/* The folder that pins live in. */
int pins_prepare(int dir_fd, struct err *err);

/*
 * Pin one namespace of pid. -EINVAL from a mount namespace: the kernel takes
 * it for older than ours (see create.c, step_pins); nothing is left then, and it may be tried again.
 */
int pins_make(int dir_fd, enum ns_type type, pid_t pid, struct err *err);

/* Unmount and remove every pin below dir_fd/ns. Fine when there is none, or a half of one. */
int pins_remove(int dir_fd, struct err *err);

/* Open the pin of one type, checked to be a namespace of that type; -ENOENT: there is none. */
int pins_open(int dir_fd, enum ns_type type, struct err *err);

#endif
