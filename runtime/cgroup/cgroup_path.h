/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CGROUP_PATH_H
#define CT_CGROUP_PATH_H

#include "common/err.h"

/*
 * linux.cgroupsPath (config-linux.md, "Cgroups path") as a place below a mount point: always
 * "/a/b", without ".", ".." or empty components.
 *
 *	"/a/b"		/a/b below the mount point
 *	"a/b"		the same: our choice, and constant
 *	NULL or ""	/ct-<id>
 *
 * Errors: "..", a component that no folder can have, the form of systemd ("slice:prefix:name"
 * without a slash), the root itself.
 */
int cgroup_path_folder(const char *cgroups_path, const char *id, char **path, struct err *err);

/*
 * systemd: "slice:prefix:name" as runc has it. slice "" becomes `default_slice`; unit is
 * "prefix-name.scope", or name itself when it ends in ".slice". NULL or "": the default slice and
 * "ct-<id>.scope". A path with a slash: error.
 */
int cgroup_path_unit(const char *cgroups_path, const char *id, const char *default_slice,
		     char **slice, char **unit, struct err *err);

#endif
