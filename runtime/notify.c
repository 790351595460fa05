/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child_clone.h"
#include "common/cleanup.h"
#include "common/fd_socket.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mount_fd.h"
#include "common/str.h"
#include "runtime/console_socket.h"

#define FOLDER          "notify"
#define MESSAGE_BYTES   4096
#define BARRIER_WAIT_MS 30000 /* as runc; systemd answers at once */

const char *notify_host(void)
{
	const char *host = getenv("NOTIFY_SOCKET");

	return host && *host ? host : NULL;
}

struct cloning {
	const char *root;
	char *path; /* of the folder */
	int socket_fd;
};

/* In a child, whose mount namespace ends with it; the detached mount does not. */
static int clone_folder(const struct cloning *cloning, struct err *err)
{
	const uint64_t flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_errno(err, "make a mount namespace");
	/* No longer unbindable; EINVAL: it is no mount of its own. */
	if (mount(NULL, cloning->root, NULL, MS_PRIVATE, NULL) < 0 && errno != EINVAL)
		return err_errno(err, "change the propagation of '%s'", cloning->root);
	autoclose int fd = mount_fd_clone(AT_FDCWD, cloning->path, false);

	if (fd < 0 || mount_fd_set(fd, false, flags, 0, MS_PRIVATE) < 0)
		return err_errno(err, "clone the mount of '%s'", cloning->path);
	return fd_socket_send(cloning->socket_fd, fd, FOLDER, err);
}

static int in_child(void *arg)
{
	struct err err = ERR_INIT;

	if (clone_folder(arg, &err) >= 0)
		return EXIT_SUCCESS;
	log_warning("%s", err.msg);
	return EXIT_FAILURE;
}

int notify_make(int dir_fd, const char *root, const char *container_path, struct err *err)
{
	autofree char *path = xasprintf("%s/" FOLDER, container_path);
	struct cloning cloning = { .root = root, .path = path };
	int fds[2];

	/* fchmodat, for the umask: any user of the container may connect. */
	if (mkdirat(dir_fd, FOLDER, 0755) < 0 || fchmodat(dir_fd, FOLDER, 0755, 0) < 0)
		return err_errno(err, "make folder '%s'", path);
	int rc = console_socket_pair(fds, err);

	if (rc < 0)
		return rc;
	autoclose int receive_fd = fds[0];

	cloning.socket_fd = fds[1];
	pid_t pid = child_clone(in_child, &cloning, err);

	(void)close(fds[1]);
	if (pid < 0)
		return pid;
	(void)waitpid(pid, NULL, __WALL);
	rc = console_socket_receive(receive_fd, err);
	return rc < 0 ? err_ctx(err, "NOTIFY_SOCKET") : rc;
}

int notify_attach(int root_fd, int mount_fd, struct err *err)
{
	autoclose int target_fd = file_mkdir_in_root(root_fd, NOTIFY_IN_CONTAINER, 0755, err);

	if (target_fd < 0)
		return err_ctx(err, "NOTIFY_SOCKET");
	if (mount_fd_attach(mount_fd, target_fd) < 0)
		return err_errno(err,
				 "NOTIFY_SOCKET: bind its folder on '" NOTIFY_IN_CONTAINER "'");
	return 0;
}

int notify_listen(int dir_fd, int *fd, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose int folder_fd = openat(dir_fd, FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*fd = -1;
	if (folder_fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open '" FOLDER "'");
	autoclose int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (socket_fd < 0)
		return err_errno(err, "socket");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" NOTIFY_SOCK,
		       file_fd_path(folder_fd).text);
	(void)unlinkat(folder_fd, NOTIFY_SOCK, 0);
	if (bind(socket_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    fchmodat(folder_fd, NOTIFY_SOCK, 0777, 0) < 0)
		return err_errno(err, "bind '" NOTIFY_SOCK "'");
	*fd = take_fd(&socket_fd);
	return 0;
}

/* ---- to the caller's socket ---- */

/* A path, or with '@' an abstract name. */
static int connect_host(const char *host, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(host);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "socket");
	if ((host[0] != '/' && host[0] != '@') || len >= sizeof(addr.sun_path))
		return err_set(err, EINVAL, "it is neither a path nor an abstract name");
	memcpy(addr.sun_path, host, len);
	if (host[0] == '@')
		addr.sun_path[0] = '\0';
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	if (connect(fd, (struct sockaddr *)&addr, size) < 0)
		return err_errno(err, "connect");
	return take_fd(&fd);
}

static int tell(int fd, const char *text, struct err *err)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return err_errno(err, "send");
	return 0;
}

/* systemd closes its copy of the pipe once it has read all that came before (sd_notify_barrier(3)). */
static int barrier(int fd, struct err *err)
{
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	autoclose int read_fd = pipes[0];
	struct pollfd pfd = { .fd = read_fd, .events = 0 };
	int rc = fd_socket_send(fd, pipes[1], "BARRIER=1", err);

	(void)close(pipes[1]);
	while (rc >= 0 && poll(&pfd, 1, BARRIER_WAIT_MS) < 0 && errno == EINTR)
		;
	return rc;
}

static void tell_ready(const char *ready, pid_t pid, const char *host)
{
	struct err err = ERR_INIT;
	char main_pid[32];
	autoclose int fd = connect_host(host, &err);

	(void)snprintf(main_pid, sizeof(main_pid), "MAINPID=%d\n", (int)pid);
	if (fd < 0 || tell(fd, ready, &err) < 0 || tell(fd, main_pid, &err) < 0 ||
	    barrier(fd, &err) < 0)
		log_warning("NOTIFY_SOCKET '%s': %s; ignoring", host, err.msg);
}

/* ---- from the container ---- */

/* The line that begins with READY=, into line with its newline; false: none does. */
static bool find_ready(const char *text, char *line, size_t size)
{
	for (const char *p = text; *p; p += p[strcspn(p, "\n")] != '\0') {
		size_t len = strcspn(p, "\n");

		if (str_starts(p, "READY=") && len + 2 <= size) {
			(void)snprintf(line, size, "%.*s\n", (int)len, p);
			return true;
		}
		p += len;
	}
	return false;
}

void notify_serve(int fd, pid_t pid, const char *host)
{
	autoclose int pid_fd = pidfd_open(pid, 0);
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = pid_fd, .events = POLLIN } };
	char text[MESSAGE_BYTES + 1], line[64];

	for (;;) {
		/* A process that is gone may have said it before. */
		int n_ready = poll(fds, ARRAY_SIZE(fds), pid_fd < 0 ? 0 : -1);

		if (n_ready == 0 || (n_ready < 0 && errno != EINTR))
			return;
		if (fds[0].revents & POLLIN) {
			ssize_t n = recv(fd, text, MESSAGE_BYTES, MSG_DONTWAIT);

			text[n > 0 ? n : 0] = '\0';
			if (!find_ready(text, line, sizeof(line)))
				continue;
			tell_ready(line, pid, host);
			return;
		}
		if (fds[1].revents)
			return;
	}
}
