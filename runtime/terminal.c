/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/mount_fd.h"
#include "runtime/console_socket.h"

#define KEY "process.terminal"

/* runc's texts, which people look for. */
int terminal_check(bool terminal, bool detach, const char *socket, struct err *err)
{
	if (terminal && detach && !socket)
		return err_set(err, EINVAL,
			       KEY ": cannot allocate tty if ct-runtime will detach without "
				   "setting console socket; add --console-socket PATH");
	if (socket && (!terminal || !detach))
		return err_set(
			err, EINVAL,
			"--console-socket '%s': cannot use console socket if ct-runtime will "
			"not detach or allocate tty (%s)",
			socket, terminal ? "add --detach" : KEY " is not true");
	return 0;
}

/* ---- the pair ---- */

/*
 * Nothing is looked up by the slave's name: the image could have put something else there
 * (CVE-2025-52565).
 */
struct pair {
	int master_fd, slave_fd;
	char name[32]; /* "/dev/pts/0", as the container sees it */
};

static bool is_devpts(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

/* The ptmx of the container's devpts, with nothing mounted over it and no link on the way. */
static int open_ptmx(int root_fd, struct err *err)
{
	struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	struct stat st;
	autoclose int pts_fd = file_open_in_root(root_fd, "/dev/pts", O_PATH | O_DIRECTORY, 0, err);

	if (pts_fd < 0 && err->code != ENOENT)
		return err_ctx(err, KEY);
	if (pts_fd < 0 || !is_devpts(pts_fd))
		return err_set(err, ENOENT,
			       KEY ": the container has no devpts at '/dev/pts'; add one to "
				   "config.json's mounts");
	autoclose int fd = (int)syscall(SYS_openat2, pts_fd, "ptmx", &how, sizeof(how));

	if (fd < 0)
		return err_errno(err, KEY ": open '/dev/pts/ptmx' of the container");
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(err, EINVAL,
			       KEY ": '/dev/pts/ptmx' of the container is no pty multiplexer");
	return take_fd(&fd);
}

static int make_pair(int root_fd, const struct config_console_size *size, struct pair *pair,
		     struct err *err)
{
	const struct winsize window = { .ws_row = (unsigned short)size->height,
					.ws_col = (unsigned short)size->width };
	unsigned int number = 0;
	int unlock = 0;

	pair->master_fd = open_ptmx(root_fd, err);
	if (pair->master_fd < 0)
		return pair->master_fd;
	if (ioctl(pair->master_fd, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(pair->master_fd, TIOCGPTN, &number) < 0)
		return err_errno(err, KEY ": unlock the pty");
	(void)snprintf(pair->name, sizeof(pair->name), "/dev/pts/%u", number);
	pair->slave_fd = ioctl(pair->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pair->slave_fd < 0)
		return err_errno(err, KEY ": open the slave of the pty");
	if (size->present && ioctl(pair->master_fd, TIOCSWINSZ, &window) < 0)
		return err_errno(err, "process.consoleSize: set it");
	return 0;
}

/* ---- /dev/console ---- */

/* The mount of the last process's slave; what else lies there is the image's or the config's. */
static int remove_old(int root_fd, int dev_fd, struct err *err)
{
	autoclose int fd = openat(dev_fd, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !is_devpts(fd))
		return 0;
	if (fchdir(dev_fd) < 0)
		return err_errno(err, "enter '/dev' of the container");
	if (umount2("console", MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_errno(err, "unmount '/dev/console' of the process before");
	return fchdir(root_fd) < 0 ? err_errno(err, "enter '/' of the container") : 0;
}

static int bind_console(int root_fd, int slave_fd, bool again, struct err *err)
{
	struct stat st;
	autoclose int tree_fd = mount_fd_clone(slave_fd, "", false);
	autoclose int dev_fd = file_mkdir_in_root(root_fd, "/dev", 0755, err);

	if (dev_fd < 0)
		return dev_fd;
	if (tree_fd < 0)
		return err_errno(err, KEY ": bind the pty");
	if (again && remove_old(root_fd, dev_fd, err) < 0)
		return -err->code;
	autoclose int made_fd = openat(dev_fd, "console",
				       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (made_fd < 0 && errno != EEXIST)
		return err_errno(err, "create '/dev/console' of the container");
	autoclose int target_fd = openat(dev_fd, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target_fd < 0 || fstat(target_fd, &st) < 0)
		return err_errno(err, "open '/dev/console' of the container");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, EEXIST,
			       "'/dev/console' of the container is neither a file nor a device; "
			       "remove it from the image, or mount a tmpfs on /dev");
	if (mount_fd_attach(tree_fd, target_fd) < 0)
		return err_errno(err, "bind the pty on '/dev/console' of the container");
	return 0;
}

/* ---- all of it ---- */

static int attach(int slave_fd, struct err *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave_fd, fd) < 0)
			return err_errno(err, KEY ": put the pty on descriptor %d", fd);
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_errno(err, KEY ": make it the controlling terminal");
	return 0;
}

static int hand_out(int root_fd, const struct pair *pair, int console_fd,
		    enum terminal_console console, struct err *err)
{
	int rc = 0;

	if (console != TERMINAL_CONSOLE_NONE)
		rc = bind_console(root_fd, pair->slave_fd, console == TERMINAL_CONSOLE_REPLACE,
				  err);
	if (rc >= 0)
		rc = console_socket_send(console_fd, pair->master_fd, pair->name, err);
	return rc < 0 ? rc : attach(pair->slave_fd, err);
}

int terminal_make(const struct config_process *process, int console_fd,
		  enum terminal_console console, struct err *err)
{
	struct pair pair = { .master_fd = -1, .slave_fd = -1 };

	if (!process->terminal)
		return 0;
	autoclose int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return err_errno(err, "open '/' of the container");
	int rc = make_pair(root_fd, &process->console_size, &pair, err);

	if (rc >= 0)
		rc = hand_out(root_fd, &pair, console_fd, console, err);
	cleanup_close(&pair.slave_fd);
	cleanup_close(&pair.master_fd);
	return rc;
}
