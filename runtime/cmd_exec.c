/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/console_socket.h"
#include "runtime/create.h"
#include "runtime/create_options.h"
#include "runtime/enter.h"
#include "runtime/exec_options.h"
#include "runtime/pidfd_socket.h"
#include "runtime/self.h"
#include "runtime/tty_proxy.h"
#include "runtime/wait.h"

/* The descriptor first, then the look: the pid cannot be another's any more. */
static int open_running(const struct container *c, bool ignore_paused, struct err *err)
{
	autoclose int fd = pidfd_open(c->state.oci.pid, 0);

	switch (container_status(c)) {
	case OCI_STATUS_CREATED:
	case OCI_STATUS_RUNNING:
		break;
	case OCI_STATUS_PAUSED:
		if (!ignore_paused)
			return err_set(err, EBUSY,
				       "cannot exec in a paused container (use --ignore-paused to "
				       "override): '%s'",
				       c->id);
		break;
	case OCI_STATUS_CREATING:
	case OCI_STATUS_STOPPED:
		return err_set(err, ESRCH,
			       "cannot exec in a stopped container: '%s': container not running",
			       c->id);
	}
	if (fd < 0)
		return err_errno(err, "pidfd_open %d", (int)c->state.oci.pid);
	return take_fd(&fd);
}

/* Whoever reads the pid file may count on all else. */
static int announce(const struct exec_options *o, pid_t pid, struct err *err)
{
	char text[16];
	int rc = o->pidfd_socket ? pidfd_socket_send(o->pidfd_socket, pid, err) : 0;

	if (rc < 0 || !o->pid_file)
		return rc;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return file_replace(o->pid_file, text, strlen(text), 0644, err);
}

static int wait_for_it(const struct container *c, pid_t pid, struct err *err)
{
	autottyproxy struct tty_proxy *proxy = NULL;

	if (c->tty_fd >= 0) {
		int master_fd = console_socket_receive(c->tty_fd, err);
		int rc = master_fd < 0 ? master_fd : tty_proxy_open(master_fd, &proxy, err);

		if (rc < 0)
			return rc;
	}
	log_flush();
	return proxy ? tty_proxy_run(proxy, pid) : wait_forwarding(pid);
}

static int exec_in(struct container *c, const struct exec_options *o, struct enter_request *request,
		   struct err *err)
{
	const struct create_request prepare = {
		.console_socket = o->console_socket,
		.detach = o->detach,
	};
	autoclose int pid_fd = open_running(c, o->ignore_paused, err);

	if (pid_fd < 0)
		return pid_fd;
	request->pid_fd = pid_fd;
	int rc = create_prepare(c, &prepare, err);

	if (rc < 0)
		return rc;
	if (!o->detach) {
		wait_block_signals();
		rc = o->no_subreaper ? 0 : wait_adopt_orphans(err);
	}
	pid_t pid = rc < 0 ? rc : enter_container(request, err);

	if (pid < 0)
		return pid;
	if (c->console_fd >= 0)
		(void)close(take_fd(&c->console_fd));
	rc = announce(o, pid, err);
	if (rc < 0) {
		/* Who called us knows of no process. */
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return rc;
	}
	return o->detach ? 0 : wait_for_it(c, pid, err);
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct exec_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	struct enter_request request = { .c = &c, .cgroups = &o->cgroups };
	int rc = self_protect(err);

	if (rc >= 0)
		rc = passed_fds_take(o->preserve_fds, false, &request.fds, err);
	if (rc >= 0)
		rc = container_name(&c, g->root, args[0], err);
	if (rc >= 0)
		rc = container_open(&c, CONTAINER_UNLOCKED, err);
	if (rc >= 0)
		rc = rights_look(g->rootless, &c.rights, err);
	if (rc >= 0)
		rc = exec_options_process(o, args + 1, n_args - 1, c.config, err);
	return rc < 0 ? rc : exec_in(&c, o, &request, err);
}

#define OPTION(member) .offset = offsetof(struct exec_options, member)
#define STRING(option_name, metavar, member, text)                                                 \
	{                                                                                          \
		.name = (option_name), .type = CMD_STRING, .value = (metavar), OPTION(member),     \
		.help = (text)                                                                     \
	}
#define FLAG(option_name, member, text)                                                            \
	{                                                                                          \
		.name = (option_name), .type = CMD_FLAG, OPTION(member), .help = (text)            \
	}

static const struct cmd_option exec_options[] = {
	STRING("console-socket", "SOCKET", console_socket,
	       "send the terminal to the program that listens on SOCKET"),
	STRING("pidfd-socket", "SOCKET", pidfd_socket,
	       "send a pidfd of the process to the program that listens on SOCKET"),
	STRING("cwd", "DIR", cwd, "where it starts (default: as the container's process)"),
	{ .name = "env",
	  .short_name = 'e',
	  .type = CMD_LIST,
	  .value = "NAME=VALUE",
	  OPTION(env),
	  .help = "add to the environment of the container's process" },
	{ .name = "tty",
	  .short_name = 't',
	  .type = CMD_FLAG,
	  OPTION(tty),
	  .help = "give it a terminal" },
	{ .name = "user",
	  .short_name = 'u',
	  .type = CMD_STRING,
	  .value = "UID[:GID]",
	  OPTION(user),
	  .help = "ids of the process, numbers (default: those of the container's)" },
	{ .name = "additional-gids",
	  .short_name = 'g',
	  .type = CMD_LIST,
	  .value = "GID",
	  OPTION(additional_gids),
	  .help = "one more group" },
	{ .name = "process",
	  .short_name = 'p',
	  .type = CMD_STRING,
	  .value = "FILE",
	  OPTION(process),
	  .help = "what runs, as config.json's process" },
	{ .name = "detach",
	  .short_name = 'd',
	  .type = CMD_FLAG,
	  OPTION(detach),
	  .help = "return once the process has been executed" },
	STRING("process-label", "LABEL", process_label, "SELinux label of the process"),
	STRING("apparmor", "PROFILE", apparmor, "AppArmor profile of the process"),
	STRING("pid-file", "FILE", pid_file, "write the process id to FILE"),
	FLAG("no-new-privs", no_new_privs, "set no_new_privs, also where the container has not"),
	{ .name = "cap",
	  .short_name = 'c',
	  .type = CMD_LIST,
	  .value = "CAPABILITY",
	  OPTION(caps),
	  .help = "one more capability than the container's process has" },
	{ .name = "preserve-fds",
	  .type = CMD_INT,
	  .value = "N",
	  OPTION(preserve_fds),
	  .max = PRESERVE_FDS_MAX,
	  .help = "hand N descriptors on, from 3" },
	{ .name = "cgroup",
	  .type = CMD_LIST,
	  .value = "[CONTROLLER:]PATH",
	  OPTION(cgroups),
	  .help = "into this cgroup below the container's, which must be there" },
	FLAG("ignore-paused", ignore_paused, "also in a paused container, where it runs at resume"),
	{ .name = "no-subreaper",
	  .type = CMD_FLAG,
	  OPTION(no_subreaper),
	  .help = "do not adopt orphans of the process",
	  .hidden = true },
};

const struct cmd cmd_exec = {
	.name = "exec",
	.args = "ID [COMMAND [ARGUMENT]...]",
	.help = "run one more process in a container; exits with its status",
	.options = exec_options,
	.n_options = ARRAY_SIZE(exec_options),
	.options_size = sizeof(struct exec_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
	.failure_status = 255,
};
