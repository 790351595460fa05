/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of attach that limits bandwidth. The host end sends what the container receives: a token
 * bucket at its root. What the container sends comes in there, where nothing can be held back, so it
 * is redirected to an IFB, and the second bucket is that one's.
 */
#include <errno.h>

#include "common/net/tc.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/bandwidth.h"

static int limit_ingress(struct attach *a, int veth_index, struct err *err)
{
	const struct network_rate *wanted = &a->att->bandwidth.ingress;
	struct tc_rate rate;

	if (wanted->bits == 0)
		return a->may_exist ? tc_remove_bucket(&a->nl, veth_index, err) : 0;
	if (bandwidth_rate(wanted, "ingress", a->att->mtu, &rate, err) < 0)
		return -err->code;
	return tc_set_bucket(&a->nl, veth_index, &rate, err);
}

static int limit_egress(struct attach *a, int veth_index, struct err *err)
{
	const struct network_rate *wanted = &a->att->bandwidth.egress;
	struct tc_rate rate;
	struct link_info ifb;

	if (wanted->bits == 0)
		return a->may_exist ? tc_remove_redirect(&a->nl, veth_index, err) : 0;
	if (bandwidth_rate(wanted, "egress", a->att->mtu, &rate, err) < 0 ||
	    link_add_ifb(&a->nl, a->att->ifb, a->att->mtu, err) < 0 ||
	    link_get(&a->nl, a->att->ifb, &ifb, err) < 0)
		return -err->code;
	if (!str_eq(ifb.kind, "ifb"))
		return err_set(err, EEXIST, "interface '%s' belongs to a stranger", a->att->ifb);
	if (tc_set_bucket(&a->nl, ifb.index, &rate, err) < 0)
		return -err->code;
	/* Last: until now nothing was sent there. */
	return tc_redirect(&a->nl, veth_index, ifb.index, err);
}

int attach_run_bandwidth(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct network_bandwidth *bandwidth = &a->att->bandwidth;
	struct link_info veth;
	int rc = 0;

	if (bandwidth->ingress.bits == 0 && bandwidth->egress.bits == 0 && !a->may_exist)
		return 0;
	rc = link_get(&a->nl, a->att->veth, &veth, err);
	if (rc >= 0)
		rc = limit_ingress(a, veth.index, err);
	if (rc >= 0)
		rc = limit_egress(a, veth.index, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)attach_undo_bandwidth(a, &ignored);
	}
	return rc < 0 ? rc : 0;
}

/* The bucket of the veth goes with it. */
int attach_undo_bandwidth(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_bandwidth(&undo, a->att, err);
}

static void plan_bucket(FILE *out, const char *link, const struct network_rate *rate,
			const char *which)
{
	(void)fprintf(out, "RTM_NEWQDISC tbf dev %s: %lld bit/s %s\n", link, (long long)rate->bits,
		      which);
}

void attach_plan_bandwidth(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct network_bandwidth *bandwidth = &a->att->bandwidth;

	const char *veth = a->att->veth, *ifb = a->att->ifb;

	if (bandwidth->ingress.bits > 0)
		plan_bucket(out, veth, &bandwidth->ingress, "to the container");
	if (bandwidth->egress.bits == 0)
		return;
	(void)fprintf(out, "RTM_NEWLINK %s type ifb, up, mtu %u\n", ifb, a->att->mtu);
	plan_bucket(out, ifb, &bandwidth->egress, "from it");
	(void)fprintf(out, "RTM_NEWQDISC ingress dev %s\n", veth);
	(void)fprintf(out, "RTM_NEWTFILTER dev %s: all of it redirected to %s\n", veth, ifb);
}
