/* SPDX-License-Identifier: GPL-2.0-or-later */

/* notify-recv SOCKET: print each message that comes, one a line at least; descriptors are closed. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char text[4096], control[CMSG_SPACE(sizeof(int))];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	memcpy(addr.sun_path, argv[1], strlen(argv[1]) + 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return 3;
	for (;;) {
		struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, 0);

		if (n < 0)
			return 4;
		text[n] = 0;
		printf("%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
		fflush(stdout);
		const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

		if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
			int got;

			memcpy(&got, CMSG_DATA(cmsg), sizeof(got));
			close(got);
		}
	}
}
