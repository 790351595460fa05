/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

static void wake(int signo)
{
	(void)signo;
}

static long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * flock(2) has no timeout: a timer interrupts it. The timer repeats, since a first tick that comes
 * before flock sleeps would be lost.
 */
static int flock_until(int fd, int op, long deadline_ms)
{
	struct sigaction action = { .sa_handler = wake }, old_action;
	struct itimerval timer, old_timer, off = { 0 };
	sigset_t alarm_set, old_mask;
	long left = deadline_ms - now_ms();
	int rc;

	(void)sigaction(SIGALRM, &action, &old_action);
	/* The caller may have every signal blocked, to wait for them itself. */
	(void)sigemptyset(&alarm_set);
	(void)sigaddset(&alarm_set, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm_set, &old_mask);
	timer.it_value.tv_sec = left / 1000;
	timer.it_value.tv_usec = left % 1000 * 1000 + 1;
	timer.it_interval = (struct timeval){ .tv_usec = 20000 };
	(void)setitimer(ITIMER_REAL, &timer, &old_timer);
	do
		rc = flock(fd, op);
	while (rc < 0 && errno == EINTR && now_ms() < deadline_ms);
	int saved = errno;

	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	(void)sigaction(SIGALRM, &old_action, NULL);
	(void)setitimer(ITIMER_REAL, &old_timer, NULL);
	errno = saved;
	return rc;
}

int lock_fd(int fd, const char *what, enum lock_mode mode, int timeout_ms, struct err *err)
{
	int op = mode == LOCK_SHARED ? LOCK_SH : LOCK_EX;
	int rc = flock(fd, op | LOCK_NB);

	if (rc == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, "lock '%s'", what);
	if (timeout_ms == 0)
		return err_set(err, EWOULDBLOCK, "'%s' is locked by another process", what);
	if (timeout_ms < 0) {
		do
			rc = flock(fd, op);
		while (rc < 0 && errno == EINTR);
	} else {
		rc = flock_until(fd, op, now_ms() + timeout_ms);
	}
	if (rc < 0 && errno == EINTR)
		return err_set(err, ETIMEDOUT,
			       "'%s' is still locked by another process after %d ms", what,
			       timeout_ms);
	return rc < 0 ? err_errno(err, "lock '%s'", what) : 0;
}

static int open_and_lock(int dir_fd, const char *name, int flags, enum lock_mode mode,
			 int timeout_ms, struct err *err)
{
	autoclose int fd = openat(dir_fd, name, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, "open lock file '%s'", name);
	int rc = lock_fd(fd, name, mode, timeout_ms, err);

	return rc < 0 ? rc : take_fd(&fd);
}

int lock_open_at(int dir_fd, const char *name, enum lock_mode mode, int timeout_ms, struct err *err)
{
	return open_and_lock(dir_fd, name, O_CREAT, mode, timeout_ms, err);
}

int lock_existing_at(int dir_fd, const char *name, enum lock_mode mode, int timeout_ms,
		     struct err *err)
{
	return open_and_lock(dir_fd, name, 0, mode, timeout_ms, err);
}

static struct flock mark_of(off_t byte)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};
}

int lock_mark(int fd, off_t byte)
{
	struct flock mark = mark_of(byte);

	return fcntl(fd, F_SETLK, &mark);
}

pid_t lock_marked_by(int fd, off_t byte)
{
	struct flock mark = mark_of(byte);

	return fcntl(fd, F_GETLK, &mark) == 0 && mark.l_type != F_UNLCK ? mark.l_pid : 0;
}
