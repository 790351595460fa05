/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_PROCESS_H
#define CT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * A process by pid and start time (field 22 of /proc/<pid>/stat, clock ticks since boot): the pair
 * that a recycled pid cannot forge.
 */
int process_start_time(pid_t pid, uint64_t *ticks, struct err *err);

/* Alive: the pid exists, is no zombie and, unless ticks is 0, started then. */
bool process_is_alive(pid_t pid, uint64_t ticks);

/*
 * Its close-on-exec descriptors are closed: has it died instead of executing a program? As long as it
 * is there, be it as a zombie, its flags know. Once its parent has reaped it, pid_fd, taken before,
 * knows how it ended (Linux 6.15; before that: no), and a SIGKILL counts as a yes: it came within the
 * moment that its parent and we needed to look.
 */
bool process_died_unexecuted(pid_t pid, uint64_t ticks, int pid_fd);

/* /proc/sys/kernel/random/boot_id without newline, into buf of 37 bytes. */
int process_boot_id(char buf[37], struct err *err);

#endif
