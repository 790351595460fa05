/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of attach that gives the container an address of each pool, or none at all. */
#include <errno.h>
#include <string.h>

#include "common/net/bridge.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/ipam.h"
#include "netns-hook/state.h"

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
		a->att->mac = attach_mac(a->request, &lease->addr);
}

int attach_undo_lease(void *ctx, struct err *err)
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
	struct ipam_lease leases[NETWORK_MAX_RANGES] = { 0 };
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

int attach_run_lease(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct attachment old = *a->att; /* a view: owns nothing */
	int rc = bridge_settle(&a->nl, a->state_fd, a->request->net, err);

	a->att->mtu = a->request->net->mtu;
	if (rc >= 0)
		rc = check_static(a->request, err);
	if (rc >= 0)
		rc = attach_check_mac(a, err);
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
		(void)attach_undo_lease(a, &ignored);
	}
	return rc;
}

void attach_plan_lease(const void *ctx, FILE *out)
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
