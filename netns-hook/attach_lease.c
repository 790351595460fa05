/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of attach that gives the container its addresses, at least one of each pool, or none. */
#include <errno.h>
#include <string.h>

#include "common/net/bridge.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/ipam.h"
#include "netns-hook/state.h"

static bool is_of_pool(const struct attach *a, const struct ip_addr *addr, size_t pool)
{
	const struct network_range *range = network_range_of(a->request->net, addr);

	return range && range->pool == pool;
}

static int check_static(const struct attach_request *request, struct err *err)
{
	for (size_t i = 0; i < request->n_static_ips; i++) {
		const struct ip_addr *addr = &request->static_ips[i];

		if (!network_range_of(request->net, addr))
			return err_set(err, EINVAL,
				       "network '%s': %s cannot be leased: it must be in %s%s",
				       request->net->name, ip_addr_text(addr).text,
				       ip_prefix_text(&request->net->ranges[0].subnet).text,
				       request->net->n_ranges > 1 ? " or another of its subnets"
								  : "");
		for (size_t j = 0; j < i; j++) {
			if (ip_equal(&request->static_ips[j], addr))
				return err_set(err, EINVAL, "network '%s': %s is asked for twice",
					       request->net->name, ip_addr_text(addr).text);
		}
	}
	return 0;
}

/* Nothing takes an address away from a container that runs with it. */
static int check_covered(const struct attach *a, struct err *err)
{
	const struct attachment *att = a->att;

	for (size_t i = 0; a->was_attached && i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;

		if (!network_range_of(a->request->net, addr))
			return err_set(err, EEXIST,
				       "container '%s' is attached already with address %s, which "
				       "is in no subnet of network '%s' any more; detach it first",
				       att->container, ip_addr_text(addr).text, att->network);
	}
	return 0;
}

/* ---- what to lease ---- */

static void want(struct attach_wants *wants, size_t pool, const struct ip_addr *addr, bool must)
{
	if (wants->n < ARRAY_SIZE(wants->items))
		wants->items[wants->n] = (struct attach_want){ pool, *addr, must };
	wants->n++;
}

/* Those that were asked for. Returns how many. */
static size_t want_static(const struct attach *a, size_t pool, struct attach_wants *wants)
{
	const size_t before = wants->n;

	for (size_t i = 0; i < a->request->n_static_ips; i++) {
		if (is_of_pool(a, &a->request->static_ips[i], pool))
			want(wants, pool, &a->request->static_ips[i], true);
	}
	return wants->n - before;
}

/* Those that the attachment has already. Returns how many. */
static size_t want_known(const struct attach *a, size_t pool, bool must, struct attach_wants *wants)
{
	const size_t before = wants->n;

	for (size_t i = 0; i < a->att->n_addresses; i++) {
		if (is_of_pool(a, &a->att->addresses[i].prefix.addr, pool))
			want(wants, pool, &a->att->addresses[i].prefix.addr, must);
	}
	return wants->n - before;
}

static bool wants_has(const struct attach_wants *wants, const struct ip_addr *addr)
{
	for (size_t i = 0; i < wants->n; i++) {
		if (ip_equal(&wants->items[i].addr, addr))
			return true;
	}
	return false;
}

/* A whole attachment keeps what it has, in its order: others may not be asked for. */
static int check_known(const struct attach *a, const struct attach_wants *fixed,
		       const struct attach_wants *known, struct err *err)
{
	autostrbuf struct strbuf text = { .text = NULL };
	bool same = fixed->n == known->n;

	for (size_t i = 0; i < known->n; i++) {
		same = same && wants_has(fixed, &known->items[i].addr);
		strbuf_printf(&text, "%s%s", i > 0 ? ", " : "",
			      ip_addr_text(&known->items[i].addr).text);
	}
	return same ? 0
		    : err_set(err, EEXIST,
			      "container '%s' is attached already with address%s %s; detach it "
			      "first",
			      a->att->container, known->n > 1 ? "es" : "", text.text);
}

static int want_of_pool(const struct attach *a, size_t pool, struct attach_wants *wants,
			struct err *err)
{
	static const struct ip_addr any = { .family = AF_UNSPEC };
	struct attach_wants fixed = { .n = 0 }, known = { .n = 0 };

	if (a->was_attached && want_static(a, pool, &fixed) > 0 &&
	    want_known(a, pool, true, &known) > 0) {
		(void)want_known(a, pool, true, wants);
		return check_known(a, &fixed, &known, err);
	}
	if (want_static(a, pool, wants) == 0 && want_known(a, pool, false, wants) == 0)
		want(wants, pool, &any, false);
	return 0;
}

static int list_wants(const struct attach *a, struct attach_wants *wants, struct err *err)
{
	const struct network *net = a->request->net;
	int rc = 0;

	*wants = (struct attach_wants){ .n = 0 };
	for (size_t pool = 0; rc >= 0 && pool < net->n_pools; pool++)
		rc = want_of_pool(a, pool, wants, err);
	if (rc >= 0 && wants->n > ARRAY_SIZE(wants->items)) {
		rc = err_set(err, E2BIG,
			     "network '%s': %zu addresses, those that are asked for and one of "
			     "every other pool: a container has at most %zu on an interface",
			     net->name, wants->n, ARRAY_SIZE(wants->items));
		wants->n = ARRAY_SIZE(wants->items);
	}
	return rc;
}

int attach_plan_wants(const struct attach_request *request, struct attach_wants *wants,
		      struct err *err)
{
	struct attachment none = { .n_addresses = 0 };
	const struct attach a = { .request = request, .att = &none };

	return list_wants(&a, wants, err);
}

/* ---- leasing ---- */

struct taken {
	struct ipam_lease items[ATTACHMENT_MAX_ADDRESSES];
	size_t n;
};

static int take_lease(struct attach *a, const struct attach_want *wanted, struct ipam_lease *lease,
		      struct err *err)
{
	const struct attachment *att = a->att;
	struct state_alive alive = { a->state_fd, &a->nl, att->owner.boot_id };
	const struct ipam_request request = {
		.holder = { att->container, att->ifname, att->owner.boot_id },
		.pool = wanted->pool,
		.wanted = wanted->addr,
		.must = wanted->must,
		.alive = state_alive_of(&alive),
	};

	return ipam_lease(a->state_fd, a->request->net, &request, lease, err);
}

static bool is_taken(const struct taken *taken, const struct ip_addr *addr)
{
	for (size_t i = 0; i < taken->n; i++) {
		if (ip_equal(&taken->items[i].addr, addr))
			return true;
	}
	return false;
}

static int take_leases(struct attach *a, struct taken *taken, struct err *err)
{
	struct attach_wants wants;
	int rc = list_wants(a, &wants, err);

	for (size_t i = 0; rc >= 0 && i < wants.n; i++) {
		struct ipam_lease lease;

		rc = take_lease(a, &wants.items[i], &lease, err);
		/* What stands in for one that was lost may be another that is known. */
		if (rc >= 0 && !is_taken(taken, &lease.addr))
			taken->items[taken->n++] = lease;
		if (rc >= 0)
			rc = fault_point("lease", ".taken", err);
	}
	return rc;
}

static bool had_address(const struct attachment *old, const struct ip_addr *addr)
{
	for (size_t i = 0; i < old->n_addresses; i++) {
		if (ip_equal(&old->addresses[i].prefix.addr, addr))
			return true;
	}
	return false;
}

/* With a MAC that was not asked for, an address that comes back has the one that caches know. */
static void set_addresses(struct attach *a, const struct attachment *old, const struct taken *taken)
{
	for (size_t i = 0; i < taken->n; i++) {
		const struct ipam_lease *lease = &taken->items[i];
		const struct network_range *range = network_range_of(a->request->net, &lease->addr);

		a->att->addresses[i] = (struct attachment_address){
			.prefix = { .addr = lease->addr, .len = range->subnet.len },
			.gateway = range->gateway.addr,
		};
		a->reclaimed[i] = lease->reclaimed;
		a->fresh[i] = !had_address(old, &lease->addr);
	}
	a->att->n_addresses = taken->n;
	a->att->mac = attach_mac(a->request, &taken->items[0].addr);
}

/* ---- giving back ---- */

/*
 * What a resumed attachment had, and does not have any more: its lease was lost. It may be inside,
 * where another container has it by now: the interface is made anew.
 */
static int drop_old(struct attach *a, const struct attachment *old, const struct taken *taken,
		    struct err *err)
{
	const struct detach undo = attach_undo(a);
	struct attachment gone = *old; /* a view: owns nothing */
	int rc = 0;

	gone.n_addresses = 0;
	for (size_t i = 0; i < old->n_addresses; i++) {
		if (!is_taken(taken, &old->addresses[i].prefix.addr))
			gone.addresses[gone.n_addresses++] = old->addresses[i];
	}
	if (gone.n_addresses == 0)
		return 0;
	rc = detach_conntrack(&undo, &gone, err);
	if (rc >= 0)
		rc = detach_neighbour(&undo, &gone, err);
	if (rc >= 0 && a->may_exist)
		rc = detach_interface(&undo, &gone, err);
	return rc < 0 ? rc : detach_lease(&undo, &gone, err);
}

/* All or none: a failure gives back what was taken just now. */
static void give_back(const struct attach *a, const struct attachment *old,
		      const struct taken *taken)
{
	const struct ipam_holder holder = { old->container, old->ifname, old->owner.boot_id };
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < taken->n; i++) {
		const struct ip_addr *addr = &taken->items[i].addr;

		if (!had_address(old, addr))
			(void)ipam_release(a->state_fd, old->network, addr, &holder, &ignored);
	}
}

int attach_undo_lease(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);
	struct attachment fresh = *a->att; /* a view: owns nothing */

	if (!a->was_attached)
		return detach_lease(&undo, a->att, err);
	fresh.n_addresses = 0;
	for (size_t i = 0; i < a->att->n_addresses; i++) {
		if (a->fresh[i])
			fresh.addresses[fresh.n_addresses++] = a->att->addresses[i];
	}
	return fresh.n_addresses > 0 ? detach_lease(&undo, &fresh, err) : 0;
}

int attach_run_lease(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct attachment old = *a->att; /* a view: owns nothing */
	struct taken taken = { .n = 0 };
	int rc = bridge_settle(&a->nl, a->state_fd, a->request->net, err);

	a->att->mtu = a->request->net->mtu;
	if (rc >= 0)
		rc = check_static(a->request, err);
	if (rc >= 0)
		rc = check_covered(a, err);
	if (rc >= 0)
		rc = attach_check_mac(a, err);
	if (rc < 0)
		return rc;
	rc = take_leases(a, &taken, err);
	if (rc >= 0) {
		set_addresses(a, &old, &taken);
		rc = drop_old(a, &old, &taken, err);
	}
	if (rc >= 0 && !a->was_attached)
		rc = record_write(&a->folder, a->att, err);
	if (rc < 0)
		give_back(a, &old, &taken);
	return rc;
}

/* ---- the plan ---- */

void attach_plan_lease(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct network *net = a->request->net;
	struct attach_wants wants;
	struct err err = ERR_INIT;
	int rc = check_static(a->request, &err);

	if (rc >= 0)
		rc = attach_plan_wants(a->request, &wants, &err);
	if (rc < 0) {
		(void)fprintf(out, "refused: %s\n", err.msg);
		return;
	}
	for (size_t w = 0; w < wants.n; w++) {
		const struct attach_want *wanted = &wants.items[w];

		(void)fprintf(out, "lease %s of network '%s' (",
			      wanted->must ? ip_addr_text(&wanted->addr).text : "the next address",
			      net->name);
		for (size_t i = 0, n = 0; i < net->n_ranges; i++) {
			if (net->ranges[i].pool == wanted->pool)
				(void)fprintf(out, "%s%s", n++ > 0 ? ", " : "",
					      ip_prefix_text(&net->ranges[i].subnet).text);
		}
		(void)fprintf(out, ")\n");
	}
}
