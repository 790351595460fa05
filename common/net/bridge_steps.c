/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/bridge_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/addr.h"
#include "common/net/firewall/firewall.h"
#include "common/net/forwarding.h"
#include "common/net/subnet.h"
#include "common/net/sysctl.h"
#include "common/str.h"

void bridge_tell(struct bridge_work *work, enum report_kind kind, bool right, const char *text)
{
	enum report_state wrong = work->check ? REPORT_WRONG : REPORT_CHANGED;

	work->wrong += !right;
	report_item(work->report, kind, right ? REPORT_RIGHT : wrong, "%s", text);
}

/* ---- which bridge, which address ---- */

struct bridge_user {
	const struct network *net;
	char name[256];
	struct ip_prefix gateway; /* of the other network */
	struct ip_prefix subnet;  /* of ours, that overlaps */
	bool same_bridge;
};

/* A bridge that filters carries many networks: each has its VLAN, or one the bridge itself. */
static bool may_share(const struct bridge_state *state, const struct network *net)
{
	return state->filters_vlans && vlan_port_is_used(&net->vlan) &&
	       state->vlan != net->vlan.access && state->mtu == net->mtu;
}

static int find_conflict(const char *name, const struct bridge_state *state, void *ctx)
{
	struct bridge_user *user = ctx;

	(void)snprintf(user->name, sizeof(user->name), "%s", name);
	user->same_bridge = str_eq(state->bridge, user->net->bridge) &&
			    !may_share(state, user->net);
	if (user->same_bridge)
		return 1;
	for (size_t i = 0; i < state->n_gateways; i++) {
		const struct ip_prefix subnet = ip_network(&state->gateways[i]);

		for (size_t r = 0; r < user->net->n_ranges; r++) {
			if (!ip_overlap(&subnet, &user->net->ranges[r].subnet))
				continue;
			user->gateway = state->gateways[i];
			user->subnet = user->net->ranges[r].subnet;
			return 1;
		}
	}
	return 0;
}

static int refuse_other_networks(const struct bridge_work *work, struct err *err)
{
	struct bridge_user user = { .net = work->net };
	int rc = bridge_state_others(work->state_fd, work->net, find_conflict, &user, err);

	if (rc <= 0)
		return rc;
	if (user.same_bridge)
		return err_set(err, EEXIST, "bridge '%s' belongs to network '%s'%s",
			       work->net->bridge, user.name,
			       vlan_port_is_used(&work->net->vlan)
				       ? ", and only networks of different VLANs and with the same "
					 "MTU share a bridge"
				       : "");
	return err_set(err, EEXIST, "subnet %s overlaps %s of network '%s'; choose another",
		       ip_prefix_text(&user.subnet).text, ip_prefix_text(&user.gateway).text,
		       user.name);
}

/* The choice is written down before anything is made; another choice must go first. */
static int choose_firewall(struct bridge_work *work, struct err *err)
{
	if (work->state.firewall != FIREWALL_AUTO)
		return 0;
	if (firewall_choose(work->net, &work->state.firewall, err) < 0)
		return -err->code;
	return work->check ? 0 : bridge_state_save(work->net_fd, &work->state, err);
}

static int step_choice(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const struct network *net = work->net;
	struct link_info old;
	autoclose int host_fd = -1;
	autostrbuf struct strbuf text = { .text = NULL };
	int known = bridge_state_load(work->net_fd, &work->state, err);
	int there = 0;

	if (known < 0)
		return known;
	if (known && bridge_state_matches(&work->state, net)) {
		/* A choice that nothing was made of goes with the failure. */
		work->made_state = !work->check && work->state.index == 0;
		return choose_firewall(work, err);
	}
	if (known && work->state.routed) {
		there = work->state.index > 0;
	} else if (known) {
		there = link_find(work->nl, work->state.bridge, &old, err);
		if (there < 0)
			return there;
	}
	if (there) {
		bridge_state_text(&work->state, &text);
		return err_set(err, EEXIST,
			       "network '%s' is up already, %s; take that down first "
			       "('bridge-setup down --network %s')",
			       net->name, text.text, net->name);
	}
	if (work->check) {
		work->state.firewall = FIREWALL_AUTO;
		return refuse_other_networks(work, err) < 0 ? -err->code
							    : choose_firewall(work, err);
	}
	host_fd = network_lock_host(work->state_fd, err);
	if (host_fd < 0 || refuse_other_networks(work, err) < 0)
		return -err->code;
	work->state = bridge_state_of(net);
	work->made_state = true;
	return choose_firewall(work, err);
}

static int undo_choice(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	return work->made_state ? bridge_state_forget(work->net_fd, err) : 0;
}

/* ---- bridge ---- */

static struct link_mac mac_of_bridge(const struct bridge_work *work)
{
	return bridge_filters(work) ? link_mac_of_bridge(work->net->bridge)
				    : link_mac_of(&work->net->ranges[0].gateway.addr);
}

bool bridge_is_ours(const struct bridge_work *work)
{
	const struct link_mac mac = mac_of_bridge(work);

	return memcmp(mac.bytes, work->link.mac.bytes, sizeof(mac.bytes)) == 0;
}

int bridge_refuse_overlap(const struct bridge_work *work, struct err *err)
{
	autouses struct subnet_uses uses = { .items = NULL };
	const struct subnet_use *use = NULL;
	const struct ip_prefix *subnet = NULL;
	struct link_info link = { .name = "?" };

	if (subnet_read_uses(work->nl, &uses, err) < 0)
		return -err->code;
	for (size_t i = 0; !use && i < work->net->n_ranges; i++) {
		subnet = &work->net->ranges[i].subnet;
		use = subnet_overlap(&uses, subnet, work->gateway.index);
	}
	if (!use)
		return 0;
	if (link_find_index(work->nl, use->link_index, &link, err) < 0)
		return -err->code;
	return err_set(err, EADDRINUSE,
		       "subnet %s overlaps the %s %s of interface '%s'; choose another subnet "
		       "(--ip, or the network's definition)",
		       ip_prefix_text(subnet).text, use->as, ip_prefix_text(&use->prefix).text,
		       link.name);
}

static int find_bridge(struct bridge_work *work, struct err *err)
{
	const char *name = work->net->bridge;
	int found = link_find(work->nl, name, &work->link, err);

	if (found < 0)
		return found;
	work->found = found;
	if (found && !str_eq(work->link.kind, "bridge"))
		return err_set(err, EEXIST,
			       "interface '%s' exists and is no bridge (%s%s); choose another name "
			       "(--bridge, or the network's definition)",
			       name, work->link.kind[0] ? "kind " : "hardware or lo",
			       work->link.kind);
	return 0;
}

static int step_bridge(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const struct network *net = work->net;
	const struct link_mac mac = mac_of_bridge(work);
	char mac_text[LINK_MAC_TEXT_SIZE];
	char text[128];
	int made = 0;

	if (find_bridge(work, err) < 0)
		return -err->code;
	link_mac_text(work->found ? &work->link.mac : &mac, mac_text);
	(void)snprintf(text, sizeof(text), "bridge %s, MAC %s, MTU %u", net->bridge, mac_text,
		       net->mtu);
	if (!work->found && bridge_refuse_overlap(work, err) < 0)
		return -err->code;
	if (work->found && !bridge_is_ours(work) && net->shape.bridge_promisc &&
	    !work->link.promisc)
		return err_set(
			err, EBUSY,
			"promiscMode: bridge '%s' was here before and is not promiscuous; set "
			"it so yourself ('ip link set %s promisc on')",
			net->bridge, net->bridge);
	if (work->check) {
		bridge_tell(work, REPORT_BRIDGE, work->found && work->link.mtu == net->mtu, text);
		return 0;
	}
	if (!work->found) {
		made = link_add_bridge(work->nl, net->bridge, &mac, bridge_filters(work), err);
		/* 0: another program was faster; what it made is looked at like any other. */
		if (made < 0 || find_bridge(work, err) < 0)
			return -err->code;
		work->made_bridge = made > 0;
	}
	if (!work->found)
		return err_set(err, ENODEV, "bridge '%s' was deleted while it was set up",
			       net->bridge);
	bridge_tell(work, REPORT_BRIDGE, !made && work->link.mtu == net->mtu, text);
	return work->link.mtu == net->mtu ? 0
					  : link_set_mtu(work->nl, work->link.index, net->mtu, err);
}

static int delete_bridge(const struct bridge_work *work, struct err *err)
{
	if (link_delete(work->nl, work->link.index, err) < 0)
		return -err->code;
	report_item(work->report, REPORT_BRIDGE, REPORT_CHANGED, "bridge %s", work->net->bridge);
	return 0;
}

static int undo_bridge(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	if (!work->made_bridge || !work->found)
		return 0;
	if (!bridge_filters(work))
		return delete_bridge(work, err);
	autoclose int host_fd = network_lock_host(work->state_fd, err);
	int shared = host_fd < 0 ? host_fd : bridge_leave_shared(work, err);

	if (shared != 0)
		return shared < 0 ? shared : 0;
	return delete_bridge(work, err);
}

/* ---- address ---- */

static bool has_address(const struct addr_list *addrs, const struct ip_prefix *wanted)
{
	for (size_t i = 0; i < addrs->n; i++) {
		const struct ip_prefix *has = &addrs->items[i].prefix;

		if (ip_equal(&has->addr, &wanted->addr) && has->len == wanted->len)
			return true;
	}
	return false;
}

/* A bridge that carries addresses of a family, and none of those wanted, is somebody else's. */
static int refuse_other_address(const struct bridge_work *work, const struct addr_list *addrs,
				int family, struct err *err)
{
	const struct ip_prefix *other = NULL;
	const struct ip_prefix *wanted = NULL;

	for (size_t i = 0; i < work->net->n_ranges; i++) {
		const struct ip_prefix *gateway = &work->net->ranges[i].gateway;

		if (gateway->addr.family != family)
			continue;
		if (has_address(addrs, gateway))
			return 0;
		wanted = wanted ? wanted : gateway;
	}
	for (size_t i = 0; wanted && i < addrs->n; i++) {
		if (addrs->items[i].prefix.addr.family == family)
			other = &addrs->items[i].prefix;
	}
	if (!other)
		return 0;
	return err_set(err, EADDRINUSE,
		       "bridge '%s' has another address already: %s, not %s; choose another "
		       "bridge, or ask for that address (--ip)",
		       network_gateway_if(work->net), ip_prefix_text(other).text,
		       ip_prefix_text(wanted).text);
}

static int add_address(struct bridge_work *work, size_t i, struct err *err)
{
	const struct ip_prefix *gateway = &work->net->ranges[i].gateway;

	/* Those on the interface of a VLAN go with it. */
	if (!work->made_bridge && !bridge_is_ours(work) && !work->net->vlan_if[0] &&
	    !work->state.added_address) {
		work->state.added_address = true;
		if (bridge_state_save(work->net_fd, &work->state, err) < 0)
			return -err->code;
	}
	if (gateway->addr.family == AF_INET6 &&
	    bridge_enable_ipv6(work->net, network_gateway_if(work->net), err) < 0)
		return -err->code;
	work->made_address[i] = true;
	return addr_add(work->nl, work->gateway.index, gateway, err);
}

static int step_address(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	autoaddrs struct addr_list addrs = { .items = NULL };
	bool checked = work->made_bridge || !work->found;

	if (work->gateway.index != 0 && addr_list(work->nl, work->gateway.index, &addrs, err) < 0)
		return -err->code;
	if (refuse_other_address(work, &addrs, AF_INET, err) < 0 ||
	    refuse_other_address(work, &addrs, AF_INET6, err) < 0)
		return -err->code;
	for (size_t i = 0; i < work->net->n_ranges; i++) {
		const struct ip_prefix *gateway = &work->net->ranges[i].gateway;
		autofree char *text = xasprintf("address %s on %s", ip_prefix_text(gateway).text,
						network_gateway_if(work->net));
		bool right = has_address(&addrs, gateway);

		if (!right && !checked && bridge_refuse_overlap(work, err) < 0)
			return -err->code;
		checked = checked || !right;
		bridge_tell(work, REPORT_ADDRESS, right, text);
		if (!right && !work->check && add_address(work, i, err) < 0)
			return -err->code;
	}
	return 0;
}

static int undo_address(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	/* They go with the bridge, unless it is shared, or with the VLAN's interface. */
	if ((work->made_bridge && !bridge_filters(work)) || !work->found || work->net->vlan_if[0])
		return 0;
	for (size_t i = work->net->n_ranges; i-- > 0;) {
		const struct ip_prefix *gateway = &work->net->ranges[i].gateway;
		int removed = 0;

		if (work->made_address[i])
			removed = addr_delete(work->nl, work->link.index, gateway, err);
		if (removed < 0)
			return removed;
		if (removed > 0)
			report_item(work->report, REPORT_ADDRESS, REPORT_CHANGED,
				    "address %s on %s", ip_prefix_text(gateway).text,
				    work->net->bridge);
	}
	return 0;
}

static int step_promisc(struct bridge_work *work, struct err *err)
{
	const bool on = work->net->shape.bridge_promisc;
	autofree char *text =
		xasprintf("bridge %s is %spromiscuous", work->net->bridge, on ? "" : "not ");

	bridge_tell(work, REPORT_BRIDGE, false, text);
	return work->check ? 0 : link_set_promisc(work->nl, work->link.index, on, err);
}

/* Networks that share a bridge need not all want it so: none of them takes it from another. */
static bool wants_promisc_changed(const struct bridge_work *work)
{
	const bool on = work->net->shape.bridge_promisc;

	return on != work->link.promisc && bridge_is_ours(work) && (on || !bridge_filters(work));
}

static int step_up(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	autofree char *text = xasprintf("bridge %s is up", work->net->bridge);
	int promisc = 0;

	bridge_tell(work, REPORT_BRIDGE, work->found && work->link.up, text);
	if (wants_promisc_changed(work))
		promisc = step_promisc(work, err);
	if (promisc < 0 || work->check)
		return promisc;
	if (!work->link.up && link_set_up(work->nl, work->link.index, err) < 0)
		return -err->code;
	return work->gateway.up ? 0 : link_set_up(work->nl, work->gateway.index, err);
}

/* ---- forwarding, rules ---- */

static const int families[] = { AF_INET, AF_INET6 };

static int step_forwarding(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int family = families[i];
		autofree char *text = xasprintf("net/%s = 1", forwarding_sysctl(family));

		if (!network_has_family(work->net, family))
			continue;
		int on = work->check ? forwarding_is_on(family, err)
				     : forwarding_enable(work->state_fd, family, err);
		bool right = work->check ? on > 0 : on == 0;

		if (on < 0)
			return on;
		bridge_tell(work, REPORT_SYSCTL, right, text);
		work->made_forwarding[i] = !work->check && !right && work->state.index == 0;
	}
	return 0;
}

static int undo_forwarding(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const char *name = forwarding_sysctl(families[i]);
		const char *why = "";
		int changed = 0;

		if (!work->made_forwarding[i])
			continue;
		changed = forwarding_release(work->state_fd, work->net, families[i], &why, err);
		if (changed < 0)
			return changed;
		if (changed > 0)
			report_item(work->report, REPORT_SYSCTL, REPORT_CHANGED,
				    "net/%s = 1 (0 again)", name);
		else if (work->found && network_has_family(work->net, families[i]))
			report_item(work->report, REPORT_SYSCTL, REPORT_KEPT, "net/%s = 1 (%s)",
				    name, why);
	}
	return 0;
}

static int undo_rules(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	return work->made_rules ? firewall_remove(work->state.firewall, work->net, work->net_fd,
						  work->report, err)
				: 0;
}

static int step_rules(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	struct err why = ERR_INIT;
	int changed = 0;

	/* Rules of a network that was never up are relied on by nobody. */
	work->made_rules = !work->check && work->state.index == 0;
	changed = work->check ? firewall_check(work->state.firewall, work->net, work->report, err)
			      : firewall_ensure(work->state.firewall, work->net, work->net_fd,
						work->report, err);
	/* They are made in several places: a failure in one leaves those that were made before it. */
	if (changed < 0 && undo_rules(work, &why) < 0)
		log_warning("%s; ignoring", why.msg);
	if (changed > 0)
		work->wrong += changed;
	work->mended = work->mended || (!work->check && changed > 0);
	return changed;
}

/* All was found right: from now on a glance is enough. */
static int step_verified(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;

	if (work->check)
		return 0;
	/* Notes what of nf_tables has been seen. */
	if (firewall_glance(work->state.firewall, work->net, work->net_fd, err) < 0)
		return -err->code;
	if (work->state.index == work->gateway.index && work->state.mtu == work->net->mtu)
		return 0;
	work->state.index = work->gateway.index;
	work->state.mtu = work->net->mtu; /* who does not ask gets what was asked for last */
	return bridge_state_save(work->net_fd, &work->state, err);
}

const struct step bridge_steps[] = {
	{ "choice", step_choice, undo_choice, NULL },
	{ "bridge", step_bridge, undo_bridge, NULL },
	{ "vlan", bridge_step_vlan, bridge_undo_vlan, NULL },
	/* The address before the sysctls: it is what refuses a bridge that is another's. */
	{ "address", step_address, undo_address, NULL },
	{ "sysctls", bridge_step_sysctls, NULL, NULL },
	{ "up", step_up, NULL, NULL },
	{ "forwarding", step_forwarding, undo_forwarding, NULL },
	{ "rules", step_rules, undo_rules, NULL },
	{ "verified", step_verified, NULL, NULL },
};
const size_t bridge_n_steps = ARRAY_SIZE(bridge_steps);

const struct step bridge_routed_steps[] = {
	{ "choice", step_choice, undo_choice, NULL },
	{ "gateways", bridge_step_gateways, bridge_undo_gateways, NULL },
	{ "subnets", bridge_step_subnets, bridge_undo_subnets, NULL },
	{ "forwarding", step_forwarding, undo_forwarding, NULL },
	{ "rules", step_rules, undo_rules, NULL },
	{ "verified", step_verified, NULL, NULL },
};
const size_t bridge_n_routed_steps = ARRAY_SIZE(bridge_routed_steps);

/* ---- the quick look ---- */

static int glance_forwarding(const struct bridge_work *work, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int on = network_has_family(work->net, families[i])
				 ? forwarding_is_on(families[i], err)
				 : 1;

		if (on <= 0)
			return on;
	}
	return 1;
}

static int glance_bridge(struct bridge_work *work, struct err *err)
{
	const struct network *net = work->net;
	int right = 0;

	if (find_bridge(work, err) < 0 || bridge_find_gateway(work, err) < 0)
		return -err->code;
	if (!work->found || work->gateway.index == 0 || work->state.index != work->gateway.index ||
	    work->link.mtu != net->mtu || !work->link.up || !work->gateway.up ||
	    wants_promisc_changed(work))
		return 0;
	right = bridge_glance_vlan(work, err);
	if (right <= 0)
		return right;
	/* The kernel's EEXIST says that it is there; one that was lost is back now. */
	for (size_t i = 0; i < net->n_ranges; i++) {
		int there = bridge_glance_address(work, &net->ranges[i].gateway, err);

		if (there <= 0)
			return there;
	}
	return bridge_glance_sysctls(work);
}

int bridge_glance(struct bridge_work *work, struct err *err)
{
	const struct network *net = work->net;
	int known = bridge_state_load(work->net_fd, &work->state, err);
	int right = 0;

	if (known <= 0)
		return known;
	if (work->state.firewall == FIREWALL_AUTO || !bridge_state_matches(&work->state, net))
		return 0;
	right = net->routed ? bridge_glance_routed(work, err) : glance_bridge(work, err);
	if (right > 0)
		right = glance_forwarding(work, err);
	if (right <= 0)
		return right;
	right = firewall_glance(work->state.firewall, net, work->net_fd, err);
	work->mended = work->mended || right > 0;
	return right < 0 ? right : 1;
}
