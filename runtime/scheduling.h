/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SCHEDULING_H
#define CT_SCHEDULING_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * How the kernel treats the process that calls: scheduler, I/O priority; memory policy and personality
 * from config's linux. All of it outlives execve. Called before privileges go (CAP_SYS_NICE) and after
 * hooks: a process of SCHED_DEADLINE cannot fork. process may be another than config's (exec).
 */
int scheduling_apply(const struct config *config, const struct config_process *process,
		     struct err *err);

/*
 * process.execCPUAffinity, for exec: pid onto initial before it is moved into the cgroup, onto final
 * afterwards. key is "initial" or "final"; nothing is done for cpus that are not present.
 */
int scheduling_affinity(pid_t pid, const struct config_numbers *cpus, const char *key,
			struct err *err);

#endif
