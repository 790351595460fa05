/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Behind the load of the seccomp filter the profile judges what we do: there is execve and nothing else,
 * but for the one message with a listener (seccomp_notify.h). All that it needs is made ready before,
 * and what can be known of its failure is said before.
 */
#include "runtime/launch.h"

#include "common/steps.h"
#include "runtime/exec.h"
#include "runtime/sync.h"

int launch_process(const struct launch *launch, struct err *err)
{
	const struct config_process *process = launch->process;
	struct strlist paths = { 0 };
	int listener_fd = -1;

	exec_paths(process, launch->env, &paths);
	int rc = launch->filter->code ? exec_check(process, &paths, err) : 0;

	if (rc >= 0)
		rc = sync_send(launch->report_fd, SYNC_EXEC, 0, err);
	if (rc >= 0)
		rc = passed_fds_seal(launch->fds, err);
	if (rc >= 0)
		rc = fault_point("init.execve", "", err);
	if (rc >= 0)
		rc = seccomp_filter_load(launch->filter, &listener_fd, err);
	if (rc >= 0 && listener_fd >= 0)
		rc = sync_send_fd(launch->report_fd, SYNC_LISTENER, listener_fd, err);
	/* Not freed when it fails: to give memory back may be a system call. */
	return rc < 0 ? rc : exec_run(process, &paths, launch->env, err);
}
