/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_MAC_CHECK_H
#define CT_NET_MAC_CHECK_H

#include "common/err.h"
#include "common/net/record.h"

/*
 * Frames of a container with another source MAC than the attachment's are dropped where they come in:
 * one rule for each such container in "table bridge ct-netns", with the veth's name as its comment. The
 * table goes with its last rule. Both wait for fw_lock().
 */

/* 1: it is there, 0: it is not. */
int mac_check_find(const struct attachment *att, struct err *err);
/* Made, or made anew. 1: it is the only one; if others should be there, the tables were flushed. */
int mac_check_add(const struct attachment *att, struct err *err);
/* Fine when there is none; costs nothing for an attachment that never had one. */
int mac_check_remove(const struct attachment *att, struct err *err);

#endif
