/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

int oom_score_set(pid_t pid, const struct config_process *process, bool rootless, struct err *err)
{
	char path[64], value[16];

	if (!process->has_oom_score_adj)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)(pid ? pid : getpid()));
	(void)snprintf(value, sizeof(value), "%d", (int)process->oom_score_adj);
	int rc = file_write_at(AT_FDCWD, path, value, err);

	if (rc == -EACCES && rootless) {
		log_info("process.oomScoreAdj: %s; ignoring", err->msg);
		err_clear(err);
		return 0;
	}
	return rc < 0 ? err_ctx(err, "process.oomScoreAdj") : 0;
}
