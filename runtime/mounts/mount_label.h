/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_MOUNT_LABEL_H
#define CT_MOUNT_LABEL_H

#include "common/err.h"
#include "common/str.h"

/* linux.mountLabel: the SELinux context of what the container mounts. */

/* A host without SELinux knows no label. */
int mount_label_check(struct err *err);

/*
 * Put context="<label>" behind a file system's options. proc, sysfs and cgroup take none; mqueue wants
 * it on its root folder after the mount.
 */
void mount_label_add(struct strbuf *data, const char *type, const char *label);
int mount_label_set(int root_fd, const char *label, struct err *err);

#endif
