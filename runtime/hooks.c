/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/child.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

/* runtime-spec, config.md, "POSIX-platform Hooks". */
static const struct {
	enum oci_status status;
	const char *resolved_in;
} kinds[HOOK_COUNT] = {
	[HOOK_PRESTART] = { OCI_STATUS_CREATING, "runtime" },
	[HOOK_CREATE_RUNTIME] = { OCI_STATUS_CREATING, "runtime" },
	[HOOK_CREATE_CONTAINER] = { OCI_STATUS_CREATING, "runtime" },
	[HOOK_START_CONTAINER] = { OCI_STATUS_CREATED, "container" },
	[HOOK_POSTSTART] = { OCI_STATUS_RUNNING, "runtime" },
	[HOOK_POSTSTOP] = { OCI_STATUS_STOPPED, "runtime" },
};

static char *state_text(const struct hooks_run *run)
{
	struct oci_state state = *run->state; /* borrowed */

	state.status = kinds[run->kind].status;
	state.pid = run->pid;
	autojson json_node *root = oci_state_json(&state);

	return json_print(root, false);
}

static int run_one(const struct hooks_run *run, size_t index, const char *state, struct err *err)
{
	const struct config_hook *hook = &run->config->hooks[run->kind].items[index];
	/* A file, not a pipe: a hook that never reads blocks nobody and breaks nothing. */
	autoclose int stdin_fd = file_memfd("state", state, strlen(state), err);
	char *path_argv[] = { hook->path, NULL };
	char *no_env[] = { NULL };
	struct child_result result;

	if (stdin_fd < 0)
		return stdin_fd;
	const struct child_request request = {
		.path = hook->path,
		.argv = hook->args.n ? hook->args.items : path_argv,
		.envp = !hook->has_env ? run->envp
			: hook->env.n  ? hook->env.items
				       : no_env,
		.stdin_fd = stdin_fd,
		.cwd_fd = run->cwd_fd,
		.timeout_ms = hook->has_timeout ? (int)hook->timeout_s * 1000 : 0,
		.peer_fd = run->peer_fd,
		.lock_fd = run->lock_fd,
	};
	int rc = child_run(&request, &result, err);

	if (rc < 0)
		return rc;
	if (result.end == CHILD_EXITED && WIFEXITED(result.status) &&
	    WEXITSTATUS(result.status) == 0) {
		if (result.tail[0])
			log_debug("%s hook #%zu '%s': %s", config_hook_name(run->kind), index,
				  hook->path, result.tail);
		return 0;
	}
	char why[CHILD_TAIL_BYTES + 64];

	child_describe(&request, &result, why, sizeof(why));
	return err_set(err, ECANCELED, "%s", why);
}

static int run_named(const struct hooks_run *run, size_t index, const char *state, struct err *err)
{
	int rc = run_one(run, index, state, err);

	if (rc >= 0)
		return 0;
	return err_ctx(err, "%s hook #%zu '%s' (path of the %s namespace)",
		       config_hook_name(run->kind), index,
		       run->config->hooks[run->kind].items[index].path,
		       kinds[run->kind].resolved_in);
}

int hooks_run(const struct hooks_run *run, struct err *err)
{
	size_t n = run->config->hooks[run->kind].n;
	autofree char *state = n ? state_text(run) : NULL;

	for (size_t i = 0; i < n; i++) {
		int rc = run_named(run, i, state, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

void hooks_run_all(const struct hooks_run *run)
{
	size_t n = run->config->hooks[run->kind].n;
	autofree char *state = n ? state_text(run) : NULL;

	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;

		if (run_named(run, i, state, &err) < 0)
			log_warning("%s", err.msg);
	}
}
