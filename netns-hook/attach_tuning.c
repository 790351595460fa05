/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of attach that tunes the finished interface, and its namespace, as the definition asks. */
#include <errno.h>

#include "common/cleanup.h"
#include "common/net/netns.h"
#include "common/net/sysctl.h"
#include "netns-hook/attach_steps.h"

#define DEFAULT_TXQUEUELEN 1000 /* ether_setup() in net/ethernet/eth.c, which veth uses */

/* Called inside: procfs shows the parameters of the thread's own namespace. */
static int set_sysctls(void *ctx, struct err *err)
{
	const struct attach *a = ctx;
	const struct strmap *sysctls = &a->request->net->shape.sysctls;

	for (size_t i = 0; i < sysctls->n; i++) {
		const struct strmap_entry *entry = &sysctls->items[i];
		autofree char *path = network_sysctl_path(entry->key, a->att->ifname, err);

		if (!path || sysctl_ensure(path, entry->value, err) < 0)
			return -err->code;
	}
	return 0;
}

/* What was asked for the last time, and is not now, is as it was when the interface was made. */
static int64_t wanted_txqueuelen(const struct attach *a)
{
	const struct network_shape *shape = &a->request->net->shape;

	if (shape->has_txqueuelen)
		return shape->txqueuelen;
	return a->was_tuned ? DEFAULT_TXQUEUELEN : -1;
}

int attach_run_tuning(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct network_shape *shape = &a->request->net->shape;
	const struct link_tuning tuning = {
		.promisc = shape->promisc,
		.allmulti = shape->allmulti,
		.txqueuelen = wanted_txqueuelen(a),
	};
	struct link_info inside;
	int rc = 0;

	if (shape->sysctls.n > 0)
		rc = netns_run(a->request->netns_fd, set_sysctls, a, err);
	if (rc < 0 || (!a->att->tuned && !a->was_tuned))
		return rc < 0 ? rc : 0;
	rc = link_get(&a->nl_inside, a->att->ifname, &inside, err);
	return rc < 0 ? rc : link_tune(&a->nl_inside, inside.index, &tuning, err);
}

void attach_plan_tuning(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct network_shape *shape = &a->request->net->shape;

	for (size_t i = 0; i < shape->sysctls.n; i++) {
		struct err never = ERR_INIT; /* checked when it was read */
		autofree char *path =
			network_sysctl_path(shape->sysctls.items[i].key, a->att->ifname, &never);

		(void)fprintf(out, "inside: net/%s = %s\n", path ? path : "?",
			      shape->sysctls.items[i].value);
	}
	if (!shape->promisc && !shape->allmulti && !shape->has_txqueuelen)
		return;
	(void)fprintf(out, "inside: RTM_NEWLINK %s%s%s", a->att->ifname,
		      shape->promisc ? " promisc on" : "", shape->allmulti ? " allmulti on" : "");
	if (shape->has_txqueuelen)
		(void)fprintf(out, " txqueuelen %lld", (long long)shape->txqueuelen);
	(void)fprintf(out, "\n");
}
