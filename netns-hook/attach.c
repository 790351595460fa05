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
#include "common/net/mac_check.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/detach.h"
#include "netns-hook/state.h"

struct detach attach_undo(struct attach *a)
{
	return (struct detach){
		.state_fd = a->state_fd,
		.nl = &a->nl,
		.link = DETACH_LINK_DELETE,
		.netns_fd = -1,
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

/* ---- network ---- */

static int run_network(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	return bridge_ensure(&a->nl, a->state_fd, a->request->net, NULL, &a->bridge, err);
}

void attach_plan_item(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	FILE *out = ctx;

	(void)kind;
	(void)fprintf(out, "  %s: %s\n", state == REPORT_RIGHT ? "is there" : "make", text);
}

/* What is there already is looked up. */
static void plan_network(const void *ctx, FILE *out)
{
	const struct attach_request *request = ((const struct attach *)ctx)->request;
	const struct report report = { .item = attach_plan_item, .ctx = out };
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	struct err err = ERR_INIT;

	(void)fprintf(out, "make sure of network '%s':\n", request->net->name);
	if (state_open(request->state_dir, false, &state_fd, &err) < 0 ||
	    netlink_open(&nl, &err) < 0 ||
	    bridge_check(&nl, state_fd, request->net, &report, &err) < 0)
		(void)fprintf(out, "  refused: %s\n", err.msg);
}

/* ---- MAC check ---- */

static int run_mac_check(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = a->att->mac_check ? mac_check_add(a->att, err) : 0;

	/* The first one, or the others' went with a flush; who knows the records sees to it. */
	a->bridge.mended = a->bridge.mended || rc > 0;
	return rc < 0 ? rc : 0;
}

static int undo_mac_check(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_mac_check(&undo, a->att, err);
}

static void plan_mac_check(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	char mac[LINK_MAC_TEXT_SIZE];

	link_mac_text(&a->att->mac, mac);
	if (a->att->mac_check)
		(void)fprintf(out, "bridge ct-netns mac: iifname \"%s\" ether saddr != %s drop\n",
			      a->att->veth, mac);
}

/* ---- conntrack ---- */

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
	const struct attach *a = ctx;

	for (size_t i = 0; i < a->att->n_addresses; i++)
		(void)fprintf(out,
			      "IPCTNL_MSG_CT_DELETE of connections of %s, if it had a holder that "
			      "died\n",
			      ip_addr_text(&a->att->addresses[i].prefix.addr).text);
}

/* ---- ipfile ---- */

static int write_ipfile(const struct attach *a, struct err *err)
{
	struct ip_text text = ip_addr_text(&a->att->addresses[0].prefix.addr);
	int rc = file_replace(a->request->ipfile, text.text, strlen(text.text), 0644, err);

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
	const struct network *net = a->request->net;

	/* Who removed it before our record was there did not take us along. */
	if (!net->unmanaged && !bridge_is_set_up(a->state_fd, net))
		return err_set(err, ENOENT,
			       "network '%s' was removed meanwhile; attach the container again",
			       net->name);
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
	{ "record", attach_run_record, attach_undo_record, attach_plan_record },
	{ "lease", attach_run_lease, attach_undo_lease, attach_plan_lease },
	{ "network", run_network, NULL, plan_network },
	{ "veth", attach_run_veth, attach_undo_veth, attach_plan_veth },
	{ "vlan", attach_run_vlan, NULL, attach_plan_vlan },
	{ "bandwidth", attach_run_bandwidth, attach_undo_bandwidth, attach_plan_bandwidth },
	{ "maccheck", run_mac_check, undo_mac_check, plan_mac_check },
	{ "inside", attach_run_inside, attach_undo_inside, attach_plan_inside },
	{ "tuning", attach_run_tuning, NULL, attach_plan_tuning },
	{ "devices", attach_run_devices, attach_undo_devices, attach_plan_devices },
	{ "host", attach_run_host, NULL, attach_plan_host },
	{ "neighbour", attach_run_neighbour, attach_undo_neighbour, attach_plan_neighbour },
	{ "conntrack", run_conntrack, NULL, plan_conntrack },
	{ "ports", attach_run_ports, attach_undo_ports, attach_plan_ports },
	{ "names", attach_run_names, attach_undo_names, attach_plan_names },
	{ "ipfile", run_ipfile, undo_ipfile, plan_ipfile },
	{ "done", run_done, NULL, plan_done },
};

static void fill(const struct attach_request *request, struct attachment *att)
{
	const struct network *net = request->net;

	*att = (struct attachment){
		.container = xstrdup(request->container),
		.network = xstrdup(net->name),
		.routed = net->routed,
		.state = RECORD_ADDING,
		.bandwidth = net->shape.bandwidth,
		.tuned = net->shape.promisc || net->shape.allmulti || net->shape.has_txqueuelen,
		.mac_check = net->shape.mac_check,
		.vlan = net->vlan,
		.mtu = net->mtu,
		.dead_ends = record_dead_ends(net->routes, net->n_routes),
		.default_route = net->default_route,
		.cni = request->cni,
	};
	if (request->netns_path)
		att->netns_path = xstrdup(request->netns_path);
	(void)memcpy(att->ifname, net->ifname, sizeof(att->ifname));
	(void)memcpy(att->bridge, net->bridge, sizeof(att->bridge));
	(void)memcpy(att->vlan_if, net->vlan_if, sizeof(att->vlan_if));
	if (request->ipfile)
		att->ipfile = xstrdup(request->ipfile);
	if (request->devices)
		record_devices_copy(request->devices, &att->devices);
	if (request->n_ports > 0) {
		att->ports = xreallocarray(NULL, request->n_ports, sizeof(*att->ports));
		(void)memcpy(att->ports, request->ports, request->n_ports * sizeof(*att->ports));
		att->n_ports = request->n_ports;
	}
	if (request->hostname)
		att->hostname = xstrdup(request->hostname);
	for (size_t i = 0; request->aliases && i < request->aliases->n; i++)
		strlist_add(&att->aliases, request->aliases->items[i]);
	/* Any name: it says that there is to be one. */
	if (att->bandwidth.egress.bits > 0)
		(void)memcpy(att->ifb, "cb", sizeof("cb"));
	attach_name_veth(att, 0);
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
	attachment_free(&a.leftover);
	cleanup_close(&a.state_fd);
	return rc < 0 ? err_ctx(err, "container '%s'", request->container) : a.was_attached;
}

/* ---- explain ---- */

/* Takes text, gives the one with every `old` a `new`. */
static char *replace(char *text, const char *old, const char *new)
{
	autofree char *from = text;
	struct strbuf to = { .text = NULL };
	char *rest = from;

	for (char *hit; (hit = strstr(rest, old)); rest = hit + strlen(old)) {
		strbuf_add(&to, rest, (size_t)(hit - rest));
		strbuf_puts(&to, new);
	}
	strbuf_puts(&to, rest);
	return strbuf_take(&to);
}

/* What stands for an address that is not leased yet; printed as a word. */
static struct ip_addr stand_in(int family, size_t pool)
{
	struct ip_addr addr = { .family = family };

	(void)memset(addr.bytes, 0xff, ip_bytes(family));
	addr.bytes[ip_bytes(family) - 1] = (uint8_t)pool;
	return addr;
}

static void plan_addresses(const struct attach_request *request, struct attachment *att)
{
	const struct network *net = request->net;
	struct attach_wants wants;
	struct err ignored = ERR_INIT; /* the step of the leases says it */

	(void)attach_plan_wants(request, &wants, &ignored);
	for (size_t i = 0; i < wants.n; i++) {
		const struct attach_want *want = &wants.items[i];
		const struct network_range *range = &net->ranges[0];

		for (size_t r = 0; r < net->n_ranges; r++) {
			range = &net->ranges[r];
			if (want->must ? ip_contains(&range->subnet, &want->addr)
				       : range->pool == want->pool)
				break;
		}
		att->addresses[i].gateway = range->gateway.addr;
		att->addresses[i].prefix = (struct ip_prefix){
			want->must ? want->addr : stand_in(range->gateway.addr.family, want->pool),
			range->subnet.len,
		};
	}
	att->n_addresses = wants.n;
	att->mac = attach_mac(request, &att->addresses[0].prefix.addr);
}

/* The plan with words in the place of what is not known yet. */
static void print_plan(const struct attach_request *request, char *text, FILE *out)
{
	char mac[LINK_MAC_TEXT_SIZE];

	for (char *line = strsep(&text, "\n"); line && *line; line = strsep(&text, "\n")) {
		autofree char *shown = xstrdup(line);

		for (size_t i = 0; i < 2 * request->net->n_pools; i++) {
			const struct ip_addr addr = stand_in(i % 2 ? AF_INET6 : AF_INET, i / 2);
			const struct link_mac derived = link_mac_of(&addr);

			link_mac_text(&derived, mac);
			shown = replace(shown, ip_addr_text(&addr).text,
					i % 2 ? "ADDRESS6" : "ADDRESS");
			shown = replace(shown, mac, "MAC");
		}
		(void)fprintf(out, "%s\n", shown);
	}
}

void attach_plan(const struct attach_request *request, FILE *out)
{
	struct attachment att;
	const struct attach a = { .request = request, .att = &att, .state_fd = -1 };
	autofree char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	fill(request, &att);
	plan_addresses(request, &att);
	steps_plan(steps, ARRAY_SIZE(steps), &a, memory);
	(void)fclose(memory);
	print_plan(request, text, out);
	attachment_free(&att);
}
