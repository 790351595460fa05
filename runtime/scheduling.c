/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/scheduling.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched/types.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_scheduler(const struct config_scheduler *s, struct err *err)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = (uint32_t)s->policy,
		.sched_flags = (uint64_t)s->flags,
		.sched_nice = (int32_t)s->nice,
		.sched_priority = (uint32_t)s->priority,
		.sched_runtime = (uint64_t)s->runtime_ns,
		.sched_deadline = (uint64_t)s->deadline_ns,
		.sched_period = (uint64_t)s->period_ns,
	};
	const char *hint = "";

	if (!s->present || syscall(SYS_sched_setattr, 0, &attr, 0) == 0)
		return 0;
	if (errno == EPERM)
		hint = " (it needs CAP_SYS_NICE on the host, which no user namespace gives, and "
		       "cpu.rt_runtime_us in a cgroup of the cpu controller)";
	else if (errno == EBUSY)
		hint = " (the machine has no room for this runtime in every period)";
	else if (errno == EINVAL || errno == EOPNOTSUPP)
		hint = " (this kernel does not have that policy or those flags)";
	return err_errno(err, "config.json: process.scheduler: sched_setattr%s", hint);
}

static int set_io_priority(const struct config_io_priority *io, struct err *err)
{
	unsigned int value = (unsigned int)IOPRIO_PRIO_VALUE(io->class, (unsigned int)io->priority);

	if (!io->present || syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) == 0)
		return 0;
	return err_errno(err, "config.json: process.ioPriority: ioprio_set%s",
			 errno == EPERM ? " (IOPRIO_CLASS_RT needs CAP_SYS_NICE on the host)" : "");
}

/* The kernel wants one bit more than it looks at, set_mempolicy(2). */
static int set_memory_policy(const struct config_memory_policy *policy, struct err *err)
{
	const unsigned long *nodes = policy->nodes.present ? policy->nodes.words : NULL;

	if (!policy->present || syscall(SYS_set_mempolicy, policy->mode | policy->flags, nodes,
					nodes ? (unsigned long)CONFIG_NUMBERS_MAX + 1 : 0UL) == 0)
		return 0;
	return err_errno(err, "config.json: linux.memoryPolicy: set_mempolicy%s",
			 errno == EINVAL ? " (nodes that this machine has not, or flags that this "
					   "mode does not take)"
					 : "");
}

static int set_personality(const struct config_personality *wanted, struct err *err)
{
	if (!wanted->present || personality((unsigned long)wanted->domain) >= 0)
		return 0;
	return err_errno(err, "config.json: linux.personality.domain: personality");
}

int scheduling_apply(const struct config *config, const struct config_process *process,
		     struct err *err)
{
	int rc = set_memory_policy(&config->memory_policy, err);

	if (rc >= 0)
		rc = set_personality(&config->personality, err);
	if (rc >= 0)
		rc = set_io_priority(&process->io_priority, err);
	return rc < 0 ? rc : set_scheduler(&process->scheduler, err);
}

int scheduling_affinity(pid_t pid, const struct config_numbers *cpus, const char *key,
			struct err *err)
{
	if (!cpus->present ||
	    syscall(SYS_sched_setaffinity, pid, sizeof(cpus->words), cpus->words) >= 0)
		return 0;
	return err_errno(err, "process.execCPUAffinity.%s: sched_setaffinity%s", key,
			 errno == EINVAL ? " (none of these CPUs is there)" : "");
}
