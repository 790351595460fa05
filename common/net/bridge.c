/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/net/addr.h"
#include "common/net/bridge_state.h"
#include "common/net/bridge_steps.h"
#include "common/net/firewall/firewall.h"
#include "common/net/record.h"
#include "common/net/route.h"
#include "common/net/subnet.h"
#include "common/net/vlan.h"
#include "common/str.h"

#define LOCK_NAME       "lock"
#define LOCK_TIMEOUT_MS 10000
#define LEASES_NAME     "leases"
#define RESTORE_NAME    "restore"
#define PORTS_NAMED     5

/* A network's folder, locked. */
struct locked {
	int net_fd;
	int lock_fd;
};
#define LOCKED_INIT                                                                                \
	{                                                                                          \
		.net_fd = -1, .lock_fd = -1                                                        \
	}
#define autolocked __attribute__((cleanup(locked_close)))

static void locked_close(const struct locked *locked)
{
	cleanup_close(&locked->lock_fd);
	cleanup_close(&locked->net_fd);
}

static bool is_current(int state_fd, const struct network *net, int net_fd)
{
	autofree char *path = xasprintf("networks/%s", net->name);
	struct stat opened, named;

	return fstat(net_fd, &opened) == 0 &&
	       fstatat(state_fd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Removal takes folder and lock away: who waited for that lock has to begin anew. */
static int lock_network(int state_fd, const struct network *net, struct locked *locked,
			struct err *err)
{
	for (;;) {
		autoclose int net_fd = network_open_state(state_fd, net, err);
		autoclose int lock_fd = -1;

		if (net_fd < 0)
			return net_fd;
		lock_fd = lock_open_at(net_fd, LOCK_NAME, LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, err);
		if (lock_fd < 0 && err->code == ENOENT) {
			err_clear(err);
			continue;
		}
		if (lock_fd < 0)
			return err_ctx(err, "network '%s'", net->name);
		if (!is_current(state_fd, net, net_fd))
			continue;
		*locked = (struct locked){ take_fd(&net_fd), take_fd(&lock_fd) };
		return 0;
	}
}

/* ---- settle ---- */

static int adopt(struct network *net, const struct ip_prefix *gateway, struct err *err)
{
	if (network_set_gateway(net, gateway, err) < 0)
		return -err->code;
	net->subnet_floats = false;
	return 0;
}

static int add_network_use(const char *name, const struct bridge_state *state, void *ctx)
{
	(void)name;
	for (size_t i = 0; i < state->n_gateways; i++) {
		const struct subnet_use use = { .prefix = state->gateways[i], .as = "network" };

		subnet_add_use(ctx, &use);
	}
	return 0;
}

/* 1: the bridge carries *gateway, 0: there is no bridge or it has no IPv4 address. */
static int address_of_bridge(struct netlink *nl, const struct network *net,
			     struct ip_prefix *gateway, struct err *err)
{
	autoaddrs struct addr_list addrs = { .items = NULL };
	struct link_info link;
	int found = net->routed ? 0 : link_find(nl, net->bridge, &link, err);

	if (found <= 0)
		return found;
	if (!str_eq(link.kind, "bridge"))
		return 0; /* bridge_ensure() refuses it, in its own words */
	if (addr_list(nl, link.index, &addrs, err) < 0)
		return -err->code;
	for (size_t i = 0; i < addrs.n; i++) {
		if (addrs.items[i].prefix.addr.family != AF_INET)
			continue;
		*gateway = addrs.items[i].prefix;
		return 1;
	}
	return 0;
}

static int choose(struct netlink *nl, int state_fd, struct network *net, struct err *err)
{
	autouses struct subnet_uses uses = { .items = NULL };
	const struct ip_prefix usual = net->ranges[0].gateway;
	struct ip_prefix gateway = { .len = 0 };
	int rc = address_of_bridge(nl, net, &gateway, err);

	if (rc != 0)
		return rc < 0 ? rc : adopt(net, &gateway, err);
	if (subnet_read_uses(nl, &uses, err) < 0 ||
	    bridge_state_others(state_fd, net, add_network_use, &uses, err) < 0 ||
	    subnet_pick(&uses, &gateway, err) < 0)
		return -err->code;
	if (!ip_equal(&gateway.addr, &usual.addr)) {
		const struct ip_prefix subnet = ip_network(&usual);
		const struct subnet_use *use = subnet_overlap(&uses, &subnet, 0);

		log_warning("network '%s': %s overlaps %s %s of this host; using %s instead",
			    net->name, ip_prefix_text(&subnet).text, use ? use->as : "something",
			    use ? ip_prefix_text(&use->prefix).text : "",
			    ip_prefix_text(&gateway).text);
	}
	return adopt(net, &gateway, err);
}

/* The default route that the kernel prefers, of IPv4 if there is one; NULL: there is none. */
static const struct route *best_default(const struct route_list *routes)
{
	const struct route *best = NULL;

	for (size_t i = 0; i < routes->n; i++) {
		const struct route *route = &routes->items[i];

		if (route->dst.len > 0 || route->link_index == 0)
			continue;
		if (!best ||
		    (route->dst.addr.family == AF_INET && best->dst.addr.family == AF_INET6) ||
		    (route->dst.addr.family == best->dst.addr.family &&
		     route->priority < best->priority))
			best = route;
	}
	return best;
}

/*
 * What leaves the host leaves it through the device of the default route: longer packets than that
 * one takes would be cut, or lost where path MTU discovery is. Without one the MTU is as it was.
 */
static int choose_mtu(struct netlink *nl, struct network *net, struct err *err)
{
	autoroutes struct route_list routes = { .items = NULL };
	const struct route *route = NULL;
	struct link_info link;
	int found = 0;

	if (net->unmanaged) {
		found = link_find(nl, net->bridge, &link, err);
	} else {
		if (route_list(nl, &routes, err) < 0)
			return -err->code;
		route = best_default(&routes);
		found = route ? link_find_index(nl, route->link_index, &link, err) : 0;
	}
	if (found < 0)
		return found;
	if (found && !str_eq(link.name, "lo") && link.mtu >= LINK_MTU_MIN &&
	    link.mtu <= LINK_MTU_MAX)
		net->mtu = link.mtu;
	/* A way out that is too narrow for IPv6 does not keep neighbours from it. */
	if (net->mtu < LINK_MTU_MIN_IPV6 && network_has_family(net, AF_INET6))
		net->mtu = LINK_MTU_MIN_IPV6;
	net->mtu_floats = false;
	return 0;
}

/* 1: chosen before and adopted, 0: not. *other: it is up on another bridge. */
static int recall(int net_fd, struct network *net, bool *other, struct err *err)
{
	struct bridge_state state;
	int known = bridge_state_load(net_fd, &state, err);

	*other = known > 0 && !str_eq(state.bridge, net->bridge);
	if (known <= 0 || *other)
		return known < 0 ? known : 0;
	if (net->mtu_floats && state.mtu > 0)
		net->mtu = state.mtu;
	net->mtu_floats = false;
	if (!net->subnet_floats)
		return 1;
	return adopt(net, &state.gateways[0], err) < 0 ? -err->code : 1;
}

static int settle_locked(struct netlink *nl, int state_fd, struct network *net, struct err *err)
{
	autolocked struct locked locked = LOCKED_INIT;
	autoclose int host_fd = -1;
	bool other = false;
	int known = 0;

	if (lock_network(state_fd, net, &locked, err) < 0)
		return -err->code;
	known = recall(locked.net_fd, net, &other, err);
	if (known != 0)
		return known < 0 ? known : 0;
	/* Two networks that choose at once must not choose the same. */
	host_fd = network_lock_host(state_fd, err);
	if (host_fd < 0 || choose(nl, state_fd, net, err) < 0 ||
	    (net->mtu_floats && choose_mtu(nl, net, err) < 0))
		return -err->code;
	if (other)
		return 0; /* bridge_ensure() says what to do about that */
	const struct bridge_state state = bridge_state_of(net);

	return bridge_state_save(locked.net_fd, &state, err);
}

int bridge_settle(struct netlink *nl, int state_fd, struct network *net, struct err *err)
{
	autoclose int net_fd = -1;
	bool other = false;
	int known = 0;

	if (!net->subnet_floats && !net->mtu_floats)
		return 0;
	/* What an unmanaged network has is asked of its bridge: nothing of it is ours to decide. */
	if (net->unmanaged)
		return choose_mtu(nl, net, err);
	net_fd = network_open_state(state_fd, net, err);
	if (net_fd < 0)
		return net_fd;
	known = recall(net_fd, net, &other, err);
	if (known != 0)
		return known < 0 ? known : 0;
	/* An MTU is written down together with the choice of the bridge: bridge_ensure(). */
	return net->subnet_floats ? settle_locked(nl, state_fd, net, err)
				  : choose_mtu(nl, net, err);
}

int bridge_preview(struct netlink *nl, int state_fd, struct network *net, struct err *err)
{
	autofree char *path = xasprintf("networks/%s", net->name);
	autoclose int net_fd = -1;
	bool other = false;
	int known = 0;

	if (!net->subnet_floats && !net->mtu_floats)
		return 0;
	if (net->unmanaged)
		return choose_mtu(nl, net, err);
	if (state_fd >= 0)
		net_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	known = recall(net_fd, net, &other, err);
	if (known != 0)
		return known < 0 ? known : 0;
	if (net->subnet_floats && choose(nl, state_fd, net, err) < 0)
		return -err->code;
	return net->mtu_floats ? choose_mtu(nl, net, err) : 0;
}

/* ---- ensure, check ---- */

static struct bridge_work begin(struct netlink *nl, int state_fd, const struct network *net,
				const struct report *report)
{
	return (struct bridge_work){
		.nl = nl,
		.state_fd = state_fd,
		.net_fd = -1,
		.net = net,
		.report = report,
	};
}

static int run_steps(struct bridge_work *work, struct err *err)
{
	return work->net->routed ? steps_run(bridge_routed_steps, bridge_n_routed_steps, work, err)
				 : steps_run(bridge_steps, bridge_n_steps, work, err);
}

/* Containers come in crowds: who waited for the lock finds the work done most of the time. */
static int ensure_locked(struct bridge_work *work, struct err *err)
{
	autolocked struct locked locked = LOCKED_INIT;

	if (lock_network(work->state_fd, work->net, &locked, err) < 0)
		return -err->code;
	work->net_fd = locked.net_fd;
	if (!work->report) {
		int right = bridge_glance(work, err);

		if (right != 0)
			return right < 0 ? right : 0;
	}
	return run_steps(work, err);
}

/* Of an unmanaged network the bridge is looked for, and that is all. */
static int find_unmanaged(struct netlink *nl, const struct network *net, struct link_info *link,
			  struct err *err)
{
	struct vlan_bridge vlans;
	int found = link_find(nl, net->bridge, link, err);

	if (found < 0)
		return found;
	if (!found)
		return err_set(
			err, ENODEV,
			"network '%s': bridge '%s' is missing, and an unmanaged network's is "
			"made by its administrator",
			net->name, net->bridge);
	if (!str_eq(link->kind, "bridge"))
		return err_set(err, EEXIST, "network '%s': interface '%s' is no bridge", net->name,
			       net->bridge);
	if (!vlan_port_is_used(&net->vlan))
		return 0;
	if (vlan_bridge_read(nl, link->index, &vlans, err) < 0)
		return err_ctx(err, "network '%s'", net->name);
	if (!vlans.filters)
		return err_set(
			err, EINVAL,
			"network '%s': vlan: bridge '%s' does not filter VLANs, which is its "
			"administrator's to switch on ('ip link set %s type bridge "
			"vlan_filtering 1')",
			net->name, net->bridge, net->bridge);
	return 0;
}

static bool anybody_is_attached(int state_fd)
{
	struct strlist ids = { 0 };
	struct err err = ERR_INIT;
	bool any = record_containers(state_fd, &ids, &err) < 0 || ids.n > 0;

	strlist_free(&ids);
	return any;
}

/*
 * Whoever finds the rules flushed mends the network's. What attachments had beside them is made again
 * by the next attach, who knows the records; until then there is a note of it.
 */
static bool note_restore(int net_fd, const struct bridge_work *work)
{
	struct err err = ERR_INIT;

	/* Rules that are there for the first time nobody has missed. */
	if (!work->mended || work->made_rules || !anybody_is_attached(work->state_fd))
		return faccessat(net_fd, RESTORE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (file_write_atomic_at(net_fd, RESTORE_NAME, "", 0, 0600, &err) < 0)
		log_warning("network '%s': its rules were mended, published ports may be missing: "
			    "%s; run 'ct-netns repair'",
			    work->net->name, err.msg);
	return true;
}

bool bridge_is_set_up(int state_fd, const struct network *net)
{
	autofree char *path = xasprintf("networks/%s/" BRIDGE_STATE_NAME, net->name);

	return faccessat(state_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void bridge_restored(int state_fd, const struct network *net)
{
	autofree char *path = xasprintf("networks/%s/" RESTORE_NAME, net->name);

	(void)unlinkat(state_fd, path, 0);
}

int bridge_ensure(struct netlink *nl, int state_fd, const struct network *net,
		  const struct report *report, struct bridge_found *found, struct err *err)
{
	struct bridge_work work = begin(nl, state_fd, net, report);
	autoclose int net_fd = -1;
	bool restore = false;
	int right = 0;

	if (net->unmanaged) {
		right = find_unmanaged(nl, net, &work.link, err);
		if (right >= 0 && found)
			*found = (struct bridge_found){ .link = work.link, .gateway = work.link };
		return right;
	}
	net_fd = network_open_state(state_fd, net, err);
	if (net_fd < 0)
		return net_fd;
	work.net_fd = net_fd;
	if (!report)
		right = bridge_glance(&work, err);
	if (right == 0)
		right = ensure_locked(&work, err);
	restore = note_restore(net_fd, &work);
	if (right < 0)
		return err_ctx(err, "network '%s'", net->name);
	if (found)
		*found = (struct bridge_found){ work.link, work.gateway, work.state.firewall,
						work.mended || restore };
	return 0;
}

int bridge_check(struct netlink *nl, int state_fd, const struct network *net,
		 const struct report *report, struct err *err)
{
	struct bridge_work work = begin(nl, state_fd, net, report);
	autofree char *path = xasprintf("networks/%s", net->name);
	autoclose int net_fd = -1;

	if (net->unmanaged)
		return find_unmanaged(nl, net, &work.link, err);
	work.check = true;
	if (state_fd >= 0)
		net_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (net_fd < 0 && state_fd >= 0 && errno != ENOENT)
		return err_errno(err, "network '%s': state directory", net->name);
	work.net_fd = net_fd;
	if (run_steps(&work, err) < 0)
		return err_ctx(err, "network '%s'", net->name);
	return work.wrong;
}

/* ---- remove ---- */

static int refuse_ports(struct bridge_work *work, bool force, struct err *err)
{
	const struct network *net = work->net;
	autolinks struct link_list ports = { .items = NULL };
	autostrbuf struct strbuf names = { .text = NULL };
	int rc = net->routed ? bridge_host_ends(work->nl, net, &ports, err)
			     : link_ports(work->nl, work->link.index, &ports, err);

	size_t n = 0;

	if (rc < 0)
		return rc;
	if (force)
		return 0;
	for (size_t i = 0; i < ports.n; i++) {
		int own = net->routed ? 1 : bridge_owns_port(work, &ports.items[i], err);

		if (own < 0)
			return own;
		if (own > 0 && n++ < PORTS_NAMED)
			strbuf_printf(&names, "%s%s", n > 1 ? ", " : "", ports.items[i].name);
	}
	if (n == 0)
		return 0;
	return err_set(err, EBUSY,
		       "%s '%s' has %zu port(s) (%s%s); delete the containers first, or use "
		       "--force",
		       net->routed ? "routed network" : "bridge", net->bridge, n, names.text,
		       n > PORTS_NAMED ? ", ..." : "");
}

/* Leases and the like are kept while one is left; without any the folder goes whole. */
static int drop_folder(int state_fd, const struct network *net, const struct locked *locked,
		       struct err *err)
{
	autoclose int networks_fd =
		openat(state_fd, "networks", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (unlinkat(locked->net_fd, LEASES_NAME, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			return 0;
		return err_errno(err, "network '%s': leases", net->name);
	}
	if (networks_fd < 0)
		return err_errno(err, "state directory");
	if (file_remove_tree_at(networks_fd, net->name, err) < 0)
		return -err->code;
	(void)unlinkat(state_fd, "networks", AT_REMOVEDIR); /* when it was the last */
	return 0;
}

/* What a failed set-up would take back is all that it ever made. */
static int choose_removal(struct bridge_work *work, struct err *err)
{
	if (work->state.firewall == FIREWALL_AUTO &&
	    firewall_choose(work->net, &work->state.firewall, err) < 0)
		return -err->code;
	work->made_state = true;
	work->made_rules = true;
	for (size_t i = 0; i < ARRAY_SIZE(work->made_forwarding); i++)
		work->made_forwarding[i] = true;
	for (size_t i = 0; i < work->net->n_ranges; i++) {
		work->made_address[i] = work->net->routed ? work->state.added_to_lo & 1U << i
							  : work->state.added_address;
		work->made_route[i] = true;
	}
	return 0;
}

static int remove_routed(struct bridge_work *work, bool force, struct err *err)
{
	if (bridge_find_lo(work, err) < 0 || choose_removal(work, err) < 0 ||
	    refuse_ports(work, force, err) < 0)
		return -err->code;
	return steps_undo(bridge_routed_steps, bridge_n_routed_steps, work, err);
}

static int remove_steps(struct bridge_work *work, bool force, struct err *err)
{
	int found = link_find(work->nl, work->net->bridge, &work->link, err);

	if (found < 0 || choose_removal(work, err) < 0)
		return -err->code;
	/* A stranger of that name is left alone; our rules and notes go all the same. */
	work->found = found && str_eq(work->link.kind, "bridge");
	work->made_bridge = work->found && bridge_is_ours(work);
	for (size_t i = 0; work->made_bridge && bridge_filters(work) && i < work->net->n_ranges;
	     i++)
		work->made_address[i] = true;
	/* A stranger in the place of our interface stays as well. */
	if (bridge_find_gateway(work, err) < 0) {
		if (err->code != EEXIST)
			return -err->code;
		err_clear(err);
		work->gateway.index = 0;
	}
	work->made_vlan = work->gateway.index != 0;
	work->made_self = work->made_bridge || work->state.added_vlan;
	if (work->made_bridge && refuse_ports(work, force, err) < 0)
		return -err->code;
	if (work->found && !work->made_bridge)
		report_item(work->report, REPORT_BRIDGE, REPORT_KEPT,
			    "bridge %s (it was here before)", work->net->bridge);
	return steps_undo(bridge_steps, bridge_n_steps, work, err);
}

int bridge_remove(struct netlink *nl, int state_fd, const struct network *net, bool force,
		  const struct report *report, struct err *err)
{
	autolocked struct locked locked = LOCKED_INIT;
	struct network known = *net; /* a view: owns nothing */
	struct bridge_work work = begin(nl, state_fd, &known, report);
	int rc = lock_network(state_fd, net, &locked, err);

	if (rc < 0)
		return rc;
	work.net_fd = locked.net_fd;
	rc = bridge_state_load(locked.net_fd, &work.state, err);
	/* What was set up counts, not what the definition says by now. */
	if (rc > 0) {
		known.unmanaged = false;
		known.routed = work.state.routed;
		memcpy(known.bridge, work.state.bridge, sizeof(known.bridge));
		known.vlan.access = work.state.vlan;
		rc = network_name_vlan(&known, err);
		if (rc >= 0)
			rc = network_set_gateway(&known, &work.state.gateways[0], err);
	}
	for (size_t i = 1; rc >= 0 && i < work.state.n_gateways; i++)
		rc = network_add_range(&known, &work.state.gateways[i], true, err);
	if (rc >= 0 && !known.unmanaged)
		rc = known.routed ? remove_routed(&work, force, err)
				  : remove_steps(&work, force, err);
	if (rc >= 0)
		rc = drop_folder(state_fd, net, &locked, err);
	return rc < 0 ? err_ctx(err, "network '%s'", net->name) : 0;
}
