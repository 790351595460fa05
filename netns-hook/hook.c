/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/hook.h"

#include <errno.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/netns.h"
#include "common/oci_state.h"
#include "common/signals.h"
#include "common/str.h"
#include "netns-hook/bundle.h"
#include "netns-hook/detach.h"
#include "netns-hook/options.h"
#include "netns-hook/request.h"
#include "netns-hook/state.h"

int hook_read_state(struct oci_state *state, struct err *err)
{
	autofree char *text = NULL;
	size_t len = 0;

	if (isatty(STDIN_FILENO))
		return err_set(
			err, EINVAL,
			"no command given, and as a hook it reads the container's state from "
			"standard input; see 'ct-netns --help'");
	int rc =
		file_read_fd(STDIN_FILENO, "standard input", OCI_STATE_MAX_BYTES, &text, &len, err);

	return rc < 0 ? rc : oci_state_parse(text, len, state, err);
}

/* ---- attach ---- */

/* The process's namespace; without a process, that of the pin which our own runtime names. */
static int open_netns(const struct oci_state *state, struct err *err)
{
	const char *pin = strmap_get(&state->namespaces, "net");
	int fd;

	if (state->pid > 0)
		fd = netns_open_pid(state->pid, err);
	else if (pin)
		fd = netns_open_path(pin, err);
	else
		fd = err_set(err, EINVAL,
			     "the state is '%s' and has no pid: there is no network namespace to "
			     "attach to",
			     oci_status_name(state->status));
	return fd < 0 ? err_ctx(err, "container '%s'", state->id) : fd;
}

/* A bundle that cannot be read costs the container nothing but a name. */
static void read_bundle(const struct oci_state *state, struct bundle *bundle)
{
	struct err err = ERR_INIT;

	if (bundle_read(state->bundle, bundle, &err) < 0)
		log_debug("hostname: %s; ignoring", err.msg);
}

static int hook_attach(const struct options *options, const struct oci_state *state,
		       struct err *err)
{
	autorequests struct request_list list = { .n = 0 };
	autofree char *ipfile = NULL;
	autobundle struct bundle bundle = { .hostname = NULL };
	int rc = request_list_read(options, &state->annotations, &list, err);

	if (rc >= 0)
		rc = options_ipfile(options, state->bundle, &ipfile, err);
	if (rc < 0)
		return rc;
	autoclose int netns_fd = open_netns(state, err);

	if (netns_fd < 0)
		return netns_fd;
	read_bundle(state, &bundle);
	request_list_aim(&list, &(const struct request_target){
					.container = state->id,
					.pid = state->pid,
					.netns_fd = netns_fd,
					.hostname = bundle.hostname,
					.ipfile = ipfile,
					.ipfile_must = options->ipfile,
				});
	return request_list_attach(&list, err);
}

/* ---- detach ---- */

static int try_detach(const struct options *options, const struct oci_state *state, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	const char *pin = strmap_get(&state->namespaces, "net");
	struct err no_pin = ERR_INIT;
	int rc = state_open(options_state_dir(options), false, &state_fd, err);

	if (rc > 0)
		rc = netlink_open(&nl, err) < 0 ? -err->code : 1;
	if (rc <= 0)
		return rc;
	struct detach detach = {
		.state_fd = state_fd,
		.nl = &nl,
		.link = DETACH_LINK_BACKGROUND,
		.netns_fd = -1,
	};
	autoclose int pin_fd = pin ? netns_open_path(pin, &no_pin) : -1;

	detach.netns_fd = pin_fd;

	if (pin_fd >= 0 && netns_identify(pin_fd, &detach.ending, &no_pin) < 0)
		detach.ending = (struct netns_id){ 0 };
	return detach_container(&detach, state->id, err);
}

static void hook_detach(const struct options *options, const struct oci_state *state)
{
	struct err err = ERR_INIT;

	if (try_detach(options, state, &err) < 0)
		log_warning(
			"container '%s': not all of its network could be undone: %s; 'ct-netns gc' "
			"tries again",
			state->id, err.msg);
}

static int run_hook(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	struct oci_state state = { 0 };

	(void)unused;
	(void)args;
	(void)n_args;
	signals_ignore();
	int rc = hook_read_state(&state, err);

	if (rc < 0)
		return rc;
	switch (state.status) {
	case OCI_STATUS_CREATING:
	case OCI_STATUS_CREATED:
	case OCI_STATUS_RUNNING:
		rc = hook_attach(options, &state, err);
		break;
	case OCI_STATUS_STOPPED:
		hook_detach(options, &state);
		break;
	case OCI_STATUS_PAUSED:
		rc = err_set(err, EINVAL, "container '%s' is paused: no hook runs then", state.id);
		break;
	}
	oci_state_free(&state);
	return rc;
}

const struct cmd hook_cmd = {
	.name = "hook",
	.args = "",
	.help = "attach or detach the container whose state is on standard input (the default)",
	.run = run_hook,
};

/* ---- explain ---- */

static int run_explain(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	autorequests struct request_list list = { .n = 0 };
	const struct request_target target = {
		.container = n_args > 0 ? args[0] : "ID",
		.netns_fd = -1,
		.ipfile = options->ipfile,
	};
	int rc = request_list_read(options, NULL, &list, err);

	(void)unused;
	if (rc >= 0)
		rc = str_check_name(target.container, "container id", err);
	if (rc < 0)
		return rc;
	rc = request_list_preview(&list, err);
	if (rc < 0)
		return rc;
	request_list_aim(&list, &target);
	for (size_t i = 0; i < list.n; i++)
		attach_plan(&list.items[i], stdout);
	return 0;
}

const struct cmd hook_explain_cmd = {
	.name = "explain",
	.args = "[ID]",
	.help = "print what the hook would do to attach a container, and do nothing",
	.max_args = 1,
	.run = run_explain,
};
