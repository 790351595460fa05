/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attach, as a table of steps (the last thing in this file). The order matters:
 * - the guard comes before anything is touched, the state directory included;
 * - the record comes before the kernel is touched, so that a detach finds whatever was made, also
 *   after a SIGKILL between any two steps;
 * - the lease comes before the bridge: a full network costs nothing and changes nothing;
 * - the container's folder stays locked from `record` to the end, which is also what keeps others
 *   from taking the fresh lease, whose veth is not there yet, for one of a dead container.
 */
#include "netns-hook/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/bridge.h"
#include "common/net/conntrack.h"
#include "common/net/neigh.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/detach.h"
#include "netns-hook/ipam.h"
#include "netns-hook/state.h"

#define LOCK_WAIT_MS 10000

struct detach attach_undo(struct attach *a)
{
	return (struct detach){
		.state_fd = a->state_fd,
		.nl = &a->nl,
		.link = DETACH_LINK_DELETE,
	};
}

/* ---- guard ---- */

static int run_guard(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct record_owner *owner = &a->att->owner;
	struct err no_start = ERR_INIT;
	int rc = netns_is_own(a->request->netns_fd, err);

	if (rc > 0)
		return err_set(
			err, EINVAL,
			"container '%s' has no network namespace of its own, and the host's is "
			"not touched: add {\"type\": \"network\"} to linux.namespaces in "
			"config.json",
			a->request->container);
	if (rc >= 0)
		rc = netns_identify(a->request->netns_fd, &owner->netns, err);
	if (rc >= 0)
		rc = process_boot_id(owner->boot_id, err);
	if (rc < 0)
		return rc;
	owner->pid = a->request->pid;
	if (owner->pid > 0 && process_start_time(owner->pid, &owner->start_ticks, &no_start) < 0)
		return err_set(err, ESRCH, "container '%s': process %d is gone",
			       a->request->container, owner->pid);
	return netlink_open(&a->nl, err);
}

static void plan_guard(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	(void)fprintf(out, "check that container '%s' has a network namespace of its own\n",
		      a->request->container);
}

/* ---- record ---- */

static bool owner_runs(const struct record_owner *owner)
{
	return owner->pid > 0 && process_is_alive(owner->pid, owner->start_ticks);
}

/*
 * A record is there already. The same namespace: the attachment is gone on with. Another one: the
 * container was made anew without a detach in between; the old interface goes, the address is kept.
 */
static int resume(struct attach *a, const struct attachment *old, struct err *err)
{
	struct attachment *att = a->att;
	const struct detach undo = attach_undo(a);
	bool same_boot = str_eq(old->owner.boot_id, att->owner.boot_id);
	bool same_netns = same_boot && netns_id_equal(&old->owner.netns, &att->owner.netns);
	bool same_network = str_eq(old->network, att->network) && str_eq(old->bridge, att->bridge);

	if (same_boot && !same_netns && owner_runs(&old->owner))
		return err_set(err, EEXIST,
			       "container '%s' is attached already, with another network namespace "
			       "(process %d): ids must be unique on a host",
			       old->container, old->owner.pid);
	if (same_netns && same_network) {
		a->may_exist = true;
		a->was_attached = old->state == RECORD_ATTACHED;
		(void)memcpy(att->veth, old->veth, sizeof(att->veth));
		if (old->ipfile && !att->ipfile)
			att->ipfile = xstrdup(old->ipfile);
	} else {
		int rc = detach_conntrack(&undo, old, err);

		if (rc >= 0)
			rc = detach_interface(&undo, old, err);
		if (rc >= 0 && !same_network)
			rc = detach_one(&undo, &a->folder, old, err);
		if (rc < 0)
			return err_ctx(err, "what is left of the last attachment");
	}
	if (same_network && old->n_addresses > 0) {
		(void)memcpy(att->addresses, old->addresses, sizeof(att->addresses));
		att->n_addresses = old->n_addresses;
		att->mac = old->mac;
	} else if (same_network) {
		return detach_lease(&undo, old, err);
	}
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
		return detach_lease(&undo, att, err);
	}
	return rc > 0 ? resume(a, &old, err) : rc;
}

static int run_record(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = state_open(a->request->state_dir, true, &a->state_fd, err);

	if (rc >= 0)
		rc = record_folder_open(a->state_fd, a->att->container, true, LOCK_WAIT_MS,
					&a->folder, err);
	if (rc < 0)
		return rc;
	rc = look_back(a, err);
	if (rc >= 0 && !a->was_attached)
		rc = record_write(&a->folder, a->att, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)record_folder_prune(&a->folder, &ignored);
	}
	return rc;
}

static int undo_record(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	if (a->was_attached)
		return 0;
	int rc = record_remove(&a->folder, a->att->ifname, err);

	return rc < 0 ? rc : record_folder_prune(&a->folder, err);
}

static void plan_record(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	(void)fprintf(out, "write the record %s/containers/%s/%s.json\n", a->request->state_dir,
		      a->att->container, a->att->ifname);
}

/* ---- lease ---- */

/* The one that was asked for in a pool; NULL: none. */
static const struct ip_addr *static_of(const struct attach_request *request, size_t pool)
{
	for (size_t i = 0; i < request->n_static_ips; i++) {
		const struct ip_addr *addr = &request->static_ips[i];
		const struct network_range *range = network_range_of(request->net, addr);

		if (range && range->pool == pool)
			return addr;
	}
	return NULL;
}

static int check_static(const struct attach_request *request, struct err *err)
{
	for (size_t i = 0; i < request->n_static_ips; i++) {
		const struct ip_addr *addr = &request->static_ips[i];
		const struct network_range *range = network_range_of(request->net, addr);

		if (!range)
			return err_set(err, EINVAL,
				       "network '%s': %s cannot be leased: it must be in %s%s",
				       request->net->name, ip_addr_text(addr).text,
				       ip_prefix_text(&request->net->ranges[0].subnet).text,
				       request->net->n_ranges > 1 ? " or another of its subnets"
								  : "");
		if (static_of(request, range->pool) != addr)
			return err_set(err, EINVAL,
				       "network '%s': %s: a container gets one address of %s",
				       request->net->name, ip_addr_text(addr).text,
				       ip_prefix_text(&range->subnet).text);
	}
	return 0;
}

/* The address of the pool that an attachment has already; NULL: none. */
static const struct ip_addr *known_of(const struct attach *a, size_t pool)
{
	for (size_t i = 0; i < a->att->n_addresses; i++) {
		const struct ip_addr *addr = &a->att->addresses[i].prefix.addr;
		const struct network_range *range = network_range_of(a->request->net, addr);

		if (range && range->pool == pool)
			return addr;
	}
	return NULL;
}

static int take_lease(struct attach *a, size_t pool, struct ipam_lease *lease, struct err *err)
{
	const struct attachment *att = a->att;
	struct state_alive alive = { a->state_fd, &a->nl, att->owner.boot_id };
	const struct ip_addr *fixed = static_of(a->request, pool);
	const struct ip_addr *known = known_of(a, pool);
	struct ipam_request request = {
		.holder = { att->container, att->ifname, att->owner.boot_id },
		.pool = pool,
		.must = fixed != NULL,
		.alive = state_alive_of(&alive),
	};

	if (a->was_attached && fixed && known && !ip_equal(fixed, known))
		return err_set(
			err, EEXIST,
			"container '%s' is attached already with address %s; detach it first",
			att->container, ip_addr_text(known).text);
	if (fixed || known)
		request.wanted = fixed ? *fixed : *known;
	return ipam_lease(a->state_fd, a->request->net, &request, lease, err);
}

/* With a MAC that was not asked for, an address that comes back has the one that caches know. */
static void set_address(struct attach *a, size_t i, const struct ipam_lease *lease)
{
	const struct network_range *range = network_range_of(a->request->net, &lease->addr);

	a->att->addresses[i] = (struct attachment_address){
		.prefix = { .addr = lease->addr, .len = range->subnet.len },
		.gateway = range->gateway.addr,
	};
	a->att->n_addresses = i + 1;
	a->reclaimed[i] = lease->reclaimed;
	if (i == 0)
		a->att->mac = link_mac_of(&lease->addr);
}

static int undo_lease(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_lease(&undo, a->att, err);
}

/* What a resumed attachment had, and does not have any more. */
static int release_old(const struct attach *a, const struct attachment *old, struct err *err)
{
	const struct attachment *att = a->att;
	const struct ipam_holder holder = { att->container, att->ifname, att->owner.boot_id };
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < old->n_addresses; i++) {
		const struct ip_addr *addr = &old->addresses[i].prefix.addr;
		bool kept = false;

		for (size_t j = 0; j < att->n_addresses; j++)
			kept = kept || ip_equal(&att->addresses[j].prefix.addr, addr);
		if (!kept)
			rc = ipam_release(a->state_fd, att->network, addr, &holder, err);
	}
	return rc;
}

/* All or none: when one pool is exhausted the others get their address back. */
static int take_leases(struct attach *a, struct err *err)
{
	struct ipam_lease leases[NETWORK_MAX_RANGES];
	const size_t n = a->request->net->n_pools;
	size_t taken = 0;
	int rc = 0;

	for (size_t pool = 0; rc >= 0 && pool < n; pool++) {
		rc = take_lease(a, pool, &leases[pool], err);
		taken += rc >= 0;
		if (rc >= 0)
			rc = fault_point("lease", ".taken", err);
	}
	/* The record's own list is looked into until here. */
	if (rc >= 0)
		a->att->n_addresses = 0;
	for (size_t i = 0; i < taken && (rc >= 0 || !a->was_attached); i++)
		set_address(a, i, &leases[i]);
	return rc;
}

static int run_lease(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct attachment old = *a->att; /* a view: owns nothing */
	int rc = bridge_settle(&a->nl, a->state_fd, a->request->net, err);

	if (rc >= 0)
		rc = check_static(a->request, err);
	if (rc < 0)
		return rc;
	rc = take_leases(a, err);
	if (rc >= 0)
		rc = release_old(a, &old, err);
	if (rc >= 0 && !a->was_attached)
		rc = record_write(&a->folder, a->att, err);
	if (rc < 0 && a->att->n_addresses > 0) {
		struct err ignored = ERR_INIT;

		if (!a->was_attached)
			(void)release_old(a, &old, &ignored);
		(void)undo_lease(a, &ignored);
	}
	return rc;
}

static void plan_lease(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct network *net = a->request->net;

	for (size_t pool = 0; pool < net->n_pools; pool++) {
		const struct ip_addr *fixed = static_of(a->request, pool);

		(void)fprintf(out, "lease %s of network '%s' (",
			      fixed ? ip_addr_text(fixed).text : "the next address", net->name);
		for (size_t i = 0, n = 0; i < net->n_ranges; i++) {
			if (net->ranges[i].pool == pool)
				(void)fprintf(out, "%s%s", n++ > 0 ? ", " : "",
					      ip_prefix_text(&net->ranges[i].subnet).text);
		}
		(void)fprintf(out, ")\n");
	}
}

/* ---- network ---- */

static int run_network(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	return bridge_ensure(&a->nl, a->state_fd, a->request->net, NULL, &a->bridge, err);
}

static void plan_network(const void *ctx, FILE *out)
{
	const struct network *net = ((const struct attach *)ctx)->request->net;

	(void)fprintf(out, "make sure of bridge '%s' with", net->bridge);
	for (size_t i = 0; i < net->n_ranges; i++)
		(void)fprintf(out, " %s,", ip_prefix_text(&net->ranges[i].gateway).text);
	(void)fprintf(out, " forwarding and the rules\n");
}

/* ---- neighbour, conntrack ---- */

static int run_neighbour(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < a->att->n_addresses; i++)
		rc = neigh_replace(&a->nl, a->bridge.index, &a->att->addresses[i].prefix.addr,
				   &a->att->mac, err);
	return rc;
}

static int undo_neighbour(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_neighbour(&undo, a->att, err);
}

static void plan_neighbour(const void *ctx, FILE *out)
{
	(void)ctx;
	(void)fprintf(out, "tell the host's neighbour table the container's MAC\n");
}

/* Detach forgot the connections of an address, unless its holder died without one. */
static int run_conntrack(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < a->att->n_addresses; i++) {
		if (a->reclaimed[i])
			rc = conntrack_flush(&a->att->addresses[i].prefix.addr, err);
	}
	return rc;
}

static void plan_conntrack(const void *ctx, FILE *out)
{
	(void)ctx;
	(void)fprintf(out, "forget connections, if the address had a holder that died\n");
}

/* ---- ipfile ---- */

static int write_ipfile(const struct attach *a, struct err *err)
{
	struct ip_text text = ip_addr_text(&a->att->addresses[0].prefix.addr);
	int rc = file_write_atomic_at(AT_FDCWD, a->request->ipfile, text.text, strlen(text.text),
				      0644, err);

	return rc < 0 ? err_ctx(err, "address file") : rc;
}

static int run_ipfile(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	if (!a->request->ipfile)
		return 0;
	int rc = write_ipfile(a, err);

	if (rc < 0 && a->request->ipfile_must)
		return rc;
	if (rc < 0) {
		log_debug("%s; ignoring, nobody asked for the file", err->msg);
		err_clear(err);
		free(take_ptr(&a->att->ipfile));
	}
	return 0;
}

static int undo_ipfile(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_ipfile(&undo, a->att, err);
}

static void plan_ipfile(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	if (a->request->ipfile)
		(void)fprintf(out, "write the address to '%s'\n", a->request->ipfile);
}

/* ---- done ---- */

static int run_done(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	a->att->state = RECORD_ATTACHED;
	return record_write(&a->folder, a->att, err);
}

static void plan_done(const void *ctx, FILE *out)
{
	(void)ctx;
	(void)fprintf(out, "write the record again: attached\n");
}

static const struct step steps[] = {
	{ "guard", run_guard, NULL, plan_guard },
	{ "record", run_record, undo_record, plan_record },
	{ "lease", run_lease, undo_lease, plan_lease },
	{ "network", run_network, NULL, plan_network },
	{ "veth", attach_run_veth, attach_undo_veth, attach_plan_veth },
	{ "inside", attach_run_inside, NULL, attach_plan_inside },
	{ "neighbour", run_neighbour, undo_neighbour, plan_neighbour },
	{ "conntrack", run_conntrack, NULL, plan_conntrack },
	{ "ipfile", run_ipfile, undo_ipfile, plan_ipfile },
	{ "done", run_done, NULL, plan_done },
};

static void fill(const struct attach_request *request, struct attachment *att)
{
	const struct network *net = request->net;

	*att = (struct attachment){
		.container = xstrdup(request->container),
		.network = xstrdup(net->name),
		.state = RECORD_ADDING,
		.mtu = net->mtu,
	};
	(void)memcpy(att->ifname, net->ifname, sizeof(att->ifname));
	(void)memcpy(att->bridge, net->bridge, sizeof(att->bridge));
	if (request->ipfile)
		att->ipfile = xstrdup(request->ipfile);
	record_veth_name(att->container, att->ifname, 0, att->veth);
}

int attach(const struct attach_request *request, struct attachment *att, struct err *err)
{
	struct attach a = {
		.request = request,
		.att = att,
		.nl = NETLINK_INIT,
		.nl_inside = NETLINK_INIT,
		.state_fd = -1,
		.folder = RECORD_FOLDER_INIT,
	};

	fill(request, att);
	int rc = steps_run(steps, ARRAY_SIZE(steps), &a, err);

	netlink_close(&a.nl_inside);
	netlink_close(&a.nl);
	record_folder_close(&a.folder);
	cleanup_close(&a.state_fd);
	return rc < 0 ? err_ctx(err, "container '%s'", request->container) : 0;
}

void attach_plan(const struct attach_request *request, FILE *out)
{
	struct attachment att;
	const struct attach a = { .request = request, .att = &att, .state_fd = -1 };

	fill(request, &att);
	steps_plan(steps, ARRAY_SIZE(steps), &a, out);
	attachment_free(&att);
}
