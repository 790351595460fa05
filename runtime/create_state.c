/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/create_state.h"

#include <time.h>
#include <unistd.h>

#include "common/process.h"
#include "common/str.h"
#include "runtime/pins.h"

static char *now_text(void)
{
	struct timespec now;
	struct tm tm;
	char day[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", day, now.tv_nsec);
}

static void copy_map(struct strmap *out, const struct strmap *in)
{
	out->items = xreallocarray(NULL, in->n, sizeof(*out->items));
	for (out->n = 0; out->n < in->n; out->n++)
		out->items[out->n] =
			(struct strmap_entry){ .key = xstrdup(in->items[out->n].key),
					       .value = xstrdup(in->items[out->n].value) };
}

int create_fill_state(struct container *c, bool persist, struct err *err)
{
	struct state *state = &c->state;
	const char *rootfs = c->config->root.path;
	char boot_id[37];
	int rc = process_boot_id(boot_id, err);

	if (rc < 0)
		return rc;
	state->oci.bundle = getcwd(NULL, 0);
	if (!state->oci.bundle)
		return err_errno(err, "getcwd");
	state->oci.oci_version = xstrdup(CONFIG_OCI_VERSION_MAX);
	state->oci.id = xstrdup(c->id);
	state->oci.status = OCI_STATUS_CREATING;
	copy_map(&state->oci.annotations, &c->config->annotations);
	state->boot_id = xstrdup(boot_id);
	state->created = now_text();
	state->rootfs = rootfs[0] == '/' ? xstrdup(rootfs)
					 : xasprintf("%s/%s", state->oci.bundle, rootfs);
	state->owner = geteuid();
	state->persist = persist;
	/* Known before they are made: init gets its copy of the state at its birth. */
	if (persist)
		pins_list(c->path, c->ns.new_flags, &state->oci.namespaces);
	return 0;
}
