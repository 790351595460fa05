/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TERMINAL_H
#define CT_TERMINAL_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * A pty of the container's own devpts, made by the process that is in the container. Nothing is looked
 * up by the slave's name: the image could have put something else there (CVE-2025-52565).
 */
struct terminal {
	int master_fd, slave_fd;
	char name[32]; /* "/dev/pts/0", as the container sees it */
};

#define TERMINAL_INIT                                                                              \
	{                                                                                          \
		.master_fd = -1, .slave_fd = -1, .name = ""                                        \
	}
#define autoterminal __attribute__((cleanup(terminal_close)))

/*
 * May this process have what the command line asks for? detach: nobody of ours stays to relay
 * (create, restart, run and exec with --detach); socket: the path of --console-socket, NULL: none.
 */
int terminal_check(bool terminal, bool detach, const char *socket, struct err *err);

/*
 * Make the pair, of process.consoleSize where that is given. root_fd is the container's "/", opened
 * in its mount namespace, with a devpts at /dev/pts.
 */
int terminal_make(int root_fd, const struct config_console_size *size, struct terminal *terminal,
		  struct err *err);

/* Bind the slave on /dev/console. again: take the one of the process before away. */
int terminal_bind_console(int root_fd, int slave_fd, bool again, struct err *err);

/*
 * The slave on 0, 1 and 2 and the session's controlling terminal; the caller leads a session that
 * has none. Its owner is the user's once identity.h has given the standard streams away.
 */
int terminal_attach(struct terminal *terminal, struct err *err);

void terminal_close(struct terminal *terminal);

#endif
