/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of attach that finds what an earlier one left, and keeps the record. */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/process.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/detach.h"
#include "netns-hook/publish.h"
#include "netns-hook/state.h"

#define LOCK_WAIT_MS 10000

static bool owner_runs(const struct record_owner *owner)
{
	return owner->pid > 0 && process_is_alive(owner->pid, owner->start_ticks);
}

static bool same_ports(const struct attachment *a, const struct attachment *b)
{
	if (a->n_ports != b->n_ports)
		return false;
	for (size_t i = 0; i < a->n_ports; i++) {
		if (!str_eq(publish_text(&a->ports[i]).text, publish_text(&b->ports[i]).text))
			return false;
	}
	return true;
}

/* Those that are inside and stay: what they had is known. Those not asked for any more go back. */
static int resume_devices(struct attach *a, const struct attachment *old, struct err *err)
{
	struct detach undo = attach_undo(a);
	struct attachment leaving = *old; /* a view, but for its devices */
	int rc = 0;

	undo.netns_fd = a->request->netns_fd;
	leaving.devices = (struct record_devices){ .items = NULL };
	for (size_t i = 0; i < old->devices.n; i++) {
		const struct record_device *device = &old->devices.items[i];
		struct record_device *same = record_devices_find(&a->att->devices, device->name);

		if (same && str_eq(same->inside, device->inside))
			*same = *device;
		else
			record_devices_add(&leaving.devices, device);
	}
	rc = detach_devices(&undo, &leaving, err);
	record_devices_free(&leaving.devices);
	return rc;
}

/* The attachment is there, whole or cut short: what is not asked for any more goes, the rest stays. */
static int go_on_with(struct attach *a, const struct attachment *old, struct err *err)
{
	struct attachment *att = a->att;
	const struct detach undo = attach_undo(a);
	int rc = 0;

	a->was_attached = old->state == RECORD_ATTACHED;
	attach_resume_veth(a, old);
	if (old->ipfile && !att->ipfile)
		att->ipfile = xstrdup(old->ipfile);
	/* What is published is what is asked for now. */
	if (!same_ports(att, old))
		rc = detach_ports(&undo, old, err);
	if (rc >= 0)
		rc = resume_devices(a, old, err);
	if (rc >= 0)
		rc = attach_resume_routes(a, old, err);
	if (rc >= 0 && !att->mac_check)
		rc = detach_mac_check(&undo, old, err);
	if (rc >= 0 && !str_eq(att->ifb, old->ifb))
		rc = detach_bandwidth(&undo, old, err);
	return rc;
}

/* The container was made anew without a detach in between: the old interface goes. */
static int clear_away(struct attach *a, const struct attachment *old, bool same_network,
		      struct err *err)
{
	const struct detach undo = attach_undo(a);
	int rc = detach_ports(&undo, old, err);

	if (rc >= 0)
		rc = detach_devices(&undo, old, err);
	if (rc >= 0)
		rc = detach_conntrack(&undo, old, err);
	if (rc >= 0)
		rc = detach_interface(&undo, old, err);
	if (rc >= 0)
		rc = detach_bandwidth(&undo, old, err);
	if (rc >= 0)
		rc = detach_mac_check(&undo, old, err);
	if (rc >= 0 && !same_network)
		rc = detach_one(&undo, &a->folder, old, err);
	return rc < 0 ? err_ctx(err, "what is left of the last attachment") : rc;
}

/* A record is there already. On the same network its addresses are kept. */
static int resume(struct attach *a, const struct attachment *old, struct err *err)
{
	struct attachment *att = a->att;
	const struct detach undo = attach_undo(a);
	bool same_boot = str_eq(old->owner.boot_id, att->owner.boot_id);
	bool same_netns = same_boot && netns_id_equal(&old->owner.netns, &att->owner.netns);
	bool same_network = str_eq(old->network, att->network) &&
			    str_eq(old->bridge, att->bridge) && old->routed == att->routed;
	int rc = 0;

	if (same_boot && !same_netns && owner_runs(&old->owner))
		return err_set(err, EEXIST,
			       "container '%s' is attached already, with another network namespace "
			       "(process %d): ids must be unique on a host",
			       old->container, old->owner.pid);
	rc = same_netns && same_network ? go_on_with(a, old, err)
					: clear_away(a, old, same_network, err);
	if (rc < 0 || !same_network)
		return rc < 0 ? rc : 0;
	if (old->n_addresses == 0)
		return detach_lease(&undo, old, err);
	(void)memcpy(att->addresses, old->addresses, sizeof(att->addresses));
	att->n_addresses = old->n_addresses;
	att->mac = old->mac;
	return 0;
}

/* The record that is there, if any, decides how to go on. */
static int look_back(struct attach *a, struct err *err)
{
	struct attachment *att = a->att;
	autoattachment struct attachment old = { 0 };
	const struct detach undo = attach_undo(a);
	int rc = record_read(&a->folder, att->ifname, &old, err);

	if (rc == -EBADMSG) {
		log_warning("%s; making it anew", err->msg);
		err_clear(err);
		a->may_exist = true;
		rc = detach_lost_ports(&undo, att, err);
		return rc < 0 ? rc : detach_lease(&undo, att, err);
	}
	if (rc == 0 && a->request->again)
		return err_set(err, ENOENT, "it was detached meanwhile");
	if (rc > 0)
		rc = resume(a, &old, err);
	if (rc >= 0 && !a->was_attached && str_eq(old.network, att->network)) {
		a->leftover = old;
		old = (struct attachment){ 0 };
	}
	return rc;
}

int attach_run_record(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = state_open(a->request->state_dir, true, &a->state_fd, err);

	if (rc >= 0)
		rc = record_folder_open(a->state_fd, a->att->container, true, LOCK_WAIT_MS,
					&a->folder, err);
	if (rc < 0)
		return rc;
	rc = attach_check_routed(a, err);
	if (rc >= 0)
		rc = look_back(a, err);
	if (rc >= 0 && !a->was_attached)
		rc = record_write(&a->folder, a->att, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)record_folder_prune(&a->folder, &ignored);
	}
	return rc;
}

/* Without a record nobody would find it. */
static int undo_leftover(struct attach *a, struct err *err)
{
	struct detach undo = attach_undo(a);

	undo.netns_fd = a->request->netns_fd;
	return detach_one(&undo, &a->folder, &a->leftover, err);
}

int attach_undo_record(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	if (a->was_attached)
		return 0;
	int rc = a->leftover.container ? undo_leftover(a, err)
				       : record_remove(&a->folder, a->att->ifname, err);

	return rc < 0 ? rc : record_folder_prune(&a->folder, err);
}

void attach_plan_record(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	(void)fprintf(out, "write the record %s/containers/%s/%s.json\n", a->request->state_dir,
		      a->att->container, a->att->ifname);
}
