/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

struct message {
	struct iovec iov;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr header;
};

static void message_init(struct message *m, const void *data, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	m->header = (struct msghdr){ .msg_iov = &m->iov,
				     .msg_iovlen = 1,
				     .msg_control = m->control,
				     .msg_controllen = sizeof(m->control) };
}

ssize_t fds_send(int socket_fd, const void *data, size_t len, int fd)
{
	struct message m;
	ssize_t n;

	message_init(&m, data, len);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m.header);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	do
		n = sendmsg(socket_fd, &m.header, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t fds_receive(int socket_fd, void *data, size_t len, int *fd)
{
	struct message m;
	ssize_t n;

	*fd = -1;
	message_init(&m, data, len);
	do
		n = recvmsg(socket_fd, &m.header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	const struct cmsghdr *cmsg = n < 0 ? NULL : CMSG_FIRSTHDR(&m.header);

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return n;
}
