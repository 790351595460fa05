/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_REPUBLISH_H
#define CT_NETNS_REPUBLISH_H

/*
 * Somebody flushed the tables: the rules of the ports that other containers publish are made again.
 * Who is being attached or detached at this moment sees to his own. Best effort; failures are logged.
 */
void republish_others(int state_fd, const char *container);

#endif
