/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TERMINAL_H
#define CT_TERMINAL_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * May this process have what the command line asks for? detach: nobody of ours stays to relay
 * (create, restart, run and exec with --detach); socket: the path of --console-socket, NULL: none.
 */
int terminal_check(bool terminal, bool detach, const char *socket, struct err *err);

/*
 * In the container, after pivot_root: make a pty of its own devpts, send the master through console_fd
 * and put the slave on 0, 1 and 2 as the session's controlling terminal; the caller leads a session that
 * has none. Its owner is the user's once identity.h has given the standard streams away. Does nothing
 * without process.terminal.
 */
enum terminal_console {
	TERMINAL_CONSOLE_NONE,    /* leave /dev/console as it is */
	TERMINAL_CONSOLE_BIND,    /* bind the slave on it */
	TERMINAL_CONSOLE_REPLACE, /* and take the one of the process before away */
};
int terminal_make(const struct config_process *process, int console_fd,
		  enum terminal_console console, struct err *err);

#endif
