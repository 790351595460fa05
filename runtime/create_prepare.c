/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <unistd.h>

#include "common/log.h"
#include "runtime/caps.h"
#include "runtime/console_socket.h"
#include "runtime/create.h"
#include "runtime/lsm.h"
#include "runtime/terminal.h"

static int open_console(struct container *c, const struct create_request *request, struct err *err)
{
	bool terminal = c->config->process.terminal;
	int fds[2];
	int rc = terminal_check(terminal, request->detach, request->console_socket, err);

	if (rc < 0 || !terminal)
		return rc;
	if (request->console_socket) {
		c->console_fd = console_socket_connect(request->console_socket, err);
		return c->console_fd < 0 ? c->console_fd : 0;
	}
	rc = console_socket_pair(fds, err);
	if (rc < 0)
		return rc;
	c->tty_fd = fds[0];
	c->console_fd = fds[1];
	return 0;
}

/* What the kernel would refuse in the middle of it, in words that help. */
static int check_rights(const struct container *c, struct err *err)
{
	if (c->rights.no_namespaces && !c->config->namespaces[NS_USER].present)
		return err_set(
			err, EPERM,
			"config.json: linux.namespaces: has no 'user', and a normal user (uid "
			"%d) may make no other namespace without it; 'spec --rootless' writes "
			"such a config.json",
			(int)geteuid());
	if (c->rights.no_mounts)
		log_info("container '%s': its namespaces are not pinned, since we may not mount",
			 c->id);
	return 0;
}

int create_prepare(struct container *c, const struct create_request *request, struct err *err)
{
	const struct config_process *process = &c->config->process;
	int rc = check_rights(c, err);

	if (rc >= 0)
		rc = open_console(c, request, err);
	if (rc >= 0)
		rc = lsm_open(process, &c->proc_fd, err);
	if (rc < 0)
		return rc;
	c->state.no_new_keyring |= request->no_new_keyring;
	caps_warn(&process->capabilities, c->config->namespaces[NS_USER].present);
	return 0;
}
