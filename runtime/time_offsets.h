/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TIME_OFFSETS_H
#define CT_TIME_OFFSETS_H

#include "common/err.h"
#include "runtime/config/config.h"

/*
 * linux.timeOffsets: put the calling process, which has one thread, into a new time namespace with
 * these clocks. They can be set until the first process enters (time_namespaces(7)): unshare(2) makes
 * the namespace for children alone, and setns(2) enters it afterwards, without another process.
 */
int time_offsets_apply(const struct config *config, struct err *err);

#endif
