/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/fds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void fds_open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void fds_close_except(int first, int *keep, size_t n)
{
	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < first)
			continue;
		if (keep[i] > first)
			(void)close_range((unsigned int)first, (unsigned int)keep[i] - 1, 0);
		first = keep[i] + 1;
	}
	(void)close_range((unsigned int)first, ~0U, 0);
}
