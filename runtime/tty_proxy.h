/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TTY_PROXY_H
#define CT_TTY_PROXY_H

#include <sys/types.h>

#include "common/err.h"

/*
 * `run` and `exec` in the foreground with a terminal: what is typed here goes to the pty and what comes
 * out of it is written here, all of it, also what the process wrote right before its end.
 */
struct tty_proxy;
#define autottyproxy __attribute__((cleanup(tty_proxy_close)))

/*
 * Before the process starts: the pty gets our terminal's size, unless it has one of process.consoleSize.
 * Signals are blocked (wait_block_signals). Owns master_fd, also when it fails: *proxy is for
 * tty_proxy_close in any case.
 */
int tty_proxy_open(int master_fd, struct tty_proxy **proxy, struct err *err);

/*
 * As wait_forwarding (wait.h), with the pty served meanwhile. When our standard input is a terminal
 * it is raw for that time, and as it was afterwards. SIGWINCH changes the pty's size.
 */
int tty_proxy_run(struct tty_proxy *proxy, pid_t pid);

void tty_proxy_close(struct tty_proxy **proxy);

#endif
