/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_OCI_STATE_H
#define CT_OCI_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/json.h"

/* The state object of the runtime-spec (runtime.md, "State"): what hooks get on stdin. */
enum oci_status {
	OCI_STATUS_CREATING,
	OCI_STATUS_CREATED,
	OCI_STATUS_RUNNING,
	OCI_STATUS_STOPPED,
	OCI_STATUS_PAUSED, /* not in the specification; every engine knows it */
};

#define OCI_STATE_MAX_BYTES (16u << 20)

struct oci_state {
	char *oci_version;
	char *id;
	enum oci_status status;
	pid_t pid; /* 0: none */
	char *bundle;
	struct strmap annotations;
	struct strmap namespaces; /* type -> path of its pin; our extra key */
};

const char *oci_status_name(enum oci_status status);
/* false: no such status. */
bool oci_status_parse(const char *name, enum oci_status *status);

/*
 * Read every dialect (runc, crun with "starting" and pid 0, youki, ours): pid absent, 0 or a number;
 * unknown keys pass. Refused: no id, an id that is no name (str_check_name), a pid that is negative,
 * fractional, a string or beyond pid_max (4194304), duplicate keys.
 */
int oci_state_parse(const char *text, size_t len, struct oci_state *state, struct err *err);

/* A JSON object of it; pid is left out when it is 0. The caller owns it. */
json_node *oci_state_json(const struct oci_state *state);

void oci_state_free(struct oci_state *state);

#endif
