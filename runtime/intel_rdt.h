/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_INTEL_RDT_H
#define CT_INTEL_RDT_H

#include <sys/types.h>

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * linux.intelRdt (config-linux.md, "IntelRdt"): the container's processes are put into a class of
 * service, a folder in resctrl, which limits cache and memory bandwidth. A class without a closID is
 * the container's own and goes with it; one with a closID stays for others. A monitoring group is the
 * container's own always. Without linux.intelRdt nothing here does anything.
 *
 * resctrl_fd: the folder of resctrl, as intel_rdt_open gives it.
 */

/* The mounted resctrl; -ENOENT and an error that says how when there is none. */
int intel_rdt_open(struct err *err);

/* Before anything is made: what must be there is, and what will be ours is not there yet. */
int intel_rdt_check_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		       struct err *err);

/* What is written to the schemata of a new class; "": nothing. The caller frees. */
char *intel_rdt_schemata(const struct config_intel_rdt *rdt);

int intel_rdt_make_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		      struct err *err);

/* Put a process in, and with it what it will start. */
int intel_rdt_enter_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
		       pid_t pid, struct err *err);

/* What is the container's own. Fine when it is gone. */
int intel_rdt_remove_at(int resctrl_fd, const struct config_intel_rdt *rdt, const char *id,
			struct err *err);

/* The same in the machine's resctrl. */
int intel_rdt_check(const struct config *config, const char *id, struct err *err);
int intel_rdt_make(const struct config *config, const char *id, struct err *err);
int intel_rdt_enter(const struct config *config, const char *id, pid_t pid, struct err *err);
int intel_rdt_remove(const struct config *config, const char *id, struct err *err);

#endif
