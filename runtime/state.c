/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"

#define STATE_FILE "state.json"

static const char *string_of(const json_node *root, const char *key)
{
	return json_string(json_get(root, key));
}

static int decode_own(const char *text, size_t len, struct state *state, struct err *err)
{
	autojson json_node *root = NULL;
	int64_t ticks = 0;
	int rc = json_parse(text, len, STATE_FILE, &root, err);

	if (rc < 0)
		return rc;
	if (!string_of(root, "bootId") || !string_of(root, "created") ||
	    !string_of(root, "rootfs") || !json_int(json_get(root, "owner"), &state->owner))
		return err_set(err, EPROTO, "%s was not written by this runtime", STATE_FILE);
	if (json_int(json_get(root, "startTime"), &ticks) && ticks >= 0)
		state->start_ticks = (uint64_t)ticks;
	state->boot_id = xstrdup(string_of(root, "bootId"));
	state->created = xstrdup(string_of(root, "created"));
	state->rootfs = xstrdup(string_of(root, "rootfs"));
	state->persist = json_is_true(json_get(root, "persist"));
	state->no_new_keyring = json_is_true(json_get(root, "noNewKeyring"));
	return cgroup_from_json(json_get(root, "cgroup"), &state->cgroup, err);
}

int state_load_at(int dir_fd, struct state *state, struct err *err)
{
	autofree char *text = NULL;
	size_t len = 0;
	int rc = file_read_at(dir_fd, STATE_FILE, OCI_STATE_MAX_BYTES, &text, &len, err);

	*state = (struct state){ 0 };
	if (rc >= 0)
		rc = oci_state_parse(text, len, &state->oci, err);
	if (rc >= 0)
		rc = decode_own(text, len, state, err);
	if (rc < 0)
		state_free(state);
	return rc;
}

json_node *state_json(const struct state *state, enum oci_status status)
{
	struct oci_state oci = state->oci; /* borrowed */

	oci.status = status;
	if (status == OCI_STATUS_STOPPED)
		oci.pid = 0;
	json_node *root = oci_state_json(&oci);

	json_put_string(root, "rootfs", state->rootfs);
	json_put_string(root, "created", state->created);
	return root;
}

int state_save_at(int dir_fd, const struct state *state, struct err *err)
{
	autojson json_node *root = state_json(state, state->oci.status);

	json_put_int(root, "owner", state->owner);
	json_put_int(root, "startTime", (int64_t)state->start_ticks);
	json_put_string(root, "bootId", state->boot_id);
	json_put_bool(root, "persist", state->persist);
	json_put_bool(root, "noNewKeyring", state->no_new_keyring);
	if (state->cgroup)
		json_put(root, "cgroup", cgroup_json(state->cgroup));
	autofree char *text = json_print(root, false);

	return file_write_atomic_at(dir_fd, STATE_FILE, text, strlen(text), 0600, err);
}

void state_free(struct state *state)
{
	oci_state_free(&state->oci);
	free(state->boot_id);
	free(state->created);
	free(state->rootfs);
	cgroup_free(&state->cgroup);
	*state = (struct state){ 0 };
}
