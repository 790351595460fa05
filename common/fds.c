/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/fds.h"

#include <fcntl.h>
#include <unistd.h>

void fds_open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}
