/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/netns.h"
#include "common/oci_state.h"
#include "common/signals.h"
#include "common/str.h"
#include "netns-hook/attach.h"
#include "netns-hook/detach.h"
#include "netns-hook/options.h"
#include "netns-hook/publish.h"
#include "netns-hook/state.h"

#define DEFAULT_IPFILE ".ip"

static int read_state(struct oci_state *state, struct err *err)
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

static bool cwd_is(const char *dir)
{
	struct stat here, there;

	return dir && stat(".", &here) == 0 && stat(dir, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/*
 * The netns tool writes .ip into whatever its working directory is. Scripts look for it in the
 * bundle, where runtimes start their hooks; elsewhere a file that nobody asked for is litter.
 */
static int choose_ipfile(const struct options *options, const struct oci_state *state, char **path,
			 struct err *err)
{
	const char *name = options->ipfile ? options->ipfile : DEFAULT_IPFILE;

	*path = NULL;
	if (name[0] == '\0' || (!options->ipfile && !cwd_is(state->bundle)))
		return 0;
	if (name[0] == '/') {
		*path = xstrdup(name);
		return 0;
	}
	autofree char *cwd = getcwd(NULL, 0);

	if (cwd)
		*path = xasprintf("%s/%s", cwd, name);
	else if (options->ipfile)
		return err_errno(err, "--ipfile '%s': working directory", name);
	return 0;
}

static int parse_static_ips(const struct options *options, struct attach_request *request,
			    struct err *err)
{
	for (size_t i = 0; i < options->static_ips.n; i++) {
		if (request->n_static_ips == NETWORK_MAX_RANGES)
			return err_set(err, E2BIG, "--static-ip: more than %d addresses",
				       NETWORK_MAX_RANGES);
		if (ip_parse_addr(options->static_ips.items[i], "--static-ip",
				  &request->static_ips[request->n_static_ips++], err) < 0)
			return -err->code;
	}
	return 0;
}

/* What the flags ask for, besides the network itself. */
static int read_wishes(const struct options *options, struct attach_request *request,
		       struct publish_list *publish, struct err *err)
{
	int rc = parse_static_ips(options, request, err);

	if (rc >= 0 && options->mac)
		rc = link_mac_parse(options->mac, "--mac", &request->mac, err);
	for (size_t i = 0; rc >= 0 && i < options->publish.n; i++)
		rc = publish_parse(options->publish.items[i], "--publish", publish, err);
	request->ports = publish->items;
	request->n_ports = publish->n;
	return rc;
}

static int hook_attach(const struct options *options, const struct oci_state *state,
		       struct err *err)
{
	autonetwork struct network net = { 0 };
	autoattachment struct attachment att = { 0 };
	autofree char *ipfile = NULL;
	autopublish struct publish_list publish = { .items = NULL };
	struct attach_request request = {
		.state_dir = options_state_dir(options),
		.net = &net,
		.container = state->id,
		.pid = state->pid,
	};
	int rc = options_network(options, &net, err);

	if (rc >= 0)
		rc = read_wishes(options, &request, &publish, err);
	if (rc >= 0)
		rc = choose_ipfile(options, state, &ipfile, err);
	if (rc < 0)
		return rc;
	autoclose int netns_fd = open_netns(state, err);

	if (netns_fd < 0)
		return netns_fd;
	request.netns_fd = netns_fd;
	request.ipfile = ipfile;
	request.ipfile_must = options->ipfile;
	rc = attach(&request, &att, err);
	if (rc >= 0)
		log_debug("container '%s': %s on '%s' has %s", state->id, att.ifname, att.bridge,
			  ip_prefix_text(&att.addresses[0].prefix).text);
	return rc < 0 ? rc : 0;
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
	};
	autoclose int pin_fd = pin ? netns_open_path(pin, &no_pin) : -1;

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
	int rc = read_state(&state, err);

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
	autonetwork struct network net = { 0 };
	autopublish struct publish_list publish = { .items = NULL };
	struct attach_request request = {
		.state_dir = options_state_dir(options),
		.net = &net,
		.container = n_args > 0 ? args[0] : "ID",
		.netns_fd = -1,
		.ipfile = options->ipfile,
	};
	int rc = options_network(options, &net, err);

	(void)unused;
	if (rc >= 0)
		rc = str_check_name(request.container, "container id", err);
	if (rc >= 0)
		rc = read_wishes(options, &request, &publish, err);
	if (rc < 0)
		return rc;
	attach_plan(&request, stdout);
	return 0;
}

const struct cmd hook_explain_cmd = {
	.name = "explain",
	.args = "[ID]",
	.help = "print what the hook would do to attach a container, and do nothing",
	.max_args = 1,
	.run = run_explain,
};
