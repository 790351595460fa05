/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * events link|FOLDER: an empty line once it listens, and one whenever a network interface, or something
 * in the folder, has changed. Ends when nobody reads any more.
 */
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_to_links(void)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -1 : fd;
}

static int listen_to_folder(const char *path)
{
	const unsigned int what = IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY | IN_ATTRIB;
	int fd = inotify_init1(IN_CLOEXEC);

	return inotify_add_watch(fd, path, what | IN_ONLYDIR) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	char buffer[1 << 16];
	struct pollfd fds[] = { { .events = POLLIN }, { .fd = STDOUT_FILENO } };

	if (argc != 2)
		return 2;
	fds[0].fd = strcmp(argv[1], "link") == 0 ? listen_to_links() : listen_to_folder(argv[1]);
	if (fds[0].fd < 0)
		return 1;
	do {
		if (write(STDOUT_FILENO, "\n", 1) != 1 || poll(fds, 2, -1) < 0)
			return 1;
		/* Too many to be kept for us is news as well. */
		if (fds[0].revents)
			(void)!read(fds[0].fd, buffer, sizeof(buffer));
	} while (!fds[1].revents);
	return 0;
}
