/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of attach that moves devices of the host into the container, and the one of detach that
 * moves them back. The kernel takes a device's addresses when it moves, so they are written into the
 * record first, and given back at either end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/addr.h"
#include "common/net/netns.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/netns_find.h"

/* ---- in ---- */

static int note_addresses(struct netlink *nl, int index, struct record_device *device,
			  struct err *err)
{
	autoaddrs struct addr_list addrs = { .items = NULL };

	if (addr_list(nl, index, &addrs, err) < 0)
		return -err->code;
	device->n_addresses = 0;
	for (size_t i = 0; i < addrs.n; i++) {
		if (!addrs.items[i].is_permanent || !addrs.items[i].is_global)
			continue;
		if (device->n_addresses == RECORD_DEVICE_ADDRESSES)
			return err_set(err, E2BIG, "device '%s' has more than %d addresses",
				       device->name, RECORD_DEVICE_ADDRESSES);
		device->addresses[device->n_addresses++] = addrs.items[i].prefix;
	}
	return 0;
}

/* What it has on the host. 1: noted; 0: it is inside already, and was noted then. */
static int note_device(struct attach *a, struct record_device *device, struct err *err)
{
	struct link_info link;
	int found = link_find(&a->nl, device->name, &link, err);

	if (found == 0 && a->may_exist) {
		found = link_find(&a->nl_inside, device->inside, &link, err);
		if (found > 0)
			return 0;
	}
	if (found < 0)
		return found;
	if (!found)
		return err_set(err, ENODEV, "device '%s' is missing on the host", device->name);
	if (link.master != 0)
		return err_set(err, EBUSY,
			       "device '%s' is a port of another interface; take it off that first",
			       device->name);
	if (str_eq(device->name, a->att->bridge) || str_eq(device->inside, a->att->ifname))
		return err_set(err, EINVAL, "device '%s' is the network's own (bridge '%s', '%s')",
			       device->name, a->att->bridge, a->att->ifname);
	device->mac = link.mac;
	device->up = link.up;
	return note_addresses(&a->nl, link.index, device, err) < 0 ? -err->code : 1;
}

/* Addresses, and up: as it was on the other side. */
static int set_up(struct netlink *nl, const char *name, const struct record_device *device, bool up,
		  struct err *err)
{
	struct link_info link;
	int rc = link_get(nl, name, &link, err);

	for (size_t i = 0; rc >= 0 && i < device->n_addresses; i++)
		rc = addr_add(nl, link.index, &device->addresses[i], err);
	return rc >= 0 && up ? link_set_up(nl, link.index, err) : rc;
}

static int move_in(struct attach *a, const struct record_device *device, struct err *err)
{
	struct link_info link;
	int found = link_find(&a->nl, device->name, &link, err);
	int rc = found < 0 ? found : 0;

	if (found > 0)
		rc = link_move(&a->nl, link.index, a->request->netns_fd, device->inside, err);
	if (rc >= 0)
		rc = fault_point("devices", ".moved", err);
	if (rc >= 0)
		rc = set_up(&a->nl_inside, device->inside, device, true, err);
	return rc < 0 ? err_ctx(err, "device '%s'", device->name) : 0;
}

int attach_run_devices(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct record_devices *devices = &a->att->devices;
	int rc = 0;

	if (devices->n == 0)
		return 0;
	for (size_t i = 0; rc >= 0 && i < devices->n; i++)
		rc = note_device(a, &devices->items[i], err);
	if (rc >= 0)
		rc = record_write(&a->folder, a->att, err);
	for (size_t i = 0; rc >= 0 && i < devices->n; i++)
		rc = move_in(a, &devices->items[i], err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)attach_undo_devices(a, &ignored);
	}
	return rc < 0 ? rc : 0;
}

int attach_undo_devices(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct detach undo = attach_undo(a);

	undo.netns_fd = a->request->netns_fd;
	return a->was_attached ? 0 : detach_devices(&undo, a->att, err);
}

void attach_plan_devices(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	for (size_t i = 0; i < a->att->devices.n; i++)
		(void)fprintf(out,
			      "RTM_NEWLINK %s moved into the container's namespace as %s\n"
			      "inside: RTM_NEWADDR of each of its addresses dev %s\n"
			      "inside: RTM_NEWLINK %s up\n",
			      a->att->devices.items[i].name, a->att->devices.items[i].inside,
			      a->att->devices.items[i].inside, a->att->devices.items[i].inside);
}

/* ---- back ---- */

/*
 * With the namespace a device of software is gone; one of hardware the kernel has put on the host, with
 * the name that it had inside (or "dev<N>", when that was taken). Its MAC tells which it is.
 */
static int find_returned(struct netlink *nl, const struct record_device *device,
			 struct link_info *link, struct err *err)
{
	int found = link_find(nl, device->name, link, err);

	if (found != 0 || str_eq(device->name, device->inside))
		return found;
	found = link_find(nl, device->inside, link, err);
	if (found <= 0 || memcmp(&link->mac, &device->mac, sizeof(link->mac)) != 0 ||
	    link->kind[0] != '\0')
		return found < 0 ? found : 0;
	return link_rename(nl, link->index, device->name, err) < 0 ? -err->code : 1;
}

static int move_back(struct netlink *nl_inside, int own_fd, const struct record_device *device,
		     struct err *err)
{
	struct link_info link;
	int found = link_find(nl_inside, device->inside, &link, err);

	/* Not moved yet, or moved back already. */
	if (found <= 0)
		return found;
	return link_move(nl_inside, link.index, own_fd, device->name, err);
}

static int give_back(const struct detach *detach, struct netlink *nl_inside, int own_fd,
		     const struct record_device *device, struct err *err)
{
	struct link_info link;
	int rc = nl_inside ? move_back(nl_inside, own_fd, device, err) : 0;

	if (rc >= 0)
		rc = find_returned(detach->nl, device, &link, err);
	if (rc == 0 && !nl_inside)
		log_warning("device '%s' ended with the container's namespace", device->name);
	if (rc > 0)
		rc = set_up(detach->nl, device->name, device, device->up, err);
	return rc < 0 ? err_ctx(err, "device '%s'", device->name) : 0;
}

int detach_devices(const struct detach *detach, const struct attachment *att, struct err *err)
{
	autonetlink struct netlink nl_inside = NETLINK_INIT;
	autoclose int netns_fd = att->devices.n > 0 ? netns_find_known(att, detach->netns_fd) : -1;
	autoclose int own_fd = -1;
	int first = 0;

	if (att->devices.n == 0)
		return 0;
	own_fd = netns_open_own(err);
	if (own_fd < 0 || (netns_fd >= 0 && netlink_open_in(&nl_inside, netns_fd, err) < 0))
		return -err->code;
	for (size_t i = att->devices.n; i-- > 0;) {
		struct err why = ERR_INIT;
		int rc = give_back(detach, netns_fd >= 0 ? &nl_inside : NULL, own_fd,
				   &att->devices.items[i], &why);

		if (rc < 0 && first >= 0) {
			first = rc;
			*err = why;
		}
	}
	return first;
}
