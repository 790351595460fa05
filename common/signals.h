/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SIGNALS_H
#define CT_SIGNALS_H

/* For a program that is about to be executed: every signal at its default, none blocked. */
void signals_reset(void);

/*
 * For a transaction that is short, and half of which is worse than either end of it: SIGTERM, SIGINT,
 * SIGHUP and SIGPIPE are ignored.
 */
void signals_ignore(void);

#endif
