/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/seccomp_notify.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fds.h"
#include "common/json.h"

#define FD_NAME "seccompFd" /* of the specification */
/* An agent that does not accept or read must not hold the start for ever. */
#define AGENT_WAIT_S 10

int seccomp_notify_connect(const struct config_seccomp *profile, int *agent_fd, struct err *err)
{
	const struct timeval limit = { .tv_sec = AGENT_WAIT_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*agent_fd = -1;
	if (!config_seccomp_notifies(profile))
		return 0;
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "socket");
	int rc = str_format(addr.sun_path, sizeof(addr.sun_path),
			    "config.json: linux.seccomp.listenerPath", err, "%s",
			    profile->listener_path);

	if (rc < 0)
		return rc;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_errno(err, "limit the time of a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(err, "config.json: linux.seccomp.listenerPath: connect to '%s'",
				 profile->listener_path);
	*agent_fd = take_fd(&fd);
	return 0;
}

static char *process_state(const struct config_seccomp *profile, const struct oci_state *state,
			   pid_t pid)
{
	autojson json_node *root = json_object();

	json_put_string(root, "ociVersion", state->oci_version);
	json_append_string(json_put_array(root, "fds"), FD_NAME);
	json_put_int(root, "pid", pid);
	json_put_string(root, "metadata", profile->listener_metadata);
	json_put(root, "state", oci_state_json(state));
	return json_print(root, false);
}

int seccomp_notify_send(int agent_fd, int listener_fd, const struct config_seccomp *profile,
			const struct oci_state *state, pid_t pid, struct err *err)
{
	autofree char *text = process_state(profile, state, pid);
	size_t len = strlen(text), sent = 0;
	ssize_t n = fds_send(agent_fd, text, len, listener_fd);

	/* What is left of a long text follows the message that carries the descriptor. */
	while (n > 0 || (n < 0 && errno == EINTR)) {
		sent += n > 0 ? (size_t)n : 0;
		if (sent == len)
			return 0;
		n = send(agent_fd, text + sent, len - sent, MSG_NOSIGNAL);
	}
	return err_errno(err, "config.json: linux.seccomp.listenerPath: send the listener to '%s'",
			 profile->listener_path);
}
