/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Traps:
 * - Neither side may be waited for with the other in need: the pty and our output are written to
 *   without blocking. O_NONBLOCK belongs to the open file, which we share with who called us, so our
 *   output is opened anew.
 * - A slave is kept open here. Without any the master reports a hang-up for good, though the process
 *   lives and may open /dev/console again. A read of an empty master first takes over what the slave
 *   has written (drivers/tty/n_tty.c, n_tty_read), so EAGAIN after the process's end is the end.
 * - In the background the terminal is another's: it is left as it is, until SIGCONT says that we may
 *   be in front again.
 */
#include "runtime/tty_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/wait.h"

#define BUFFER_BYTES 8192
#define EOF_ROOM     2 /* the end of our input is two characters at the most */
/* More than a pty has on the way: 64 KiB (drivers/tty/tty_buffer.c) and 4 KiB (n_tty.c). */
#define PTY_HOLDS_BYTES (128 << 10)

struct buffer {
	char bytes[BUFFER_BYTES];
	size_t start, end;
};

struct tty_proxy {
	pid_t pid;
	int master_fd, signal_fd;
	int slave_fd; /* -1: it was hung up, and cannot be had again */
	int in_fd;    /* -1: it has ended */
	int out_fd;   /* -1: nobody reads it any more, what comes is dropped */
	int tty_fd;   /* the terminal whose size is the pty's too; -1: none */
	bool in_is_tty, in_paused, raw;
	struct termios saved;
	struct buffer typed, shown; /* to the pty, and from it */
	bool ended;
	int status;
};

/* ---- our terminal ---- */

static void make_raw(struct tty_proxy *p)
{
	struct termios raw;

	p->in_paused = false;
	if (!p->in_is_tty)
		return;
	if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
		p->in_paused = true;
		return;
	}
	if (!p->raw && tcgetattr(STDIN_FILENO, &p->saved) < 0)
		return;
	raw = p->saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		p->raw = true;
}

static void restore(struct tty_proxy *p)
{
	if (p->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &p->saved);
	p->raw = false;
}

static void copy_size(const struct tty_proxy *p)
{
	struct winsize size;

	if (p->tty_fd >= 0 && ioctl(p->tty_fd, TIOCGWINSZ, &size) == 0)
		(void)ioctl(p->master_fd, TIOCSWINSZ, &size);
}

/* process.consoleSize has the first word; where it had none, the size is ours from the start. */
static void copy_first_size(const struct tty_proxy *p)
{
	struct winsize size;

	if (ioctl(p->master_fd, TIOCGWINSZ, &size) == 0 && size.ws_row == 0 && size.ws_col == 0)
		copy_size(p);
}

/* ---- bytes ---- */

static size_t room(const struct buffer *b)
{
	return BUFFER_BYTES - b->end;
}

static bool is_empty(const struct buffer *b)
{
	return b->start == b->end;
}

static ssize_t fill(struct buffer *b, int fd, size_t max)
{
	ssize_t n = read(fd, b->bytes + b->end, max);

	if (n > 0)
		b->end += (size_t)n;
	return n;
}

static ssize_t empty(struct buffer *b, int fd)
{
	ssize_t n = write(fd, b->bytes + b->start, b->end - b->start);

	if (n > 0)
		b->start += (size_t)n;
	if (is_empty(b))
		b->start = b->end = 0;
	return n;
}

static bool is_passing(int code)
{
	return code == EAGAIN || code == EINTR;
}

/* A program that reads lines is told of the end; in the midst of a line it takes two. */
static void send_eof(struct tty_proxy *p)
{
	struct buffer *b = &p->typed;
	struct termios pty;

	if (p->in_is_tty || tcgetattr(p->master_fd, &pty) < 0 || !(pty.c_lflag & ICANON))
		return;
	char eof = (char)pty.c_cc[VEOF];

	if (!is_empty(b) && b->bytes[b->end - 1] != '\n')
		b->bytes[b->end++] = eof;
	b->bytes[b->end++] = eof;
}

static void read_input(struct tty_proxy *p)
{
	ssize_t n = fill(&p->typed, p->in_fd, room(&p->typed) - EOF_ROOM);

	if (n > 0 || (n < 0 && is_passing(errno)))
		return;
	if (n < 0 && p->in_is_tty && tcgetpgrp(p->in_fd) != getpgrp()) {
		p->in_paused = true; /* in the background a read is EIO, with SIGTTIN blocked */
		return;
	}
	p->in_fd = -1;
	send_eof(p);
}

static int open_slave(int master_fd)
{
	return ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* vhangup(2) in the container takes our slave too; the next getty there opens another. */
static void read_master(struct tty_proxy *p)
{
	if (fill(&p->shown, p->master_fd, room(&p->shown)) >= 0 || is_passing(errno))
		return;
	(void)close(p->slave_fd);
	p->slave_fd = open_slave(p->master_fd);
}

static void write_output(struct tty_proxy *p)
{
	if (p->out_fd >= 0 && empty(&p->shown, p->out_fd) < 0 && !is_passing(errno))
		p->out_fd = -1;
	if (p->out_fd < 0)
		p->shown.start = p->shown.end = 0;
}

/* ---- signals ---- */

static bool is_deadly(int signo)
{
	return signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT;
}

/* Returns false when we are asked to end while only the output is left to be written. */
static bool take_signal(struct tty_proxy *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	int signo = (int)info.ssi_signo;

	switch (signo) {
	case SIGCHLD:
		p->ended = p->ended || wait_reap(p->pid, &p->status);
		return true;
	case SIGWINCH:
		copy_size(p);
		return true;
	case SIGPIPE: /* from our own writes */
	case SIGURG:
		return true;
	case SIGCONT:
		make_raw(p);
		break;
	default:
		break;
	}
	if (!p->ended)
		(void)kill(p->pid, signo);
	return !(p->ended && is_deadly(signo));
}

/* ---- the loop ---- */

enum {
	AT_SIGNAL,
	AT_MASTER_IN,
	AT_MASTER_OUT,
	AT_IN,
	AT_OUT,
	AT_COUNT
};

static void wait_all(struct tty_proxy *p, struct pollfd fds[AT_COUNT])
{
	bool reads = p->in_fd >= 0 && !p->in_paused && !p->ended && room(&p->typed) > EOF_ROOM;

	fds[AT_SIGNAL] = (struct pollfd){ .fd = p->signal_fd, .events = POLLIN };
	fds[AT_MASTER_IN] =
		(struct pollfd){ .events = POLLIN,
				 .fd = p->slave_fd >= 0 && room(&p->shown) ? p->master_fd : -1 };
	fds[AT_MASTER_OUT] =
		(struct pollfd){ .fd = p->slave_fd < 0 || is_empty(&p->typed) ? -1 : p->master_fd,
				 .events = POLLOUT };
	fds[AT_IN] = (struct pollfd){ .fd = reads ? p->in_fd : -1, .events = POLLIN };
	fds[AT_OUT] =
		(struct pollfd){ .fd = is_empty(&p->shown) ? -1 : p->out_fd, .events = POLLOUT };
	if (poll(fds, AT_COUNT, -1) < 0)
		for (int i = 0; i < AT_COUNT; i++)
			fds[i].revents = 0;
}

static void relay(struct tty_proxy *p)
{
	struct pollfd fds[AT_COUNT];
	bool more = true;

	/* Its SIGCHLD may have been taken by a wait for a hook. */
	p->ended = wait_reap(p->pid, &p->status);
	while (more && !p->ended) {
		wait_all(p, fds);
		if (fds[AT_SIGNAL].revents)
			more = take_signal(p);
		if (fds[AT_IN].revents)
			read_input(p);
		if (fds[AT_MASTER_OUT].revents)
			(void)empty(&p->typed, p->master_fd);
		if (fds[AT_MASTER_IN].revents)
			read_master(p);
		if (!is_empty(&p->shown))
			write_output(p);
	}
}

/*
 * What the process wrote before its end; others that hold the pty may write on for ever. A reader who does
 * not read holds us up until a signal.
 */
static void drain(struct tty_proxy *p)
{
	struct pollfd fds[AT_COUNT];
	size_t taken = 0;

	p->typed.start = p->typed.end = 0;
	for (;;) {
		if (is_empty(&p->shown)) {
			ssize_t n = taken < PTY_HOLDS_BYTES
					    ? fill(&p->shown, p->master_fd, room(&p->shown))
					    : 0;

			if (n <= 0)
				return;
			taken += (size_t)n;
		}
		write_output(p);
		if (is_empty(&p->shown))
			continue;
		wait_all(p, fds);
		if (fds[AT_SIGNAL].revents && !take_signal(p))
			return;
	}
}

/* ---- the whole ---- */

/* An open file of our own, which may be non-blocking; what cannot be opened anew is used as it is. */
static int open_output(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = open(file_fd_path(STDOUT_FILENO).text,
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

static int find_tty(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			return fd;
	return -1;
}

int tty_proxy_open(int master_fd, struct tty_proxy **proxy, struct err *err)
{
	struct tty_proxy *p = xcalloc(1, sizeof(*p));
	sigset_t all;

	*p = (struct tty_proxy){
		.master_fd = master_fd,
		.slave_fd = open_slave(master_fd),
		.in_fd = STDIN_FILENO,
		.out_fd = -1,
		.tty_fd = find_tty(),
		.in_is_tty = isatty(STDIN_FILENO),
	};
	(void)sigfillset(&all);
	p->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	*proxy = p;
	if (p->signal_fd < 0 || p->slave_fd < 0 ||
	    fcntl(master_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_errno(err, "get hold of the container's pty");
	copy_first_size(p);
	return 0;
}

int tty_proxy_run(struct tty_proxy *proxy, pid_t pid)
{
	autoclose int out_fd = open_output();

	proxy->pid = pid;
	proxy->out_fd = out_fd;
	make_raw(proxy);
	relay(proxy);
	drain(proxy);
	restore(proxy);
	return proxy->status;
}

void tty_proxy_close(struct tty_proxy **proxy)
{
	struct tty_proxy *p = *proxy;

	if (!p)
		return;
	(void)close(p->master_fd);
	if (p->slave_fd >= 0)
		(void)close(p->slave_fd);
	if (p->signal_fd >= 0)
		(void)close(p->signal_fd);
	free(p);
	*proxy = NULL;
}
