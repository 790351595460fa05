/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of a routed network: what stands in for the bridge. Gateways are on lo, each as an
 * address alone: whatever interface a container is behind, it is the host's. Below them an unreachable
 * route to the subnet: what is sent to an address that no container has is refused at once and does
 * not leave through the default route.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/addr.h"
#include "common/net/bridge.h"
#include "common/net/bridge_steps.h"
#include "common/net/network_routed.h"
#include "common/net/route.h"
#include "common/net/sysctl.h"
#include "common/str.h"

_Static_assert(NETWORK_MAX_RANGES <= 16, "a bit for each range in a bridge_state");

#define LOOPBACK 1 /* its index in every network namespace */

int bridge_find_lo(struct bridge_work *work, struct err *err)
{
	int found = link_find_index(work->nl, LOOPBACK, &work->link, err);

	work->found = found > 0;
	work->gateway = work->link;
	return found;
}

static struct ip_prefix gateway_of(const struct bridge_work *work, size_t i)
{
	return ip_host_prefix(&work->net->ranges[i].gateway.addr);
}

static struct route subnet_route(const struct bridge_work *work, size_t i)
{
	return (struct route){
		.dst = work->net->ranges[i].subnet,
		.type = ROUTE_UNREACHABLE,
		.protocol = ROUTE_PROTOCOL,
	};
}

/* ---- IPv6 on lo ---- */

/* In the state directory: it was off before us. The last routed network with IPv6 takes it back. */
#define LO_MARK "lo_ipv6.was_off"

static int enable_ipv6(const struct bridge_work *work, struct err *err)
{
	autoclose int host_fd = network_lock_host(work->state_fd, err);
	autoclose int mark_fd = -1;
	char value[SYSCTL_VALUE_SIZE] = "0";
	struct err none = ERR_INIT;

	if (host_fd < 0)
		return host_fd;
	/* A kernel without IPv6 is told by who switches it on. */
	if (sysctl_read("ipv6/conf/lo/disable_ipv6", value, &none) >= 0 && str_eq(value, "0"))
		return 0;
	mark_fd = none.code ? -1
			    : openat(work->state_fd, LO_MARK,
				     O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (!none.code && mark_fd < 0)
		return err_errno(err, "state directory: " LO_MARK);
	return bridge_enable_ipv6(work->net, "lo", err);
}

static int stop_at_ipv6(const char *name, const struct bridge_state *state, void *ctx)
{
	(void)name;
	(void)ctx;
	for (size_t i = 0; state->routed && i < state->n_gateways; i++) {
		if (state->gateways[i].addr.family == AF_INET6)
			return 1;
	}
	return 0;
}

static int release_ipv6(const struct bridge_work *work, struct err *err)
{
	autoclose int host_fd = network_lock_host(work->state_fd, err);
	int others = 0;

	if (host_fd < 0)
		return host_fd;
	if (faccessat(work->state_fd, LO_MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	others = bridge_state_others(work->state_fd, work->net, stop_at_ipv6, NULL, err);
	if (others != 0)
		return others < 0 ? others : 0;
	if (sysctl_ensure("ipv6/conf/lo/disable_ipv6", "1", err) < 0)
		return -err->code;
	if (unlinkat(work->state_fd, LO_MARK, 0) < 0 && errno != ENOENT)
		return err_errno(err, "state directory: " LO_MARK);
	report_item(work->report, REPORT_SYSCTL, REPORT_CHANGED,
		    "net/ipv6/conf/lo/disable_ipv6 = 0 (1 again)");
	return 0;
}

/* ---- gateways ---- */

static int add_gateway(struct bridge_work *work, size_t i, struct err *err)
{
	const struct ip_prefix prefix = gateway_of(work, i);

	/* Written down first: an address that was there before us is left there. */
	work->state.added_to_lo |= 1U << i;
	if (bridge_state_save(work->net_fd, &work->state, err) < 0)
		return -err->code;
	if (prefix.addr.family == AF_INET6 && enable_ipv6(work, err) < 0)
		return -err->code;
	work->made_address[i] = true;
	work->mended = true;
	return addr_add(work->nl, LOOPBACK, &prefix, err);
}

static bool has(const struct addr_list *addrs, const struct ip_prefix *wanted)
{
	for (size_t i = 0; i < addrs->n; i++) {
		const struct ip_prefix *have = &addrs->items[i].prefix;

		if (have->len == wanted->len && ip_equal(&have->addr, &wanted->addr))
			return true;
	}
	return false;
}

int bridge_step_gateways(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	autoaddrs struct addr_list addrs = { .items = NULL };
	bool checked = false;

	if (bridge_find_lo(work, err) < 0 || addr_list(work->nl, LOOPBACK, &addrs, err) < 0)
		return -err->code;
	if (!work->link.up && !work->check && link_set_up(work->nl, LOOPBACK, err) < 0)
		return -err->code;
	for (size_t i = 0; i < work->net->n_ranges; i++) {
		const struct ip_prefix gateway = gateway_of(work, i);
		autofree char *text =
			xasprintf("address %s on lo", ip_addr_text(&gateway.addr).text);
		bool right = work->link.up && has(&addrs, &gateway);

		if (!right && !checked && bridge_refuse_overlap(work, err) < 0)
			return -err->code;
		checked = checked || !right;
		bridge_tell(work, REPORT_ADDRESS, right, text);
		if (!right && !work->check && add_gateway(work, i, err) < 0)
			return -err->code;
	}
	return 0;
}

int bridge_undo_gateways(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	bool had_ipv6 = false;

	for (size_t i = work->net->n_ranges; i-- > 0;) {
		const struct ip_prefix prefix = gateway_of(work, i);
		int removed = 0;

		had_ipv6 = had_ipv6 || (work->made_address[i] && prefix.addr.family == AF_INET6);
		if (work->made_address[i])
			removed = addr_delete(work->nl, LOOPBACK, &prefix, err);
		if (removed < 0)
			return removed;
		if (removed > 0)
			report_item(work->report, REPORT_ADDRESS, REPORT_CHANGED,
				    "address %s on lo", ip_addr_text(&prefix.addr).text);
	}
	return had_ipv6 ? release_ipv6(work, err) : 0;
}

/* ---- subnets ---- */

static bool is_listed(const struct route_list *list, const struct ip_prefix *subnet)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct route *route = &list->items[i];

		if (route->type == ROUTE_UNREACHABLE && route_is_main(route) &&
		    route->protocol == ROUTE_PROTOCOL && route->dst.len == subnet->len &&
		    ip_equal(&route->dst.addr, &subnet->addr))
			return true;
	}
	return false;
}

int bridge_step_subnets(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	autoroutes struct route_list list = { .items = NULL };

	if (route_list_all(work->nl, &list, err) < 0)
		return -err->code;
	for (size_t i = 0; i < work->net->n_ranges; i++) {
		const struct route route = subnet_route(work, i);
		autofree char *text =
			xasprintf("route unreachable %s", ip_prefix_text(&route.dst).text);
		bool right = is_listed(&list, &route.dst);

		bridge_tell(work, REPORT_ADDRESS, right, text);
		if (right || work->check)
			continue;
		work->made_route[i] = true;
		if (route_add(work->nl, &route, err) < 0)
			return -err->code;
	}
	return 0;
}

int bridge_undo_subnets(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	for (size_t i = work->net->n_ranges; i-- > 0;) {
		const struct route route = subnet_route(work, i);
		int removed = work->made_route[i] ? route_delete(work->nl, &route, err) : 0;

		if (removed < 0)
			return removed;
		if (removed > 0)
			report_item(work->report, REPORT_ADDRESS, REPORT_CHANGED,
				    "route unreachable %s", ip_prefix_text(&route.dst).text);
	}
	return 0;
}

/* ---- the quick look ---- */

int bridge_glance_routed(struct bridge_work *work, struct err *err)
{
	if (bridge_find_lo(work, err) < 0)
		return -err->code;
	if (work->state.index != work->link.index || !work->link.up)
		return 0;
	/* As with a bridge's: EEXIST says that it is there, and one that was lost is back now. */
	for (size_t i = 0; i < work->net->n_ranges; i++) {
		const struct ip_prefix prefix = gateway_of(work, i);
		const struct route route = subnet_route(work, i);
		int there = bridge_glance_address(work, &prefix, err);

		if (there <= 0)
			return there;
		if (route_add(work->nl, &route, err) < 0)
			return -err->code;
	}
	return 1;
}

/* ---- host ends ---- */

int bridge_host_ends(struct netlink *nl, const struct network *net, struct link_list *ends,
		     struct err *err)
{
	char begins[IFNAMSIZ];
	size_t n = 0;

	if (link_ports(nl, 0, ends, err) < 0)
		return -err->code;
	(void)network_ports(net, begins);
	for (size_t i = 0; i < ends->n; i++) {
		const struct link_info *link = &ends->items[i];

		if (str_eq(link->kind, "veth") && link->up && str_starts(link->name, begins))
			ends->items[n++] = *link;
	}
	ends->n = n;
	return 0;
}
