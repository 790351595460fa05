/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fd-recv SOCKET COMMAND...: listen on a unix socket, receive one descriptor with one message, print the
 * message and run COMMAND with the descriptor as its standard input.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char control[CMSG_SPACE(sizeof(int) * 2)], text[4096] = "";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd;

	if (argc < 3 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	memcpy(addr.sun_path, argv[1], strlen(argv[1]) + 1);
	int listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(listen_fd, 1) < 0)
		return 3;
	int socket_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (recvmsg(socket_fd, &msg, 0) <= 0)
		return 4;
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS || cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return 5;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	printf("%s\n", text);
	fflush(stdout);
	dup2(fd, STDIN_FILENO);
	execvp(argv[2], argv + 2);
	return 6;
}
