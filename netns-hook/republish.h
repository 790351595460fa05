/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_REPUBLISH_H
#define CT_NETNS_REPUBLISH_H

#include "common/net/record.h"

/*
 * Somebody flushed the tables: the rules of the ports that other attachments publish are made again.
 * Who is being attached or detached at this moment sees to his own. Best effort; failures are logged.
 * The caller has the lock of his container's folder.
 */
void republish_others(int state_fd, const struct record_folder *own, const char *ifname);

#endif
