/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/oci_state.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"

/* PID_MAX_LIMIT of 64-bit kernels (proc(5), pid_max). */
#define PID_LIMIT 4194304

static const struct {
	const char *name;
	enum oci_status status;
} statuses[] = {
	{ "creating", OCI_STATUS_CREATING }, { "created", OCI_STATUS_CREATED },
	{ "running", OCI_STATUS_RUNNING },   { "stopped", OCI_STATUS_STOPPED },
	{ "paused", OCI_STATUS_PAUSED },     { "starting", OCI_STATUS_CREATED }, /* crun's word */
};

const char *oci_status_name(enum oci_status status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return "unknown";
}

bool oci_status_parse(const char *name, enum oci_status *status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (!str_eq(statuses[i].name, name))
			continue;
		*status = statuses[i].status;
		return true;
	}
	return false;
}

static int decode_status(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const char *name = json_string(node);

	(void)field;
	if (!name || !oci_status_parse(name, out))
		return json_fail(path, err,
				 "must be \"creating\", \"created\", \"running\" or \"stopped\"");
	return 0;
}

static int decode_pid(const json_node *node, const struct json_field *field, void *out,
		      const struct json_path *path, struct err *err)
{
	int64_t pid;

	(void)field;
	if (!json_int(node, &pid) || pid < 0 || pid > PID_LIMIT)
		return json_fail(path, err, "must be an integer 0..%d", PID_LIMIT);
	*(pid_t *)out = (pid_t)pid;
	return 0;
}

static int decode_id(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err)
{
	const char *id = json_string(node);

	(void)field;
	if (!id)
		return json_fail(path, err, "must be a string");
	int rc = str_check_name(id, "container id", err);

	if (rc < 0)
		return json_fail(path, err, "%s", (*err).msg);
	*(char **)out = xstrdup(id);
	return 0;
}

static const struct json_field state_fields[] = {
	{ .key = "ociVersion",
	  .decode = json_decode_string,
	  .offset = offsetof(struct oci_state, oci_version) },
	{ .key = "id",
	  .decode = decode_id,
	  .offset = offsetof(struct oci_state, id),
	  .flags = JSON_REQUIRED },
	{ .key = "status",
	  .decode = decode_status,
	  .offset = offsetof(struct oci_state, status),
	  .flags = JSON_REQUIRED },
	{ .key = "pid", .decode = decode_pid, .offset = offsetof(struct oci_state, pid) },
	{ .key = "bundle",
	  .decode = json_decode_string,
	  .offset = offsetof(struct oci_state, bundle) },
	{ .key = "annotations",
	  .decode = json_decode_map,
	  .offset = offsetof(struct oci_state, annotations) },
	{ .key = "namespaces",
	  .decode = json_decode_map,
	  .offset = offsetof(struct oci_state, namespaces) },
};

static const struct json_table state_table = {
	.fields = state_fields,
	.n_fields = ARRAY_SIZE(state_fields),
};

int oci_state_parse(const char *text, size_t len, struct oci_state *state, struct err *err)
{
	autojson json_node *root = NULL;

	*state = (struct oci_state){ 0 };
	int rc = json_parse(text, len, "state JSON", &root, err);

	if (rc >= 0)
		rc = json_decode(root, "state JSON", &state_table, state, err);
	if (rc < 0)
		oci_state_free(state);
	return rc;
}

json_node *oci_state_json(const struct oci_state *state)
{
	json_node *root = json_object();

	json_put_string(root, "ociVersion", state->oci_version);
	json_put_string(root, "id", state->id);
	json_put_string(root, "status", oci_status_name(state->status));
	if (state->pid > 0)
		json_put_int(root, "pid", state->pid);
	json_put_string(root, "bundle", state->bundle);
	if (state->annotations.n > 0)
		(void)json_put_strmap(root, "annotations", &state->annotations);
	if (state->namespaces.n > 0)
		(void)json_put_strmap(root, "namespaces", &state->namespaces);
	return root;
}

void oci_state_free(struct oci_state *state)
{
	free(state->oci_version);
	free(state->id);
	free(state->bundle);
	strmap_free(&state->annotations);
	strmap_free(&state->namespaces);
	*state = (struct oci_state){ 0 };
}
