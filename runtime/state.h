/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_STATE_H
#define CT_STATE_H

#include <stdint.h>

#include "common/err.h"
#include "common/oci_state.h"
#include "runtime/cgroup/cgroup.h"

/* <root>/<id>/state.json: what outlives the runtime's process. */
struct state {
	struct oci_state oci; /* status: CREATING until create has committed, CREATED from then on;
			       * the rest of a container's life is read from the kernel */
	uint64_t start_ticks; /* of oci.pid; 0: no process yet */
	char *boot_id;
	char *created; /* RFC 3339 */
	char *rootfs;
	int64_t owner;         /* uid */
	bool persist;          /* namespaces are pinned */
	bool no_new_keyring;   /* it has the session keyring of who made it */
	struct cgroup *cgroup; /* never NULL once it was loaded or create has planned it */
};

int state_load_at(int dir_fd, struct state *state, struct err *err);
int state_save_at(int dir_fd, const struct state *state, struct err *err);
/* The state object with what runc adds to it, for `state` and `list`. The caller owns it. */
json_node *state_json(const struct state *state, enum oci_status status);
void state_free(struct state *state);

#endif
