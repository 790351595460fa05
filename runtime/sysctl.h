/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SYSCTL_H
#define CT_SYSCTL_H

#include "common/err.h"
#include "runtime/config/config.h"
#include "runtime/namespaces.h"

/*
 * linux.sysctl: kernel parameters that belong to a namespace of the container. Keys are written as
 * sysctl(8) has them: the first '.' or '/' says which of the two separates, so that
 * "net.ipv4.conf.eth0/1.forwarding" and "net/ipv4/conf/eth0.1/forwarding" are the same.
 */

/* Only what is per namespace, and only with that namespace: the rest would change the host. */
int sysctl_check(const struct config *config, const struct json_path *path, struct err *err);

/* The namespaces joined by path are not the host's own: the same reason. In the host's. */
int sysctl_check_joined(const struct config *config, const struct namespaces *ns, struct err *err);

/* By a process that is in the container's namespaces; proc_fd as procfs_open gives it. */
int sysctl_write(const struct config *config, int proc_fd, struct err *err);

#endif
