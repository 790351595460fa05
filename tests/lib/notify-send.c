/* SPDX-License-Identifier: GPL-2.0-or-later */

/* notify-send TEXT: sd_notify(3) to $NOTIFY_SOCKET. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc != 2 || !path || strlen(path) >= sizeof(addr.sun_path) || fd < 0)
		return 2;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	return sendto(fd, argv[1], strlen(argv[1]), 0, (struct sockaddr *)&addr, sizeof(addr)) < 0;
}
